"""Results as matplotlib axes. Nothing here trains or reads files."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes


def accuracy_matrix(matrix: Sequence[Sequence[float | None]], names: Sequence[str], ax: Axes) -> None:
    """Draw the accuracy matrix in percent: a row per task learned, a column per task tested."""
    count = len(matrix)
    shown = np.full((count, count), np.nan)
    for t, row in enumerate(matrix):
        for s, value in enumerate(row[: t + 1]):
            shown[t, s] = 100 * float(value)  # type: ignore[arg-type]
            ink = "white" if shown[t, s] > 55 else "black"
            ax.text(s, t, f"{shown[t, s]:.0f}", ha="center", va="center", color=ink)
    ax.imshow(shown, cmap="Blues", vmin=0, vmax=100)
    ax.set_xticks(range(count), names, rotation=30, ha="right")
    ax.set_yticks(range(count), [f"after {name}" for name in names])
    ax.set_xlabel("accuracy on (%)")


def accuracy_over_time(history: Sequence[Sequence[float]], names: Sequence[str], ends: Sequence[int], ax: Axes) -> None:
    """Draw the accuracy (fractions) of every task after every epoch.

    ``history[e][s]`` is task s after epoch e; ``ends`` are the epochs at which a task ended.
    """
    styles = ["-", "--", "-.", ":"]
    for s, name in enumerate(names):
        points = [(e + 1, 100 * row[s]) for e, row in enumerate(history) if s < len(row)]
        ax.plot(*zip(*points, strict=True), styles[s % len(styles)], label=name)
    for end in ends[:-1]:
        ax.axvline(end + 0.5, color="grey", linewidth=0.8)
    ax.set_xlabel("epoch")
    ax.set_ylabel("test accuracy (%)")
    ax.set_ylim(0, 100)
    ax.legend(ncols=3, fontsize="small", loc="lower center", bbox_to_anchor=(0.5, 1))
