"""When do ternary masks pay? The runs that say it, on letters, of which there are as many as are wanted.

Two tasks, an old one and a new one. The new one is always the same alphabet; what changes is how many images there are of its
letters (``AMOUNTS``), how like it the old alphabet is (``OLD``), and how many images of each letter the old task had
(``FIRST``). Images, and not letters: with more letters in the old task its head, its chance and what its network is for would
change too. All runs of a seed have the same images, orders of batches and initial weights, and so are paired.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from tfm_lite import memory
from tfm_lite.nn.networks import Builder
from tfm_lite.protocol import QUICK
from tfm_lite.runs.config import Config

NEW = "Cyrillic"
# By the pictures, and by what a head alone makes of the old features, and not by name: most small letters are the capitals
# again; Georgian ones are round where those are straight. Greek features are of no more use than Georgian ones.
OLD = {"same": "Cyrillic", "sister": "small_Cyrillic", "unlike": "Georgian"}
FIRST = (10, 80)  # training images of each letter of the old task
COARSE, FINE = (5, 20, 80), (10, 40, 160)  # and of the new one: a coarse map, and what makes it finer
AMOUNTS = tuple(sorted(COARSE + FINE))

# With five images of each letter an epoch of the chapters' short form would be two steps: smaller batches, and more epochs.
PROTOCOL = replace(QUICK, epochs=60, batch=32)
WIDTH = 1.5
START, GROWTHS = (
    0.55,
    (0.0, 0.05, 0.15, 0.45),
)  # the largest growth is the schedule's: search and schedule may end alike
SCHEDULE = {"grow": "schedule"}
# The rows of the map, each a method with its options; those of separate networks, which have sizes, are apart.
ROWS: dict[str, tuple[str, dict[str, Any]]] = {
    "tfm": ("tfm", {"growths": list(GROWTHS)}),
    "schedule": ("tfm", SCHEDULE),
    "no FN": ("tfm_no_fn", SCHEDULE),
    **{method: (method, {}) for method in ("freeze", "packnet", "lwf", "joint")},
}
# The schedule's rows with the gradients of new features scaled up, on the coarse map alone.
BOOSTED = {f"boost {boost}": ("tfm", {**SCHEDULE, "boost": float(boost)}) for boost in (3, 10)}


@dataclass(frozen=True)
class Cell:
    """A place on the map: how like the old alphabet is, and images of each letter of the old and of the new task."""

    likeness: str
    first: int
    amount: int

    @property
    def old(self) -> str:
        """The old task, as a word in the tasks' name."""
        return f"{OLD[self.likeness]}{self.first}"

    @property
    def new(self) -> str:
        """The new task, as a word in the tasks' name."""
        return f"{NEW}{self.amount}"

    def config(self, row: str, seed: int) -> Config:
        """The run of a row of :data:`ROWS` or :data:`BOOSTED` here."""
        method, options = (ROWS | BOOSTED)[row]
        return self._config(method, options, seed)

    def separate(self, fraction: float, seed: int) -> Config:
        """The run of separate networks here, each of this share of the plain network's weights."""
        return self._config("single", {"fraction": fraction} if fraction < 1 else {}, seed)

    def _config(self, method: str, options: dict[str, Any], seed: int) -> Config:
        tasks = f"alphabets+{self.old}+{self.new}"
        return Config(tasks, method, seed=seed, width=WIDTH, protocol=PROTOCOL, options=options)


def cells(amounts: Sequence[int] = AMOUNTS) -> list[Cell]:
    """The places with these amounts of images of the new task."""
    return [Cell(likeness, first, amount) for first in FIRST for likeness in OLD for amount in amounts]


def pays(seeds: Sequence[int] = (0, 1, 2, 3, 4)) -> Iterator[Config]:
    """When do ternary masks pay? Letters of which there are few or many, like or unlike those of a task before.

    The whole map comes first, coarse and under one seed; then under the others; then new features that are given larger
    gradients; last, the finer map.
    """
    yield from _map(COARSE, [Cell(likeness, first, 0) for likeness in OLD for first in FIRST], seeds)
    for seed in seeds:
        yield from (cell.config(row, seed) for cell in cells(COARSE) for row in BOOSTED)
    yield from _map(FINE, [Cell(likeness, min(FIRST), 0) for likeness in OLD], seeds)


def _map(amounts: Sequence[int], apart: Sequence[Cell], seeds: Sequence[int]) -> Iterator[Config]:
    """All rows at the places with these amounts, with separate networks for these old tasks."""
    for seed in seeds:
        yield from _apart(apart, amounts, seed)
        for cell in cells(amounts):
            yield from (cell.config(row, seed) for row in ROWS)


def _apart(olds: Sequence[Cell], amounts: Sequence[int], seed: int) -> Iterator[Config]:
    """Separate networks know nothing of each other: that of an old task is the same whatever comes after it, and that of a
    new one whatever came before. So every old and every new task in one run, and not in all pairs, is enough."""
    for i, old in enumerate(olds):
        for fraction in fractions():
            yield replace(old, amount=amounts[i % len(amounts)]).separate(fraction, seed)


def fractions() -> list[float]:
    """The sizes of separate networks: for each size that TFM may end with, the one that keeps as much; and the plain one."""
    return [*(equal(START + growth) for growth in GROWTHS), 1.0]


@cache
def equal(size: float) -> float:
    """The smallest share of the plain network's weights, in thousandths, at which two separate networks keep no fewer bytes
    than TFM that ends with this ``size``: weights, heads, feature normalization and masks, all that there is."""
    from tfm_lite.datasets.sets.alphabets import ALPHABETS, SIZES  # matplotlib comes with it

    build = Builder.of("lenet", tasks=2, channels=1, size=SIZES[0], width=WIDTH)
    classes = [len(ALPHABETS[NEW])] * 2
    wanted = sum(memory.kept("tfm", build, classes, fractions=[START, size]).values())
    low, high = int(400 * size), int(600 * size)  # too small, large enough
    while high - low > 1:
        middle = (low + high) // 2
        enough = sum(memory.kept("single", build, classes, fraction=middle / 1000).values()) >= wanted
        low, high = (low, middle) if enough else (middle, high)
    return high / 1000
