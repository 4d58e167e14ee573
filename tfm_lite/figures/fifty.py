"""Fifty tasks: what the first ten and the last ten came to, what all keep, what an epoch takes. Nothing here trains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import mean, median

from tfm_lite.figures.compared import Group, listed, paired
from tfm_lite.figures.explore import Interactive
from tfm_lite.figures.listing import listing
from tfm_lite.runs.results import Result

TEN = 10
FIRST, LAST = slice(TEN), slice(-TEN, None)


def ended(record: Result, tasks: slice = LAST) -> float:
    """Mean accuracy of these tasks at the end, in percent."""
    return 100 * mean(float(value or 0) for value in record.accuracy[-1][tasks])


def pace(record: Result, tasks: slice) -> float:
    """Milliseconds that an epoch of one of these tasks took, by the median: a run may have been stopped in between, or have
    shared its processor for a while."""
    return 1000 * median(fit["seconds"] / max(1, fit["epochs"]) for task in record.fits[tasks] for fit in task)


def table(groups: Mapping[str, Group], *, title: str) -> Interactive:
    """A row for each of these groups of records, the mean over its seeds."""
    rows = []
    for name, group in groups.items():
        each = group.records
        rows.append(
            [
                name,
                len(each),
                *(f"{mean(ended(record, part) for record in each):.1f}" for part in (FIRST, LAST)),
                f"{group.average:.1f}",
                f"{mean(sum(record.memory.values()) for record in each) / 1e6:.2f}",
                *(f"{mean(pace(record, part) for record in each):.0f}" for part in (FIRST, LAST)),
            ]
        )
    head = ["method", "seeds", "first ten", "last ten", "all", "MB", "ms, first", "ms, last"]
    return listing(head, rows, title=title)


def at_the_end(groups: Mapping[str, Group], one: str, others: Sequence[str]) -> str:
    """By how many points a method is above others in the last ten tasks, seed by seed, as a sentence; nothing, if none can
    be compared with it."""
    said = []
    for other in others:
        if {one, other} <= groups.keys() and (less := paired(groups[one], groups[other], ended)):
            said.append(f"{less}{' (one seed)' * (len(less.seeds) == 1)} less {other}")
    return f"In the last ten tasks {one} has, in points, {listed(said)}." if said else ""
