"""The map of the chapters: where one stands, what was before, what is to come."""

from __future__ import annotations

import json
import re

from tfm_lite.figures.route import route


def test_the_chosen_stop_is_orange_and_says_what_it_is_about() -> None:
    stops = {f"Title {i}": f"Sentence {i}." for i in range(12)}
    shown = route(stops, start=4)
    data = json.loads(re.search(r'json">(.*?)</script>', shown.html)[1])  # type: ignore[index]
    frame = dict(zip(data["names"], (data["values"][i] for i in data["frames"][4]), strict=True))
    assert [frame[str(i)] for i in (3, 4, 5)] == ["forward-only", "normal", "masked"]
    assert frame["title"] == "Title 4" and shown.text == "Chapter 4, Title 4: Sentence 4."
