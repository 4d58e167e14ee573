"""Numbers from the accuracy matrix: row t, column s is the accuracy on task s after learning task t (s <= t).

And whether they mean anything: :func:`failures` asks of a record, task by task, whether it was learned at all.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

Matrix = Sequence[Sequence[float | None]]
SURE = 3.0  # standard deviations above chance, from which on a task counts as learned
RESTARTS = ("joint",)  # methods that begin again from the initial weights at every task


class Record(Protocol):
    """What is read here of the record of a run, a :class:`~tfm_lite.runs.results.Result`."""

    @property
    def config(self) -> Mapping[str, Any]: ...
    @property
    def accuracy(self) -> Matrix: ...
    @property
    def structure(self) -> Mapping[str, Any]: ...
    @property
    def fits(self) -> Sequence[Sequence[Mapping[str, Any]]]: ...
    @property
    def images(self) -> Sequence[int]: ...


AnyRecord = TypeVar("AnyRecord", bound=Record)


def final(matrix: Matrix) -> list[float]:
    """Accuracy on every task after the last one."""
    return [_known(value) for value in matrix[-1]]


def learned(matrix: Matrix) -> list[float]:
    """Accuracy on every task right after learning it: the diagonal."""
    return [_known(row[t]) for t, row in enumerate(matrix)]


def average(matrix: Matrix) -> float:
    """Mean accuracy over the tasks after the last one: the paper's "Avg.".

    >>> average([[0.9], [0.5, 0.8]])
    0.65
    """
    values = final(matrix)
    return sum(values) / len(values)


def forgetting_of(matrix: Matrix) -> list[float]:
    """Final minus just-learned accuracy of every task: the paper's numbers in brackets. Negative: something was lost."""
    return [after - before for after, before in zip(final(matrix), learned(matrix), strict=True)]


def forgetting(matrix: Matrix) -> float:
    """Mean of ``forgetting_of`` over all tasks but the last, which had no time to be forgotten; 0 for one task.

    >>> forgetting([[0.9], [0.5, 0.8]])
    -0.4
    """
    values = forgetting_of(matrix)[:-1]
    return sum(values) / len(values) if values else 0.0


def failures(record: Record) -> dict[int, str]:
    """Which tasks were not learned, by index, each with a sentence that says why.

    A task was learned if its accuracy just learned lies above chance, 1 / classes, by ``SURE`` standard deviations of one who
    guesses, sqrt(p (1 - p) / images), and all losses of its trainings are finite. What is lost afterwards is forgetting, and
    no failure. A method that restarts trains all tasks so far each time: its task t was learned if the training that came
    with it brought all of them above chance, and the last training, from which its final accuracy is, brought task t there.
    """
    found: dict[int, str] = {}
    for t in range(len(record.accuracy)):
        name = f"task {t + 1} was not learned"
        if not all(fit["loss"] is not None and math.isfinite(fit["loss"]) for fit in record.fits[t]):
            found[t] = f"{name}: the loss of a training is not finite"
            continue
        for row, s in _just_learned(record, t):
            accuracy, (chance, margin) = _known(record.accuracy[row][s]), _chance(record, s)
            if accuracy <= chance + margin:
                where = "" if (row, s) == (t, t) else f" on task {s + 1} with the training of task {row + 1}"
                wanted = f"{100 * chance:.1f} % ± {100 * margin:.1f}"
                found.setdefault(t, f"{name}: {100 * accuracy:.1f} %{where} is not above chance, {wanted}")
    return found


def trained(record: Record) -> list[bool]:
    """Whether each task was learned."""
    failed = failures(record)
    return [t not in failed for t in range(len(record.accuracy))]


def healthy(records: Iterable[AnyRecord]) -> list[AnyRecord]:
    """Those of which every task was learned."""
    return [record for record in records if not failures(record)]


def sound(record: Record) -> list[bool]:
    """Whether the final accuracy of each task, and its forgetting, say something of the method.

    They do if the task was learned, and if what changed it since were trainings that learned a task too: a network that broke
    down in a later training has not forgotten.
    """
    good, last = trained(record), len(record.accuracy) - 1
    restarts = record.config["method"] in RESTARTS
    changed = [value != 0 for value in forgetting_of(record.accuracy)]
    return [good[t] and (not changed[t] or all(good[last if restarts else t :])) for t in range(last + 1)]


def named(tasks: Iterable[int]) -> str:
    """Tasks by their numbers, in words: "task 3", "tasks 3, 4"."""
    numbers = [str(t + 1) for t in tasks]
    return f"task{'s' if len(numbers) > 1 else ''} {', '.join(numbers)}"


def _just_learned(record: Record, t: int) -> list[tuple[int, int]]:
    """The places in the accuracy matrix that say whether task t was learned."""
    if record.config["method"] not in RESTARTS:
        return [(t, t)]
    return [(t, t), *((t, s) for s in range(t)), (len(record.accuracy) - 1, t)]


def _chance(record: Record, s: int) -> tuple[float, float]:
    """The accuracy of one who guesses on task s, and how far above it chance may reach."""
    p = 1 / record.structure["classes"][s]
    return p, SURE * math.sqrt(p * (1 - p) / record.images[s])


def _known(value: float | None) -> float:
    if value is None:
        raise ValueError("the accuracy matrix has no value (None) on or below its diagonal: the run is not complete")
    return value
