"""Methods in columns, the best first: what a reader follows from one column to the next."""

from __future__ import annotations

import re

import pytest

from tfm_lite.figures.ranks import place, ranks

COLUMNS = {"random": {"a": 0.5, "b & c": 0.6, "d": 0.4}, "other": {"a": 0.7, "b & c": 0.6, "d": 0.7}}


def test_columns_have_the_best_first_and_say_the_place() -> None:
    shown = ranks(COLUMNS, start="d", caption="**Figure 1.1.** Places.")
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", shown.html)
    assert texts[:7] == ["random", "b &amp; c", "60.0", "a", "50.0", "d", "40.0"]
    assert texts[7:] == ["other", "a", "70.0", "d", "70.0", "b &amp; c", "60.0"]
    assert shown.text == "The place of d. random: 3 of 3, 40.0 %; other: 1 of 3, 70.0 %."
    chosen = re.findall(r'data-name="([^"]*)"[^>]* class="normal"', shown.html)
    assert chosen == ["2 0-1", "2 0", "2 1"]


def test_equal_ones_share_the_better_place() -> None:
    assert [place(COLUMNS["other"], method) for method in COLUMNS["other"]] == [1, 3, 1]


def test_columns_of_other_methods_are_an_error() -> None:
    with pytest.raises(ValueError, match="for each of a, b"):
        ranks({"random": {"a": 0.5, "b": 0.6}, "other": {"a": 0.5}})
