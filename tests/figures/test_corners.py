"""The corners of a weight matrix, against the masks of Eq. 3 and 5."""

from __future__ import annotations

import json
import re

import pytest
import torch

from tfm_lite.figures.corners import corners, state
from tfm_lite.nn.layers import TernaryLayer
from tfm_lite.nn.stages import Stage

ROWS, COLUMNS = [2, 4, 5], [3, 3, 6]


def test_a_weight_is_coloured_by_equation_5() -> None:
    for task in (1, 2, 3):
        for i in range(ROWS[-1]):
            for j in range(COLUMNS[-1]):
                now, before = (t > 0 and i < ROWS[t - 1] and j < COLUMNS[t - 1] for t in (task, task - 1))
                for view, old in ("used", "forward-only"), ("learned", "plain"):
                    expected = "masked" if not now else old if before else "normal"
                    assert state(i, j, ROWS, COLUMNS, task=task, view=view) == expected


def test_as_many_weights_learn_as_the_layer_has_parameters() -> None:
    layer, generator = TernaryLayer(Stage(5)), torch.Generator().manual_seed(0)
    words = json.loads(re.search(r'json">(.*?)</script>', corners(ROWS, COLUMNS).html)[1])["alt"]  # type: ignore[index]
    for task, (rows, columns) in enumerate(zip(ROWS, COLUMNS, strict=True)):
        layer.grow(columns, rows, generator)
        learn = layer.rows.numel() + layer.columns.numel()
        assert f"of which {learn} weights learn" in words[2 * task + 1]
        layer.keep()


def test_it_opens_at_the_second_task() -> None:
    assert "Task 2: the corner of 4 features and 3 inputs" in corners(ROWS, COLUMNS).text
    assert corners(ROWS, COLUMNS, start=3).text.startswith("Task 3")


@pytest.mark.parametrize("rows", [[2, 1, 5], [2, 5]])
def test_counts_that_fall_or_do_not_match_are_an_error(rows: list[int]) -> None:
    with pytest.raises(ValueError, match="never fall"):
        corners(rows, COLUMNS)


@pytest.mark.parametrize("columns", [[3, 5, 6], [3, 3, 6], [1, 2, 3, 4], [3, 6, 9]])
def test_every_boundary_has_its_mark_and_none_lies_on_another(columns: list[int]) -> None:
    html = corners(list(range(1, len(columns) + 1)), columns).html
    marks = [
        (int(x), int(y), len(text)) for x, y, text in re.findall(r'<text x="(\d+)" y="(\d+)"[^>]*>(I.*?)</text>', html)
    ]
    assert len(marks) == len(columns)
    assert int(re.search(r'viewBox="0 0 \d+ (\d+)"', html)[1]) > max(y for _, y, _ in marks)  # type: ignore[index]
    letter = 12  # of font size 19
    for n, (x, y, length) in enumerate(marks):
        for other, below, _ in marks[:n]:
            assert y != below or x - letter * length >= other
