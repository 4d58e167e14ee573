"""Numbers from the accuracy matrix: row t, column s is the accuracy on task s after learning task t (s <= t)."""

from __future__ import annotations

from collections.abc import Sequence

Matrix = Sequence[Sequence[float | None]]


def final(matrix: Matrix) -> list[float]:
    """Accuracy on every task after the last one."""
    return [_known(value) for value in matrix[-1]]


def learned(matrix: Matrix) -> list[float]:
    """Accuracy on every task right after learning it: the diagonal."""
    return [_known(row[t]) for t, row in enumerate(matrix)]


def average(matrix: Matrix) -> float:
    """Mean accuracy over the tasks after the last one: the paper's "Avg."."""
    values = final(matrix)
    return sum(values) / len(values)


def forgetting_of(matrix: Matrix) -> list[float]:
    """Final minus just-learned accuracy of every task: the paper's numbers in brackets. Negative: something was lost."""
    return [after - before for after, before in zip(final(matrix), learned(matrix), strict=True)]


def forgetting(matrix: Matrix) -> float:
    """Mean of ``forgetting_of`` over all tasks but the last, which had no time to be forgotten; 0 for one task."""
    values = forgetting_of(matrix)[:-1]
    return sum(values) / len(values) if values else 0.0


def _known(value: float | None) -> float:
    if value is None:
        raise ValueError("the accuracy matrix has no value (None) on or below its diagonal: the run is not complete")
    return value
