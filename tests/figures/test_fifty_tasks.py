"""Fifty tasks, told: the first ten and the last ten, paces that no pause moves, and differences seed by seed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from made_up_records import record_of

from tfm_lite.figures import compared, fifty
from tfm_lite.runs.results import Result
from tfm_lite.runs.suites import SUITES

CONFIGS = list(SUITES["many"](seeds=(0, 1)))


def made(last: float, **fields: object) -> list[Result]:
    """Records of the suite in which the last ten tasks end at ``last`` under seed 0, and two points higher under seed 1."""
    found = []
    for config in CONFIGS:
        record = record_of(replace(config, size=28, network="lenet"), tasks=50, classes=4, images=1000)
        own = last + 0.1 * (config.method == "tfm") + 0.02 * config.seed * (config.method == "tfm")
        accuracy = [*record.accuracy[:-1], [0.5] * 40 + [own] * 10]
        found.append(replace(record, accuracy=accuracy, average=(40 * 0.5 + 10 * own) / 50, **fields))
    return found


@pytest.fixture
def groups() -> dict[str, compared.Group]:
    return compared.grouped({"many": CONFIGS}, made(0.6))[0]


def test_rows_that_differ_in_an_option_stay_apart(groups: dict[str, compared.Group]) -> None:
    assert [*groups] == ["tfm", "packnet", "packnet 0.9", "pnn", "freeze", "single", "single 0.024"]
    assert {len(group.records) for group in groups.values()} == {2}


def test_the_table_has_the_ends_and_all(groups: dict[str, compared.Group]) -> None:
    lines = fifty.table(groups, title="Fifty.").text.splitlines()
    assert lines[2].split() == ["tfm", "2", "50.0", "71.0", "54.2", "1.01", "50", "50"]  # 1 s for 20 epochs
    assert lines[3].split()[:5] == ["packnet", "2", "50.0", "60.0", "52.0"]


def test_a_pause_does_not_move_the_pace() -> None:
    record = made(0.6)[0]
    fits = [[{"loss": 1.0, "accuracy": 0.5, "epochs": 20, "seconds": 900.0 if t == 3 else 2.0}] for t in range(50)]
    assert fifty.pace(replace(record, fits=fits), fifty.FIRST) == 100


def test_the_last_ten_are_compared_seed_by_seed(groups: dict[str, compared.Group]) -> None:
    words = fifty.at_the_end(groups, "tfm", ["packnet", "pnn", "none of these"])
    assert words == "In the last ten tasks tfm has, in points, +11.0 ± 12.7 less packnet and +11.0 ± 12.7 less pnn."
    one = compared.grouped({"many": CONFIGS[:7]}, made(0.6))[0]
    assert fifty.at_the_end(one, "tfm", ["pnn"]).endswith("+10.0 (one seed) less pnn.")
    assert fifty.at_the_end(groups, "tfm", []) == ""
