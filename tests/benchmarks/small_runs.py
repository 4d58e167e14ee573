"""Whole small runs as ratios to fine-tuning's, in turns: ``OMP_NUM_THREADS=1 python tests/benchmarks/small_runs.py``.

The first five alphabets at 28 pixels, 20 epochs each, the MLP; seconds of the processor, for the machine may have other work.
``--facil DIR`` measures FACIL (github.com/mmasana/FACIL) beside, from a checkout: the same network, images and protocol, and
its batches ready as tensors. Without it, its ratios are those that were measured once of commit e09d2c8. What counts is the
time itself, ``against FACIL``: FACIL's own fine-tuning is slow, for it counts hits image by image, so that its other methods
cost little more. With ``--record`` the figures are written to data/benchmarks/small_runs.json.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import statistics
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from time import process_time
from types import SimpleNamespace
from typing import Any

import torch
from speed import processor, publish
from torch import Tensor, nn

from tfm_lite import datasets, train
from tfm_lite.datasets.inputs import Inputs
from tfm_lite.datasets.tasks import TaskSequence
from tfm_lite.methods import get
from tfm_lite.nn.networks import Builder, stages_of
from tfm_lite.train import Protocol

RECORD = Path(__file__).parents[2] / "data" / "benchmarks" / "small_runs.json"
TASKS, EPOCHS, BATCH = 5, 20, 64
PROTOCOL = Protocol(epochs=EPOCHS, batch=BATCH, patience=EPOCHS, dropout=0.0)
MEASURED = {"ewc": 1.23, "lwf": 0.97}  # FACIL e09d2c8 against its own fine-tuning
THEIRS = {"finetune": "finetuning", "ewc": "ewc", "lwf": "lwf", "mas": "mas"}  # our names and FACIL's


def ours(name: str, tasks: TaskSequence) -> float:
    """Seconds of one run."""
    build = Builder.of("mlp", tasks=tasks, dropout=0.0)
    began = process_time()
    train.run(get(name)(build), tasks, protocol=PROTOCOL)
    return process_time() - began


class Loader:
    """What FACIL needs of a ``DataLoader``, with images that are tensors already."""

    batch_size = BATCH

    def __init__(self, x: Tensor, y: Tensor, *, shuffle: bool) -> None:
        self.x, self.y, self.shuffle = x, y, shuffle
        self.dataset = _Labels(y)

    def __iter__(self) -> Any:
        order = torch.randperm(len(self.y)) if self.shuffle else torch.arange(len(self.y))
        return ((self.x[rows], self.y[rows]) for rows in order.split(BATCH))


class _Labels(list[Tensor]):
    transform = None


class Perceptron(nn.Module):
    head_var = "fc"

    def __init__(self, inputs: int) -> None:
        super().__init__()
        widths = [inputs, *(stage.features for stage in stages_of("mlp"))]
        layers = [(nn.Linear(a, b), nn.ReLU()) for a, b in pairwise(widths)]
        self.layers = nn.Sequential(nn.Flatten(), *[part for pair in layers for part in pair])
        self.fc = nn.Linear(widths[-1], 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.layers(x))  # type: ignore[no-any-return]


def facil(folder: Path, name: str, tasks: TaskSequence) -> float:
    """Seconds of one run of FACIL, testing after every task as ours does."""
    sys.path.insert(0, str(folder / "src"))
    network = importlib.import_module("networks.network")
    approach = importlib.import_module(f"approach.{THEIRS[name]}")
    exemplars = importlib.import_module("datasets.exemplars_dataset")
    sys.path.pop(0)
    inputs, offset, loaders = Inputs(tasks), 0, []
    for task in tasks:
        parts = {}
        for part in "train", "valid", "test":
            x, y = inputs.of(getattr(task, part), torch.arange(len(getattr(task, part))))
            parts[part] = Loader(x, y + offset, shuffle=part == "train")
        loaders.append(parts)
        offset += len(task.classes)
    torch.manual_seed(0)
    logger = SimpleNamespace(log_scalar=lambda **what: None)
    how = {"nepochs": EPOCHS, "lr_patience": EPOCHS, "logger": logger}
    began = process_time()
    net = network.LLL_Net(Perceptron(tasks.channels * tasks.size**2), remove_existing_head=True)
    method = approach.Appr(net, "cpu", exemplars_dataset=exemplars.ExemplarsDataset(None, []), **how)
    for t, task in enumerate(tasks):
        net.add_head(len(task.classes))
        with contextlib.redirect_stdout(io.StringIO()):
            method.train(t, loaders[t]["train"], loaders[t]["valid"])
            for s in range(t + 1):
                method.eval(s, loaders[s]["test"])
    return process_time() - began


def measure(tasks: TaskSequence, names: list[str], rounds: int, folder: Path | None) -> dict[str, dict[str, Any]]:
    """Per method its seconds and, against fine-tuning of the same round, its ratio; FACIL's beside."""
    runs: dict[str, Callable[[], float]] = {name: lambda name=name: ours(name, tasks) for name in names}
    if folder:
        both = [name for name in names if name in THEIRS]
        runs |= {f"FACIL {name}": lambda name=name: facil(folder, name, tasks) for name in both}
    found: dict[str, list[float]] = {name: [] for name in runs}
    for i in range(rounds + 1):
        turn = list(runs)[i % len(runs) :] + list(runs)[: i % len(runs)]
        for name in turn:
            found[name].append(runs[name]())
    results: dict[str, dict[str, Any]] = {}
    for name, (_, *times) in found.items():  # the first round warms up
        plain = found["FACIL finetune" if name.startswith("FACIL") else "finetune"][1:]
        ratios = [a / b for a, b in zip(times, plain, strict=True)]
        results[name] = {"seconds": statistics.median(times), "ratio": statistics.median(ratios)}
        results[name] |= {"low": min(ratios), "high": max(ratios), "rounds": rounds}
    for name in names:
        if f"FACIL {name}" in found:
            pairs = zip(found[name][1:], found[f"FACIL {name}"][1:], strict=True)
            results[name]["against FACIL"] = statistics.median(a / b for a, b in pairs)
        elif name in MEASURED:
            results[name]["FACIL's ratio"] = MEASURED[name]
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("methods", nargs="*", default=["finetune", "ewc", "lwf", "mas"], metavar="METHOD")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--facil", type=Path, help="a checkout of FACIL, to measure it beside")
    parser.add_argument("--record", action="store_true", help="write data/benchmarks/small_runs.json")
    options = parser.parse_args()
    tasks = datasets.load("alphabets")
    tasks = replace(tasks, tasks=tasks.tasks[:TASKS])
    names = ["finetune", *(name for name in options.methods if name != "finetune")]
    setting = {"torch": torch.__version__, "threads": torch.get_num_threads(), "processor": processor()}
    setting |= {"tasks": TASKS, "epochs": EPOCHS, "unit": "seconds of the processor"}
    publish({**setting, **measure(tasks, names, options.rounds, options.facil)}, RECORD if options.record else None)


if __name__ == "__main__":
    main()
