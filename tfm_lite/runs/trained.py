"""Trained networks that come with the package: where runs ended whose records come with it too."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import torch

from tfm_lite import datasets, methods
from tfm_lite.checkpoint import Checkpoint
from tfm_lite.files import written
from tfm_lite.methods.base import Method
from tfm_lite.nn.networks import Builder
from tfm_lite.places import shipped
from tfm_lite.runs import results
from tfm_lite.runs.config import Config, Run
from tfm_lite.runs.results import Result


class Trained(NamedTuple):
    """A method that has learned all its tasks, and the record of the run in which it did."""

    method: Method
    record: Result


def names(folder: Path | None = None) -> list[str]:
    """The records in ``folder`` (None: those that come with the package) whose weights are there too."""
    return sorted(path.stem for path in _weights(folder).glob("*.pt"))


def load_trained(name: str, *, folder: Path | None = None) -> Trained:
    """The method of a record at the end of its run, with the record. ``name`` is the record's name or how it begins, such as
    "alphabets-28-lenet-tfm"; the first that begins so is taken.

    Weights that were kept in half precision are float32 again, and a little rounded. Raises ``ValueError`` if there is none
    of this name, or the file is not the one that the record knows.

    >>> trained = load_trained("alphabets-28-lenet-tfm")
    >>> len(trained.method.classes), trained.record.forgetting
    (6, 0.0)
    """
    known = names(folder)
    found = next((each for each in known if each.startswith(name)), None)
    if found is None:
        raise ValueError(f"no trained network's name begins with {name!r}; there are {', '.join(known) or 'none'}")
    record = results.load((folder or shipped("results")) / f"{found}.json")
    path = _weights(folder) / f"{found}.pt"
    if _sum(path) != record.weights:
        raise ValueError(
            f"{path} is not the file that its record, {found}, knows: take both of one version of the package"
        )
    content = torch.load(path, weights_only=True)
    config = Config.of(record.config)
    shape = {"channels": content["channels"], "size": config.size, "tasks": len(record.tasks)}
    build = Builder.of(
        str(config.network), width=config.width, seed=config.seed, dropout=config.protocol.dropout, **shape
    )
    method = methods.get(config.method)(build, **config.options)
    method.rebuild(record.structure)
    method.load_state_dict({key: _full(tensor) for key, tensor in content["state"].items()})
    method.eval()
    return Trained(method, record)


def keep(path: Path, *, data: Path | None, half: bool) -> Path:
    """Keep the weights of a finished run with its record, from the run's own folder; the path of the weights.

    They are written beside the folder of the record, in ``weights``, and their sum into the record. ``half`` rounds them to
    half precision.
    """
    record = results.load(path)
    config = Config.of(record.config)
    tasks = datasets.load(config.tasks, seed=config.seed, size=config.size, data=data)
    run = Run(config, tasks)
    if run.key != record.key:
        raise ValueError(
            f"{path} is of other images, or of other numerics, than there are here: run it again, then keep it"
        )
    saved = next(filter(None, (_end(folder, run.key) for folder in run.folders(data))), None)
    if saved is None:
        raise ValueError(
            f"the run of {path} has left no network in {run.folder(data)}: run it again there, then keep it"
        )
    state = {key: _half(tensor) if half else tensor for key, tensor in saved["state"].items()}
    kept = _weights(path.parent) / f"{record.name}.pt"
    kept.parent.mkdir(exist_ok=True)
    with written(kept) as temporary:
        torch.save({"channels": tasks.channels, "state": state}, temporary)
    results.save(replace(record, weights=_sum(kept)), path.parent)
    return kept


def _end(folder: Path, key: str) -> dict[str, Any] | None:
    return Checkpoint(folder, of=key).load("task") if folder.is_dir() else None


def _weights(results_folder: Path | None) -> Path:
    return results_folder.parent / "weights" if results_folder else shipped("weights")


def _sum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _half(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.half() if tensor.dtype == torch.float32 else tensor


def _full(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.float() if tensor.dtype == torch.float16 else tensor
