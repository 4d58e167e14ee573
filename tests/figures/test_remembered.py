"""What is left of every task: bars, their outlines, and the same in words."""

from __future__ import annotations

import json
import re

import pytest

from tfm_lite.figures.remembered import lost, remembered

FORGETS = [[0.8, None], [0.5, 0.6]]
KEEPS = [[0.7, None], [0.7, 0.4]]


def test_it_opens_at_the_end_and_says_what_was_lost() -> None:
    shown = remembered({"one": FORGETS, "two": KEEPS}, ["a", "b & c"], what="alphabets", caption="**Figure 1.** Left.")
    assert shown.text == (
        "Accuracy in percent after 2 of 2 alphabets. one: a 50, b & c 60; lost on average 30.0 points. "
        "two: a 70, b & c 40; lost on average 0.0 points."
    )
    data = json.loads(re.search(r'<script type="application/json">(.*?)</script>', shown.html)[1])  # type: ignore[index]
    assert data["alt"][0].startswith("Accuracy in percent after 1 of 2 alphabets. one: a 80; lost")
    last = shown.html[shown.html.index('data-frame="1"') :]
    assert "50 −30</text>" in last and "lost: 30.0 points" in last and "lost: nothing" in last
    assert ">70</text>" in last  # nothing was lost, and nothing is said of it


def test_bars_are_as_long_as_the_accuracies() -> None:
    html = remembered({"one": FORGETS, "two": KEEPS}, ["a", "b"]).html
    frame = html[html.index('data-frame="1"') : html.index("<script")]
    widths = [float(w) for w in re.findall(r'<rect[^>]* width="([\d.]+)"', frame)]
    assert widths == pytest.approx([widths[0] / 0.5 * v for v in (0.5, 0.8, 0.6, 0.6, 0.7, 0.7, 0.4, 0.4)], abs=0.2)


def test_nothing_is_lost_before_there_is_an_old_task() -> None:
    assert lost(FORGETS, 1) == 0 and lost(FORGETS, 2) == pytest.approx(30)
