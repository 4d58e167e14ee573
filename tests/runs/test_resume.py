"""A run that is stopped goes on to the same bits; what would stop it later is said before it begins."""

from __future__ import annotations

import json
import os
import re
import resource
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from small import SHORT, make_method, states_equal

from tfm_lite import datasets, distributed, files, train
from tfm_lite.__main__ import main
from tfm_lite.checkpoint import Checkpoint
from tfm_lite.datasets.tasks import TaskSequence
from tfm_lite.files import InUse, leftovers, lock, written
from tfm_lite.methods import importance
from tfm_lite.methods.base import Method
from tfm_lite.runs import run
from tfm_lite.runs.config import Config, Run
from tfm_lite.train import Protocol

HELPERS = Path(__file__).parents[1] / "helpers"
CONFIG = Config("made up", "freeze", network="mlp", width=0.1, protocol=Protocol(epochs=1, batch=16))


@pytest.mark.parametrize(
    "name", ["finetune", "joint", "single", "tfm", "piggyback", "wsn"]
)  # the last two have an Adam
def test_a_run_stopped_at_any_epoch_ends_in_the_same_bits(name: str, tasks: TaskSequence, tmp_path: Path) -> None:
    class Stop(Exception):
        pass

    whole = make_method(name, tasks)
    history = train.run(whole, tasks, protocol=SHORT)
    epochs = sum(outcome.epochs for outcomes in history.fits for outcome in outcomes)
    folder = tmp_path / "run"

    def stop(method: Method, report: train.Epoch) -> None:
        raise Stop

    for _ in range(epochs + 1):  # each attempt is stopped after one epoch
        method = make_method(name, tasks)
        try:
            again = train.run(method, tasks, protocol=SHORT, on_epoch=stop, checkpoint=Checkpoint(folder))
            break
        except Stop:
            continue
    else:
        pytest.fail("the run never came to its end")
    assert again.matrix == history.matrix and states_equal(method, whole)
    assert [len(fits) for fits in again.fits] == [len(fits) for fits in history.fits]


