"""The ledger: its verdicts are what its functions compute, and they change as the records do."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import pytest
from made_up_records import record_of

from tfm_lite import metrics
from tfm_lite.figures import ledger
from tfm_lite.figures.ledger import VERDICTS, Claim, _claim
from tfm_lite.figures.ledger.places import LETTERS
from tfm_lite.figures.ledger.questions import Place, Question, settled
from tfm_lite.figures.ledger.table import counted, in_words, table
from tfm_lite.runs import results
from tfm_lite.runs.results import Result
from tfm_lite.runs.suites import SUITES

# What judgement alone has settled stands here a second time, so that no slip of a hand changes it.
JUDGED = {
    "pnn-distills": "a slip",
    **dict.fromkeys(("equation-6", "same-while-learning", "retraining", "others-cannot-adapt"), "partly"),
    **dict.fromkeys(
        (
            *(
                "table-4",
                "piggyback-backbone",
                "lwf-unlike-tasks",
                "acl-on-flowers",
                "pathnet-costs",
                "similar-filters",
            ),
            *("unbalanced-features", "pruning-backs-it", "from-scratch", "semantic-groups", "tiny-last-tasks"),
            *("imagenet-fisher", "imagenet-hat-scales"),
        ),
        "cannot be said",
    ),
}


@pytest.fixture(scope="module")
def found() -> list[Claim]:
    return ledger.judged(results.load_all())


def wrong(written: Sequence[Claim], found: Sequence[Claim]) -> list[str]:
    """Verdicts in the file that are other ones than those that are computed, or than those that were judged."""
    right = {claim.name: claim.verdict for claim in found if not claim.judged} | JUDGED
    return [
        f'claims.toml, {claim.name}: the verdict is "{right.get(claim.name)}", not "{claim.verdict}": write it there'
        for claim in written
        if claim.verdict != right.get(claim.name)
    ]


def test_verdicts_are_what_the_functions_make_of_the_records(found: list[Claim]) -> None:
    assert not wrong(ledger.claims(), found)
    assert {claim.name for claim in found if claim.judged} == set(JUDGED)


def test_a_verdict_that_is_changed_in_the_file_is_found(found: list[Claim]) -> None:
    """Each of them in turn: it does not agree with its function or judgement, or the entry is refused."""
    written = ledger.claims()
    for k, claim in enumerate(written):
        other = next(verdict for verdict in VERDICTS if verdict != claim.verdict)
        if claim.proof and not claim.judged:
            with pytest.raises(ValueError, match=f"claims.toml, {claim.name}: give it a function, a proof"):
                _claim({**vars(claim), "verdict": other})
        else:
            changed = [*written[:k], replace(claim, verdict=other), *written[k + 1 :]]
            assert [line.split(":")[0] for line in wrong(changed, found)] == [f"claims.toml, {claim.name}"]


def test_all_that_the_paper_numbers_is_there(found: list[Claim]) -> None:
    where = [claim.where.split(",")[0] for claim in found]
    wanted = [
        *(f"Eq. {n}" for n in range(1, 10)),
        *(f"Fig. {n}" for n in range(1, 4)),
        *(f"Table {n}" for n in range(1, 6)),
    ]
    assert [name for name in wanted if name not in where] == []
    assert len(found) >= 60 and {"reversed in ours", "a slip", "partly"} <= {claim.verdict for claim in found}


def test_every_function_settles_a_claim(found: list[Claim]) -> None:
    assert {claim.name for claim in found} >= ledger.COMPUTED
    assert all(claim.reason and claim.evidence for claim in found)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"verdict": "true"}, "'true' is none of proved"),
        ({"kind": "poem"}, "'poem' is none of equation"),
        ({"proof": ["tests/a.py::b"]}, "a function settles it; take out proof and judged"),
        ({"name": "new"}, "give it a function, a proof"),
        ({"name": "new", "proof": ["tests/a.py::b"]}, "give it a function, a proof"),
        ({"name": "new", "judged": "So it seems."}, "judgement alone may not say 'holds as printed'; name a function"),
    ],
)
def test_an_entry_that_does_not_say_how_it_is_settled_is_refused(changes: dict, why: str) -> None:
    entry = {"name": "two-bits", "kind": "memory", "where": "abstract", "says": "Small.", "evidence": []}
    assert _claim(entry | {"verdict": "holds as printed"}).verdict == "holds as printed"
    with pytest.raises(ValueError, match=re.escape(why)):
        _claim(entry | {"verdict": "holds as printed"} | changes)


# Made-up runs on the letters: every method has one accuracy on all tasks, and forgets nothing.
Level = Callable[[str, int], float]


def letters(level: Level, seeds: Iterable[int] = (0, 1, 2)) -> list[Result]:
    """Records of all methods with their usual options; ``level(method, seed)`` is the accuracy, of 1000 images."""
    made: dict[tuple[str, int], Result] = {}
    for config in (config for suite in LETTERS for config in SUITES[suite](seeds=tuple(seeds))):
        if (config.method, config.seed) not in made:
            share = level(config.method, config.seed)
            matrix = [[share] * (t + 1) + [None] * (5 - t) for t in range(6)]
            fields = {"accuracy": matrix, "average": metrics.average(matrix), "forgetting": 0.0}
            made[config.method, config.seed] = record_of(config, tasks=6, **fields)
    return list(made.values())


def one(name: str, records: Sequence[Result]) -> Claim:
    (claim,) = [claim for claim in ledger.judged(records) if claim.name == name]
    return claim


@pytest.mark.parametrize(
    ("packnet", "verdict", "words"),
    [
        ((0.7, 0.7, 0.7), "reversed in ours", "it does not hold on letters, 28 px (−10.0 ± 0.0)"),
        ((0.5, 0.5, 0.5), "holds in ours", "it holds on letters, 28 px (+10.0 ± 0.0)"),
        ((0.605, 0.605, 0.605), "holds in ours", "it holds on letters, 28 px (−0.5 ± 0.0)"),
        ((0.5, 0.5, 0.7), "partly", "it is not clear on letters, 28 px"),
        ((0.7, 0.7, 0.0), "holds as printed", "cannot be said on letters, 28 px (PackNet did not train on task"),
    ],
)
def test_a_verdict_follows_the_records(packnet: tuple[float, ...], verdict: str, words: str) -> None:
    claim = one("match-packnet", letters(lambda method, seed: packnet[seed] if method == "packnet" else 0.6))
    assert claim.verdict == verdict and words in claim.reason
    assert ("letters, 28 px × 3 seeds" in claim.scale) == (verdict != "holds as printed")


def test_without_records_only_print_and_proof_are_left() -> None:
    bare = {claim.name: claim.verdict for claim in ledger.judged([])}
    assert not {"holds in ours", "reversed in ours"} & set(bare.values())
    assert bare["match-packnet"] == "holds as printed"
    assert bare["zero-in-records"] == bare["grows-with-tasks"] == bare["rarely-transfers-back"] == "cannot be said"


def test_one_seed_is_told() -> None:
    claim = one("above-hat", letters(lambda method, _: 0.7 if method == "tfm" else 0.6, seeds=[0]))
    assert claim.verdict == "holds in ours" and claim.scale == "the printed tables; letters, 28 px × 1 seed"


def test_a_run_that_moves_an_old_task_breaks_the_promise() -> None:
    records = letters(lambda *_: 0.6)
    assert one("zero-in-records", records).verdict == "holds in ours"
    (first, *_) = (k for k, r in enumerate(records) if r.config["method"] == "tfm")
    last = [*records[first].accuracy[:-1], [0.599, *records[first].accuracy[-1][1:]]]
    records[first] = replace(records[first], accuracy=last)
    assert one("zero-in-records", records).verdict == "a slip"


@pytest.mark.parametrize(
    ("printed", "ours", "verdict"),
    [
        (1.0, {0: 2.0, 1: 1.0}, "holds in ours"),
        (1.0, {0: -2.0, 1: -1.0}, "reversed in ours"),
        (1.0, {0: 2.0, 1: -1.0}, "partly"),
        (1.0, {0: 0.01, 1: 0.02}, "partly"),  # it reads 0.0
        (1.0, {}, "holds as printed"),
        (-1.0, {0: 2.0, 1: 1.0}, "a slip"),
        (None, {0: 2.0, 1: 1.0}, "holds in ours"),
        (None, {}, "cannot be said"),
    ],
)
def test_what_answers_come_to(printed: float | None, ours: dict[int, float], verdict: str) -> None:
    places = {"a": [Place("Table 9", {0: printed}, printed=True)] * (printed is not None)}
    places["b"] = [Place("letters", ours)] * bool(ours)
    question = Question({kind: {"": lambda value: value} for kind in "ab"})
    assert settled(question, places).verdict == verdict


def test_a_claim_of_several_parts_may_hold_in_part() -> None:
    parts = {"over A": lambda value: value, "over B": lambda value: -value}
    found = settled(Question({"a": parts}), {"a": [Place("letters", {0: 1.0})]})
    assert found.verdict == "partly" and "1 of 2 parts hold, not over B: −1.0" in found.reason


def test_the_table_has_a_row_for_every_claim_and_counts_them(found: list[Claim]) -> None:
    shown = table(found, title="**Table L.1.** All.")
    assert re.findall(r'<tr data-claim="([^"]*)"', shown.html) == [claim.name for claim in found]
    for verdict in {claim.verdict for claim in found}:
        count = sum(claim.verdict == verdict for claim in found)
        assert f"<span>{verdict} <small>{count}</small></span>" in shown.html and f"{verdict} {count}" in counted(found)
    assert all(claim.says in shown.text for claim in found)
    assert in_words("13_memory.md#eq-13-1") == "chapter 13, Eq. 13.1"
