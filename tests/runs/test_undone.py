"""A suite does what it can: data that are missing are said first, a run that fails stops no other, and the end says which."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from made_up import make
from small import make_tasks

from tfm_lite import datasets, distributed
from tfm_lite.__main__ import main
from tfm_lite.datasets.tasks import TaskSequence
from tfm_lite.files import InUse
from tfm_lite.runs import commands, selection
from tfm_lite.runs.config import Config
from tfm_lite.train import Protocol

BASE = Config("alphabets", "freeze", network="mlp", width=0.1, protocol=Protocol(epochs=1, batch=16))
SEVERAL = [
    replace(config, tasks=tasks)
    for tasks in ("birds", "alphabets", "flowers+20x5", "actions")
    for config in (BASE, replace(BASE, method="finetune"), replace(BASE, method="joint"))
]


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder without birds and flowers, and a suite of four data sets; their images are made-up ones."""
    loaded = make_tasks()
    make("actions", tmp_path / "data", monkeypatch)

    def load(name: str, **_: Any) -> TaskSequence:
        assert name in ("alphabets", "actions"), "it was said to be missing"
        return replace(loaded, name=name)

    monkeypatch.setattr(datasets, "load", load)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # for tracebacks
    monkeypatch.setitem(commands.SUITES, "several", lambda seeds=(0,): SEVERAL)
    return tmp_path / "data"


def run(data: Path, *more: str) -> int:
    return main(["run", "several", "--data", str(data), *more])


