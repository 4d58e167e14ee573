"""The three sentences of the landing page and the README, from made-up records: of all runs, of few, and of none."""

from __future__ import annotations

from itertools import chain

from made_up_records import mapped, records_of

from tfm_lite.figures import summary
from tfm_lite.runs.config import Config
from tfm_lite.runs.pays import pays
from tfm_lite.runs.results import Result
from tfm_lite.runs.suites import SUITES

FLOWERS = ("flowers", 64, "fp32")


def letters(*methods: str) -> list[Result]:
    every = {c.identity: c for c in chain(SUITES["alphabets"](), SUITES["methods"](), SUITES["beyond"]())}
    return list(records_of([c for c in every.values() if not methods or c.method in methods], tasks=6))


def flowers(*seeds: int) -> list[Result]:
    wanted: list[Config] = [c for c in SUITES["evidence"](seeds=seeds) if (c.tasks, c.size, c.precision) == FLOWERS]
    return list(records_of(wanted, tasks=4))


def test_all_that_was_run_is_said_with_its_scale() -> None:
    records = [*letters(), *flowers(0, 1), *mapped(pays((0, 1)))]
    on_letters, on_flowers, on_the_map = summary.sentences(records)
    own, photographs = summary.groups(records)
    tfm, tuned = own["tfm"], own["finetune"]
    assert f"under {len(tfm.records)} seeds, TFM forgets nothing and ends at {tfm.average:.1f} %" in on_letters
    assert f"fine-tuning has forgotten {-sum(tuned.forgetting) / len(tuned.forgetting):.1f} points" in on_letters
    assert f"64 pixels under 2 seeds, it ends at {photographs['tfm'].average:.1f} %" in on_flowers
    assert on_flowers.count(" points above ") + on_flowers.count(" points below ") == 3
    assert "under 2 seeds, it is on the average" in on_the_map and "separate full ones" in on_the_map


def test_a_difference_says_its_side_once() -> None:
    records = flowers(0)
    said = summary.sentences(records)[1]
    own = summary.groups(records)[1]
    less = own["tfm"].average - own["packnet"].average
    assert f"{abs(less):.1f} points {'above' if less > 0 else 'below'} PackNet" in said and "under one seed" in said


def test_what_was_not_run_is_said() -> None:
    assert all("not run yet" in sentence for sentence in summary.sentences([]))
    assert "in points: no other." in summary.sentences(letters("tfm", "finetune"))[0]
    alone = [record for record in flowers(0, 1) if (record.config["method"], record.config["seed"]) != ("packnet", 0)]
    apart = [r for r in alone if r.config["method"] != "tfm" or r.config["seed"] == 0]
    assert "not compared with PackNet" in summary.sentences(apart)[1]
