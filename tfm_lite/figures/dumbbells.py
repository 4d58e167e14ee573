"""The paper's average and ours of every method: two dots on one line, and the way between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape

from tfm_lite.figures.colours import STATES
from tfm_lite.figures.drawing import FONT
from tfm_lite.figures.scores import Line, name_of
from tfm_lite.figures.tables import PAINT, in_words

WIDTH, RIGHT, STEP, TOP = 560, 140, 34, 6


def dumbbells(paper: Mapping[str, Line], ours: Mapping[str, Line], *, high: float = 60) -> str:
    """Averages in percent as SVG, from 0 to ``high``, a row per method. A ring is the paper's, a disc ours.

    Our best stands first, then what we have not run, then what did not train. A line through a disc is the standard deviation
    over seeds.
    """
    order = _order(paper, ours)
    below = TOP + STEP * len(order)
    left = 24 + round(0.56 * FONT * max(len(name_of(method)) for method in order))  # .56: the mean width of a letter
    parts = []

    def place(percent: float) -> int:
        return round(left + (WIDTH - RIGHT - left) * min(percent, high) / high)

    for value in range(0, int(high) + 1, 10):
        x = place(value)
        parts.append(f'<line x1="{x}" x2="{x}" y1="{TOP}" y2="{below}" stroke="currentColor" stroke-opacity=".18"/>')
        parts.append(f'<text x="{x}" y="{below + 19}" text-anchor="middle" font-size="17" opacity=".75">{value}</text>')
    for i, method in enumerate(order):
        parts.append(_row(method, paper.get(method), ours.get(method), TOP + STEP * (i + 0.5), place))
    return f'<svg viewBox="0 0 {WIDTH} {below + 26}" width="{WIDTH}">{"".join(parts)}</svg>'


def dumbbells_in_words(paper: Mapping[str, Line], ours: Mapping[str, Line]) -> str:
    """What :func:`dumbbells` draws, in words."""
    each = [f"{name_of(m)} {_said(paper.get(m), ours.get(m))}" for m in _order(paper, ours)]
    return f"Average accuracy in percent, the paper's and ours: {'; '.join(each)}."


def _order(paper: Mapping[str, Line], ours: Mapping[str, Line]) -> list[str]:
    def rank(method: str) -> tuple[int, float]:
        line = ours.get(method)
        if line is None:
            return 1, -(paper[method].whole.value or 0)
        return (0, -(line.whole.value or 0)) if line.whole.counts else (2, 0.0)

    return sorted([*paper, *(method for method in ours if method not in paper)], key=rank)


def _row(method: str, paper: Line | None, ours: Line | None, y: float, place: Callable[[float], int]) -> str:
    colour = PAINT.get(method, STATES["masked"])
    parts = [
        f'<text x="{place(0) - 14}" y="{y + 7}" text-anchor="end" font-size="{FONT}">{escape(name_of(method))}</text>'
    ]
    ring = paper and place(100 * (paper.whole.value or 0))
    disc = ours and ours.whole.counts and place(100 * (ours.whole.value or 0))
    if ring and disc:
        parts.append(f'<line x1="{ring}" x2="{disc}" y1="{y}" y2="{y}" stroke="{colour}" stroke-opacity=".5"/>')
    if ours and disc and ours.whole.spread:
        a, b = (place(100 * ((ours.whole.value or 0) + sign * ours.whole.spread)) for sign in (-1, 1))
        parts.append(f'<line x1="{a}" x2="{b}" y1="{y}" y2="{y}" style="stroke:{colour};stroke-width:3.5"/>')
    if ring:
        parts.append(f'<circle cx="{ring}" cy="{y}" r="7" style="fill:var(--bg);stroke:{colour};stroke-width:2.2"/>')
    if disc:
        parts.append(f'<circle cx="{disc}" cy="{y}" r="7.5" fill="{colour}"/>')
    x = WIDTH - RIGHT + 14
    parts.append(f'<text x="{x}" y="{y + 6}" font-size="17">{escape(_said(paper, ours, short=True))}</text>')
    return "".join(parts)


def _said(paper: Line | None, ours: Line | None, *, short: bool = False) -> str:
    """Both averages: "33.8, ours 33.5"; in short "33.8 → 33.5"."""
    printed = "–" if paper is None else f"{100 * (paper.whole.value or 0):.1f}"
    if ours is None:
        return f"{printed}, not run"
    if not ours.whole.counts:
        return "did not train" if short else f"{printed}, ours {in_words(ours.whole)}"
    own = f"{100 * (ours.whole.value or 0):.1f}"
    return f"{printed} → {own}" if short else f"{printed}, ours {own}"
