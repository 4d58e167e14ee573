"""Two weights, the losses of two tasks over them as contour lines, and the way that gradient descent takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import contourpy
import numpy as np

from tfm_lite.figures.colours import of_task
from tfm_lite.figures.explore import Interactive, recolour

Loss = Callable[[float, float], float]
LEVELS = (0.05, 0.2, 0.45, 0.8)  # of the loss
_WIDTH, _HEIGHT, _TEXT = 560, 380, 60  # pixels; the last below the map, for two lines of words
_DASHES = ("", "6 4")


def descent(
    losses: Mapping[str, Loss],
    path: Sequence[tuple[float, float]],
    learned: Sequence[int],
    *,
    every: int = 5,
    span: float = 3.0,
    caption: str = "",
) -> Interactive:
    """The way of two weights over the maps of two losses, step by step; it opens at its end.

    ``losses`` are the tasks' losses by name; ``path`` the weights after each step, from the start on; ``learned`` the task,
    from 0, that each of these steps learned (the start's is that of the first step). A slider moves in strides of ``every``
    steps. The map reaches from ``-span`` to ``span`` sideways.
    """
    if len(losses) != 2 or len(path) != len(learned):
        raise ValueError(
            f"give two losses and a task per step: {len(losses)} losses, {len(path)} steps, {len(learned)} tasks"
        )
    steps = [*range(0, len(path) - 1, every), len(path) - 1]

    def values(step: int) -> list[str]:
        return [f"{name} {loss(*path[step]):.2f}" for name, loss in losses.items()]

    def frame(step: int) -> dict[str, str]:
        dots = {f"step {k}": f"task-{learned[k]}" if k <= step else "off" for k in range(len(path))}
        return dots | {f"loss {t}": f"loss of {words}" for t, words in enumerate(values(step))}

    def say(step: int) -> str:
        return f"After {step} steps, learning {list(losses)[learned[step]]}: loss of {', of '.join(values(step))}."

    controls, start = {"step": steps}, {"step": steps[-1]}
    return recolour(_map(losses, path, span), frame, controls, alt=say, caption=caption, start=start, milliseconds=350)


def _map(losses: Mapping[str, Loss], path: Sequence[tuple[float, float]], span: float) -> str:
    unit = _WIDTH / (2 * span)
    high = _HEIGHT / (2 * unit)
    xs, ys = np.linspace(-span, span, 121), np.linspace(-high, high, 81)
    parts = []
    for t, loss in enumerate(losses.values()):
        heights = np.array([[loss(float(x), float(y)) for x in xs] for y in ys])
        lines = contourpy.contour_generator(xs, ys, heights)
        for k, level in enumerate(LEVELS):
            for line in lines.lines(level):
                points = " ".join(f"{unit * (x + span):.0f},{unit * (high - y):.0f}" for x, y in np.asarray(line)[::2])
                paint = f'fill="none" stroke="{of_task(t)}" stroke-width="{2.2 - 0.4 * k:.1f}"'
                parts.append(f'<polyline points="{points}" {paint} stroke-dasharray="{_DASHES[t]}"/>')
        place = f'x="{_WIDTH / 2 - 250 + 260 * t:.0f}" y="{_HEIGHT + 30}" font-size="19"'
        parts.append(
            f'<line x1="{_WIDTH / 2 - 250 + 260 * t:.0f}" y1="{_HEIGHT + 44}" '
            f'x2="{_WIDTH / 2 - 110 + 260 * t:.0f}" y2="{_HEIGHT + 44}" stroke="{of_task(t)}" '
            f'style="stroke-width:3" stroke-dasharray="{_DASHES[t]}"/>'
        )
        parts.append(f'<text data-name="loss {t}" {place}></text>')
    for k, (x, y) in enumerate(path):
        parts.append(
            f'<circle data-name="step {k}" cx="{unit * (x + span):.1f}" cy="{unit * (high - y):.1f}" r="4.5"/>'
        )
    return f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT + _TEXT}" width="{_WIDTH}">{"".join(parts)}</svg>'
