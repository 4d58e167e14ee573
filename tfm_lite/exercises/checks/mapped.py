"""Chapter 18: what a map of many places and few seeds can say."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import mean, stdev
from typing import Any

import torch

from tfm_lite.exercises.checks.tables import quantile
from tfm_lite.exercises.judge import Judge, check, shown

Map = Mapping[str, Mapping[int, float]]
WHOLE: Map = {"few": {0: 3.0, 1: 1.0, 2: 5.5}, "many": {0: 2.0, 1: -1.0, 2: 4.0}, "alike": {0: 3.5, 1: 2.0, 2: 4.5}}
HOLES: Map = {"few": {3: 4.0, 0: 1.0, 1: 9.0, 2: 2.5}, "many": {0: 2.0, 2: 2.5, 3: 6.0, 4: -8.0}}


@check
def check_over_seeds(judge: Judge, over_seeds: Any) -> None:
    """``over_seeds(found)`` is the mean of a difference over a map, and half its 95 % interval over the seeds that every
    place has; ``found`` maps a place to its differences by seed."""
    for part, found in {"whole": WHOLE, "holes": HOLES}.items():
        with judge.part(part):
            middle, half = _pair(judge, over_seeds, found)
            right, right_half, wrong = expected(found)
            judge.must(not _near((middle, half), (right_half, right)), "swapped")
            every = mean(points for own in found.values() for points in own.values())
            if not _near([half], [right_half]):
                causes = [cause for cause, value in wrong.items() if _near([half], [value])]
                judge.must(False, next(iter(causes), "interval"), right=shown(right_half), got=shown(half))
            judge.equal(middle, right, {"every": every}, given=part, cause="middle")
    with judge.part("one"):
        _, half = _pair(judge, over_seeds, {"few": {4: 1.0}, "many": {4: 2.5}})
        judge.must(math.isinf(half), "one")


def expected(found: Map) -> tuple[float, float, dict[str, float]]:
    """The mean, half the interval, and what else students find for that."""
    seeds = sorted(set[int].intersection(*map(set, found.values())))
    by_seed = [mean(own[seed] for own in found.values()) for seed in seeds]
    by_place = [mean(own.values()) for own in found.values()]
    every = [points for own in found.values() for points in own.values()]
    there = [mean(own[s] for own in found.values() if s in own) for s in {s for own in found.values() for s in own}]
    right, n = _half(by_seed), len(by_seed)
    wrong = {
        "pooled": _half(every),
        "places": _half(by_place),
        "absent": _half(there),
        "normal": 1.96 * stdev(by_seed) / math.sqrt(n),
        "error": stdev(by_seed) / math.sqrt(n),
        "deviation": right * math.sqrt(n),
        "full": 2 * right,
    }
    return mean(by_seed), right, wrong


def _half(values: Sequence[float]) -> float:
    return quantile(0.975, len(values) - 1) * stdev(values) / math.sqrt(len(values))


def _pair(judge: Judge, over_seeds: Any, found: Map) -> tuple[float, float]:
    got = over_seeds({place: dict(own) for place, own in found.items()})
    judge.must(got is not None, "none")
    judge.must(isinstance(got, Sequence | torch.Tensor) and not isinstance(got, str) and len(got) == 2, "two")
    middle, half = map(judge.number, got)
    return middle, half


def _near(got: Sequence[float], wanted: Sequence[float]) -> bool:
    """Whether numbers are others, but for the digits to which a quantile is rounded."""
    return all(math.isclose(a, b, rel_tol=2e-3) for a, b in zip(got, wanted, strict=True))
