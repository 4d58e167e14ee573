"""The paper's tables as they come with the package: consistent, and the same as in the paper's text."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from statistics import mean

import pytest

from tfm_lite.runs.results import published

PAPER = Path(os.environ.get("TFM_LITE_PAPER", Path(__file__).parents[3] / "shared" / "paper.txt"))


def rows() -> Iterator[tuple[str, str, list[dict[str, str]]]]:
    """Of Tables 3 and 5: data set, method, and the cells of a row."""
    cells = [{"dataset": "imagenet", **cell} for cell in published("table_5")] + published("table_3")
    for name in dict.fromkeys((cell["dataset"], cell["method"]) for cell in cells):
        yield *name, [cell for cell in cells if (cell["dataset"], cell["method"]) == name]


def test_tables_are_whole() -> None:
    assert [len(published(f"table_{i}")) for i in range(1, 6)] == [4, 5, 3 * 8 * 5, 10 * 3, 7 * 11]


def test_all_averages_but_one_are_the_means_of_their_rows() -> None:
    odd = []
    for dataset, method, cells in rows():
        *tasks, average = cells
        if abs(mean(float(cell["accuracy"]) for cell in tasks) - float(average["accuracy"])) > 0.0501:
            odd.append((dataset, method))
    assert odd == [("actions", "TFM")]  # 37.925, printed as 38.0


@pytest.mark.skipif(not PAPER.is_file(), reason="no text of the paper: set TFM_LITE_PAPER to it")
def test_tables_are_those_of_the_paper() -> None:
    text = " ".join(PAPER.read_text().split())

    def stands(first: str, *rest: str) -> bool:
        row = rf"{re.escape(first)}(?: \[\d+\])?(?: \(Ours\))? {re.escape(' '.join(rest))}"
        return re.search(row, text) is not None

    for table in ("table_1", "table_2"):
        for row in published(table):
            first, *numbers = row.values()
            assert stands(first, *(f"{int(n):,}" if int(n) > 1000 else n for n in numbers))
    for _, method, (*tasks, average) in rows():
        signed = [f"({float(c['forgetting']):+.1f})" if float(c["forgetting"]) else "(0.0)" for c in tasks]
        cells = [part for c, sign in zip(tasks, signed, strict=True) for part in (c["accuracy"], sign)]
        assert stands(method, *cells, average["accuracy"]), (method, cells)
    methods = dict.fromkeys(row["method"] for row in published("table_4"))
    for method in methods:
        assert stands(method, *(row["average"] for row in published("table_4") if row["method"] == method)), method


ROW = re.compile(
    r"^([A-Z][\w /-]*?|tiny ImageNet)(?: \[\d+\])?(?: \(Ours\))? ((?:\d[\d.,]*(?: \([+-]?[\d.]+\))? ?){2,})$", re.M
)


def numbers(text: str) -> tuple[float, ...]:
    return tuple(float(number.replace(",", "")) for number in re.findall(r"[+-]?\d[\d,]*(?:\.\d+)?", text))


@pytest.mark.skipif(not PAPER.is_file(), reason="no text of the paper: set TFM_LITE_PAPER to it")
def test_no_row_of_the_paper_is_left_out() -> None:
    """The other way round: every row of numbers in the text is a row of ours, and there are no others."""
    ours: set[tuple[str, tuple[float, ...]]] = set()
    for table in ("table_1", "table_2"):
        for row in published(table):
            first, *rest = row.values()
            ours.add((first, tuple(map(float, rest))))
    for _, method, (*tasks, average) in rows():
        cells = [float(cell[name]) for cell in tasks for name in ("accuracy", "forgetting")]
        ours.add((method, (*cells, float(average["accuracy"]))))
    for method in dict.fromkeys(row["method"] for row in published("table_4")):
        ours.add((method, tuple(float(row["average"]) for row in published("table_4") if row["method"] == method)))
    assert {(name, numbers(row)) for name, row in ROW.findall(PAPER.read_text())} == ours
