"""Dots stand where their numbers say, and nothing runs into its neighbour or out of the drawing."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from tfm_lite.figures.dots import LETTER, dots
from tfm_lite.memory import in_words


def drawn(values: dict[str, float]) -> str:
    return dots(values, [in_words(v) for v in values.values()], low=10, high=1e9, ticks=in_words)


def test_equal_ratios_are_equal_distances() -> None:
    x = [float(v) for v in re.findall(r'<circle cx="([\d.]+)"', drawn({"a": 1e3, "b": 1e5, "c": 1e7}))]
    assert x[1] - x[0] == pytest.approx(x[2] - x[1], abs=1)


def test_zero_is_a_ring() -> None:
    none, some = re.findall(r"<circle [^>]*>", drawn({"none": 0, "some": 1e4}))
    assert 'fill="none"' in none and 'fill="none"' not in some


def test_a_long_name_and_a_long_text_have_room() -> None:
    svg = drawn({"packnet, owner index": 1e9, "a < b": 20})
    texts = re.findall(r'<text x="(\d+)" y="\d+"( text-anchor="end")? font-size="19"[^>]*>([^<]*)<', svg)
    assert "a &lt; b" in svg and len(texts) == 4
    for x, ends, text in texts:
        width = LETTER * len(text)
        assert (int(x) - width >= 0) if ends else (int(x) + width <= 560)


def test_ticks_do_not_touch() -> None:
    svg = drawn({"packnet, owner index": 1e9})
    ticks = [(float(x), t) for x, t in re.findall(r'<text x="([\d.]+)"[^>]*font-size="17"[^>]*>([^<]*)<', svg)]
    assert len(ticks) > 2
    for (x, text), (after, following) in pairwise(ticks):
        assert after - x > LETTER * (len(text) + len(following)) / 2


@pytest.mark.parametrize("ends", [(0, 1), (5, 5), (10, 1)])
def test_an_axis_runs_from_above_zero_upwards(ends: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="logarithmic axis runs from above 0"):
        dots({"a": 1}, ["1"], low=ends[0], high=ends[1], ticks=str)
