"""What was found before the map, from records that nobody ran, and from those that come with the package."""

from __future__ import annotations

from dataclasses import replace

import pytest
from made_up_records import record_of

from tfm_lite.figures import before
from tfm_lite.runs import results
from tfm_lite.runs.results import Result
from tfm_lite.runs.suites import SUITES

FLOWERS, LETTERS = before.FINDINGS


def made(suite: str, seeds: tuple[int, ...], tasks: int, classes: int = 10) -> list[Result]:
    """TFM has 60 % and a point for each seed, full separate networks 50 %, small ones 40 %; all others 30 %."""
    found = []
    for config in SUITES[suite](seeds=seeds):
        value = {"tfm": 0.6 + config.seed / 100, "single": 0.4 if "fraction" in config.options else 0.5}.get(
            config.method, 0.3
        )
        matrix = [[value] * (t + 1) + [None] * (tasks - 1 - t) for t in range(tasks)]
        found.append(replace(record_of(config, tasks=tasks, classes=classes, accuracy=matrix), average=value))
    return found


def test_each_finding_has_its_own_rival() -> None:
    found = before.findings([*made("flowers_64", (0, 1), 4), *made("alphabets", (0, 1, 2), 6)])
    flowers, letters = found[FLOWERS], found[LETTERS]
    assert flowers is not None and flowers.seeds == (0, 1) and flowers.values == pytest.approx((10, 11))
    assert letters is not None and letters.seeds == (0, 1, 2) and letters.values == pytest.approx((20, 21, 22))


def test_what_was_not_run_or_not_learned_is_none() -> None:
    assert before.findings([]) == {FLOWERS: None, LETTERS: None}
    records = made("flowers_64", (0, 1), 4)
    chance = [
        replace(r, accuracy=[[0.1, None, None, None], [0.1, 0.1, None, None], [0.1] * 3 + [None], [0.1] * 4])
        for r in records
    ]
    some = [
        b if r.config["method"] == "single" and r.config["seed"] == 0 else r
        for r, b in zip(records, chance, strict=True)
    ]
    found = before.findings(some)[FLOWERS]
    assert found is not None and found.seeds == (1,)


def test_records_of_the_package_have_both() -> None:
    assert all(before.findings(results.load_all()).values())
