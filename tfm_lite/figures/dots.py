"""Dots on a logarithmic axis: for numbers that differ by powers of ten, where a bar has no length that means anything."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from html import escape
from itertools import pairwise

from tfm_lite.figures.drawing import FONT

LETTER = 0.54 * FONT  # of 560 units: the width of a letter


def dots(
    values: Mapping[str, float],
    texts: Sequence[str],
    *,
    low: float,
    high: float,
    ticks: Callable[[float], str],
    colour: str | Sequence[str] = "#808080",
    width: int = 560,
) -> str:
    """A dot per name, with its text behind it, as SVG; ``low`` and ``high`` are the ends of the axis.

    A line stands at every power of ten, or at every second, third, ..., for which there is room; ``ticks`` says what it is
    called. What is 0 or less has
    no place on such an axis: it is a ring at its left end.

    >>> dots({"one": 10}, ["ten"], low=1, high=100, ticks=str).count("<circle")
    1
    """
    if not 0 < low < high:
        raise ValueError(f"a logarithmic axis runs from above 0 upwards, not from {low} to {high}")
    left, right = (LETTER * max(map(len, words)) + 18 for words in (values, texts))
    room, step, top = width - left - right, 30, 4
    colours = [colour] * len(values) if isinstance(colour, str) else colour
    below = top + step * len(values)

    def place(value: float) -> float:
        share = (math.log(min(max(value, low), high)) - math.log(low)) / (math.log(high) - math.log(low))
        return left + room * share

    parts = []
    for x, text in _marks(low, high, place, ticks):
        line = f'x1="{x:.0f}" x2="{x:.0f}" y1="{top}" y2="{below}"'
        parts.append(f'<line {line} stroke="currentColor" stroke-opacity=".22"/>')
        parts.append(
            f'<text x="{x:.0f}" y="{below + 20}" text-anchor="middle" font-size="17" opacity=".75">{escape(text)}</text>'
        )
    for i, (name, value) in enumerate(values.items()):
        x, y = place(value), top + step * (i + 0.5)
        paint = f'fill="{colours[i]}"' if value > 0 else f'fill="none" stroke="{colours[i]}" stroke-width="2"'
        parts.append(
            f'<text x="{left - 12:.0f}" y="{y + 6:.0f}" text-anchor="end" font-size="{FONT}">{escape(name)}</text>'
        )
        parts.append(f'<circle cx="{x:.0f}" cy="{y:.0f}" r="7" {paint}/>')
        halo = 'style="paint-order:stroke;stroke:var(--bg);stroke-width:5"'
        parts.append(f'<text x="{x + 13:.0f}" y="{y + 6:.0f}" font-size="{FONT}" {halo}>{escape(texts[i])}</text>')
    return f'<svg viewBox="0 0 {width} {below + 28}" width="{width}">{"".join(parts)}</svg>'


def _marks(
    low: float, high: float, place: Callable[[float], float], ticks: Callable[[float], str]
) -> list[tuple[float, str]]:
    """Where powers of ten stand, and what they are called: as many as there is room for, at equal distances."""
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    for step in range(1, last - first + 1):
        found = [(place(10.0**decade), ticks(10.0**decade)) for decade in range(first, last + 1, step)]
        if all(b - a > LETTER * (len(s) + len(t)) / 2 + 6 for (a, s), (b, t) in pairwise(found)):
            return found
    return [(place(10.0**decade), ticks(10.0**decade)) for decade in (first,) if first <= last]
