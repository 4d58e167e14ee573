"""Options are chosen on the validation images of the first tasks, and by nothing else."""

from __future__ import annotations

import inspect
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small import make_tasks

from tfm_lite import methods, train
from tfm_lite.__main__ import main
from tfm_lite.datasets.inputs import Inputs
from tfm_lite.datasets.tasks import Split, TaskSequence
from tfm_lite.files import InUse
from tfm_lite.nn.networks import Builder, stages_of
from tfm_lite.runs import selection
from tfm_lite.runs.config import Config
from tfm_lite.train import Protocol

CONFIG = Config("made up", "ewc", network="mlp", width=0.1, protocol=Protocol(epochs=2, batch=16))
WITH_GRID = [name for name in methods.names() if methods.get(name).grid]


def fake(monkeypatch: pytest.MonkeyPatch, accuracy: dict[float, list[float]]) -> None:
    """Validation accuracies of EWC by its lam; 0 for all others."""
    monkeypatch.setattr(
        selection, "validation", lambda config, *_, **__: accuracy.get(config.options["lam"], [0.0, 0.0])
    )


@pytest.fixture
def made_up(tasks: TaskSequence, monkeypatch: pytest.MonkeyPatch) -> TaskSequence:
    """The made-up tasks under every name and seed."""
    monkeypatch.setattr(selection.datasets, "load", lambda *_, **__: tasks)
    return tasks


def test_the_best_mean_wins_and_defaults_go_unsaid(made_up: TaskSequence, monkeypatch: pytest.MonkeyPatch) -> None:
    tasks, (first, second, third, _) = made_up, methods.get("ewc").grid["lam"]
    fake(monkeypatch, {first: [0.9, 0.4], second: [0.6, 0.8], third: [0.7, 0.7]})
    choice = selection.select(CONFIG, count=2)
    assert choice.options == {"lam": second}  # a tie with the third: the earlier wins
    assert choice.tasks == [tasks[0].name, tasks[1].name]
    assert [one["options"]["lam"] for one in choice.tried] == list(methods.get("ewc").grid["lam"])
    fake(monkeypatch, {first: [0.9, 0.9]})
    assert selection.select(CONFIG).options == {}
    assert selection.select(replace(CONFIG, options={"batch": 20})).options == {"batch": 20}


def test_a_value_must_do_under_every_seed(made_up: TaskSequence, monkeypatch: pytest.MonkeyPatch) -> None:
    """The best under one seed may destroy the network under another."""
    first, second, *_ = methods.get("ewc").grid["lam"]
    found = {(first, 0): 0.6, (first, 1): 0.6, (second, 0): 0.9, (second, 1): 0.1}
    monkeypatch.setattr(selection, "validation", lambda c, *_, **__: [found.get((c.options["lam"], c.seed), 0.0)])
    assert selection.select(CONFIG, seeds=(0,)).options == {"lam": second}
    assert selection.select(CONFIG, seeds=(0, 1)).options == {}


