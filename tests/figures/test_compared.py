"""Records side by side: costs, fronts and paired differences; the tables and pictures that a reader operates."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace

import pytest
from made_up_records import records_of

from tfm_lite.figures import compared
from tfm_lite.figures.compared import Group, Paired, paired
from tfm_lite.figures.scores import name_of
from tfm_lite.figures.sortable import Value, sortable
from tfm_lite.figures.versus import versus
from tfm_lite.runs.suites import SUITES


@pytest.fixture(scope="module")
def groups() -> dict[str, Group]:
    suites = {name: list(SUITES[name](seeds=(0, 1, 2))) for name in ("alphabets", "methods")}
    configs = [config for configs in suites.values() for config in configs if config.method != "ewc"]
    found, absent = compared.grouped(suites, list(records_of(configs, fail={("joint", 1)}, tasks=6)))
    assert absent == [f"ewc (seed {seed})" for seed in (0, 1, 2)]
    return found


def test_a_label_is_written_with_the_method_s_name() -> None:
    written = {label: name_of(label) for label in ("tfm", "wsn (new scores)", "single 0.11", "mine")}
    assert [*written.values()] == ["TFM", "WSN (new scores)", "separate networks 0.11", "mine"]


def test_a_group_is_a_method_with_its_options(groups: dict[str, Group]) -> None:
    assert {"single", "single 0.11", "binary 0.65", "tfm"} <= groups.keys() and "ewc" not in groups
    joint = groups["joint"]
    assert (len(joint.made), len(joint.records)) == (3, 2) and set(joint.by_seed) == {0, 2}
    assert joint.average == pytest.approx(sum(100 * record.average for record in joint.records) / 2)
    matrix = joint.matrix()
    assert [len(row) for row in matrix] == [1, 2, 3, 4, 5, 6]


def test_runs_that_suites_share_count_once_and_options_tell_rows_apart() -> None:
    suites = {name: list(SUITES[name]()) for name in ("alphabets", "beyond")}
    once = {config.identity: config for configs in suites.values() for config in configs}
    found, _ = compared.grouped(suites, list(records_of([*once.values()], tasks=6)))
    assert [len(found[label].made) for label in ("tfm", "wsn", "wsn (new scores)")] == [3, 3, 3]


def test_a_network_that_is_smaller_earns_nothing_beyond(groups: dict[str, Group]) -> None:
    record = groups["tfm"].records[0]
    small = replace(record, memory={"weights": 60, "norm": 10, "heads": 5})
    large = replace(record, memory={"weights": 130, "norm": 10, "heads": 5})
    assert [compared.total(r) for r in (small, large)] == [70, 140]
    assert [compared.beyond(r, 100) for r in (small, large)] == [10, 40]
    joint = replace(groups["joint"].records[0], memory={"weights": 100, "heads": 5})
    assert compared.total(joint, images=1000) == 1100 and compared.beyond(joint, 100, images=1000) == 1000


def test_differences_are_taken_seed_by_seed(groups: dict[str, Group]) -> None:
    found = paired(groups["joint"], groups["tfm"])
    assert found is not None and found.seeds == (0, 2)  # those that both have
    joint, tfm = groups["joint"].by_seed, groups["tfm"].by_seed
    assert found.values == pytest.approx([100 * (joint[s].average - tfm[s].average) for s in (0, 2)])
    three = Paired((0, 1, 2), (1.0, 2.0, 3.0))
    assert three.mean == 2 and three.half == pytest.approx(4.3027 / math.sqrt(3), abs=1e-4) and three.always_above
    assert str(three) == "+2.0 ± 2.5" and str(Paired((0,), (-1.0,))) == "−1.0"


def test_the_front_holds_what_nothing_beats() -> None:
    costs, gains = {"a": 1.0, "b": 1.0, "c": 2.0, "d": 3.0}, {"a": 5.0, "b": 4.0, "c": 5.0, "d": 6.0}
    assert compared.front(costs, gains) == ["a", "d"]


ROWS = [["x", Value(1.0, "1.0", "± 0.1"), Value(None, "–")], ["y & z", Value(3.0, "3.0"), Value(2.0, "2.0")]]


def test_a_table_opens_sorted_and_can_be_sorted() -> None:
    shown = sortable(
        ["name", "size", "cost"], ROWS, title="**Table 1.** Two.", by="size", ascending=["cost"], stand_out=["x"]
    )
    assert re.findall(r"<th scope='row' data-value=\"([^\"]*)\"", shown.html) == ["y &amp; z", "x"]
    assert re.findall(r'data-first="(\w+)"( aria-sort="\w+")?', shown.html) == [
        ("ascending", ""),
        ("descending", ' aria-sort="descending"'),
        ("ascending", ""),
    ]
    assert shown.html.count('<button type="button">') == 3 and "window.tfmSortable" in shown.html
    assert shown.text.splitlines() == ["Table 1. Two.", "name  size  cost", "y & z  3.0  2.0", "x  1.0 ± 0.1  –"]
    by_cost = sortable(["name", "size", "cost"], ROWS, title="t", by="cost")
    assert re.findall(r"<th scope='row' data-value=\"([^\"]*)\"", by_cost.html)[-1] == "x"  # without a value: last


@pytest.mark.parametrize(("rows", "by", "words"), [([["x"]], "name", "each of 3"), (ROWS, "colour", "not by 'colour'")])
def test_a_table_that_does_not_fit_is_an_error(rows: list, by: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        sortable(["name", "size", "cost"], rows, title="t", by=by)


def test_two_methods_stand_side_by_side(groups: dict[str, Group]) -> None:
    names = [f"task {t}" for t in range(6)]
    shown = versus(groups, names, left="tfm", right="joint", caption="**Figure 1.** Two.")
    data = json.loads(re.search(r'<script type="application/json">(.*?)</script>', shown.html)[1])  # type: ignore[index]
    assert [entry["name"] for entry in data] == list(groups)
    assert set(data[list(groups).index("joint")]["seeds"]) == {"0", "2"}
    assert shown.html.count("<option") == 2 * len(groups) and shown.html.count(" selected>") == 2
    assert shown.text.startswith(f"tfm {groups['tfm'].average:.1f} %, joint {groups['joint'].average:.1f} %. Left less")
    with pytest.raises(ValueError, match="no method 'cube'"):
        versus(groups, names, left="tfm", right="cube")
