"""The book's few colours: the same for the same state of a feature, and for the same task, everywhere.

Chosen by search: each has a contrast of at least 3 on white and on the dark page, and any two stay apart for readers without
red, green or blue cones. Where there are more tasks than colours, the line's style changes too.
"""

from __future__ import annotations

from typing import Any

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
