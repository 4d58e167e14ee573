"""Fifty tasks, of four letters each: what does the fiftieth cost? The runs that say it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from tfm_lite.protocol import QUICK
from tfm_lite.runs.config import Config

# A task has 120 training images: in the chapters' short form two steps per epoch. So smaller batches, and more epochs.
PROTOCOL = replace(QUICK, epochs=60, batch=32)
WIDTH = 3.0
GROWING = {"grow": "schedule", "start": 0.3}  # by search every task would be learned five times
# The smallest share of the plain network's weights, in thousandths, at which fifty separate networks keep no fewer bytes than
# TFM after fifty tasks; to count it takes seconds, and a test does.
EQUAL = 0.024
# Each method with its options. PackNet's default leaves the fiftieth task .75 ** 49 of the weights, less than one; .9 leaves
# it half a per cent.
ROWS: list[tuple[str, dict[str, Any]]] = [
    ("tfm", GROWING),
    ("packnet", {}),
    ("packnet", {"prune": 0.9}),
    ("pnn", {}),
    ("freeze", {}),
    ("single", {}),
    ("single", {"fraction": EQUAL}),
]


def many(seeds: Sequence[int] = (0, 1, 2)) -> Iterator[Config]:
    """Fifty tasks of four letters: what zero forgetting costs in bytes and in time as tasks become many.

    TFM grows by schedule from 30 % of the weights; separate networks run at the plain size, and at the one at which all of
    them together keep no fewer bytes than TFM ends with.

    Minutes on one core: TFM 4 and PackNet 17, measured; PNN, whose tasks pass through all columns before, 40 by the seconds
    of its first epochs.
    """
    base = Config("many", "", width=WIDTH, protocol=PROTOCOL)
    for seed in seeds:
        for method, options in ROWS:
            yield replace(base, method=method, seed=seed, options=options)
