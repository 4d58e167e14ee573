"""Results as matplotlib axes. Nothing here trains or reads files.

What each plot shows is said in words by the function of the same name in :mod:`tfm_lite.figures.alt`, from the same data.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import matplotlib
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from tfm_lite.figures.colours import MARKERS, STATES, TASKS, ink_on, of_task, style_of_task
from tfm_lite.memory import in_words

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
FAILED: Any = {"fontsize": 10.5, "style": "italic"}  # words for what did not train


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
    count, blues = len(matrix), matplotlib.colormaps["Blues"]
    shown = np.full((count, count), np.nan)
    for t, row in enumerate(matrix):
        for s, value in enumerate(row[: t + 1]):
            shown[t, s] = 100 * float(value)  # type: ignore[arg-type]
            ink = ink_on(to_hex(blues(shown[t, s] / 100)))
            ax.text(s, t, f"{shown[t, s]:.0f}", ha="center", va="center", color=ink)
    ax.imshow(shown, cmap=blues, vmin=0, vmax=100)
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


@dataclass(frozen=True)
class Point:
    """A method in :func:`accuracy_against_overhead`: its accuracy (a fraction) and the bytes it keeps beyond the network.

    ``accuracy`` is None if it did not train; ``spread`` is its standard deviation over seeds; ``highlight`` makes it stand
    out.
    """

    name: str
    accuracy: float | None
    overhead: float
    spread: float = 0.0
    zero_forgetting: bool = False
    highlight: bool = False


def accuracy_against_overhead(points: Sequence[Point], ax: Axes) -> None:
    """Draw accuracy against memory beyond the network, on a logarithmic axis that has a place for "none".

    Filled points forget nothing. The dotted line is the best accuracy to be had for so much memory or less. What did not
    train has no place, and is named in the lower corner.
    """
    failed = [p.name for p in points if p.accuracy is None]
    points = [p for p in points if p.accuracy is not None]
    if not points and not failed:
        raise ValueError("there is nothing to draw: give at least one point")
    positive = [p.overhead for p in points if p.overhead > 0] or [1e6]
    low, high = (math.floor(math.log10(min(positive) / 1e6)), math.ceil(math.log10(max(positive) / 1e6) + 1e-9))
    none = 10.0 ** (low - 1)
    places = [(p.overhead / 1e6 if p.overhead > 0 else none, 100 * (p.accuracy or 0)) for p in points]
    for point, (x, y) in zip(points, places, strict=True):
        colour = STATES["normal" if point.highlight else "forward-only"]
        face = colour if point.zero_forgetting else "none"
        ax.errorbar(x, y, 100 * point.spread or None, fmt="o", ms=8, mew=1.8, color=colour, mfc=face, lw=1.2)
    front = [
        place for place in sorted(places) if all(place[1] > y for x, y in places if (x, -y) < (place[0], -place[1]))
    ]
    if failed:
        ax.text(0.98, 0.02, f"did not train: {', '.join(failed)}", ha="right", transform=ax.transAxes, **FAILED)
    front += [(10.0**high, y) for _, y in front[-1:]]
    ax.step(*np.reshape(front, (-1, 2)).T, where="post", color="grey", ls=":", lw=1.4, zorder=1)
    ax.set_xscale("log")
    ax.set_xlim(none / 2, 10.0**high * 1.5)
    decades = [10.0**d for d in range(low, high + 1)]
    ax.set_xticks([none, *decades], ["none", *(in_words(1e6 * d) for d in decades)], rotation=30, ha="right")
    ax.minorticks_off()
    ax.margins(y=0.12)
    ax.set_xlabel("memory beyond the network")
    ax.set_ylabel("average accuracy (%)")
    _name([point.name for point in points], places, front, ax)


Places = Sequence[tuple[float, float]]


def _name(names: Sequence[str], places: Places, steps: Places, ax: Axes, *, size: float = 10.5) -> None:
    """Write each name near its point, where it covers no point, no other name and no tread of the ``steps``."""
    figure: Any = ax.figure
    figure.draw_without_rendering()  # the layout must stand before places can be compared
    inside = ax.get_window_extent()
    scale = figure.dpi / 72
    at = [tuple(ax.transData.transform(place)) for place in places]
    taken = [Bbox.from_extents(x - 6 * scale, y - 6 * scale, x + 6 * scale, y + 6 * scale) for x, y in at]
    corners = [ax.transData.transform(step) for step in steps]
    taken += [Bbox.from_extents(*left, right[0], left[1] + 1) for left, right in pairwise(corners)]
    for name, (x, y), place in sorted(zip(names, at, places, strict=True), key=lambda item: -item[1][1]):
        width, height = 0.58 * size * len(name) * scale, 1.15 * size * scale
        boxes = []
        for dx, dy in _offsets():
            left = x + dx * scale - (width if dx < 0 else 0)
            boxes.append((dx, dy, Bbox.from_bounds(left, y + dy * scale - height / 2, width, height)))
        free = [b for b in boxes if inside.x0 <= b[2].x0 and b[2].x1 <= inside.x1 and not b[2].count_overlaps(taken)]
        dx, dy, box = (free or boxes)[0]
        taken.append(box)
        line = {"arrowstyle": "-", "lw": 0.7, "color": "grey", "shrinkB": 4} if abs(dy) > 8 else None
        ax.annotate(
            name, place, (dx, dy), textcoords="offset points", fontsize=size, va="center", arrowprops=line,
            ha="right" if dx < 0 else "left",
        )  # fmt: skip


def _offsets() -> Iterator[tuple[float, float]]:
    """Where a name may stand beside its point, in points of the page, the nearest first."""
    for away in (0, 7, 14, 21, 28, 36, 44, 52, 62, 72):
        for dy in (away, -away):
            for dx in (8, -8) if away < 10 else (14, -14):
                yield dx, dy


def forgetting(learned: Sequence[float | None], final: Sequence[float | None], names: Sequence[str], ax: Axes) -> None:
    """Draw, row by row, the way from an accuracy (a fraction) just learned to the final one: an arrow.

    A row may be a task of one method, or a method with its mean over the tasks. None is what did not train; where that is the
    final accuracy alone, a later task was not learned.
    """
    for row, (before, after) in enumerate(zip(learned, final, strict=True)):
        if before is None:
            ax.text(1, row, "did not train", va="center", **FAILED)
            continue
        lost = after is not None and after < before - 5e-5
        colour = STATES["normal"] if lost else STATES["forward-only"]
        ax.plot(100 * before, row, "o", ms=7, mfc="none", mew=1.8, color=colour)
        if after is None:
            beside: dict[str, Any] = {"xytext": (9, -4)} if before < 0.5 else {"xytext": (-9, -4), "ha": "right"}
            ax.annotate("later: did not train", (100 * before, row), textcoords="offset points", **beside, **FAILED)
        elif abs(after - before) > 0.005:
            ends: dict[str, Any] = {"xytext": (100 * before, row), "xy": (100 * after, row)}
            ax.annotate(
                "", **ends, arrowprops={"arrowstyle": "-|>", "color": colour, "lw": 2, "shrinkA": 4, "shrinkB": 0}
            )
        else:
            ax.plot(100 * after, row, "o", ms=7, color=colour)
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.set_xlim(0, 100 * min(1, max((v for v in [*learned, *final] if v is not None), default=0.92) + 0.08))
    ax.set_xlabel("accuracy (%), from just learned to the end")


def accuracy_per_task(accuracies: Mapping[str, Sequence[float | None]], names: Sequence[str], ax: Axes) -> None:
    """Draw the final accuracy (fractions) of every task, a line per method; a cross stands for what did not train (None)."""
    for i, (method, values) in enumerate(accuracies.items()):
        style = style_of_task(i)
        heights = [math.nan if value is None else 100 * value for value in values]
        ax.plot(range(len(values)), heights, marker=MARKERS[i % len(MARKERS)], label=method, **style)
        for t, value in enumerate(values):
            if value is None:
                ax.plot(t, 0, "x", color=style["color"], ms=9, mew=2, clip_on=False)
    if any(value is None for values in accuracies.values() for value in values):
        ax.plot([], [], "x", color="grey", label="did not train")
    slant: dict[str, Any] = {"rotation": 30, "ha": "right"} if len("".join(names)) > 40 else {}
    ax.set_xticks(range(len(names)), names, **slant)
    ax.set_ylim(0)
    ax.set_ylabel("final accuracy (%)")
    legend(ax)


def growth_per_layer(features: Sequence[Sequence[int]], layers: Sequence[str], ax: Axes) -> None:
    """Draw, layer by layer, which task added which share of the layer's features at the end.

    ``features[t][l]`` are the features of layer l that exist after task t.
    """
    final = features[-1]
    before = [0] * len(final)
    for t, now in enumerate(features):
        shares = [100 * (b - a) / n for a, b, n in zip(before, now, final, strict=True)]
        left = [100 * a / n for a, n in zip(before, final, strict=True)]
        ax.barh(
            range(len(final)), shares, left=left, color=of_task(t), label=f"task {t + 1}", hatch="//" if t >= 6 else ""
        )
        before = list(now)
    ax.set_yticks(range(len(final)), [f"{layer}, {count:,}" for layer, count in zip(layers, final, strict=True)])
    ax.invert_yaxis()
    ax.set_xlim(0, 100)
    ax.set_xlabel("features at the end (%), by the task that added them")
    ax.grid(False)
    legend(ax)
