"""Results as matplotlib axes. Nothing here trains or reads files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tfm_lite.colours import TASKS, of_task, style_of_task

STYLE: Any = {
    "font.size": 12,
    "lines.linewidth": 2,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": cycler(color=TASKS),
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#808080",
    "grid.alpha": 0.25,
}
DARK_INK, LIGHT_INK = "#101010", "white"  # on coloured ground; plain black would follow the page's theme


def axes(rows: int = 1, columns: int = 1, *, width: float = 5.0, height: float = 3.4) -> tuple[Figure, Any]:
    """A figure in the book's style with its axes, one or an array. Narrow enough to be read on a phone."""
    with matplotlib.rc_context(STYLE):
        fig = Figure(figsize=(width, height), layout="constrained")
        return fig, fig.subplots(rows, columns)


def legend(ax: Axes, *, columns: int = 3) -> None:
    """The legend above the axes."""
    ax.legend(ncols=columns, loc="lower center", bbox_to_anchor=(0.5, 1), fontsize=11, frameon=False)


def accuracy_matrix(matrix: Sequence[Sequence[float | None]], names: Sequence[str], ax: Axes) -> None:
    """Draw the accuracy matrix in percent: a row per task learned, a column per task tested."""
    count = len(matrix)
    shown = np.full((count, count), np.nan)
    for t, row in enumerate(matrix):
        for s, value in enumerate(row[: t + 1]):
            shown[t, s] = 100 * float(value)  # type: ignore[arg-type]
            ink = LIGHT_INK if shown[t, s] > 55 else DARK_INK
            ax.text(s, t, f"{shown[t, s]:.0f}", ha="center", va="center", color=ink)
    ax.imshow(shown, cmap="Blues", vmin=0, vmax=100)
    ax.grid(False)
    ax.set_xticks(range(count), names, rotation=30, ha="right")
    ax.set_yticks(range(count), [f"after {name}" for name in names])
    ax.set_xlabel("accuracy on (%)")


def accuracy_over_time(
    history: Sequence[Sequence[float]], names: Sequence[str], ends: Sequence[int], ax: Axes, *, until: int | None = None
) -> None:
    """Draw the accuracy (fractions) of every task after every epoch.

    ``history[e][s]`` is task s after epoch e; ``ends`` are the epochs at which a task ended; ``until`` an epoch after
    which nothing is drawn.
    """
    for s, name in enumerate(names):
        points = [(e + 1, 100 * row[s]) for e, row in enumerate(history[:until]) if s < len(row)]
        ax.plot(*np.reshape(points, (-1, 2)).T, label=name, **style_of_task(s))
    for end in ends[:-1]:
        ax.axvline(end + 0.5, color="grey", linewidth=0.8)
    ax.set_xlim(0, len(history) + 1)
    ax.set_ylim(0, 100)
    ax.set_xlabel("epoch")
    ax.set_ylabel("test accuracy (%)")
    legend(ax)


def growth(fractions: Sequence[float], names: Sequence[str], ax: Axes) -> None:
    """Draw the network's size after each task, in percent of the plain network's weights, as what each task added."""
    before = 0.0
    for t, (fraction, name) in enumerate(zip(fractions, names, strict=True)):
        ax.bar(range(t, len(names)), 100 * (fraction - before), bottom=100 * before, color=of_task(t), label=name)
        before = fraction
    ax.set_xticks(range(len(names)), names, rotation=30, ha="right")
    ax.set_ylabel("weights (% of the plain network)")
