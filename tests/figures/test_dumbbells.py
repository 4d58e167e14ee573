"""The paper's average and ours on one line: rings and discs stand where the numbers are, and the missing is named."""

from __future__ import annotations

import re
from dataclasses import replace

from tfm_lite.figures.dumbbells import RIGHT, WIDTH, dumbbells, dumbbells_in_words
from tfm_lite.figures.scores import Cell, Line


def line(average: float, note: str = "", spread: float = 0.0) -> Line:
    return Line((), Cell(average, note=note, spread=spread))


PAPER = {"finetune": line(0.1), "freeze": line(0.3), "hat": line(0.2), "tfm": line(0.4)}
OURS = {
    "freeze": line(0.35, spread=0.02),
    "tfm": line(0.33),
    "hat": line(0.1, "task 3 did not train"),
    "single": line(0.5),
}


def names(svg: str) -> list[str]:
    return re.findall(r'text-anchor="end" font-size="19">([^<]*)<', svg)


def test_our_best_stands_first_then_what_is_missing() -> None:
    assert names(dumbbells(PAPER, OURS)) == ["separate networks", "Freezing", "TFM", "Finetuning", "HAT"]
    assert names(dumbbells(PAPER, {})) == ["TFM", "Freezing", "HAT", "Finetuning"]


def test_rings_and_discs_stand_where_the_numbers_are() -> None:
    svg = dumbbells(PAPER, {"tfm": line(0.3)}, high=60)
    x = {
        kind: int(cx)
        for cx, kind in re.findall(r'<circle cx="(\d+)" cy="[\d.]+" r="(7|7\.5)"', svg[: svg.index("Freezing")])
    }
    ends = [int(re.search(rf'<text x="(\d+)" [^>]*>{value}<', svg)[1]) for value in (0, 60)]  # type: ignore[index]
    room = ends[1] - ends[0]
    assert ends[1] == WIDTH - RIGHT and x == {"7": ends[0] + round(room * 40 / 60), "7.5": ends[0] + round(room / 2)}


def test_what_did_not_train_has_no_disc_and_is_named() -> None:
    svg = dumbbells(PAPER, OURS)
    assert svg.count('r="7.5"') == 3 and ">did not train<" in svg and ">10.0, not run<" in svg
    assert "stroke-width:3.5" in svg  # the spread of Freezing
    assert "stroke-width:3.5" not in dumbbells(PAPER, {"freeze": replace(OURS["freeze"], whole=Cell(0.35))})


def test_words_say_both_numbers() -> None:
    words = dumbbells_in_words(PAPER, OURS)
    assert "separate networks –, ours 50.0; Freezing 30.0, ours 35.0" in words
    assert "Finetuning 10.0, not run" in words and "HAT 20.0, ours 10.0 (task 3 did not train)" in words
