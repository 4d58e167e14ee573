"""Trained networks that come with records, and how they come there."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

import tfm_lite as tfm
from tfm_lite import datasets, train
from tfm_lite.__main__ import main
from tfm_lite.protocol import Protocol
from tfm_lite.runs import results, trained
from tfm_lite.runs.config import Config
from tfm_lite.runs.run import run_kept

METHODS = {"tfm": {"grow": "schedule"}, "packnet": {}}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short run of each method, in ``data``, and its record, in ``results``."""
    folder = tmp_path_factory.mktemp("runs")
    (folder / "data").mkdir()
    for method, options in METHODS.items():
        short = Protocol(epochs=1, lr=0.1)
        config = Config("alphabets", method, network="mlp", width=0.2, protocol=short, options=options)
        run_kept(config, data=folder / "data", out=folder / "results")
    return folder


@pytest.fixture
def folder(runs: Path, tmp_path: Path) -> Path:
    """A copy of these."""
    shutil.copytree(runs, tmp_path, dirs_exist_ok=True)
    return tmp_path


def record_of(method: str, folder: Path) -> Path:
    (path,) = folder.glob(f"results/*-{method}-*.json")
    return path


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.long
def test_a_kept_network_answers_as_the_run_did(method: str, folder: Path) -> None:
    path = record_of(method, folder)
    before = results.load(path)
    kept = trained.keep(path, data=folder / "data", half=False)
    assert kept == folder / "weights" / f"{before.name}.pt"
    found = tfm.load_trained(before.name[:20], folder=folder / "results")
    assert found.record.accuracy == before.accuracy and found.record.key == before.key
    tasks = datasets.load("alphabets")
    inputs = train.Inputs(tasks)
    assert [train.accuracy(found.method, task, inputs) for task in tasks] == before.accuracy[-1]


def test_half_precision_takes_half_and_is_float32_again(folder: Path) -> None:
    path = record_of("tfm", folder)
    whole = trained.keep(path, data=folder / "data", half=False).stat().st_size
    assert main(["keep", str(path), "--half", "--data", str(folder / "data")]) == 0
    (kept,) = (folder / "weights").iterdir()
    assert kept.stat().st_size < 0.75 * whole  # names and offsets stay as long as they were
    (name,) = trained.names(folder / "results")
    state = tfm.load_trained(name, folder=folder / "results").method.state_dict()
    assert {tensor.dtype for tensor in state.values() if tensor.is_floating_point()} == {torch.float32}


def test_another_file_is_refused(folder: Path) -> None:
    path = record_of("tfm", folder)
    kept = trained.keep(path, data=folder / "data", half=False)
    content = bytearray(kept.read_bytes())
    content[len(content) // 2] ^= 1
    kept.write_bytes(content)
    with pytest.raises(ValueError, match=r"is not the file that its record, .*, knows"):
        tfm.load_trained(kept.stem, folder=folder / "results")


@pytest.mark.long
def test_what_cannot_be_kept_or_is_not_there_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="no trained network's name begins with 'birds'; there are alphabets-28-"):
        tfm.load_trained("birds")
    path = record_of("tfm", folder)
    (folder / "other").mkdir()
    assert main(["keep", str(path), "--data", str(folder / "other")]) == 2
    assert "has left no network in" in capsys.readouterr().err


@pytest.mark.parametrize("name", trained.names())
def test_what_comes_with_the_package_answers_as_its_record_says(name: str) -> None:
    found = tfm.load_trained(name)
    if found.record.config["tasks"] != "alphabets":
        pytest.skip(f"needs the images of {found.record.config['tasks']}")
    tasks = datasets.load("alphabets", seed=found.record.config["seed"])
    inputs = train.Inputs(tasks)
    assert [train.accuracy(found.method, task, inputs) for task in tasks] == found.record.accuracy[-1]


def test_all_that_comes_with_the_package_is_small() -> None:
    folder = trained._weights(None)
    assert 0 < sum(path.stat().st_size for path in folder.iterdir()) < 10e6
