"""Light drawings as SVG: networks, bars, matrices. :func:`tfm_lite.figures.explore.recolour` colours their parts by name."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from tfm_lite.figures.colours import STATES

RADIUS = 15
FONT = 19  # of 560 units: still 11 pixels on a phone


def network(widths: Sequence[int], *, labels: Sequence[str] = (), width: int = 560, height: int | None = None) -> str:
    """A network with ``widths`` features per layer, from left to right, every feature joined to all of the next layer.

    Layers and features count from 0. A feature is named "l.i", and the connection from feature i of layer l to feature j of
    the next one "l.i-j". ``labels`` stand below the layers and are named "label l". The height follows from the widths if
    none is given.
    """
    height = height or math.ceil(2.6 * RADIUS * (max(widths) - 1) + 2 * RADIUS + 6 + (34 if labels else 6))
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
        f'<text data-name="label {k}" x="{x[k]:.0f}" y="{height - 8}" text-anchor="middle" font-size="{FONT}">{text}</text>'
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
    left, room, step = 0.34 * width, 0.42 * width, 33
    colours = [colour] * len(values) if isinstance(colour, str) else colour
    parts = []
    for i, (name, value) in enumerate(values.items()):
        share = (scale(min(max(value, low), high)) - scale(low)) / (scale(high) - scale(low))
        y, end = 4 + i * step, left + max(1.0, room * share)
        parts.append(
            f'<text x="{left - 8:.0f}" y="{y + 18}" text-anchor="end" font-size="{FONT}">{escape(name)}</text>'
        )
        parts.append(f'<rect x="{left:.0f}" y="{y}" width="{end - left:.0f}" height="24" fill="{colours[i]}"/>')
        parts.append(f'<text x="{end + 6:.0f}" y="{y + 18}" font-size="{FONT}">{escape(texts[i])}</text>')
    height = 4 + step * len(values)
    return f'<svg viewBox="0 0 {width} {height}" width="{width}">{"".join(parts)}</svg>'


def matrix(values: Sequence[Sequence[float | None]], names: Sequence[str], *, width: int = 560) -> str:
    """An accuracy matrix in percent: a row per task learned, a column per task tested, darker for more.

    ``values`` are fractions; None and what a row lacks stay empty. It follows the page's theme, and a frame of it weighs
    a few kilobytes.
    """
    left, step = 0.33 * width, 38
    side, below = (width - left) / len(names), 4 + step * len(names)
    parts = []
    for t, (name, row) in enumerate(zip(names, values, strict=True)):
        y = 4 + step * t
        parts.append(
            f'<text x="{left - 8:.0f}" y="{y + 24}" text-anchor="end" font-size="{FONT}">{escape(name)}</text>'
        )
        for s, value in enumerate(row):
            if value is not None:
                place = f'x="{left + side * s:.0f}" y="{y}" width="{side - 2:.0f}" height="{step - 2}"'
                paint = f'fill="{STATES["forward-only"]}" fill-opacity="{0.06 + 0.62 * value:.2f}"'
                middle = f'x="{left + side * (s + 0.5) - 1:.0f}" y="{y + 24}" text-anchor="middle"'
                parts.append(f'<rect {place} {paint}/><text {middle} font-size="{FONT}">{100 * value:.0f}</text>')
    for s, name in enumerate(names):
        x, y = left + side * (s + 0.7), below + 18
        turned = f'transform="rotate(-30 {x:.0f} {y})" text-anchor="end" font-size="17"'
        parts.append(f'<text x="{x:.0f}" y="{y}" {turned}>{escape(name)}</text>')
    height = below + 20 + 9 * max(map(len, names)) * 0.5
    return f'<svg viewBox="0 0 {width} {height:.0f}" width="{width}">{"".join(parts)}</svg>'


def heat(
    maps: Mapping[str, Any],
    *,
    tops: Sequence[float],
    colours: Sequence[str],
    width: int = 560,
    height: int = 340,
) -> str:
    """Matrices side by side as heat maps, a title above each; a place is the fuller of colour the larger its value.

    ``maps`` are titles and matrices (rows, columns) of numbers from 0 on; ``tops`` are the values that have full colour.
    """
    gap, head = 24, 30
    wide = (width - gap * (len(maps) - 1)) / len(maps)
    parts = []
    for k, ((title, values), top, colour) in enumerate(zip(maps.items(), tops, colours, strict=True)):
        left, rows = k * (wide + gap), [list(map(float, row)) for row in values]
        w, h = wide / len(rows[0]), (height - head) / len(rows)
        middle = f'x="{left + wide / 2:.0f}" y="18" text-anchor="middle"'
        parts.append(f'<text {middle} font-size="{FONT}">{escape(title)}</text>')
        for i, row in enumerate(rows):
            for j, value in enumerate(row):
                share = min(1.0, max(0.0, value / top))
                place = f'x="{left + w * j:.1f}" y="{head + h * i:.1f}" width="{w - 2:.1f}" height="{h - 2:.1f}"'
                parts.append(f'<rect {place} fill="{colour}" fill-opacity="{0.04 + 0.96 * share:.2f}"/>')
    return f'<svg viewBox="0 0 {width} {height}" width="{width}">{"".join(parts)}</svg>'


def squares(rows: int, columns: int, *, step: int = 20) -> str:
    """A grid of squares named "i-j", row by row from the top, for :func:`tfm_lite.figures.explore.recolour`."""
    side = step - 3
    parts = [
        f'<rect data-name="{i}-{j}" x="{step * j}" y="{step * i}" width="{side}" height="{side}"/>'
        for i in range(rows)
        for j in range(columns)
    ]
    return f'<svg viewBox="-1 -1 {step * columns} {step * rows}" width="{step * columns}">{"".join(parts)}</svg>'


def columns(shares: Sequence[float], colours: Sequence[str], *, width: int = 560, height: int = 130) -> str:
    """Upright bars side by side, one per share from 0 to 1, each in its colour; what is 0 stays a line."""
    step = width / len(shares)
    parts = [
        f'<rect x="{step * i:.0f}" y="{height - tall:.0f}" width="{0.7 * step:.0f}" height="{tall:.0f}" fill="{colour}"/>'
        for i, (tall, colour) in enumerate(
            (max(1.0, share * height), colour) for share, colour in zip(shares, colours, strict=True)
        )
    ]
    return f'<svg viewBox="0 0 {width} {height}" width="{width}">{"".join(parts)}</svg>'
