"""Findings are asked of sources: of printed tables, and of runs, seed by seed; what cannot be said is said to be so."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from made_up_records import record_of, records_of

from tfm_lite import metrics
from tfm_lite.figures import evidence, findings, scores
from tfm_lite.figures.evidence import Source
from tfm_lite.figures.fine_grained import CLAIMS, OTHERS
from tfm_lite.figures.folded import folded
from tfm_lite.figures.tables import beside
from tfm_lite.runs import results
from tfm_lite.runs.config import Config
from tfm_lite.runs.results import Result
from tfm_lite.runs.suites import FINE, TABLE_3

FLOWERS = Config("flowers", "", size=64)
PAPER = {
    name: Source(name, scores.printed(results.published("table_3"), dataset=name))
    for name in ("flowers", "birds", "actions")
}


def config(method: str, seed: int = 0, **changes: object) -> Config:
    options = FINE if method.startswith("tfm") else {}
    return replace(FLOWERS, method=method, seed=seed, **{"options": options, **changes})


def with_average(method: str, average: float, seed: int = 0) -> Result:
    """All tasks at this accuracy, from beginning to end."""
    matrix = [[average] * (t + 1) + [None] * (3 - t) for t in range(4)]
    return replace(record_of(config(method, seed)), accuracy=matrix, average=metrics.average(matrix), forgetting=0.0)


def source(*made: Result, **changes: object) -> Source:
    configs = [config(method) for method in {r.config["method"]: 0 for r in made}]
    (found,) = evidence.sources("Flowers", configs, made, tasks=4)
    return replace(found, **changes)


def test_methods_are_compared_on_the_seeds_that_they_share() -> None:
    one = source(
        with_average("tfm", 0.5), with_average("packnet", 0.4), with_average("tfm", 0.1, 1), with_average("hat", 0.2, 1)
    )
    assert one.seeds == [0, 1] and one.lines["tfm"].average == pytest.approx(0.3)
    assert one.above("tfm", "packnet") == pytest.approx(10)  # and not 30 less 40
    assert str(one.less("tfm", "packnet")) == "+10.0"
    assert findings.judged(lambda s: s.above("packnet", "hat") > 0, one) == (
        "cannot be said: PackNet and HAT share no seed yet"
    )


def test_above_is_by_the_least() -> None:
    one = source(with_average("tfm", 0.5), with_average("packnet", 0.4), with_average("hat", 0.2))
    assert one.above("tfm", "packnet", "hat") == one.above("tfm", "hat", "packnet") == pytest.approx(10)
    assert PAPER["flowers"].above("tfm", *OTHERS) == pytest.approx(1.5)
    assert PAPER["flowers"].less("tfm", "packnet") == pytest.approx(1.5)


def test_a_finding_is_asked_of_the_mean_and_of_each_seed() -> None:
    values = [(0.5, 0.4), (0.5, 0.3), (0.4, 0.45)]
    made = [
        with_average(m, v, s) for s, pair in enumerate(values) for m, v in zip(("tfm", "packnet"), pair, strict=True)
    ]
    better = lambda s: s.above("tfm", "packnet") > 0  # noqa: E731
    assert findings.judged(better, source(*made)) == "holds (2 of 3 seeds)"
    assert findings.judged(lambda s: not better(s), source(*made)) == "does not hold (1 of 3 seeds)"
    assert findings.judged(better, source(*made[:2])) == "holds (one seed)"
    assert findings.judged(better, PAPER["flowers"]) == "holds"
    assert findings.judged(better, source(made[0])) == "not run: PackNet"
    assert findings.judged(lambda s: s.above("tfm", "single") > 0, PAPER["birds"]) == "not printed: separate networks"


def test_what_did_not_train_is_no_answer() -> None:
    failed = record_of(config("packnet"), untrained={2})
    assert findings.judged(
        CLAIMS["4. TFM is two points or more above PackNet."], source(with_average("tfm", 0.5), failed)
    ) == ("cannot be said: PackNet did not train on task 3")


def test_the_printed_tables_bear_out_what_the_text_says_of_them() -> None:
    said = {claim: findings.in_print(test, PAPER) for claim, test in CLAIMS.items()}
    assert said.pop("2. FN gains a point or more.") == "holds on flowers; not on birds and actions"
    assert said.pop("4. TFM is two points or more above PackNet.") == "holds on birds and actions; not on flowers"
    assert set(said.values()) == {"holds on all"}


def test_a_table_of_findings_has_a_column_per_source() -> None:
    one = source(*records_of(config(method, seed) for method in TABLE_3 for seed in (0, 1)))
    shown = findings.findings(CLAIMS, PAPER, [one], title="**Table 1.** Findings")
    assert shown.html.count('<th scope="col">') == 3 and "<b>Table 1.</b> Findings" in shown.html
    assert len(re.findall("Flowers, 64 px: (holds|does not hold) \\(. of 2 seeds\\)", shown.text)) == len(CLAIMS)


def test_differences_have_their_interval_and_say_what_they_are_of() -> None:
    made = [with_average(m, v, s) for s in (0, 1, 2) for m, v in (("tfm", 0.5 + s / 100), ("packnet", 0.4))]
    pairs = {"PackNet": lambda s: s.less("tfm", "packnet"), "best": findings.best("tfm", ["packnet", "hat"])}
    shown = findings.differences(
        pairs, {"in print": PAPER["flowers"], "ours": source(*made)}, title="Less", first="TFM less"
    )
    assert "ours PackNet: +11.0 ± 2.5; best: not run: HAT" in shown.text and "TFM less</th>" in shown.html
    assert "in print PackNet: +1.5; best: +1.5" in shown.text
    assert findings.said(source(*made[:2]).less("tfm", "packnet")) == "+10.0 (one seed)"


def test_chosen_options_are_rows_of_their_own() -> None:
    chosen = config("ewc", options={"lam": 5.0})
    configs = [config("ewc"), config("tfm"), chosen]
    made = [record_of(c) for c in configs]
    (one,) = evidence.sources("Flowers", configs, made, tasks=4)
    assert list(one.lines) == ["ewc", "tfm"] and list(one.chosen) == ["EWC, chosen"]
    assert findings.judged(lambda s: s.above("tfm", "ewc") is not None, one).startswith("holds")


def test_sources_are_told_apart_in_as_few_words_as_do() -> None:
    large, half = config("freeze", size=224), config("freeze", size=224, precision="bf16")
    small = [config("freeze"), config("hat")]
    for configs, names in (
        ([*small, large], ["64 px", "224 px"]),
        ([*small, large, half], ["64 px, fp32", "224 px, fp32", "224 px, bf16"]),
    ):
        made = evidence.sources("Flowers", configs, [record_of(c) for c in configs], tasks=4)
        assert [one.title for one in made] == [f"Flowers, {name}" for name in names]
    assert evidence.sources("Flowers", small, [], tasks=4) == []
    assert evidence.sources("Flowers", small, [record_of(small[0], tasks=5)], tasks=4) == []


def test_a_summary_says_what_is_there_and_what_is_missing() -> None:
    made = [with_average("packnet", 0.4), with_average("freeze", 0.3), record_of(config("hat"), untrained={1})]
    pairs = {"Freezing": lambda s: s.less("tfm", "freeze"), "EWC": lambda s: s.less("tfm", "ewc")}
    text = findings.summary(source(*made), PAPER["flowers"], CLAIMS, pairs)
    assert text.startswith("**Flowers, 64 px** (alexnet_64, full protocol, seed 0; ")
    assert "3 of the table's 8 rows, each under 1 seed" in text and "PackNet 40.0 %, Freezing 30.0 %" in text
    assert "TFM is not run yet" in text and "cannot be said yet:" in text and "Freezing (−3.8)" in text
    made += [with_average("tfm", 0.5, seed) for seed in (0, 1)]
    text = findings.summary(source(*made), PAPER["flowers"], CLAIMS, pairs)
    assert "TFM's lead in points: +20.0 (one seed) over Freezing." in text
    assert "1 to 2 seeds a row" in text and "TFM is number 1 of 3, at 50.0 %" in text
    failed = source(record_of(config("tfm"), untrained={2}))
    assert "TFM did not train on task 3." in findings.summary(failed, PAPER["flowers"], CLAIMS, pairs)


def test_ways_are_means_over_all_tasks_but_the_last() -> None:
    names, learned, final = evidence.ways(source(with_average("hat", 0.4), record_of(config("freeze"), untrained={0})))
    assert names == ["Freezing", "HAT"] and learned[1] == final[1] == pytest.approx(0.4)
    assert learned[0] is None and final[0] is None


def test_folded_tables_open_one_at_a_time() -> None:
    table = beside(["Avg."], {}, {}, title="a < b")
    shown = folded({"one": table, "two": table}, caption="**Table 1.** All")
    assert shown.html.count("<details") == 2 and shown.html.count("<details name=") == 2
    assert shown.html.count(" open>") == 1 and "<b>Table 1.</b> All" in shown.html
    assert shown.text.startswith("Table 1. All\n")
    with pytest.raises(ValueError, match="at least one part"):
        folded({}, caption="none")
