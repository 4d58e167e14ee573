"""The way through a book: a numbered stop per chapter, and what the chosen one is about."""

from __future__ import annotations

from collections.abc import Mapping

from tfm_lite.figures.explore import Interactive, recolour

_ROW, _WIDTH = 9, 560  # stops in a row; units


def route(stops: Mapping[str, str], *, caption: str = "", start: int = 0) -> Interactive:
    """Stops in their order, numbered from 0, each with a sentence; a slider goes from one to the next.

    The chosen stop is orange, those before it are blue, those to come dashed: the colours of a feature's states.
    """
    numbers, titles, says = list(range(len(stops))), list(stops), list(stops.values())
    x = [50 + 57.5 * (i % _ROW) for i in numbers]
    y = [36 + 66 * (i // _ROW) for i in numbers]
    lines = "".join(
        f'<line class="plain" x1="{x[i]}" y1="{y[i]}" x2="{x[i + 1]}" y2="{y[i + 1]}"/>'
        for i in numbers[:-1]
        if y[i] == y[i + 1]
    )
    dots = "".join(
        f'<circle cx="{x[i]}" cy="{y[i]}" r="22" style="fill:var(--bg)"/>'
        f'<circle data-name="{i}" cx="{x[i]}" cy="{y[i]}" r="22"/>'
        f'<text class="on-disc" x="{x[i]}" y="{y[i] + 7}" font-size="20" text-anchor="middle">{i}</text>'
        for i in numbers
    )
    below = y[-1] + 64
    words = "".join(
        f'<text data-name="{name}" x="{_WIDTH / 2:.0f}" y="{at}" font-size="{size}" text-anchor="middle"></text>'
        for name, at, size in (("title", below, 22), ("says", below + 28, 19))
    )

    def here(chapter: int) -> dict[str, str]:
        states = {str(i): "normal" if i == chapter else "forward-only" if i < chapter else "masked" for i in numbers}
        return states | {"title": titles[chapter], "says": says[chapter]}

    return recolour(
        f'<svg viewBox="0 0 {_WIDTH} {below + 38}" width="{_WIDTH}">{lines}{dots}{words}</svg>',
        here,
        {"chapter": numbers},
        alt=lambda chapter: f"Chapter {chapter}, {titles[chapter]}: {says[chapter]}",
        caption=caption,
        start={"chapter": start},
    )
