"""Chapters 3 and 4: what masks leave of a network."""

from __future__ import annotations

import math

from tfm_lite.exercises.answers.number import Answer, number


@number
def full_width() -> Answer:
    """Chapter 3: of a dense network with a full network for each of six tasks, the share of weights that is used: 1 / T."""
    return Answer(1 / 6, {"allocated": 36, "times": 6, "squared": 1 / 36, "percent": 100 / 6})


@number
def mask_bits() -> Answer:
    """Chapter 4: bits that three states need at least: log2 3."""
    return Answer(math.log2(3), {"two": 2, "natural": math.log(3), "decimal": math.log10(3), "states": 3})


@number
def unequal_shares() -> Answer:
    """Chapter 3: the share of weights that is used if three tasks have a half, a quarter and a quarter of the features."""
    shares = [1 / 2, 1 / 4, 1 / 4]
    right = sum(share**2 for share in shares)
    wrong = {"equal": 1 / len(shares), "product": math.prod(shares), "unused": 1 - right, "features": sum(shares)}
    return Answer(right, wrong | {"largest": max(shares) ** 2})


@number
def leaking_features() -> Answer:
    """Chapter 3: how many features of other tasks are not 0, where the bias is added behind the mask."""
    bias, mask = [0.5, 0.2, 0.6, 0.3, 0.1, -0.4, 0.0], [1, 1, 1, 0, 0, 0, 0]
    foreign = [b for b, m in zip(bias, mask, strict=True) if not m]
    negative, positive = sum(b != 0 for b in foreign), sum(b > 0 for b in bias)
    wrong = {"none": 0, "negative": negative, "foreign": len(foreign), "positive": positive}
    return Answer(sum(b > 0 for b in foreign), wrong)


@number
def decayed() -> Answer:
    """Chapter 4: by what part of itself an old weight moves in 100 steps of weight decay, at the protocol's numbers."""
    rate, decay, steps = 0.1, 5e-4, 100
    right = 1 - (1 - rate * decay) ** steps
    wrong = {"left": 1 - right, "one_step": rate * decay, "rate": 1 - (1 - decay) ** steps, "percent": 100 * right}
    return Answer(right, wrong)
