"""The book's few colours: the same for the same state of a feature, and for the same task, everywhere.

Chosen by search: each has a contrast of at least 3 on white and on the dark page, and any two stay apart for readers without
red, green or blue cones. Where there are more tasks than colours, the line's style changes too.
"""

from __future__ import annotations

from typing import Any

INK = "#010101"  # on a coloured ground; black itself follows the page's theme
STATES = {"normal": "#e8590c", "forward-only": "#1c7ed6", "masked": "#838b94"}
TASKS = ("#8c14f8", "#988a53", "#c92b8d", "#437251", "#ce7c8f", "#888ac1")
STYLES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D", "v", "P")


def of_task(t: int) -> str:
    """The colour of task ``t``, counted from 0."""
    return TASKS[t % len(TASKS)]


def style_of_task(t: int) -> dict[str, Any]:
    """Keyword arguments with which matplotlib draws the line of task ``t``."""
    return {"color": of_task(t), "linestyle": STYLES[t % len(STYLES)]}


def contrast(one: str, other: str) -> float:
    """How far two colours, as "#rrggbb", are apart for the eye: from 1, alike, to 21, black and white.

    WCAG 2.2 asks for 4.5 between text and its ground, and for 3 between a mark and what is beside it.
    """
    low, high = sorted(map(_luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


def ink_on(ground: str) -> str:
    """Dark or white, whichever is read more easily on ``ground``; on any colour it has a contrast of at least 4.5."""
    return max(INK, "#ffffff", key=lambda ink: contrast(ink, ground))


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
