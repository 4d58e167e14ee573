"""Rules, confusions and files are drawn with their numbers, and said in words with the same."""

from __future__ import annotations

import re

import torch

from tfm_lite.figures import beyond
from tfm_lite.figures.beyond import Written
from tfm_lite.methods.label import Found

TASKS = torch.tensor([0, 0, 0, 0, 1, 1])
FOUND = {
    "entropy": Found(TASKS, torch.tensor([0, 0, 0, 1, 1, 0]), torch.tensor([1, 1, 0, 0, 1, 0]) > 0, TASKS > -1),
    "gate": Found(TASKS, TASKS, torch.tensor([1, 1, 1, 1, 1, 0]) > 0, TASKS > -1),
}
LIMITS = {"task told": 1.0}
FILES = [
    Written("TFM's masks", "boundaries", 100),
    Written("TFM's FN", "8 bits", 4000, 0.6745),
    Written("PackNet's masks", "a bit per weight", 40_000),
]


def test_a_bar_is_as_long_as_a_rule_is_good() -> None:
    svg = beyond.rules(FOUND, LIMITS)
    widths = [int(width) for width in re.findall(r'<rect [^>]*width="(\d+)"', svg)]
    assert [round(width / widths[-1], 2) for width in widths] == [0.5, 0.75, 1]
    assert ">50.0, task 62 %<" in svg and ">75.0, task 100 %<" in svg and ">100.0<" in svg
    assert len({*re.findall(r'fill="(#\w+)"', svg)}) == 2


def test_rules_in_words() -> None:
    assert beyond.rules_in_words(FOUND, LIMITS) == (
        "Class-incremental accuracy in percent. entropy 50.0, the task found for 62 %; gate 75.0, the task found for 100 %; "
        "task told 100.0."
    )


def test_a_confusion_has_a_square_for_every_pair() -> None:
    svg = beyond.confused(FOUND["entropy"], ["one", "two"])
    shares = re.findall(r'text-anchor="middle" font-size="19">(\d+)<', svg)
    assert shares == ["75", "25", "50", "50"]
    words = beyond.confused_in_words(FOUND["entropy"], ["one", "two"])
    assert words == "one found for 75 %, taken for two for 25 %; two found for 50 %, taken for one for 50 %."


def test_files_have_their_bytes_in_the_table() -> None:
    table = beyond.written(FILES, tasks=4, title="**Table 1.** Files.")
    lines = table.text.splitlines()
    assert lines[0] == "Table 1. Files." and lines[1] == "file  bytes  per task  average"
    assert lines[2] == "TFM's masks: boundaries  100  25  the same"
    assert lines[3] == "TFM's FN: 8 bits  4,000  1,000  67.45 %"
    assert lines[4] == "PackNet's masks: a bit per weight  40,000  10,000  the same"


def test_files_stand_where_their_bytes_say() -> None:
    svg = beyond.sizes(FILES)
    x = [float(value) for value in re.findall(r'<circle cx="([\d.]+)"', svg)]
    assert x == sorted(x) and len({*x}) == 3
    paint = re.findall(r"<circle [^>]*fill=\"(#\w+)\"", svg)
    assert paint[0] == paint[1] != paint[2]
    assert beyond.sizes_in_words(FILES).endswith("PackNet's masks, a bit per weight: 40 kB.")
