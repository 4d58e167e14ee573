"""What reaches new features, drawn and in words."""

from __future__ import annotations

import math

import pytest

from tfm_lite.figures.reached import WAYS, reached, reached_in_words, shares
from tfm_lite.methods.reach import Reach

EPOCHS = [
    [Reach((1.0, 0.5), (2.0, 1.0)), Reach((1.0, 2.0), (1.0, 0.25))],
    [Reach((2.0, 0.5), (2.0, 2.0)), Reach((1.0, math.nan), (1.0, math.nan))],
]


def test_shares_are_new_by_old_along_the_epochs() -> None:
    assert shares(EPOCHS, "forward")[0] == [0.5, 0.25] and shares(EPOCHS, "backward")[0] == [0.5, 1.0]
    first, last = shares(EPOCHS, "backward")[1]
    assert first == 0.25 and math.isnan(last)


@pytest.mark.parametrize("way", WAYS)
def test_a_line_for_each_layer(way: str) -> None:
    (ax,) = reached(EPOCHS, ["convolution 1", "linear 2"], way).axes
    dashed, *lines = ax.lines
    assert set(dashed.get_ydata()) == {1} and [line.get_label() for line in lines] == ["convolution 1", "linear 2"]
    assert list(lines[0].get_xdata()) == [1, 2] and list(lines[0].get_ydata()) == shares(EPOCHS, way)[0]
    low, high = ax.get_ylim()
    assert low < 0.25 and high >= 2


def test_words_have_the_ends() -> None:
    words = reached_in_words(EPOCHS, ["convolution 1", "linear 2"], "backward")
    assert "convolution 1 0.50 after the first epoch and 1.00 after the last" in words and "gradient" in words
    assert "comes out" in reached_in_words(EPOCHS, ["convolution 1", "linear 2"], "forward")
