"""What methods keep: as many squares as bits, and the lines of Fig. 1 where the numbers are."""

from __future__ import annotations

import re

from tfm_lite.figures import storage
from tfm_lite.figures.storage import STEP, strips, strips_in_words

COSTS = {"ternary": {"mask": 2}, "with FN": {"mask": 2, "norm": 64}, "PackNet": {"weights": 6100}}


def squares(svg: str) -> int:
    """Of every row of squares its width, as a number of squares."""
    return sum(int(width) // STEP for width in re.findall(r'<rect [^>]*width="(\d+)"', svg))


def test_there_is_a_square_for_every_bit() -> None:
    for name, bits in COSTS.items():
        assert squares(strips({name: bits})) == sum(bits.values())
    assert squares(strips(COSTS)) == 2 + 66 + 6100


def test_squares_stay_in_the_drawing_and_strips_apart() -> None:
    svg = strips(COSTS, more="and more")
    height = int(re.search(r'viewBox="0 0 560 (\d+)"', svg)[1])  # type: ignore[index]
    rows = [tuple(map(int, row)) for row in re.findall(r'<rect x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)"', svg)]
    assert all(x + w <= 560 and y + h <= height for x, y, w, h in rows)
    assert len({(x, y) for x, y, *_ in rows}) == len(rows) and ">and more</text>" in svg


def test_words_say_how_many_bits_and_what_for() -> None:
    words = strips_in_words(COSTS, more="Below more")
    assert "ternary: 2 bits; with FN: 66 bits, 64 bits of them for feature normalization; PackNet: 6,100 bits." in words
    assert words.endswith("Below more.") and "1 bit;" in strips_in_words({"a": {"mask": 1}, "b": {"mask": 1}})


def test_curves_have_their_numbers_and_the_network() -> None:
    kept = {"PackNet": [1e6, 2e6], "TFM": [1e3, 8e4]}
    (ax,) = storage.curves(kept, 5e6).axes
    first, second, network = ax.lines
    assert list(first.get_ydata()) == [1, 2] and list(second.get_ydata()) == [1e-3, 8e-2]
    assert set(network.get_ydata()) == {5.0} and ax.get_yscale() == "log"
    assert "TFM 1 kB to 80 kB; the network itself 5 MB" in storage.curves_in_words(kept, 5e6)
