"""Records and checkpoints of any shape: named, and passed over or made again; nothing foreign is taken for one's own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from made_up_records import record_of
from small import SHORT, make_method, make_tasks, states_equal

from tfm_lite import faults, train
from tfm_lite.__main__ import main
from tfm_lite.checkpoint import Checkpoint
from tfm_lite.datasets.tasks import TaskSequence
from tfm_lite.files import read_json, sign
from tfm_lite.runs import records, results, run, selection
from tfm_lite.runs.config import Config
from tfm_lite.runs.run import run_experiment
from tfm_lite.train import Protocol

CONFIG = Config("made up", "freeze", network="mlp", width=0.1, protocol=Protocol(epochs=1, batch=16))


def whole_texts() -> dict[str, str]:
    deep = "[" * 100_000 + "]" * 100_000
    return {
        "a list": "[1, 2]",
        "a number": "3",
        "nothing": "",
        "null": "null",
        "text": '"x"',
        "deep": deep,
        "half": '{"key',
    }


def changed(*place: str | int, to: Any) -> Callable[[dict[str, Any]], None]:
    """A change of one value."""

    def change(content: dict[str, Any]) -> None:
        *way, last = place
        part: Any = content
        for step in way:
            part = part[step]
        part[last] = to

    return change


CHANGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "of a later version": changed("power", to=3.0),
    "of an earlier version": lambda content: content.pop("numerics"),
    "no accuracies": changed("accuracy", to=[]),
    "a row too short": lambda content: content["accuracy"][2].pop(),
    "a row too few": lambda content: content["accuracy"].pop(),
    "a row too many": lambda content: content["accuracy"].append([0.5] * 4),
    "an accuracy missing": changed("accuracy", 3, 0, to=None),
    "an accuracy too many": changed("accuracy", 0, 3, to=0.5),
    "an accuracy in percent": changed("accuracy", 3, 0, to=55.0),
    "an accuracy that is NaN": changed("accuracy", 2, 0, to=float("nan")),
    "an accuracy that is a word": changed("accuracy", 3, 0, to="good"),
    "accuracies by name": changed("accuracy", to={"a": 1}),
    "accuracies that are none": changed("accuracy", to=None),
    "a row that is none": changed("accuracy", 1, to=None),
    "an average that is a word": changed("average", to="good"),
    "an average that is NaN": changed("average", to="NaN"),
    "a task too few": lambda content: content["tasks"].pop(),
    "a task's images": changed("images", 0, to=0),
    "a task's classes": changed("structure", "classes", 0, to="two"),
    "no classes": changed("structure", to={}),
    "a task's trainings": lambda content: content["fits"].pop(),
    "a loss that is a word": changed("fits", 0, 0, "loss", to="small"),
    "a training that is none": changed("fits", 0, 0, to=None),
    "memory that is a word": changed("memory", "weights", to="much"),
    "a configuration that is none": changed("config", to=["freeze"]),
    "a configuration without a network": lambda content: content["config"].pop("network"),
    "a configuration without a size": changed("config", "size", to=None),
    "a method that is a number": changed("config", "method", to=5),
    "options that are a list": changed("config", "options", to=[]),
    "a protocol that is a word": changed("config", "protocol", to="full"),
    "a key that is a number": changed("key", to=5),
    "a key that is short": changed("key", to=None),
}


def write(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change a record as somebody with an editor would, who takes the sum away."""
    content = json.loads(path.read_text())
    content.pop("crc32")
    change(content)
    path.write_text(json.dumps(content))


@pytest.fixture
def kept(tmp_path: Path) -> tuple[Path, Path]:
    """The files of two records."""
    one, two = (record_of(Config("flowers", "freeze", seed=seed, size=64)) for seed in (0, 1))
    return results.save(one, tmp_path), results.save(two, tmp_path)


def odd_ones(path: Path) -> Iterator[str]:
    """Give a file every odd content in turn."""
    text = path.read_text()
    for name, content in whole_texts().items():
        path.write_text(content)
        yield name
    for name, change in CHANGES.items():
        path.write_text(text)
        write(path, change)
        yield name