def test_a_default_that_wins_over_what_was_given_goes_unsaid_too(
    made_up: TaskSequence, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A suite's own value of an option in the grid has no say: neither in what is tried nor in what is chosen."""
    first, second, *_ = methods.get("ewc").grid["lam"]
    fake(monkeypatch, {first: [0.9]})
    given = replace(CONFIG, options={"lam": second, "batch": 20})
    assert selection.select(given).options == {"batch": 20}


UNUSUAL = Config(
    "any",
    "mas",
    seed=3,
    network="lenet_bn",
    width=0.7,
    size=28,
    protocol=Protocol(
        epochs=2, batch=9, lr=0.06, factor=2.5, patience=1, lr_min=0.01, clip=0.7, dropout=0.3, momentum=0.4
    ),
    options={"alpha": 0.2, "lam": 0.7},
    precision="bf16",
)


def test_what_is_tried_is_what_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every field of a configuration that is unusual reaches the training, and the record."""
    tasks, loaded, devices = make_tasks(size=28, per_class=120, noise=170.0), [], []
    few = (
        replace(t, train=t.valid, valid=t.test, test=t.train) for t in tasks
    )  # many to validate, for small differences
    tasks = replace(tasks, tasks=tuple(few))
    assert all(getattr(UNUSUAL, f.name) != getattr(Config("", ""), f.name) for f in fields(Config))

    def load(name: str, **how: Any) -> TaskSequence:
        loaded.append((name, how))
        return tasks

    def inputs(tasks: TaskSequence, device: str, **how: Any) -> Inputs:
        devices.append(device)
        return Inputs(tasks, device, **how)

    monkeypatch.setattr(selection.datasets, "load", load)
    monkeypatch.setattr(selection, "Inputs", inputs)
    monkeypatch.setattr(methods.get("mas"), "grid", {"lam": (0.7,)})
    choice = selection.select(UNUSUAL, seeds=(3,), count=2, data=Path("there"), device="cpu:0")
    assert loaded == [("any", {"seed": 3, "size": 28, "data": Path("there")})] and devices == ["cpu:0"]
    assert Config.of(choice.config) == UNUSUAL and choice.options == UNUSUAL.options

    build = Builder(stages_of("lenet_bn", width=0.7), channels=1, size=28, tasks=3, seed=3, dropout=0.3)
    method = methods.get("mas")(build, alpha=0.2, lam=0.7)
    seen = replace(tasks, tasks=tasks.tasks[:2])
    train.run(method, seen, protocol=UNUSUAL.protocol, seed=3, precision="bf16")

    def valid(precision: str, split: str = "valid") -> list[float]:
        return [train.accuracy(method, task, Inputs(seen, precision=precision), split=split) for task in seen]

    assert choice.tried == [{"options": {"lam": 0.7}, "accuracy": [valid("bf16")]}]
    for precision, split in (("fp32", "valid"), ("bf16", "test"), ("bf16", "train")):
        assert valid(precision, split) != valid("bf16"), f"{precision}, {split} cannot be told apart here"


def test_a_selection_that_was_stopped_goes_on(
    tasks: TaskSequence, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What had been tried is not tried again, and what was begun goes on where it was."""
    monkeypatch.setattr(selection.datasets, "load", lambda *_, **__: tasks)
    whole, trained, real = selection.select(CONFIG, seeds=(0, 1), count=2), [0], train.step

    def step(*arguments: Any, **how: Any) -> Any:
        trained[0] += 1
        return real(*arguments, **how)

    def stop(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(train, "step", step)
    told: list[Any] = []
    selection.select(CONFIG, seeds=(0, 1), count=2, on_tried=told.append)
    steps, accuracy, calls = trained[0], train.accuracy, [0]

    def once(*arguments: Any, **how: Any) -> float:  # the 12th test comes in the midst of the second combination
        calls[0] += 1
        return stop() if calls[0] == 12 else accuracy(*arguments, **how)

    monkeypatch.setattr(train, "accuracy", once)
    trained[0] = 0
    with pytest.raises(KeyboardInterrupt):
        selection.select(CONFIG, seeds=(0, 1), count=2, folder=tmp_path)
    assert 0 < trained[0] < steps
    assert selection.select(CONFIG, seeds=(0, 1), count=2, folder=tmp_path) == whole
    assert trained[0] == steps, "a training was made twice"
    again: list[Any] = []
    assert selection.select(CONFIG, seeds=(0, 1), count=2, folder=tmp_path, on_tried=again.append) == whole
    assert trained[0] == steps and again == told
    assert {path.name for path in tmp_path.glob("*/*")} - {"lock"} == {"accuracy.pt"}
    assert selection.load_all(tmp_path) == []


@pytest.mark.parametrize(
    "other",
    [
        {"count": 1},
        {"seeds": (5,)},
        {"config": replace(CONFIG, width=0.2)},
        {"config": replace(CONFIG, precision="bf16")},
    ],
)
def test_what_was_tried_for_another_selection_is_not_taken(
    other: dict[str, Any], made_up: TaskSequence, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(methods.get("ewc"), "grid", {"lam": (250.0,)})
    selection.select(CONFIG, seeds=(0,), count=2, folder=tmp_path)
    here = {"config": CONFIG, "seeds": (0,), "count": 2, **other}
    config = here.pop("config")
    assert selection.select(config, **here, folder=tmp_path) == selection.select(config, **here)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_count_of_tasks_that_there_are_not_is_refused(made_up: TaskSequence) -> None:
    for count in (0, 4, -1):
        with pytest.raises(ValueError, match=f"made up has 3 tasks; choose by the first 1 to 3, not by {count}"):
            selection.select(CONFIG, count=count)


def scramble(split: Split) -> Split:
    """The same images with other labels."""
    return replace(split, labels=np.roll(split.labels, 1))


class Unseen(Split):
    """Images that nobody may look at."""

    def batch(self, indices: object) -> None:  # type: ignore[override]
        raise AssertionError("a later task was looked at")


@pytest.mark.parametrize("name", ["ewc", "pnn"])
def test_neither_test_images_nor_later_tasks_have_a_say(name: str, tasks: TaskSequence) -> None:
    config = replace(CONFIG, method=name)

    def score(tasks: TaskSequence) -> list[float]:
        return selection.validation(config, tasks, 2)

    def altered(**parts: Any) -> TaskSequence:
        return replace(tasks, tasks=tuple(replace(task, **{p: f(task) for p, f in parts.items()}) for task in tasks))

    right = score(tasks)
    assert len(right) == 2
    assert score(altered(test=lambda task: scramble(task.test))) == right
    blind = altered(train=lambda task: task.train if task.index < 2 else Unseen(**vars(task.train)))
    assert score(blind) == right
    assert score(altered(valid=lambda task: scramble(task.valid))) != right  # and the check can see


@pytest.mark.parametrize("name", WITH_GRID)
def test_a_grid_begins_with_the_defaults(name: str) -> None:
    defaults = inspect.signature(methods.get(name).__init__).parameters
    for option, values in methods.get(name).grid.items():
        assert values[0] == defaults[option].default
        assert len(set(values)) == len(values) > 1
    assert len(selection.combinations(name)) == np.prod([len(values) for values in methods.get(name).grid.values()])


def test_a_method_without_a_grid_is_refused() -> None:
    with pytest.raises(ValueError, match="finetune has no grid of options to choose from; give its class one"):
        selection.combinations("finetune")


def test_choices_survive_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selection.datasets, "load", lambda *_, **__: make_tasks(groups=(3, 2)))
    choice = selection.select(CONFIG, seeds=(0, 1), count=2)
    selection.save(choice, tmp_path)
    assert selection.load_all(tmp_path) == [choice]
    assert [len(one["accuracy"]) for one in choice.tried] == [2] * len(choice.tried)


def test_choosing_from_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake(monkeypatch, {1000.0: [1.0]})
    arguments = [
        "select",
        "--tasks",
        "alphabets",
        "--method",
        "ewc",
        "--quick",
        "--seeds",
        "0",
        "2",
        "--out",
        str(tmp_path / "out"),
        "--count",
        "2",
        "--precision",
        "bf16",
    ]
    assert main(arguments) == 0
    (choice,) = selection.load_all(tmp_path / "out")
    assert (choice.options, choice.seeds, choice.tasks) == ({"lam": 1000.0}, [0, 2], ["Latin", "Greek"])
    assert choice.config["precision"] == "bf16"
    assert main([*arguments, "--count", "7"]) == 2
    assert "alphabets has 6 tasks; choose by the first 1 to 6, not by 7" in capsys.readouterr().err


def test_a_suite_is_chosen_for_once_per_kind_of_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What another process has in hand is left alone; seeds and values of an option in the grid make no other kind."""
    held, run = replace(CONFIG, method="si"), replace(CONFIG, options={"lam": 3.0})
    suite = [held, CONFIG, run, replace(CONFIG, seed=1), replace(CONFIG, method="finetune")]
    monkeypatch.setattr("tfm_lite.runs.commands.SUITES", {"five": lambda seeds=(0,): suite})
    monkeypatch.setattr(selection.datasets, "load", lambda *_, **__: make_tasks(groups=(3, 2)))
    monkeypatch.setattr(selection.datasets, "look", lambda *_, **__: None)
    asked: list[tuple[str, int]] = []

    def validation(config: Config, *_: Any, **__: Any) -> list[float]:
        if config.method == "si":
            raise InUse("process 1 on there has this run in hand")
        asked.append((str(config.options["lam"]), config.seed))
        return [0.5]

    monkeypatch.setattr(selection, "validation", validation)
    assert main(["select", "five", "--count", "1", "--data", str(tmp_path)]) == 0
    assert asked == [(str(lam), seed) for lam in methods.get("ewc").grid["lam"] for seed in (0, 1)]
    assert "si process 1 on there has this run in hand" in capsys.readouterr().out
    assert [c.config["method"] for c in selection.load_all(tmp_path / "cache" / "selection")] == ["ewc"]
