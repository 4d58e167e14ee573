"""What did not train is found, said in words, marked in every table and figure, and never compared with anything."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from made_up_records import record_of
from small import make_tasks

from tfm_lite import metrics
from tfm_lite.__main__ import main
from tfm_lite.figures import alt, plots, scores, tables
from tfm_lite.figures.plots import Point
from tfm_lite.figures.scores import Untrained
from tfm_lite.runs import results
from tfm_lite.runs.config import Config
from tfm_lite.runs.progress import SuiteTable
from tfm_lite.runs.results import Result
from tfm_lite.runs.run import run_experiment
from tfm_lite.train import Protocol

FLOWERS = Config("flowers", "tfm", size=64)


def record(method: str, *untrained: int, seed: int = 0, **fields: Any) -> Result:
    return record_of(replace(FLOWERS, method=method, seed=seed), untrained=untrained, **fields)


def with_matrix(method: str, rows: list[list[float]]) -> Result:
    matrix: list[list[float | None]] = [[*row, *[None] * (len(rows) - len(row))] for row in rows]
    return record(method, tasks=len(rows), accuracy=matrix, average=metrics.average(matrix))


# The question


@pytest.mark.parametrize(("extra", "learned"), [(0, False), (1, True)])
def test_learned_is_three_standard_deviations_above_chance(extra: int, learned: bool) -> None:
    p, n = 0.04, 2500
    bound = round(p * n + 3 * (n * p * (1 - p)) ** 0.5)  # 129.4 images
    made = record("tfm", tasks=1, images=n, accuracy=[[(bound + extra) / n]])
    assert metrics.trained(made) == [learned]
    assert metrics.trained(replace(made, images=[n // 4])) == [False]  # of fewer images the same share says less


def test_the_sentence_has_the_numbers() -> None:
    made = with_matrix("finetune", [[0.4], [0.3, 0.037]])
    assert metrics.failures(made) == {1: "task 2 was not learned: 3.7 % is not above chance, 4.0 % ± 1.9"}
    assert metrics.named([1]) == "task 2" and metrics.named([0, 2]) == "tasks 1, 3"


@pytest.mark.parametrize("loss", [float("inf"), float("nan"), None])
def test_a_loss_that_is_not_finite_is_a_failure(loss: float | None) -> None:
    made = record("tfm")
    assert metrics.failures(made) == {}
    made.fits[2].append({**made.fits[2][0], "loss": loss})  # one of several trainings
    assert metrics.failures(made) == {2: "task 3 was not learned: the loss of a training is not finite"}
    assert metrics.healthy([made]) == []


def test_forgetting_is_no_failure() -> None:
    made = with_matrix("finetune", [[0.4], [0.04, 0.4]])
    assert metrics.trained(made) == [True, True] and metrics.sound(made) == [True, True]
    assert metrics.healthy([made]) == [made]


def test_what_a_failed_training_left_of_other_tasks_is_not_sound() -> None:
    assert metrics.sound(with_matrix("finetune", [[0.4], [0.04, 0.04]])) == [False, False]
    assert metrics.sound(with_matrix("tfm", [[0.4], [0.4, 0.04]])) == [True, False]  # it touched nothing
    assert metrics.sound(with_matrix("finetune", [[0.04], [0.2, 0.4]])) == [False, True]


def test_joint_is_asked_for_whole_rows() -> None:
    rows = [[0.4], [0.5, 0.4], [0.5, 0.4, 0.4]]
    assert metrics.trained(with_matrix("joint", rows)) == [True, True, True]
    middle = with_matrix("joint", [[0.4], [0.04, 0.4], [0.5, 0.4, 0.4]])
    assert metrics.trained(middle) == [True, False, True]
    assert (
        "task 2 was not learned: 4.0 % on task 1 with the training of task 2 is not above chance"
        in metrics.failures(middle)[1]
    )
    assert metrics.sound(middle) == [True, False, True]  # the last training began anew
    last = with_matrix("joint", [[0.4], [0.5, 0.4], [0.04, 0.4, 0.4]])
    assert metrics.trained(last) == [False, True, False]
    assert metrics.sound(last) == [False, True, False]


# The record


def test_a_run_keeps_what_is_needed_and_says_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tasks = make_tasks(per_class=60)
    config = Config("made up", "finetune", network="mlp", protocol=Protocol(epochs=2, batch=16, lr=1e-30, lr_min=1e-31))
    made = run_experiment(config, tasks=tasks)
    assert made.images == [len(task.test) for task in tasks] and made.structure["classes"] == [3, 2, 4]
    assert metrics.trained(made) == [False, False, False]
    path = results.save(made, tmp_path)
    assert results.load(path) == made
    assert main(["show", str(path)]) == 0
    shown = capsys.readouterr().out
    assert shown.count("did not train: task ") == 3 and "task 3 was not learned" in shown


def test_a_suite_marks_what_did_not_train() -> None:
    table = SuiteTable([FLOWERS, FLOWERS])
    assert table.row(record("tfm", 2, 3)).endswith("  tasks 3, 4 not learned")
    assert "learned" not in table.row(record("tfm"))


def test_records_of_before_the_images_were_counted_are_read(tmp_path: Path) -> None:
    made = with_matrix("finetune", [[0.4], [0.301, 0.5]])
    content = {name: value for name, value in asdict(made).items() if name != "images"}
    path = tmp_path / "old.json"
    path.write_text(json.dumps(content))
    old = results.load(path)
    assert old.images == [1000, 2]  # never more than there were
    assert replace(old, images=made.images) == made
    for odd in ("[]", "3", '{"accuracy": 3}', '{"accuracy": [[1], [1, 2]]}'):
        path.write_text(odd)
        with pytest.raises(ValueError, match="is not a record of a run"):
            results.load(path)


# Lines and tables


def test_a_cell_that_did_not_train_has_no_number() -> None:
    line = scores.measured([record("tfm", 2)])["tfm"]
    assert [cell.note for cell in line.cells] == ["", "", "did not train", "", "task 3 did not train"]
    assert [cell.value is None for cell in line.cells] == [False, False, True, False, True]
    assert [cell.counts for cell in line.new] == [True, True, False, True]


def test_what_a_failed_task_spoilt_is_shown_and_does_not_count() -> None:
    line = scores.measured([record("finetune", 3)])["finetune"]
    assert [cell.note for cell in line.tasks] == ["task 4 did not train"] * 3 + ["did not train"]
    assert [cell.value is None for cell in line.tasks] == [False] * 3 + [True]
    assert [cell.counts for cell in line.new] == [True] * 3 + [False]


def test_of_several_seeds_the_mean_is_of_those_that_trained_and_does_not_count() -> None:
    made = [record("tfm", *([1] if seed == 2 else []), seed=seed) for seed in range(3)]
    line = scores.measured(made)["tfm"]
    second, whole = line.tasks[1], line.whole
    assert second.note == whole.note == "1 of 3 seeds did not train" and not second.counts
    assert second.value == pytest.approx(sum(r.accuracy[-1][1] for r in made[:2]) / 2)  # type: ignore[misc]
    assert whole.value == pytest.approx(sum(r.average for r in made[:2]) / 2)
    assert line.tasks[0].counts and line.accuracy[0] == pytest.approx(sum(r.accuracy[0][0] for r in made) / 3)  # type: ignore[misc]
    assert line.failed == "TFM did not train on task 2 under 1 of 3 seeds" and line.seeds == 3
    for read in (lambda: line.average, lambda: line.accuracy[1]):  # they have a value, and it is not to be used
        with pytest.raises(Untrained, match="under 1 of 3 seeds"):
            read()


def test_runs_with_other_options_are_not_seeds_of_one_method() -> None:
    chosen = record_of(replace(FLOWERS, options={"margin": 0.1}))
    assert list(scores.measured([record("tfm"), chosen])) == ["tfm, defaults", "tfm, margin 0.1"]


@pytest.mark.parametrize(
    "read",
    [
        lambda line: line.average,
        lambda line: line.accuracy[2],
        lambda line: line.learned[2],
        lambda line: list(line.learned),
        lambda line: max(line.accuracy),
        lambda line: line.forgetting[1:],
        lambda line: line.mean_forgetting,
    ],
)
def test_no_number_can_be_read_of_what_did_not_train(read: Callable[[scores.Line], Any]) -> None:
    good, bad = (scores.measured([made])["tfm"] for made in (record("tfm"), record("tfm", 2)))
    read(good)
    with pytest.raises(Untrained, match=r"^TFM did not train on task 3$"):
        list(read(bad))


def test_a_claim_is_not_computed_from_what_did_not_train() -> None:
    lines = scores.measured([record("tfm"), record("joint", 3)])
    assert tables.verdict(lambda a: a["joint"].average > 0, lines) == "cannot be said: Joint did not train on task 4"
    assert tables.verdict(lambda a: a["joint"].learned[0] > 0, lines) == "holds"  # of task 1 it can
    assert tables.answer(lambda a: a["tfm"].seeds, lines) == 1
    shown = tables.verdicts({"Joint wins.": lambda a: a["joint"].average > 0}, {"ours": lines}, title="Claims")
    assert "cannot be said: Joint did not train on task 4" in shown.html and "cannot be said" in shown.text


def test_a_table_marks_it_and_has_no_difference() -> None:
    paper = scores.printed(results.published("table_3"), dataset="flowers")
    ours = scores.measured([record("freeze", 2), record("finetune", 3)])
    cells = [{method: line.cells for method, line in lines.items()} for lines in (paper, ours)]
    shown = tables.beside(["1", "2", "3", "4", "Avg."], *cells, title="Flowers")
    groups = dict(zip(paper, re.findall(r"<tbody>(.*?)</tbody>", shown.html), strict=True))
    rows = {name: [re.findall(r"<td(.*?)</td>", row) for row in groups[name].split("</tr>")] for name in ours}
    for name, marked in {"freeze": [False, False, True, False, True], "finetune": [True] * 5}.items():
        assert ["did not train" in cell for cell in rows[name][1]] == marked
        assert [cell == ">" for cell in rows[name][2]] == marked  # no difference where it is marked, and one where not
    assert "Freezing, ours: " in shown.text and "did not train, task 3 did not train" not in shown.text
    assert re.search(r"Freezing, ours: [\d.]+, [\d.]+, did not train, [\d.]+, task 3 did not train", shown.text)


def test_a_ranking_puts_what_did_not_train_last() -> None:
    made = [record("tfm"), record("freeze", 2), *(record("hat", *([2] if s else []), seed=s) for s in (0, 1))]
    made[2] = replace(made[2], average=0.9)  # the seed that went well is above all others
    lines = scores.measured(made)
    words = tables.ranking_in_words(lines)
    assert words.startswith("TFM ") and words.endswith("Freezing task 3 did not train")
    assert "1 of 2 seeds did not train" in words
    drawn = re.findall(r">([^<>]+)</text>", tables.ranking(lines))
    assert drawn[0] == "TFM" and drawn[-2:] == ["Freezing", "task 3 did not train"]


def test_failures_are_listed_with_method_and_seed() -> None:
    (sentence,) = tables.failures([record("tfm"), record("freeze", 2, seed=1)])
    assert sentence.startswith(
        "Freezing on flowers, 64 pixels, seed 1: task 3 was not learned: 4.0 % is not above chance"
    )


def test_the_health_of_runs_is_counted_and_listed() -> None:
    made = [record("tfm"), record("freeze", 2, 3)]
    shown = tables.health(made)
    assert shown.html.count("<li>") == 2 and "Of 2 runs, 1 had a task" in shown.html and "<details open>" in shown.html
    assert "task 4 was not learned" in shown.text
    assert "<li>" not in tables.health(made[:1]).html


def test_runs_of_one_scale_stand_together() -> None:
    small = [record("tfm"), record("hat", seed=1)]
    large, wide = (record_of(replace(FLOWERS, **how)) for how in ({"size": 224}, {"width": 2.0}))
    assert tables.by_scale([*small, large]) == {"64 pixels": small, "224 pixels": [large]}
    assert list(tables.by_scale([*small, wide])) == [
        "64 pixels, alexnet_64, full protocol",
        "64 pixels, alexnet_64 at 2 times its width, full protocol",
    ]
    heavy = replace(FLOWERS, protocol=Protocol(momentum=0.9))
    assert tables.scale([record_of(heavy)]) == "64 pixels, alexnet_64, full protocol, momentum 0.9, seed 0"
    assert "bf16, seed 0" in tables.scale([record_of(replace(FLOWERS, precision="bf16"))])


def test_records_of_any_seed_are_found() -> None:
    made = [record("tfm", seed=seed) for seed in range(3)]
    assert tables.found([FLOWERS], [*made, record("hat")]) == made
    assert tables.done([FLOWERS, replace(FLOWERS, method="ewc")], made) == "1 of 2 runs"


# Figures


def test_the_way_of_what_did_not_train_is_words() -> None:
    ax = plots.axes()[1]
    learned, final = [0.8, None, 0.5], [0.3, None, None]
    plots.forgetting(learned, final, ["a", "b", "c"], ax)
    assert [text.get_text() for text in ax.texts] == ["", "did not train", "later: did not train"]
    assert alt.forgetting(learned, final, ["a", "b", "c"]).endswith(
        "a 80.0 to 30.0; b did not train; c 50.0 to a later task did not train."
    )
    plots.forgetting([None], [None], ["a"], plots.axes()[1])


def test_a_point_that_did_not_train_is_named_and_has_no_place() -> None:
    points = [Point("TFM", 0.4, 100.0), Point("Joint", None, 1e6), Point("EWC", None, 0)]
    ax = plots.axes()[1]
    plots.accuracy_against_overhead(points, ax)
    assert len(ax.containers) == 1
    assert "did not train: Joint, EWC" in [text.get_text() for text in ax.texts]
    assert "Joint did not train; EWC did not train." in alt.accuracy_against_overhead(points)
    plots.accuracy_against_overhead(points[1:], plots.axes()[1])


def test_a_task_that_did_not_train_is_a_cross() -> None:
    ax = plots.axes()[1]
    plots.accuracy_per_task({"TFM": [0.5, None, 0.4]}, ["one", "two", "three"], ax)
    crosses = [line for line in ax.lines if line.get_marker() == "x"]
    assert [list(line.get_xdata()) for line in crosses] == [[1], []]
    assert crosses[1].get_label() == "did not train"
    assert "TFM: one 50.0, two did not train, three 40.0." in alt.accuracy_per_task(
        {"TFM": [0.5, None, 0.4]}, ["one", "two", "three"]
    )