def test_whatever_a_record_is_it_is_named_and_the_others_are_shown(
    kept: tuple[Path, Path], capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    odd, good = kept
    suite, seen = [Config("flowers", "freeze", seed=seed, size=64) for seed in (0, 1)], 0
    for name in odd_ones(odd):
        caplog.clear()
        faults.warn_once.cache_clear()
        with pytest.raises(ValueError, match=r"is not a record of a run as it was written \(.+\); .* makes it again"):
            results.load(odd)
        assert [record.config["seed"] for record in results.load_all(odd.parent)] == [1], name
        assert f"passed over: {odd} is not a record" in caplog.text, name
        assert records.missing(suite, records.files(None, odd.parent)) == [0], name
        assert main(["show", str(odd), str(good)]) == 2, name
        out, err = capsys.readouterr()
        assert out.startswith("freeze on flowers, 64 pixels, alexnet_64, seed 1\n") and len(err.splitlines()) == 1, name
        assert err.startswith(f"error: {odd} is not a record of a run as it was written ("), name
        seen += 1
    assert seen == len(whole_texts()) + len(CHANGES)


@pytest.mark.parametrize("name", ["a list", "a number", "nothing", "deep"])
def test_json_that_is_none_of_ours_is_a_mistake_in_words(name: str, tmp_path: Path) -> None:
    (path := tmp_path / "store.json").write_text(whole_texts()[name])
    with pytest.raises(ValueError, match=r"it is not an object|Expecting value|it has lists in lists without end"):
        read_json(path)


@pytest.mark.parametrize(
    "change",
    [
        changed("config", "method", to="of_another_house"),
        changed("config", "tasks", to="folder-photos+3tasks"),
        changed("fits", 0, 0, "loss", to=None),
        changed("fits", 0, 0, "loss", to="Infinity"),
        lambda content: content.pop("images"),
    ],
    ids=[
        "a method that is not here",
        "a data set that is not here",
        "no loss",
        "a loss without end",
        "images not counted",
    ],
)
def test_what_is_only_unusual_is_a_record(
    change: Callable[[dict[str, Any]], object], kept: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    write(kept[0], change)
    assert len(results.load_all(kept[0].parent)) == 2
    assert main(["show", str(kept[0])]) == 0 and capsys.readouterr().err == ""


def test_folders_and_what_may_not_be_read_are_passed_over(
    kept: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    odd, good = kept
    odd.unlink()
    odd.mkdir()
    (closed := good.with_name("closed.json")).write_text("{}")
    real = Path.read_text

    def read_text(path: Path, **how: Any) -> str:
        if path == closed:
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, **how)

    monkeypatch.setattr(Path, "read_text", read_text)
    assert [record.config["seed"] for record in results.load_all(good.parent)] == [1]
    assert f"passed over: {odd}: Is a directory: " in caplog.text
    assert f"passed over: {closed}: Permission denied: see who may read and write it" in caplog.text


@pytest.mark.parametrize("name", ["of a later version", "a row too short", "an accuracy that is NaN", "deep"])
def test_a_record_of_another_shape_is_made_again(name: str, made_up: Path, caplog: pytest.LogCaptureFixture) -> None:
    first, path = run.run_kept(CONFIG, data=made_up)
    if name == "deep":
        path.write_text(whole_texts()[name])
    else:
        write(path, CHANGES[name])
    assert run.run_kept(CONFIG, data=made_up) == (first, path) and f"passed over: {path}" in caplog.text
    assert results.load(path) == first


def test_a_folder_in_the_place_of_the_record_is_refused_before_anything_is_learned(
    made_up: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, path = run.run_kept(CONFIG, data=made_up, out=made_up / "out")
    path.unlink()
    path.mkdir()
    monkeypatch.setattr(run, "record_of", lambda *_, **__: pytest.fail("it learned"))
    with pytest.raises(
        ValueError, match=r"\.json is a folder, and the record is to be written there: take it away, or"
    ):
        run.run_kept(CONFIG, data=made_up, out=made_up / "out")


@pytest.mark.parametrize(
    "text", [*whole_texts().values(), "{}", '{"config": [], "seeds": 0}'], ids=lambda text: text[:9]
)
def test_a_choice_of_another_shape_is_passed_over(text: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "alphabets-odd.json").write_text(text)
    assert selection.load_all(tmp_path) == [] and "alphabets-odd.json is not a choice as it was written" in caplog.text
    assert selection.chosen(Config("alphabets", "ewc"), folder=tmp_path) == {}


# Checkpoints

STRUCTURE = {"classes": [3, 2, 4], "learned": 3}
OTHERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "a list": lambda content: [1, 2],
    "a number": lambda content: torch.tensor(3),
    "more tasks": lambda content: {**content, "matrix": [[0.5] * (t + 1) for t in range(9)], "fits": [[]] * 9},
    "a row too long": lambda content: {**content, "matrix": [[0.5, 0.5]]},
    "no trainings": lambda content: {**content, "fits": []},
    "a matrix that is none": lambda content: {**content, "matrix": None},
    "classes that are none": lambda content: {**content, "structure": {**content["structure"], "classes": None}},
    "sizes of no task": lambda content: {**content, "structure": {**content["structure"], "fractions": []}},
    "a size too few": lambda content: {**content, "structure": {**STRUCTURE, "fractions": [0.5]}},
    "weights of another network": lambda content: {**content, "state": {"net.weight": torch.ones(2)}},
    "weights that are none": lambda content: {**content, "state": [1]},
}


def overwrite(path: Path, content: Any) -> None:
    """As :class:`Checkpoint` writes, but for the shape."""
    torch.save(content, path)
    sign(path)


@pytest.mark.parametrize("other", OTHERS)
def test_a_checkpoint_of_another_shape_is_named_and_the_remedy_works(
    other: str, tasks: TaskSequence, tmp_path: Path
) -> None:
    whole = make_method("tfm", tasks, growths=(0.0, 0.1))
    history = train.run(whole, tasks, protocol=SHORT, checkpoint=Checkpoint(tmp_path))
    path = tmp_path / "task.pt"
    overwrite(path, OTHERS[other](Checkpoint(tmp_path).load("task") or {}))
    again = make_method("tfm", tasks, growths=(0.0, 0.1))
    with pytest.raises(ValueError, match=r"the checkpoint .*task\.pt (cannot be read|was written by another).*delete "):
        train.run(again, tasks, protocol=SHORT, checkpoint=Checkpoint(tmp_path))
    path.unlink()
    again = make_method("tfm", tasks, growths=(0.0, 0.1))
    assert train.run(again, tasks, protocol=SHORT, checkpoint=Checkpoint(tmp_path)).matrix == history.matrix
    assert states_equal(again, whole)


@pytest.mark.parametrize("change", [{"method": "finetune"}, {"seed": 1}, {"protocol": SHORT}], ids=str)
@pytest.mark.parametrize("name", ["task", "fit-1-0", "epoch-1-0"])
def test_what_another_run_left_is_not_gone_on_from(name: str, change: dict[str, Any], tmp_path: Path) -> None:
    """Two runs in one folder: the second would have taken the first's weights for its own, and recorded them."""
    tasks, stops = make_tasks(), {"task": 2, "fit-1-0": 1, "epoch-1-0": 1}

    def stop(_: object, epoch: train.Epoch) -> None:
        if epoch.task == stops[name]:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        run_experiment(CONFIG, tasks=tasks, folder=tmp_path, on_epoch=stop)
    if name == "fit-1-0":
        kept = Checkpoint(tmp_path).load("epoch-1-0") or {}
        state = {"state": kept["best"], "outcome": {"loss": 1.0, "accuracy": 0.5, "epochs": 1, "seconds": 1.0}}
        of = torch.load(tmp_path / "epoch-1-0.pt", weights_only=True)["of"]
        Checkpoint(tmp_path, of=of).save(name, state)
    for path in tmp_path.glob("*.pt"):
        if path.stem != name:
            path.unlink()
    assert [path.stem for path in tmp_path.glob("*.pt")] == [name]
    other = replace(CONFIG, **change)
    with pytest.raises(
        ValueError, match=rf"the checkpoint .*{name}\.pt cannot be read \(it is of another run, [0-9a-f]+\)"
    ):
        run_experiment(other, tasks=tasks, folder=tmp_path)
    (tmp_path / f"{name}.pt").unlink()
    assert run_experiment(other, tasks=tasks, folder=tmp_path).config == other.resolved(tasks).plain()


def test_what_was_tried_with_other_options_is_not_taken(
    tasks: TaskSequence, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selection.datasets, "load", lambda *_, **__: tasks)
    monkeypatch.setattr(selection.methods.get("ewc"), "grid", {"lam": (1.0, 2.0)})
    config = replace(CONFIG, method="ewc")
    selection.select(config, seeds=(0,), count=1, folder=tmp_path)
    one, two = sorted(tmp_path.glob("*/accuracy.pt"))
    one.write_bytes(two.read_bytes())
    with pytest.raises(
        ValueError, match=r"accuracy\.pt cannot be read \(it is of another run.*tries these options again"
    ):
        selection.select(config, seeds=(0,), count=1, folder=tmp_path)
    one.unlink()
    Checkpoint(one.parent).save("accuracy", {"accuracy": [0.5, 0.5]})
    with pytest.raises(ValueError, match=r"accuracy\.pt was written by another version"):
        selection.select(config, seeds=(0,), count=1, folder=tmp_path)


def test_checkpoints_that_do_not_say_whose_they_are_still_count(tasks: TaskSequence, tmp_path: Path) -> None:
    """Those of runs that were begun before it was written down."""
    Checkpoint(tmp_path).save("task", {"x": 1})
    assert Checkpoint(tmp_path, of="a key").load("task") == {"x": 1}
    Checkpoint(tmp_path, of="a key").save("task", {"x": 2})
    assert Checkpoint(tmp_path).load("task") == Checkpoint(tmp_path, of="a key").load("task") == {"x": 2}