def test_what_is_missing_is_said_before_anything_is_learned_and_at_the_end(
    suite: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said, real = list[str](), commands.run_kept

    def run_kept(config: Config, **how: Any) -> Any:
        said.append(capsys.readouterr().err)
        return real(config, **how)

    monkeypatch.setattr(commands, "run_kept", run_kept)
    assert run(suite) == 2
    first, *others = said
    assert len(others) == 5 and not any(others)
    birds, flowers = first.splitlines()
    assert birds.startswith("not done: all of birds: Caltech-UCSD Birds-200-2011 is not in") and "data fetch" in birds
    assert flowers.startswith("not done: all of flowers+20x5: Oxford 102 Flowers is not in")
    end = capsys.readouterr().err.splitlines()
    assert end[0] == "error: 6 of 12 runs are not done; mend this, and the same command does them:"
    assert [line.removeprefix("  ") for line in end[1:]] == [
        line.removeprefix("not done: ") for line in (birds, flowers)
    ]
    assert len(list(suite.glob("cache/runs/*/*.json"))) == 6


FAILURES: dict[str, tuple[Callable[[], Exception], str]] = {
    "words": (
        lambda: ValueError("the loss is not finite: take a smaller rate"),
        "the loss is not finite: take a smaller",
    ),
    "a full disk": (
        lambda: OSError(28, "No space left on device", "there"),
        "there: No space left on device: make room",
    ),
    "memory": (
        lambda: torch.OutOfMemoryError("CUDA out of memory."),
        "out of memory (OutOfMemoryError: CUDA out of memory.)",
    ),
    "a fault": (lambda: KeyError("x"), "this is a fault of the program, not yours: KeyError: 'x'. The traceback is in"),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_one_run_that_fails_stops_no_other(
    failure: str, suite: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    error, words = FAILURES[failure]
    real = commands.run_kept

    def run_kept(config: Config, **how: Any) -> Any:
        if (config.tasks, config.method) == ("alphabets", "finetune"):
            raise error()
        return real(config, **how)

    monkeypatch.setattr(commands, "run_kept", run_kept)
    monkeypatch.setattr(commands, "SUITES", {"several": lambda seeds=(0,): SEVERAL[3:6] + SEVERAL[9:]})
    assert run(suite) == 2
    out, err = capsys.readouterr()
    _, *rows = out.splitlines()
    assert len(rows) == 6 and [row.endswith("  not done") for row in rows] == [False, True, *[False] * 4]
    at_once, end, line = err.splitlines()
    assert at_once.startswith(f"not done: finetune of alphabets, seed 0: {words}") and line[2:] == at_once[10:]
    assert end.startswith("error: 1 of 6 runs are not done")
    monkeypatch.setattr(commands, "run_kept", real)
    assert run(suite) == 0, "mended, the same command does the rest"
    assert capsys.readouterr().err == ""


def test_json_has_what_was_done(suite: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(suite, "--json", "--only", "freeze") == 2
    out, err = capsys.readouterr()
    assert [record["config"]["tasks"] for record in json.loads(out)] == ["alphabets", "actions"]
    assert "2 of 4 runs are not done" in err


@pytest.mark.parametrize("command", ["run", "select"])
def test_with_no_data_at_all_there_is_nothing_but_the_reason(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(datasets, "load", lambda *_, **__: pytest.fail("it is not there"))
    assert main([command, "table_3", "--data", str(tmp_path)]) == 2
    out, err = capsys.readouterr()
    assert out == "" and len(err.splitlines()) == 3 and err.startswith("error: Oxford 102 Flowers is not in")
    assert "birds` gets it" in err and "actions` gets it" in err


def test_a_single_run_that_fails_says_why_alone(
    suite: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(config: Config, **_: Any) -> None:
        raise ValueError("no")

    monkeypatch.setattr(commands, "run_kept", fail)
    assert run(suite, "--index", "4") == 2
    assert capsys.readouterr() == ("", "error: no\n")


def test_one_of_several_processes_does_not_go_on_alone(suite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(config: Config, **_: Any) -> None:
        monkeypatch.setattr(distributed, "several", lambda: True)
        calls.append(config)
        raise ValueError("no")

    calls: list[Config] = []
    monkeypatch.setattr(commands, "run_kept", fail)
    monkeypatch.setattr(distributed, "stop", lambda: None)
    assert run(suite) == 2 and len(calls) == 1


def test_a_selection_goes_on_too(
    suite: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    suites = [
        replace(BASE, tasks=tasks, method=m, seed=s) for tasks in ("birds", "actions") for m in WITH for s in (0, 1)
    ]
    monkeypatch.setattr(commands, "SUITES", {"several": lambda seeds=(0,): suites})

    def validation(config: Config, *_: Any, **__: Any) -> list[float]:
        if config.method == "si":
            raise InUse("process 1 on there has this run in hand")
        if config.method == "mas":
            raise ValueError("it diverged: take other options")
        return [0.5]

    monkeypatch.setattr(selection, "validation", validation)
    assert main(["select", "several", "--count", "1", "--data", str(suite)]) == 2
    out, err = capsys.readouterr()
    assert "si process 1 on there has this run in hand" in out
    assert [choice.config["method"] for choice in selection.load_all(suite / "cache" / "selection")] == ["ewc", "lwf"]
    assert "mas of actions: it diverged" in err and "error: 10 of 16 runs are not done" in err


WITH = ("ewc", "mas", "si", "lwf")


def test_what_is_printed_to_nobody_ends_a_suite(suite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(config: Config, **_: Any) -> None:
        calls.append(config)
        raise BrokenPipeError

    calls: list[Config] = []
    monkeypatch.setattr(commands, "run_kept", fail)
    assert run(suite) == 141 and len(calls) == 1


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("birds", "Birds-200-2011 is not in"),
        ("folder:missing", "there is no folder"),
        ("no_such_set", "there is no data set 'no_such_set'"),
        ("actions+3x9", None),
        ("alphabets", None),
    ],
)
def test_a_look_finds_what_is_missing_and_reads_no_image(
    name: str, words: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make("actions", tmp_path / "data", monkeypatch)
    for image in folder.rglob("*.jpg"):
        image.write_bytes(b"")  # nobody could read these
    if name == "actions+3x9":
        with pytest.raises(ValueError, match="asks for 9 training images"):
            datasets.look(name, data=tmp_path / "data")
    elif words:
        with pytest.raises((ValueError, FileNotFoundError), match=words):
            datasets.look(name, data=tmp_path / "data")
    else:
        datasets.look(name, data=tmp_path / "data")
        with pytest.raises(FileNotFoundError, match="the data folder"):
            datasets.look(name, data=tmp_path / "missing")
