"""When ternary masks pay: what the runs of :mod:`tfm_lite.runs.pays` come to, place by place on its map.

Accuracies are in percent, differences in points, seed by seed, with half a 95 % interval over the seeds (Student's t).
Nothing here trains, draws or reads files.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from statistics import mean
from typing import Any

import numpy as np

from tfm_lite import metrics
from tfm_lite.figures.compared import Paired, listed
from tfm_lite.runs.config import identity
from tfm_lite.runs.pays import AMOUNTS, FIRST, OLD, START, Cell, cells, equal, pays
from tfm_lite.runs.results import Result

# Rows of separate networks: each as large as the plain one; together as large as TFM ended.
FULL, EQUAL = "full", "equal"
TASKS = {"old": (0,), "new": (1,), "both": (0, 1)}  # of which an accuracy is
PAYS, NOT, UNSAID = "pays", "does not pay", "cannot be said"


@dataclass(frozen=True)
class Question:
    """``one`` row less the ``other``: what is asked, and of which accuracy."""

    name: str
    one: str
    other: str
    of: str = "new"


# By what they are against. The first two are of whole systems, and of both tasks.
QUESTIONS = {
    "separate, same bytes": Question(
        "Does sharing pay, against separate networks of the same bytes?", "tfm", EQUAL, "both"
    ),
    "separate, full": Question("And against separate networks of full size?", "tfm", FULL, "both"),
    "no FN": Question("Does feature normalization help the new task?", "schedule", "no FN"),
    "schedule": Question("Is growth by search better for the new task than by schedule?", "tfm", "schedule"),
    "freezing": Question("Is the new task better than with frozen features?", "tfm", "freeze"),
    "PackNet": Question("Is TFM above PackNet on both tasks?", "tfm", "packnet", "both"),
    "LwF": Question("Is TFM above LwF on both tasks?", "tfm", "lwf", "both"),
    "joint": Question("Is TFM above joint training on both tasks?", "tfm", "joint", "both"),
}
# The first of them, task by task: at the same bytes TFM's old task has the larger network, with or without sharing.
PARTS = {of: Question(f"{of}, at the same bytes", "tfm", EQUAL, of) for of in TASKS}
BOOST = {
    f"boost {times}": Question(
        f"Do {times} times larger gradients of new features help the new task?", f"boost {times}", "schedule"
    )
    for times in (3, 10)
}


class Runs:
    """The records of the map, found by row, place and seed. A record of which a task was not learned counts as none."""

    def __init__(self, records: Iterable[Result]) -> None:
        self.records = {identity(record.config): record for record in metrics.healthy(records)}

    @cached_property
    def seeds(self) -> list[int]:
        """Those under which anything was run."""
        return sorted({record.config["seed"] for record in self.records.values()})

    @cached_property
    def _apart(self) -> dict[tuple[float, int, int, str], float]:
        """Final accuracies of separate networks, by their size, seed, place in the order, and task."""
        found = {}
        for config in pays(self.seeds):
            if config.method == "single" and (record := self.records.get(config.identity)):
                size, words = config.options.get("fraction", 1.0), config.tasks.split("+")[1:]
                for t, (word, value) in enumerate(zip(words, metrics.final(record.accuracy), strict=True)):
                    found[size, config.seed, t, word] = 100 * value
        return found

    def accuracies(self, row: str, cell: Cell, seed: int) -> list[float] | None:
        """Final accuracy on the old and on the new task; None where there is no run."""
        if row in (FULL, EQUAL):
            return self._separate(row, cell, seed)
        record = self.records.get(cell.config(row, seed).identity)
        return [100 * value for value in metrics.final(record.accuracy)] if record else None

    def _separate(self, row: str, cell: Cell, seed: int) -> list[float] | None:
        size = 1.0
        if row == EQUAL:
            if (ended := self.size(cell, seed)) is None:
                return None
            size = equal(ended)
        keys = [(size, seed, t, word) for t, word in enumerate((cell.old, cell.new))]
        return [self._apart[key] for key in keys] if all(key in self._apart for key in keys) else None

    def size(self, cell: Cell, seed: int) -> float | None:
        """The share of the plain network's weights that TFM's search ended with."""
        record = self.records.get(cell.config("tfm", seed).identity)
        return float(record.structure["fractions"][-1]) if record else None

    def difference(self, question: Question, cell: Cell) -> Paired | None:
        """What is asked, at a place: over the seeds that both rows have; None if there are none."""
        found = {}
        for seed in self.seeds:
            both = [self.accuracies(row, cell, seed) for row in (question.one, question.other)]
            if both[0] and both[1]:
                one, other = (mean(row[t] for t in TASKS[question.of]) for row in (both[0], both[1]))
                found[seed] = one - other
        return Paired(tuple(found), tuple(found.values())) if found else None

    def map(self, question: Question) -> dict[Cell, Paired | None]:
        """What is asked, at every place."""
        return {cell: self.difference(question, cell) for cell in cells()}


def verdict(difference: Paired | None) -> str:
    """Whether it pays: said where the interval is on one side of 0. One seed has no interval.

    >>> [verdict(Paired((0, 1, 2), values)) for values in [(2, 3, 4), (-2, -3, -4), (-3, 0, 4)]]
    ['pays', 'does not pay', 'cannot be said']
    """
    if difference is None or len(difference.values) < 2 or abs(difference.mean) <= difference.half:
        return UNSAID
    return PAYS if difference.mean > 0 else NOT


def counted(found: Mapping[Cell, Paired | None]) -> dict[str, int]:
    """At how many places each verdict stands, of those with a run. One in twenty intervals misses by chance: a single place
    is a hint."""
    verdicts = [verdict(difference) for difference in found.values() if difference]
    return {word: verdicts.count(word) for word in (PAYS, NOT, UNSAID)}


def overall(found: Mapping[Cell, Paired | None]) -> Paired | None:
    """A difference over the whole map: its mean over the places, seed by seed, of the seeds that have all that count.

    The places of a seed share images and initial weights, so seeds are counted and not places.
    """
    there = [*_counting(found).values()]
    seeds = sorted(set[int].intersection(*map(set, there))) if there else []
    return Paired(tuple(seeds), tuple(mean(each[seed] for each in there) for seed in seeds)) if seeds else None


def effects(found: Mapping[Cell, Paired | None]) -> dict[str, Paired | None]:
    """What moves a difference, over the whole map, in points: seed by seed, of the seeds that have every place that counts.

    "amount": by a doubling of the new task's images, the slope of a straight line. "likeness": the same letters less the
    unlike ones. "first": the larger old task less the smaller. A place that does not count is left out, with its partners
    at the other ends.
    """
    there = _counting(found)
    ends: dict[str, Callable[[Cell], float]] = {
        "amount": lambda cell: math.log2(cell.amount),
        "likeness": lambda cell: {"same": 1.0, "unlike": 0.0}.get(cell.likeness, math.nan),
        "first": lambda cell: float(cell.first == max(FIRST)),
    }
    return {name: _slope(there, end, name) for name, end in ends.items()}


def _counting(found: Mapping[Cell, Paired | None]) -> dict[Cell, dict[int, float]]:
    """Differences by seed, at the places that count. Those with fewer than half of the seeds of the fullest do not: they are
    being run, and would leave the whole map no seed but their own."""
    there = {cell: dict(zip(d.seeds, d.values, strict=True)) for cell, d in found.items() if d}
    most = max(map(len, there.values()), default=0)
    return {cell: values for cell, values in there.items() if 2 * len(values) >= most}


def _slope(there: Mapping[Cell, Mapping[int, float]], end: Callable[[Cell], float], by: str) -> Paired | None:
    """The mean over lines on the map, which differ in nothing but what ``by`` says, of the slope along each."""
    lines: dict[tuple[Any, ...], list[Cell]] = {}
    for cell in there:
        if not math.isnan(end(cell)):
            others = tuple(value for name, value in vars(cell).items() if name != by)
            lines.setdefault(others, []).append(cell)
    whole = [line for line in lines.values() if len(line) > 1]
    seeds = sorted(set[int].intersection(*(set(there[cell]) for line in whole for cell in line))) if whole else []
    if not seeds:
        return None

    def slope(line: list[Cell], seed: int) -> float:
        return float(np.polyfit([end(cell) for cell in line], [there[cell][seed] for cell in line], 1)[0])

    return Paired(tuple(seeds), tuple(mean(slope(line, seed) for line in whole) for seed in seeds))


def in_words(question: Question, found: Mapping[Cell, Paired | None]) -> str:
    """An answer: at how many places, what it is over the whole map, and what moves it."""
    if not any(found.values()):
        return f"{question.name} Not run yet."
    counts = counted(found)
    moved = {
        "amount": "for each doubling of the new task's images",
        "likeness": "from unlike letters to the same",
        "first": f"from {min(FIRST)} to {max(FIRST)} images of each old letter",
    }
    clear = [
        f"{difference} points {moved[name]}"
        for name, difference in effects(found).items()
        if verdict(difference) != UNSAID
    ]
    said = ", ".join(f"{word} at {count}" for word, count in counts.items())
    run = sum(counts.values())
    rest = f"; {len(found) - run} are not run" * (run < len(found))
    whole = f" Over the whole map, in points: {over}." if (over := overall(found)) else ""
    return f"{question.name} It {said} of {run} places{rest}.{whole} " + (
        f"The difference moves by {listed(clear)}." if clear else "Nothing moves the difference clearly."
    )


# Where the two findings to be explained lie: Oxford Flowers has 18 images of each class to train on, and its tasks are all
# flowers; the six alphabets have 36 of each letter, and few of them are like another.
FLOWERS, LETTERS = Cell("sister", max(FIRST), 20), Cell("unlike", max(FIRST), 40)


def explained(runs: Runs) -> dict[str, Paired | None]:
    """Why TFM is above separate full networks on Flowers and below separate ones of its own size on letters: both differences
    at the place on this map that is nearest to either."""
    return {
        f"{place}, against {against}": runs.difference(QUESTIONS[against], cell)
        for place, cell in {"like Flowers": FLOWERS, "like the letters": LETTERS}.items()
        for against in ("separate, full", "separate, same bytes")
    }


def likeness(runs: Runs) -> dict[str, float]:
    """How like each old alphabet is to the new one, as measured: what a head alone makes of its features, with as many images
    as there are runs with of all three. It is the accuracy of frozen features on the new task, the mean over the seeds."""
    for amount in sorted(AMOUNTS, reverse=True):
        frozen = {
            like: [runs.accuracies("freeze", Cell(like, max(FIRST), amount), s) for s in runs.seeds] for like in OLD
        }
        found = {like: [values[1] for values in each if values] for like, each in frozen.items()}
        if all(found.values()):
            return {like: mean(own) for like, own in found.items()}
    return {}


def grown(runs: Runs) -> dict[Cell, float]:
    """The growth that the search chose at each place, the mean over seeds, as a share of the plain network's weights."""
    found = {cell: [s for seed in runs.seeds if (s := runs.size(cell, seed)) is not None] for cell in cells()}
    return {cell: mean(sizes) - START for cell, sizes in found.items() if sizes}
