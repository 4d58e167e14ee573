"""The way of two weights: what is drawn is where they went."""

from __future__ import annotations

import json
import re

import pytest

from tfm_lite.figures.descent import descent


def bowl(a: float, b: float):  # type: ignore[no-untyped-def]
    return lambda x, y: (x - a) ** 2 + (y - b) ** 2


LOSSES = {"first": bowl(-1, 0), "second": bowl(1, 0)}
PATH = [(-2.0, 0.0), (-1.0, 0.0), (0.0, 0.0), (1.0, 0.0)]


def test_it_opens_at_the_end_and_shows_the_steps_so_far() -> None:
    shown = descent(LOSSES, PATH, [0, 0, 1, 1], every=2)
    data = json.loads(re.search(r'json">(.*?)</script>', shown.html)[1])  # type: ignore[index]
    assert shown.text == data["alt"][-1] == "After 3 steps, learning second: loss of first 4.00, of second 0.00."
    states = [[data["values"][i] for i in frame[: len(PATH)]] for frame in data["frames"]]
    assert states[0] == ["task-0", "off", "off", "off"] and states[-1] == ["task-0", "task-0", "task-1", "task-1"]
    assert "polyline" in shown.html and shown.html.count("<circle") == len(PATH)


def test_every_step_learned_a_task() -> None:
    with pytest.raises(ValueError, match="a task per step"):
        descent(LOSSES, PATH, [0, 0, 1])
