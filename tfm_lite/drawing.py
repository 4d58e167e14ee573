"""Light drawings as SVG: networks, whose parts :func:`tfm_lite.explore.recolour` colours by their names, and bars."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

RADIUS = 15


def network(widths: Sequence[int], *, labels: Sequence[str] = (), width: int = 560, height: int = 340) -> str:
    """A network with ``widths`` features per layer, from left to right, every feature joined to all of the next layer.

    Layers and features count from 0. A feature is named "l.i", and the connection from feature i of layer l to feature j of
    the next one "l.i-j". ``labels`` stand below the layers and are named "label l".
    """
    floor = height - (34 if labels else 6)
    x = [40 + layer * (width - 80) / max(1, len(widths) - 1) for layer in range(len(widths))]
    step = min(2.6 * RADIUS, (floor - 2 * RADIUS - 6) / max(1, max(widths) - 1))
    y = [[floor / 2 + (i - (n - 1) / 2) * step for i in range(n)] for n in widths]
    radius = min(RADIUS, 0.42 * step)
    places = [(f"{layer}.{i}", x[layer], y[layer][i]) for layer, n in enumerate(widths) for i in range(n)]
    lines = [
        f'<line data-name="{k}.{i}-{j}" x1="{x[k]:.0f}" y1="{y[k][i]:.0f}" x2="{x[k + 1]:.0f}" y2="{y[k + 1][j]:.0f}"/>'
        for k in range(len(widths) - 1)
        for i in range(widths[k])
        for j in range(widths[k + 1])
    ]
    # Under every feature lies a disc of the page's colour, so that connections do not show through a masked one.
    circles = [
        f'<circle {paint} cx="{cx:.0f}" cy="{cy:.0f}" r="{radius:.1f}"/>'
        for name, cx, cy in places
        for paint in ('style="fill:var(--bg)"', f'data-name="{name}"')
    ]
    words = [
        f'<text data-name="label {k}" x="{x[k]:.0f}" y="{height - 8}" text-anchor="middle" font-size="17">{text}</text>'
        for k, text in enumerate(labels)
    ]
    parts = "".join(lines + circles + words)
    return f'<svg viewBox="0 0 {width} {height}" width="{width}">{parts}</svg>'


def bars(
    values: Mapping[str, float],
    texts: Sequence[str],
    *,
    low: float,
    high: float,
    log: bool = False,
    colour: str | Sequence[str] = "#808080",
    width: int = 560,
) -> str:
    """Horizontal bars, one per name, each with its text behind it; ``low`` and ``high`` are the ends of the axis.

    A light drawing for figures of many frames: a bar weighs a hundred bytes.
    """
    if log and low <= 0:
        raise ValueError(f"a logarithmic axis begins above 0, not at {low}")
    scale = math.log if log else float
    left, room, step = 0.36 * width, 0.44 * width, 30
    colours = [colour] * len(values) if isinstance(colour, str) else colour
    parts = []
    for i, (name, value) in enumerate(values.items()):
        share = (scale(min(max(value, low), high)) - scale(low)) / (scale(high) - scale(low))
        y, end = 4 + i * step, left + max(1.0, room * share)
        parts.append(f'<text x="{left - 8:.0f}" y="{y + 16}" text-anchor="end" font-size="16">{escape(name)}</text>')
        parts.append(f'<rect x="{left:.0f}" y="{y}" width="{end - left:.0f}" height="20" fill="{colours[i]}"/>')
        parts.append(f'<text x="{end + 6:.0f}" y="{y + 16}" font-size="16">{escape(texts[i])}</text>')
    height = 4 + step * len(values)
    return f'<svg viewBox="0 0 {width} {height}" width="{width}">{"".join(parts)}</svg>'
