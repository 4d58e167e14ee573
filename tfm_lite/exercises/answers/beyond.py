"""Chapter 17: when a network has run out of weights, and how short a code of owners can be."""

from __future__ import annotations

import math

from tfm_lite import memory
from tfm_lite.exercises.answers.number import Answer, number
from tfm_lite.nn.networks import Builder


@number
def out_of_weights() -> Answer:
    """Chapter 17: the first task that finds less than one free weight in LeNet-5 at three times its width, if every task
    leaves nine tenths: W 0.9 ** (t - 1) < 1."""
    build = Builder.of("lenet", channels=1, size=28, tasks=50, width=3.0)
    weights = memory.size_of(build.stages, channels=1, size=28).weights

    def first(left: float, free: float = weights) -> int:
        return next(t for t in range(1, 1000) if free * left ** (t - 1) < 1)

    right = first(0.9)
    wrong = {"before": right - 1, "default": first(0.75), "pruned": first(0.1), "percent": first(0.9, 100)}
    return Answer(right, wrong | {"fifty": 50}, within=0.001)


@number
def owner_entropy() -> Answer:
    """Chapter 17: bits per weight below which no code of the owners of six tasks comes, each of which keeps a quarter of
    what is free: the entropy of the owners."""
    owned = [0.25 * 0.75**t for t in range(6)]
    shares = [*owned, 1 - sum(owned)]
    right = -sum(share * math.log2(share) for share in shares)
    wrong = {
        "natural": right * math.log(2),
        "equal": math.log2(len(shares)),
        "whole": 3,
        "nobody": -sum(share * math.log2(share) for share in owned),
        "tasks": math.log2(len(owned)),
        "sign": -right,
    }
    return Answer(right, wrong)
