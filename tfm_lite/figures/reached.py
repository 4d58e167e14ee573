"""What reaches new features beside old ones while a task is learned, drawn. Nothing here trains or reads files."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from tfm_lite.figures import plots
from tfm_lite.figures.colours import MARKERS, style_of_task
from tfm_lite.methods.reach import Reach

Epochs = Sequence[Sequence[Reach]]  # of each epoch, of each stage
WAYS = ("forward", "backward")


def shares(epochs: Epochs, way: str) -> list[list[float]]:
    """A new feature's part as a share of an old one's, for each stage a list over the epochs: of what comes out ("forward"),
    or of its gradient ("backward"). NaN where a stage lacks either."""
    pairs = [[one.active if way == "forward" else one.gradient for one in stages] for stages in epochs]
    return [[new / old for old, new in stage] for stage in zip(*pairs, strict=True)]


def reached(epochs: Epochs, layers: Sequence[str], way: str) -> Figure:
    """The shares on a logarithmic axis, a line for each of the ``layers``; dashed where new and old features have as much."""
    fig, ax = plots.axes()
    ax.axhline(1, color="grey", linewidth=1, linestyle="--")
    for i, (name, line) in enumerate(zip(layers, shares(epochs, way), strict=True)):
        ax.plot(range(1, len(line) + 1), line, label=name, marker=MARKERS[i], markersize=4, **style_of_task(i))
    ax.set_yscale("log", base=2)
    ax.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    ax.set_ylim(min(0.2, *ax.get_ylim()), max(2.0, *ax.get_ylim()))
    ax.set_xlabel("epoch of the new task")
    ax.set_ylabel("new as a share of old")
    plots.legend(ax)
    return fig


def reached_in_words(epochs: Epochs, layers: Sequence[str], way: str) -> str:
    """What :func:`reached` draws, in words."""
    what = {"forward": "What comes out of a new feature", "backward": "The gradient of a new feature"}[way]
    each = [
        f"{name} {line[0]:.2f} after the first epoch and {line[-1]:.2f} after the last"
        for name, line in zip(layers, shares(epochs, way), strict=True)
    ]
    return f"{what}, as a share of an old one's: {', '.join(each)}."
