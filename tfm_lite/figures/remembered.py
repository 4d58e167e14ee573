"""What is left of every task while others are learned: accuracies of some methods side by side, a slider over the tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from tfm_lite.figures.colours import STATES
from tfm_lite.figures.compared import signed
from tfm_lite.figures.drawing import FONT
from tfm_lite.figures.explore import Interactive, explore

Matrix = Sequence[Sequence[float | None]]
_NAMES, _BAR, _STEP, _HEAD, _WIDTH = 140, 0.62, 33, 34, 560  # units; a bar's share of its column


def remembered(
    matrices: Mapping[str, Matrix], tasks: Sequence[str], *, what: str = "tasks", caption: str = ""
) -> Interactive:
    """The accuracy on each task after 1, 2, ... ``what`` were learned, a column per method; it opens at the end.

    ``matrices`` are accuracy matrices (fractions; a row per task learned, a column per task tested) by method. The task just
    learned is orange, older ones are blue, and a dashed outline is what a task had when it was learned.
    """
    last = len(tasks)

    def frame(after: int) -> str:
        return _drawn(matrices, tasks, after)

    def words(after: int) -> str:
        each = (f"{name}: {_said(matrix, tasks, after)}" for name, matrix in matrices.items())
        return f"Accuracy in percent after {after} of {last} {what}. {' '.join(each)}"

    controls = {f"{what} learned": list(range(1, last + 1))}
    return explore(frame, controls, alt=words, caption=caption, start={f"{what} learned": last}, milliseconds=1200)


def lost(matrix: Matrix, after: int) -> float:
    """Points lost on average by the tasks before the one just learned, the ``after``-th; 0 if there is none."""
    gone = [_at(matrix, s, s) - _at(matrix, after - 1, s) for s in range(after - 1)]
    return 100 * sum(gone) / len(gone) if gone else 0.0


def _at(matrix: Matrix, t: int, s: int) -> float:
    return float(matrix[t][s] or 0)


def _said(matrix: Matrix, tasks: Sequence[str], after: int) -> str:
    each = ", ".join(f"{tasks[s]} {100 * _at(matrix, after - 1, s):.0f}" for s in range(after))
    return f"{each}; lost on average {lost(matrix, after):.1f} points."


def _drawn(matrices: Mapping[str, Matrix], tasks: Sequence[str], after: int) -> str:
    wide = (_WIDTH - _NAMES) / len(matrices)
    parts = [
        f'<text x="{_NAMES - 10}" y="{_HEAD + _STEP * s + 19}" font-size="{FONT}" text-anchor="end" '
        f'opacity="{1 if s < after else 0.35}">{escape(name)}</text>'
        for s, name in enumerate(tasks)
    ]
    below = _HEAD + _STEP * len(tasks) + 26
    for k, (name, matrix) in enumerate(matrices.items()):
        left, unit = _NAMES + wide * k, _BAR * wide
        parts.append(f'<text x="{left:.0f}" y="20" font-size="{FONT}" font-weight="600">{escape(name)}</text>')
        for s in range(after):
            first, now = _at(matrix, s, s), _at(matrix, after - 1, s)
            y, colour = _HEAD + _STEP * s, STATES["normal" if s == after - 1 else "forward-only"]
            change = signed(100 * (now - first), 0)
            text = f"{100 * now:.0f}{f' {change}' if change != '0' else ''}"
            parts.append(
                f'<rect x="{left:.0f}" y="{y}" width="{unit * now:.1f}" height="25" fill="{colour}"/>'
                f'<rect class="masked" x="{left:.0f}" y="{y}" width="{unit * first:.1f}" height="25"/>'
                f'<text x="{left + unit * max(first, now) + 6:.0f}" y="{y + 19}" font-size="{FONT}">{text}</text>'
            )
        gone = lost(matrix, after)
        words = "lost: nothing" if gone == 0 else f"lost: {gone:.1f} points" if gone > 0 else f"won: {-gone:.1f} points"
        parts.append(f'<text x="{left:.0f}" y="{below}" font-size="{FONT}" font-weight="600">{words}</text>')
    return f'<svg viewBox="0 0 {_WIDTH} {below + 10}" width="{_WIDTH}">{"".join(parts)}</svg>'
