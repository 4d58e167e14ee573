"""What a configuration says is what is run: each of its fields against a run that is put together by hand."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from small import make_tasks
from torch import Tensor

from tfm_lite import datasets, methods, train
from tfm_lite.checkpoint import Checkpoint
from tfm_lite.datasets.inputs import Inputs
from tfm_lite.datasets.tasks import Split, Task, TaskSequence
from tfm_lite.methods.base import Method
from tfm_lite.nn import growth
from tfm_lite.nn.networks import Builder, stages_of
from tfm_lite.options import options_of
from tfm_lite.runs.config import Config, Run, build_method
from tfm_lite.runs.results import Result
from tfm_lite.runs.run import run_experiment, run_kept
from tfm_lite.train import FULL, QUICK, Protocol

UNUSUAL = Protocol(
    epochs=2,
    batch=9,
    lr=0.06,
    factor=2.5,
    patience=1,
    lr_min=0.01,
    clip=0.7,
    dropout=0.3,
    momentum=0.4,
    weight_decay=0.003,
)
OPTIONS: dict[str, Any] = {
    "grow": "schedule",
    "start": 0.4,
    "growths": [0.0, 0.3],
    "margin": 0.2,
    "of": "features",
    "norm": "after",
    "which": "old",
    "norm_start": "previous",
    "boost": 2.0,
}
CONFIG = Config("any", "tfm", 3, "lenet_bn", width=0.7, size=28, protocol=UNUSUAL, options=OPTIONS, precision="bf16")


@pytest.fixture(scope="module")
def tasks() -> TaskSequence:
    return make_tasks(size=28, per_class=60, noise=170.0)


def by_hand(tasks: TaskSequence) -> tuple[Method, train.History]:
    """The run that CONFIG describes, with every value written out."""
    shape = {"channels": 1, "size": 28, "tasks": 3}
    build = Builder(stages_of("lenet_bn", width=0.7), **shape, seed=3, dropout=0.3)
    method = methods.get("tfm")(build, **OPTIONS)
    return method, train.run(method, tasks, protocol=UNUSUAL, seed=3, device="cpu", precision="bf16")


def shares(method: Method, tasks: TaskSequence, split: str, precision: str) -> list[float]:
    """For each task, the share of a split's images that are named right, counted one by one."""

    def share(task: Task) -> float:
        images: Split = getattr(task, split)
        x, y = Inputs(tasks).of(images, torch.arange(len(images)))
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            named: Tensor = method.predict(x, task.index).argmax(1)
        return sum(a == b for a, b in zip(named.tolist(), y.tolist(), strict=True)) / len(images)

    return [share(task) for task in tasks]


def without_seconds(fits: Any) -> Any:
    return [[{**fit, "seconds": 0} for fit in each] for each in fits]


def test_every_field_is_unusual() -> None:
    """Else what follows would not notice that one is dropped on the way."""
    for config, usual in ((CONFIG, Config("any", "tfm")), (UNUSUAL, FULL)):
        same = {f.name for f in fields(config) if getattr(config, f.name) == getattr(usual, f.name)}
        assert same <= {"tasks", "method", "optimizer"}  # the last: no other has a momentum
    assert all(OPTIONS[name] != option.default for name, option in options_of(methods.get("tfm")).items())


