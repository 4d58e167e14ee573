"""Options are chosen on the validation images of the first tasks, and by nothing else."""

from __future__ import annotations

import inspect
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import make_tasks

from tfm_lite import methods, selection, train
from tfm_lite.__main__ import main
from tfm_lite.experiment import Config
from tfm_lite.suites import SUITES
from tfm_lite.tasks import Split, TaskSequence
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


def scramble(split: Split) -> Split:
    """The same images with other labels."""
    return replace(split, labels=np.roll(split.labels, 1))


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
    blind = altered(train=lambda task: task.train if task.index < 2 else None)
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


def test_choosing_from_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
    ]
    assert main(arguments) == 0
    assert [(one.options, one.seeds) for one in selection.load_all(tmp_path / "out")] == [({"lam": 1000.0}, [0, 2])]


def test_shipped_choices_are_of_today() -> None:
    for choice in selection.load_all():
        assert choice.numerics == train.NUMERICS, f"{choice.name}: select again"
        method = choice.config["method"]
        assert [one["options"] for one in choice.tried] == selection.combinations(method), f"{method}: select again"
        best = max(choice.tried, key=selection.score)
        defaults = inspect.signature(methods.get(method).__init__).parameters
        assert choice.options == {n: v for n, v in best["options"].items() if v != defaults[n].default}


def test_the_suite_runs_what_was_chosen() -> None:
    found = {config.method: dict(config.options) for config in SUITES["selected"](seeds=(4,))}
    assert found == {choice.config["method"]: choice.options for choice in selection.load_all() if choice.options}
