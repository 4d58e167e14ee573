"""Results as matplotlib axes. Nothing here trains or reads files."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes


def accuracy_matrix(matrix: Sequence[Sequence[float | None]], names: Sequence[str], ax: Axes) -> None:
    """Draw the accuracy matrix in percent: a row per task learned, a column per task tested."""
    count = len(matrix)
    shown = [[float("nan") if value is None else 100 * value for value in row] + [float("nan")] * (count - len(row)) for row in matrix]  # noqa: E501  # fmt: skip
    ax.imshow(shown, cmap="Blues", vmin=0, vmax=100)
    for t, row in enumerate(shown):
        for s, value in enumerate(row):
            if s <= t:
                ax.text(s, t, f"{value:.0f}", ha="center", va="center", color="white" if value > 55 else "black")
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
