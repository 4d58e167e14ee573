"""Chapters 14 to 16: what tables and records can say."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from scipy.stats import t as student

from tfm_lite.exercises.judge import Judge, check, shown


@check
def check_lead(judge: Judge, lead: Any) -> None:
    """Chapter 14: ``lead(mine, theirs)`` is how many points one method is above another: the mean over the seeds that both
    have and under which both trained; None if there is none. Both map a seed to an average in percent, or to None."""
    with judge.part("seeds"):
        mine, theirs = {0: 50.0, 1: 64.0, 2: 62.0}, {2: 57.0, 1: 60.0}
        wrong = {"sign": -4.5, "sum": 9.0, "unpaired": 176 / 3 - 58.5, "order": -1.5}
        judge.equal(judge.number(lead(dict(mine), dict(theirs))), 4.5, wrong, given=f"{mine} and {theirs}")
    with judge.part("failed"):
        some: dict[int, float | None] = {0: 60.0, 1: None, 2: 62.0}
        theirs = {0: 55.0, 1: 58.0, 2: 58.0}
        wrong = {"zero": 122 / 3 - 57, "skipped": 9 / 3, "unpaired": 61 - 57}
        judge.equal(judge.number(lead(dict(some), dict(theirs))), 4.5, wrong, given=f"{some} and {theirs}")
    with judge.part("nothing"):
        judge.number(lead({0: 60.0}, {0: 58.0}))
        for one, other in ({0: 60.0}, {1: 58.0}), ({0: 60.0, 1: None}, {1: 58.0}):
            judge.must(lead(dict(one), dict(other)) is None, "nothing", given=f"{one} and {other}")


@check
def check_half_interval(judge: Judge, half_interval: Any) -> None:
    """Chapter 15: ``half_interval(differences)`` is half the 95 % interval of the mean of some differences, one per seed."""
    cases = {"three": [1.2, -0.4, 2.5], "other": [3.0, 3.5, 2.5, 4.5, 3.2, 2.2, 3.9]}
    for part, values in cases.items():
        n, x = len(values), torch.tensor(values, dtype=torch.float64)
        spread, of_all = float(x.std()), float(x.std(correction=0))
        right = quantile(0.975, n - 1) * spread / math.sqrt(n)
        wrong = {
            "fault": 1.96 * of_all / math.sqrt(n),
            "normal": 1.96 * spread / math.sqrt(n),
            "count": quantile(0.975, n - 1) * of_all / math.sqrt(n),
            "deviation": quantile(0.975, n - 1) * spread,
            "error": spread / math.sqrt(n),
            "freedom": quantile(0.975, n) * spread / math.sqrt(n),
            "one_sided": quantile(0.95, n - 1) * spread / math.sqrt(n),
            "whole": 2 * right,
        }
        with judge.part(part):
            got = judge.number(half_interval(list(values)))
            if not math.isclose(got, right, rel_tol=1e-3):  # who takes 2.57 or 1.96 rounds
                found = [cause for cause, value in wrong.items() if math.isclose(got, value, rel_tol=1e-3)]
                judge.must(False, next(iter(found), "value"), given=str(values), right=shown(right), got=shown(got))
    with judge.part("one"):
        judge.must(math.isinf(judge.number(half_interval([2.0]))), "one")


def quantile(share: float, freedom: int) -> float:
    """Of Student's t."""
    return float(student.ppf(share, freedom))


@check
def check_both_averages(judge: Judge, both_averages: Any) -> None:
    """Chapter 15: ``both_averages(accuracies, classes)`` is the mean over tasks, and over test images, of which every class
    has as many."""
    cases = {"first": ([0.4, 0.9, 0.8], [6, 2, 2]), "other": ([0.5, 0.25], [1, 3])}
    for part, (accuracies, classes) in cases.items():
        with judge.part(part):
            got = both_averages(list(accuracies), list(classes))
            judge.must(got is not None, "none")
            judge.must(isinstance(got, Sequence | torch.Tensor) and len(got) == 2, "two")
            tasks, images = map(judge.number, got)
            count = len(accuracies)
            right = sum(accuracies) / count, weighted(accuracies, classes) / sum(classes)
            judge.must(not close_pair((tasks, images), right[::-1]), "swapped")
            judge.must(not close_pair((tasks, images), tuple(100 * value for value in right)), "percent")
            judge.equal(tasks, right[0], {"sum": sum(accuracies)}, given="tasks", cause="over_tasks")
            turned = [1 / number for number in classes]
            wrong = {
                "unweighted": right[0],
                "divided": weighted(accuracies, classes) / count,
                "undivided": weighted(accuracies, classes),
                "turned_round": weighted(accuracies, turned) / sum(turned),
            }
            judge.equal(images, right[1], wrong, given="images", cause="over_images")


def weighted(values: Sequence[float], weights: Sequence[float]) -> float:
    """The sum of values times weights."""
    return sum(value * weight for value, weight in zip(values, weights, strict=True))


def close_pair(got: tuple[float, float], wanted: tuple[float, ...]) -> bool:
    """Whether two numbers are two others, but for rounding."""
    return all(math.isclose(a, b, rel_tol=1e-6) for a, b in zip(got, wanted, strict=True))


@check
def check_apart(judge: Judge, apart: Any) -> None:
    """Chapter 16: ``apart(a, b)`` is how far two rows of a table are from each other, in points: the mean over the tasks of
    the distance. ``a`` and ``b`` are accuracies, fractions."""
    cases = {"crossing": ([0.7, 0.5, 0.3], [0.4, 0.5, 0.7]), "other": ([0.2, 0.6], [0.3, 0.65])}
    for part, (a, b) in cases.items():
        gaps = [100 * (x - y) for x, y in zip(a, b, strict=True)]
        sizes = [abs(gap) for gap in gaps]
        wrong = {
            "averages": abs(sum(gaps)) / len(gaps),
            "signed": sum(gaps) / len(gaps),
            "fraction": sum(sizes) / len(sizes) / 100,
            "sum": sum(sizes),
            "largest": max(sizes),
            "squares": math.sqrt(sum(gap**2 for gap in gaps) / len(gaps)),
        }
        if part == "other":  # in which one row is the lower on every task
            wrong = {name: wrong[name] for name in ("sum", "largest")}
        with judge.part(part):
            got = judge.number(apart(list(a), list(b)))
            judge.equal(got, sum(sizes) / len(sizes), wrong, given=f"{a} and {b}")
