"""Which runs of a suite there are records of, and which not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from made_up_records import record_of

from tfm_lite.runs import coverage, results
from tfm_lite.runs.config import Config
from tfm_lite.runs.results import Result
from tfm_lite.runs.suites import SUITES


@pytest.fixture(scope="module")
def base() -> Result:
    return record_of(Config("flowers", "tfm", size=64))


def test_what_is_missing_is_a_command_that_runs_it() -> None:
    configs = list(SUITES["flowers_64"](seeds=(0, 1)))
    some = [record_of(c) for c in configs if c.method not in ("tfm", "freeze") and (c.method, c.seed) != ("joint", 1)]
    where = "--data DIR --out data/results"
    assert coverage.missing("flowers_64", configs, some) == [
        f"python -m tfm_lite run flowers_64 --only freeze tfm --seeds 0 1 {where}",
        f"python -m tfm_lite run flowers_64 --only joint --seeds 1 {where}",
    ]
    assert coverage.missing("flowers_64", configs, []) == [f"python -m tfm_lite run flowers_64 {where}"]
    assert coverage.missing("flowers_64", configs, list(map(record_of, configs))) == []
    assert coverage.missing("none", [], []) == []


def test_records_are_found_under_any_seed_and_each_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    configs = list(SUITES["pays"](seeds=(0, 1)))[:400]
    records = list(map(record_of, configs))
    asked = []
    describes = Config.describes
    monkeypatch.setattr(Config, "describes", lambda *which: asked.append(1) or describes(*which))
    first = [config for config in configs if config.seed == 0]
    assert coverage.found(first, records) == records and coverage.found(first[:1], records)[0] == records[0]
    assert (
        coverage.done(configs, records[10:]) == "390 of 400 runs"
        and coverage.lacking(configs, records[10:]) == configs[:10]
    )
    assert len(asked) < 5 * len(records)
    small, other = (replace(configs[0], size=size) for size in (28, 32))  # what is said counts
    assert coverage.found([small], records[:1]) == records[:1] and coverage.found([other], records[:1]) == []


def test_a_suite_inside_another_is_not_shown_twice(base: Result) -> None:
    a, b, c = (replace(base, key=key) for key in "abc")
    assert coverage.distinct({"part": [b], "whole": [a, b], "other": [c], "empty": []}) == {
        "whole": [a, b],
        "other": [c],
    }
    assert list(coverage.distinct({"one": [a], "same": [a]})) == ["one"]


def test_scale_says_how_it_was_run(base: Result) -> None:
    other = replace(base, config={**base.config, "seed": 3, "width": 0.25})
    words = coverage.scale([base, other])
    assert "64 pixels" in words and "full protocol" in words and "seeds 0, 3" in words and "0.25 times" in words
    part = replace(base, config={**base.config, "tasks": "tiny_imagenet+semantic+20x100"})
    assert coverage.scale([part]).startswith("20x100, 64 pixels")


@pytest.mark.parametrize(
    ("tasks", "split"),
    [("tiny_imagenet", "random"), ("tiny_imagenet+20x100", "random"), ("tiny_imagenet+semantic+20x100", "semantic")],
)
def test_the_split_is_in_the_name(tasks: str, split: str) -> None:
    assert coverage.split_of(tasks) == split
    assert split in {row["split"] for row in results.published("table_4")}