@pytest.mark.parametrize("name", ["ewc", "mas", "imm_mode"])
def test_a_run_stopped_while_importances_are_measured_ends_in_the_same_bits(
    name: str, tasks: TaskSequence, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The training is over and is not run again: what it left switched on, dropout above all, must not matter."""
    whole, again = make_method(name, tasks), make_method(name, tasks)
    train.run(whole, tasks, protocol=SHORT)

    def stop(tensors: object, **_: object) -> None:
        raise InterruptedError

    with monkeypatch.context() as patch:
        patch.setattr(importance, "distributed", SimpleNamespace(add=stop, mine=distributed.mine))
        with pytest.raises(InterruptedError):
            train.run(make_method(name, tasks), tasks, protocol=SHORT, checkpoint=Checkpoint(tmp_path))
    train.run(again, tasks, protocol=SHORT, checkpoint=Checkpoint(tmp_path))
    assert states_equal(again, whole)


def test_the_best_weights_are_read_from_where_they_were_kept(tasks: TaskSequence, tmp_path: Path) -> None:
    """A stop after the best epoch: the weights at hand are not those to end with."""
    protocol, reports = Protocol(epochs=3, batch=16, lr=0.5, patience=9, clip=1e4), list[train.Epoch]()
    first = replace(tasks, tasks=tasks.tasks[:1])
    whole = make_method("finetune", tasks)
    train.run(whole, first, protocol=protocol, on_epoch=lambda _, report: reports.append(report))
    losses = [report.valid_loss for report in reports]
    assert losses.index(min(losses)) == 0, "the first epoch is not the best here"

    def stop(method: Method, report: train.Epoch) -> None:
        if report.epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train.run(
            make_method("finetune", tasks), first, protocol=protocol, on_epoch=stop, checkpoint=Checkpoint(tmp_path)
        )
    again = make_method("finetune", tasks)
    train.run(again, first, protocol=protocol, checkpoint=Checkpoint(tmp_path))
    assert states_equal(again, whole)


@pytest.mark.long
@pytest.mark.parametrize(("method", "kills"), [("tfm", 20), ("packnet", 6), ("joint", 6)])
def test_a_killed_process_goes_on_to_the_same_bits(method: str, kills: int) -> None:
    command = [
        sys.executable,
        str(Path(__file__).parents[1] / "helpers" / "kills.py"),
        "--method",
        method,
        "--kills",
        str(kills),
    ]
    run = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert run.returncode == 0, run.stderr
    struck = json.loads(run.stdout)
    assert sum(struck.values()) == kills
    if kills == 20:
        assert len(struck) >= 8  # everywhere, and at any moment


@pytest.mark.long
def test_what_is_damaged_is_refused_or_harmless() -> None:
    """A few of the 200 changed bytes of ``flips.py``, and other damage."""
    command = [
        sys.executable,
        str(Path(__file__).parents[1] / "helpers" / "flips.py"),
        "--flips",
        "24",
        "--methods",
        "tfm",
    ]
    run = subprocess.run(
        [*command, "--kinds", "flip", "cut", "empty", "grow"],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    assert sum(found.values()) == 24 and any(text.endswith("refused") for text in found)


REMEDIES = {
    "task": r"delete .*, or run with --again: the run starts again",
    "fit-1-0": "delete this file: .* goes on from this training's last epoch",
    "epoch-1-0": "delete this file: .* begins this one training again",
}
STATE = {"state": {"weights": torch.arange(5.0)}, "epoch": 3}


@pytest.mark.parametrize("name", REMEDIES)
@pytest.mark.parametrize("spoil", ["empty", "foreign", "short", "half", "longer", "signed, but nothing else", "old"])
def test_a_damaged_checkpoint_is_named_with_the_remedy(tmp_path: Path, name: str, spoil: str) -> None:
    checkpoint, path = Checkpoint(tmp_path), tmp_path / f"{name}.pt"
    checkpoint.save(name, STATE)
    whole = path.read_bytes()
    other = {"empty": b"", "foreign": b"not a checkpoint", "short": whole[:-1], "half": whole[: len(whole) // 2]}
    other |= {"longer": whole + b"\0", "old": whole[: -files.SIGNED], "signed, but nothing else": b""}
    path.write_bytes(other[spoil])
    if spoil.startswith("signed"):
        files.sign(path)
    with pytest.raises(ValueError, match=rf"the checkpoint .*{name}\.pt cannot be read .*{REMEDIES[name]}"):
        checkpoint.load(name)


@pytest.mark.parametrize(("name", "field"), [("task", "fits"), ("fit-0-0", "outcome"), ("epoch-0-0", "now")])
@pytest.mark.parametrize("odd", [None, {"lr": 0.1, "gone": 1}, [{"gone": 1}]])
def test_a_whole_checkpoint_of_another_version_is_refused_in_words(
    name: str, field: str, odd: object, tasks: TaskSequence, tmp_path: Path
) -> None:
    """It does not load, and it is no crash: the message names the file and the remedy."""
    checkpoint = Checkpoint(tmp_path)

    def stop(method: Method, epoch: train.Epoch) -> None:
        if name != "task" or epoch.task == 1:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        train.run(make_method("finetune", tasks), tasks, protocol=SHORT, on_epoch=stop, checkpoint=checkpoint)
    content = checkpoint.load(name) or {"state": make_method("finetune", tasks).state_dict(), "outcome": {}}
    content.pop(field)
    checkpoint.save(name, content if odd is None else {**content, field: odd})
    words = rf"the checkpoint .*{name}\.pt was written by another version of the package.*{REMEDY_OF[name]}"
    with pytest.raises(ValueError, match=words):
        train.run(make_method("finetune", tasks), tasks, protocol=SHORT, checkpoint=checkpoint)


REMEDY_OF = {
    "task": "delete .*, or run with --again",
    "fit-0-0": "delete this file: .* this training's last epoch",
    "epoch-0-0": "delete this file: .* begins this one training again",
}


def test_a_checkpoint_with_any_byte_changed_is_refused(tmp_path: Path) -> None:
    checkpoint, path = Checkpoint(tmp_path), tmp_path / "task.pt"
    checkpoint.save("task", STATE)
    assert torch.equal(checkpoint.load("task")["state"]["weights"], torch.arange(5.0))  # type: ignore[index]
    whole = path.read_bytes()
    for i in range(0, len(whole)):
        path.write_bytes(whole[:i] + bytes([whole[i] ^ (1 << i % 8)]) + whole[i + 1 :])
        with pytest.raises(ValueError, match=r"task\.pt cannot be read \(it does not end in the sum of its bytes"):
            checkpoint.load("task")


def test_what_is_written_is_on_the_disk_before_it_takes_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a loss of power could leave the name on an empty file."""
    path, synced, real = tmp_path / "file", list[int](), os.fsync

    def sync(number: int) -> None:
        assert not path.exists()
        synced.append(os.fstat(number).st_size)
        real(number)

    monkeypatch.setattr(files.os, "fsync", sync)
    with written(path) as temporary:
        temporary.write_bytes(b"content")
    assert synced == [7] and path.read_bytes() == b"content"


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_json_that_other_readers_refuse_is_not_written(tmp_path: Path, number: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        files.write_json(tmp_path / "file.json", {"loss": number})
    assert list(tmp_path.iterdir()) == []


def test_who_holds_a_folder_may_be_illegible(tmp_path: Path) -> None:
    assert files.holder(tmp_path) == "another process"
    (tmp_path / "holder").write_bytes(b"process \xff on here")
    assert files.holder(tmp_path) == "process \ufffd on here"


def test_a_folder_is_held_until_it_is_let_go_or_its_holder_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from tfm_lite.files import lock; held = lock(Path(sys.argv[1]))"
    )
    program += "; print(held is not None, flush=True); time.sleep(60)"
    other = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert other.stdout and other.stdout.readline() == "True\n"
    for _ in range(2):  # who tries in vain does not blot out the name
        assert lock(tmp_path) is None
        assert files.holder(tmp_path) == f"process {other.pid} on {socket.gethostname()}"
    other.kill()
    other.communicate()
    let_go = lock(tmp_path)
    assert let_go and files.holder(tmp_path) == f"process {os.getpid()} on {socket.gethostname()}"
    let_go()
    assert files.holder(tmp_path) == "another process" and lock(tmp_path) is not None


def test_two_processes_do_not_share_a_run(made_up: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, path = run.run_kept(CONFIG, data=made_up)
    path.unlink()
    let_go = lock(path.parent)
    assert let_go and lock(path.parent) is None
    with pytest.raises(InUse, match=rf"process {os.getpid()} on .* has this run in hand, .*left alone"):
        run.run_kept(CONFIG, data=made_up)
    assert not path.exists()
    let_go()
    assert run.run_kept(CONFIG, data=made_up)[1] == path


def test_a_run_that_is_recorded_is_not_run_again(made_up: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = run.run_kept(CONFIG, data=made_up)
    monkeypatch.setattr(run, "record_of", None)
    assert run.run_kept(CONFIG, data=made_up) == first
    with pytest.raises(TypeError):
        run.run_kept(CONFIG, data=made_up, again=True)


@pytest.mark.parametrize("name", ["task.pt.123", "epoch-0-0.pt.4567"])
def test_what_a_killed_writer_left_is_removed(made_up: Path, name: str) -> None:
    _, path = run.run_kept(CONFIG, data=made_up)
    old = [path.with_name(name), path.with_name(f"{path.name}.99")]
    for file in old:
        file.write_bytes(b"half")
    path.unlink()
    run.run_kept(CONFIG, data=made_up)
    assert path.exists() and not any(file.exists() for file in old)
    assert leftovers(path.parent, "*") == []


def fails(action: Callable[[], Any], match: str) -> None:
    with pytest.raises(OSError, match=match):
        action()


def test_a_disk_that_will_not_do_is_an_error_at_once(made_up: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "record_of", None)  # nothing is to be learned here
    blocked = made_up / "a file"
    blocked.write_text("in the way")
    fails(
        lambda: run.run_kept(CONFIG, data=made_up, out=blocked / "out"), r"nothing can be written in .*out \(Not a dir"
    )
    usage = type("Usage", (), {"free": 10_000})
    monkeypatch.setattr(files.shutil, "disk_usage", lambda _: usage)
    fails(lambda: run.run_kept(CONFIG, data=made_up), r"has room for 0 MB, and a run keeps up to \d+ MB .* make room")


def test_room_is_what_checkpoints_take(made_up: Path) -> None:
    """The most that is ever there lies below the estimate, and not far below it."""
    config = Config("made up", "tfm", network="mlp", protocol=SHORT, options={"start": 0.9})
    tasks, most, real = datasets.load("made up"), [0], files.os.replace

    def rename(old: Path, new: Path) -> None:
        most[0] = max(most[0], sum(path.stat().st_size for path in Path(old).parent.glob("*.pt*")))
        real(old, new)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files.os, "replace", rename)
        run.run_kept(config, data=made_up)
    estimate = run.room(Run(config, tasks))
    assert 0.5 * estimate < most[0] < 1.1 * estimate


def test_a_disk_that_fills_up_stops_a_run_and_loses_nothing(made_up: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A limit on the size of a file stands for the full disk: a write fails in the midst of a checkpoint."""
    command = [
        "run",
        "--tasks",
        "made up",
        "--method",
        "tfm",
        "--network",
        "mlp",
        "--epochs",
        "1",
        "--data",
        str(made_up),
    ]
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        assert main(command) == 2
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    error = capsys.readouterr().err
    assert re.search(r"error: .*pt cannot be written .* make room; then the same command goes on", error)
    (folder,) = (made_up / "cache" / "runs").iterdir()
    assert leftovers(folder, "*.pt") == [] and not list(folder.glob("*.json"))
    assert main(command) == 0


def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def stopped_half_way() -> None:
        with written(path) as temporary:
            temporary.write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        stopped_half_way()
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_a_suite_goes_on_without_the_runs_of_another_process(
    made_up: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    configs = [CONFIG, Config("made up", "finetune", network="mlp", width=0.1, protocol=CONFIG.protocol)]
    monkeypatch.setattr("tfm_lite.runs.commands.SUITES", {"two": lambda seeds=(0,): configs})
    assert main(["list", "--missing", "two", "--data", str(made_up)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:3] for line in lines] == [["0", "made", "up"], ["1", "made", "up"]]
    _, path = run.run_kept(CONFIG, data=made_up)
    path.unlink()
    let_go = lock(path.parent)
    assert let_go and main(["run", "two", "--data", str(made_up)]) == 0
    out = capsys.readouterr().out
    assert "freeze" in out and "in the hands of another process" in out and "forgetting" in out
    let_go()
    assert main(["list", "--missing", "two", "--data", str(made_up)]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["0"]
    assert main(["run", "two", "--index", "0", "--data", str(made_up)]) == 0
    capsys.readouterr()
    assert main(["list", "--missing", "two", "--data", str(made_up)]) == 0
    assert capsys.readouterr().out == ""
    assert main(["run", "two", "--index", "2", "--data", str(made_up)]) == 2
    assert "two has no run 2 by these options; its runs are 0, 1" in capsys.readouterr().err