def test_a_run_is_the_one_that_its_configuration_describes(
    tasks: TaskSequence, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded, ran, reports, real = [], [], list[train.Epoch](), train.run

    def load(name: str, **how: Any) -> TaskSequence:
        loaded.append((name, how))
        return tasks

    def run(*arguments: Any, **how: Any) -> train.History:
        ran.append(how)
        return real(*arguments, **how)

    monkeypatch.setattr(datasets, "load", load)
    monkeypatch.setattr(train, "run", run)
    how: dict[str, Any] = {"data": tmp_path / "data", "folder": tmp_path / "run", "device": "cpu:0"}
    result = run_experiment(CONFIG, **how, on_epoch=lambda _, report: reports.append(report))
    assert loaded == [("any", {"seed": 3, "size": 28, "data": tmp_path / "data"})]
    assert ran[0]["device"] == "cpu:0" and len(reports) == sum(fit["epochs"] for fits in result.fits for fit in fits)

    monkeypatch.undo()
    method, history = by_hand(tasks)
    kept: Any = Checkpoint(tmp_path / "run").load("task")
    ours, theirs = method.state_dict(), kept["state"]
    assert ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert [row[: t + 1] for t, row in enumerate(result.accuracy)] == history.matrix
    assert without_seconds(result.fits) == without_seconds([[vars(fit) for fit in each] for each in history.fits])
    assert result.memory == method.storage() and result.structure == method.structure()
    assert result.structure["fractions"] == pytest.approx([0.4, 0.7, 1.0])
    assert result.accuracy[-1] == shares(method, tasks, "test", "bf16")
    for other in (("valid", "bf16"), ("train", "bf16"), ("test", "fp32")):
        assert shares(method, tasks, *other) != result.accuracy[-1], f"{other} cannot be told apart here"


def test_what_is_left_open_is_decided_by_the_images(tasks: TaskSequence) -> None:
    config = Config("any", "freeze", protocol=Protocol(epochs=1, batch=64))
    result = run_experiment(config, tasks=tasks)
    assert (result.config["size"], result.config["network"]) == (28, "lenet")
    assert result.key == replace(config, size=28, network="lenet").key(tasks.fingerprint)
    assert result.tasks == ["task 1", "task 2", "task 3"] and result.fingerprint == tasks.fingerprint


# For every option a value of its own, on no side of a symmetry that its default may be on.
EFFECTS: dict[str, dict[str, Any]] = {
    "binary": {"fraction": 0.5},
    "ewc": {"lam": 900.0, "batch": 3},
    "hat": {"regularization": 2.0, "s_max": 90.0},
    "imm_mean": {"lam": 0.9},
    "imm_mode": {"lam": 0.9, "merge": False},
    "lfl": {"lam": 0.001, "batch": 7},
    "lwf": {"lam": 3.0, "temperature": 1.3},
    "mas": {"lam": 0.7, "alpha": 0.2},
    "packnet": {"prune": 0.4},
    "piggyback": {"mask_lr": 0.003, "head_lr": 0.02},
    "pnn": {"width": 1.7},
    "si": {"c": 3.0, "damping": 0.02},
    "single": {"fraction": 0.8},
    "wsn": {"share": 0.3, "lr": 0.004, "scores": "new"},
    "tfm": {**OPTIONS, "grow": "schedule", "growths": [0.3], "margin": 1.0},
}
SETTING = {
    "growths": {"grow": "search"},
    "margin": {"grow": "search"},
    "start": {"grow": "schedule"},
    "of": {"grow": "schedule"},
}


def end(name: str, options: dict[str, Any], tasks: TaskSequence) -> dict[str, Tensor]:
    """What a method keeps after three tasks."""
    method = build_method(Config("any", name, network="mlp", width=0.1, options=options), tasks)
    train.run(method, tasks, protocol=Protocol(epochs=2, batch=16, lr=0.2))
    return {key: tensor.clone() for key, tensor in method.state_dict().items()}


@pytest.mark.parametrize("name", EFFECTS)
def test_every_option_of_a_method_is_among_these(name: str) -> None:
    assert set(EFFECTS[name]) == set(options_of(methods.get(name)))


@pytest.mark.parametrize(("name", "option"), [(name, option) for name, values in EFFECTS.items() for option in values])
def test_an_option_makes_a_difference(name: str, option: str) -> None:
    tasks = make_tasks()
    setting = SETTING.get(option, {"grow": "schedule"} if name == "tfm" and option != "grow" else {})
    usual, other = end(name, setting, tasks), end(name, {**setting, option: EFFECTS[name][option]}, tasks)
    assert not all(key in other and torch.equal(usual[key], other[key]) for key in usual)


@pytest.mark.parametrize(("margin", "second"), [(0.0, 0.55), (0.015, 0.45), (0.06, 0.4), (0.2, 0.3)])
def test_the_search_keeps_the_smallest_within_its_margin(margin: float, second: float) -> None:
    """Each candidate's accuracy is given; the network that is kept is the one that was trained with it."""
    tasks = make_tasks()
    found = {0.3: 0.70, 0.35: 0.60, 0.4: 0.75, 0.45: 0.79, 0.55: 0.80}
    method: Any = build_method(
        Config(
            "any", "tfm", network="mlp", options={"start": 0.3, "growths": [0, 0.05, 0.1, 0.15, 0.25], "margin": margin}
        ),
        tasks,
    )
    sizes = {growth.features_at(method.build.stages, fraction)[0]: fraction for fraction in found}
    trained: list[Any] = []

    def fit() -> train.Outcome:
        trained.append(method.net)
        fraction = sizes[method.net.stages[0].layer.boundaries[-1][1]]
        return train.Outcome(0.0, found[fraction], 1, 0.0)

    for task in tasks[:2]:
        method.begin(task.index, len(task.classes))
        method.learn(task, fit)
        method.end(task.index)
    assert method.fractions == [0.3, second] and any(method.net is net for net in trained[1:])
    assert method.net.stages[0].layer.boundaries[-1][1] == growth.features_at(method.build.stages, second)[0]


def test_a_configuration_describes_its_own_record_and_no_other(tasks: TaskSequence) -> None:
    record = run_experiment(Config("any", "freeze", protocol=Protocol(epochs=1, batch=64)), tasks=tasks)

    def of(config: Config) -> Result:
        return replace(record, config=config.plain())

    assert CONFIG.describes(of(CONFIG)) and CONFIG.describes(
        of(replace(CONFIG, options=dict(reversed(OPTIONS.items()))))
    )
    others: dict[str, Any] = {
        "tasks": "b",
        "method": "tfm_no_fn",
        "seed": 4,
        "network": "mlp",
        "width": 0.8,
        "size": 32,
    }
    others |= {"protocol": replace(UNUSUAL, clip=0.8), "precision": "fp32", "options": {**OPTIONS, "margin": 0.1}}
    assert others.keys() == {field.name for field in fields(Config)}
    options = {name: value for name, value in OPTIONS.items() if name != "norm"}  # which TFM without it refuses
    for name, value in others.items():
        whole = replace(CONFIG, options=options) if name == "method" else CONFIG
        other = replace(whole, **{name: value})
        assert not other.describes(of(whole)) and not whole.describes(of(other)), name
    assert replace(CONFIG, size=None, network=None).describes(of(CONFIG))
    assert not replace(CONFIG, size=None).describes(of(replace(CONFIG, network="mlp")))
    assert replace(CONFIG, width=1).describes(of(replace(CONFIG, width=1.0)))
    slow = {**record.config, "protocol": {**record.config["protocol"], "momentum": 0, "optimizer": "sgd"}}
    assert Config("any", "freeze", protocol=Protocol(epochs=1, batch=64)).describes(replace(record, config=slow))


def test_what_came_later_is_left_out_where_it_is_as_it_was() -> None:
    """So that the names of older records stand."""
    older = {"epochs", "batch", "lr", "factor", "patience", "lr_min", "clip", "dropout"}
    assert FULL.plain().keys() == QUICK.plain().keys() == older
    assert Config("any", "tfm").plain()["protocol"].keys() == older
    keys = {Config("any", "tfm", protocol=p).key("f") for p in (FULL, Protocol(momentum=0, weight_decay=0))}
    later = {"optimizer": "adamw"}, {"momentum": 0.9}, {"weight_decay": 1e-4}
    for fields_of in later:
        config = Config("any", "tfm", protocol=replace(FULL, **fields_of))
        assert config.plain()["protocol"].keys() == {*older, *fields_of}
        keys.add(config.key("f"))
    assert len(keys) == 1 + len(later)


@pytest.mark.parametrize("config", [CONFIG, Config("any", "freeze"), replace(CONFIG, protocol=QUICK, size=None)])
def test_a_configuration_is_made_again_from_plain_json(config: Config) -> None:
    again = Config.of(config.plain())
    assert again == replace(config, options=dict(config.options)) and again.plain() == config.plain()


def test_a_run_has_its_names_from_what_it_depends_on(tasks: TaskSequence, tmp_path: Path) -> None:
    run = Run(Config("any", "freeze"), tasks)
    assert run.resolved == Config("any", "freeze", size=28, network="lenet")
    assert run.key == run.resolved.key(tasks.fingerprint)
    assert run.folder(tmp_path) == tmp_path / "cache" / "runs" / f"any-freeze-seed0-{run.key}"
    assert run.method() is not run.method() and run.method().name == "freeze"
    others = Run(run.config, replace(tasks, fingerprint="another")), Run(replace(run.config, seed=1), tasks)
    assert len({made.folder(tmp_path) for made in (run, *others)}) == 3


def test_a_run_is_named_once(tasks: TaskSequence, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And handed down: the folder it is kept in, its record and the search for that have one and the same key."""
    named, real = list[Config](), Config.key
    monkeypatch.setattr(datasets, "load", lambda *_, **__: tasks)
    monkeypatch.setattr(Config, "key", lambda self, fingerprint: named.append(self) or real(self, fingerprint))
    record, path = run_kept(Config("any", "freeze", protocol=Protocol(epochs=1)), data=tmp_path)
    assert len(named) == 1 and path.parent.name.endswith(record.key)
