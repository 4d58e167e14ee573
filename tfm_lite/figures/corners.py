"""A layer's weights by the task that learned them: nested corners of one matrix (Masana et al. 2021, Eq. 5)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Literal

from tfm_lite.figures.explore import Interactive, recolour

VIEWS = ("used", "learned")
_INDEX = "₀₁₂₃₄₅₆₇₈₉"


def corners(rows: Sequence[int], columns: Sequence[int], *, caption: str = "", start: int = 2) -> Interactive:
    """The weight matrix of a layer that has grown, and what each task uses and learns of it.

    ``rows`` are how many features tasks 1, 2, ... see, ``columns`` how many inputs; both never fall. A slider chooses the
    task, beginning with task ``start``, buttons whether to see all that it uses or only what it learns. Orange weights are
    learned by the task, blue ones were learned before; outlined, they get no gradient; dashed, the task does not see them.
    """
    if len(rows) != len(columns) or list(rows) != sorted(rows) or list(columns) != sorted(columns):
        raise ValueError(
            f"features and inputs are counts per task that never fall, not {list(rows)} and {list(columns)}"
        )
    places, tasks = list(product(range(rows[-1]), range(columns[-1]))), list(range(1, len(rows) + 1))

    def states(task: int, view: str) -> dict[str, str]:
        return {f"{i},{j}": state(i, j, rows, columns, task=task, view=view) for i, j in places}

    def words(task: int, view: str) -> str:
        count = list(states(task, view).values()).count
        corner = f"Task {task}: the corner of {rows[task - 1]} features and {columns[task - 1]} inputs"
        own, old = count("normal"), count("forward-only")
        if view == "used":
            return f"{corner}, {own} weights of its own and {old} older ones, of {len(places)}."
        return f"{corner}, of which {own} weights learn and {count('plain')} get no gradient."

    controls = {"task": tasks, "weights": VIEWS}
    return recolour(_square(rows, columns), states, controls, alt=words, caption=caption, start={"task": start})


def state(
    i: int, j: int, rows: Sequence[int], columns: Sequence[int], *, task: int, view: Literal["used", "learned"] | str
) -> str:
    """How the weight from input ``j`` to feature ``i`` looks at a task, counted from 1: the name of a class."""
    if i >= rows[task - 1] or j >= columns[task - 1]:
        return "masked"
    if task == 1 or i >= rows[task - 2] or j >= columns[task - 2]:
        return "normal"
    return "forward-only" if view == "used" else "plain"


def _square(rows: Sequence[int], columns: Sequence[int], *, step: int = 30) -> str:
    """The matrix as SVG, a square per weight, with the boundaries O of the features and I of the inputs beside it."""
    left, top = 100, 8
    cells = [
        f'<rect data-name="{i},{j}" x="{left + step * j}" y="{top + step * i}" width="{step - 4}" height="{step - 4}"/>'
        for i, j in product(range(rows[-1]), range(columns[-1]))
    ]
    below = top + step * rows[-1] + 22
    marks = [
        f'<text x="{left - 10}" y="{top - 4 + step * n}" text-anchor="end" font-size="19">O{_INDEX[t]} = {n}</text>'
        for t, n in enumerate(rows, 1)
    ]
    ends: list[int] = []  # of each line of marks below, the column at which it ends
    for t, n in enumerate(columns, 1):
        # the first line with room for it: a mark is not quite three columns wide
        line = next((k for k, end in enumerate(ends) if n - end >= 3), len(ends))
        ends[line : line + 1] = [n]
        x, y = left - 4 + step * n, below + 22 * line
        marks.append(f'<text x="{x}" y="{y}" text-anchor="end" font-size="19">I{_INDEX[t]} = {n}</text>')
    width, height = left + step * columns[-1] + 10, below + 22 * len(ends) - 14
    return f'<svg viewBox="0 0 {width} {height}" width="{width}">{"".join(cells + marks)}</svg>'
