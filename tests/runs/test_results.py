"""What the records that come with the package show: the effects for which `alphabets` was made."""

from __future__ import annotations

from itertools import pairwise
from statistics import mean, stdev

import pytest

from tfm_lite.datasets.sets.alphabets import REPEATS
from tfm_lite.runs import results
from tfm_lite.runs.config import Config
from tfm_lite.runs.results import Result
from tfm_lite.runs.suites import SUITES


def record_of(config: Config) -> Result:
    found = list(filter(config.describes, results.load_all()))
    assert len(found) == 1, f"{len(found)} records of {config.method}, seed {config.seed}; run the suite"
    return found[0]


@pytest.fixture(scope="module")
def rows() -> dict[str, list[Result]]:
    found: dict[str, list[Result]] = {}
    for config in SUITES["alphabets"]():
        label = config.method + (" small" if "fraction" in config.options else "")
        found.setdefault(label, []).append(record_of(config))
    return found


def average(records: list[Result]) -> float:
    return mean(100 * record.average for record in records)


def test_finetuning_forgets(rows: dict[str, list[Result]]) -> None:
    assert mean(100 * record.forgetting for record in rows["finetune"]) <= -15


def test_freezing_is_not_enough(rows: dict[str, list[Result]]) -> None:
    assert average(rows["tfm"]) - average(rows["freeze"]) >= 8


def test_tfm_is_near_a_full_network_per_task(rows: dict[str, list[Result]]) -> None:
    assert average(rows["single"]) - average(rows["tfm"]) <= 8


def test_tfm_beats_disjoint_masks_at_equal_cost(rows: dict[str, list[Result]]) -> None:
    gains = [100 * (a.average - b.average) for a, b in zip(rows["tfm"], rows["binary small"], strict=True)]
    assert mean(gains) > stdev(gains)


def test_the_repeating_task_grows_less_than_the_others(rows: dict[str, list[Result]]) -> None:
    (repeating,) = REPEATS
    growths = [[b - a for a, b in pairwise(record.structure["fractions"])] for record in rows["tfm"]]
    others = [mean(each[: repeating - 1] + each[repeating:]) for each in growths]
    assert mean(each[repeating - 1] for each in growths) < mean(others) / 2
