"""Runs that belong together: every table and figure of the book is a named list of configurations."""

from __future__ import annotations

from collections.abc import Iterator

from tfm_lite.experiment import Config
from tfm_lite.train import QUICK

METHODS = ("finetune", "freeze", "joint", "single", "binary", "tfm", "tfm_no_fn")


def alphabets(seeds: tuple[int, ...] = (0, 1, 2)) -> Iterator[Config]:
    """All methods on the embedded letters, in the short form of the chapters."""
    for seed in seeds:
        for method in METHODS:
            yield Config("alphabets", method, seed=seed, protocol=QUICK)


def flowers_64(seeds: tuple[int, ...] = (0,)) -> Iterator[Config]:
    """All methods on Oxford Flowers at 64 pixels, under the full protocol, with the paper's margin for fine-grained sets."""
    for seed in seeds:
        for method in METHODS:
            options = {"margin": 0.001} if method.startswith("tfm") else {}
            yield Config("flowers", method, seed=seed, size=64, options=options)


SUITES = {"alphabets": alphabets, "flowers_64": flowers_64}
