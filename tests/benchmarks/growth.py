"""What a search for the growth costs, and whether a cheaper one makes the same choice: ``python tests/benchmarks/growth.py``.

At every task of alphabets, from the same state: the search in full, as TFM has it; one that starts every candidate from what
the one before it learned (``shared``); and three that need no more training, because they follow from the full one's epochs:
choose after the first few epochs and train only the chosen one to its end (``short N``); stop half way through the
candidates' learning rates those that are then more than 3 points below the margin (``drop``); stop at the first candidate
that is no better than the best before it (``rising``). The run goes on with the full search's choice. With ``--record`` the
figures are written to data/benchmarks/growth.json.
"""

from __future__ import annotations

import argparse
import copy
import json
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from tfm_lite import datasets, train
from tfm_lite.datasets.tasks import Task
from tfm_lite.files import written
from tfm_lite.methods.tfm import TFM
from tfm_lite.nn import growth
from tfm_lite.runs.config import Config, build_method
from tfm_lite.runs.suites import SUITES
from tfm_lite.train import Epoch, Fit

RECORD = Path(__file__).parents[2] / "data" / "benchmarks" / "growth.json"
SHORT = (3, 5, 8)
DROP = 0.03  # how far below the margin a candidate must be to be stopped


class Curves:
    """Given to a run as ``on_epoch``: the epochs of every training, in order."""

    def __init__(self) -> None:
        self.trainings: list[list[Epoch]] = []

    def __call__(self, method: object, report: Epoch) -> None:
        if report.epoch == 1:
            self.trainings.append([])
        self.trainings[-1].append(report)


def accuracy(curve: list[Epoch], epochs: int | None = None) -> float:
    """Validation accuracy of the epoch that would be kept of the first so many."""
    return min(curve[:epochs], key=lambda report: report.valid_loss).valid_accuracy


@torch.no_grad()
def inherit(new: torch.nn.Module, old: torch.nn.Module) -> None:
    """Copy what a smaller candidate learned into the part of a larger one that it has too."""
    learned = dict(old.named_parameters())
    for name, parameter in new.named_parameters():
        values = learned[name]
        parameter[tuple(slice(size) for size in values.shape)] = values


def cheap(curves: list[list[Epoch]], margin: float) -> dict[str, tuple[int, int]]:
    """The choice and the epochs of the searches that follow from the full one's curves."""
    ends = [accuracy(curve) for curve in curves]
    lengths = [len(curve) for curve in curves]
    found = {"full": (growth.smallest_within(ends, margin), sum(lengths))}
    for epochs in SHORT:
        early = [accuracy(curve, epochs) for curve in curves]
        chosen = growth.smallest_within(early, margin)
        spent = sum(min(epochs, length) for length in lengths)
        found[f"short {epochs}"] = chosen, spent + max(0, lengths[chosen] - epochs)
    half = [len([report for report in curve if report.lr == curve[0].lr]) for curve in curves]
    early = [accuracy(curve, epochs) for curve, epochs in zip(curves, half, strict=True)]
    stay = [i for i, value in enumerate(early) if value >= max(early) - margin - DROP]
    spent = sum(lengths[i] if i in stay else half[i] for i in range(len(curves)))
    found["drop"] = stay[growth.smallest_within([ends[i] for i in stay], margin)], spent
    last = next((i for i in range(1, len(ends)) if ends[i] <= max(ends[:i])), len(ends) - 1)
    found["rising"] = growth.smallest_within(ends[: last + 1], margin), sum(lengths[: last + 1])
    return found


def watched(method: TFM, curves: Curves, tell: Callable[[dict[str, Any]], None]) -> Callable[[Task, Fit], None]:
    """A ``learn`` for this method that searches in full and with a shared start, and tells what every search chose."""
    search = type(method).learn

    def shared(task: Task, fit: Fit, before: torch.nn.Module) -> list[float]:
        ends: list[float] = []
        for fraction in method.candidates(task.index):
            last, method.net = method.net, copy.deepcopy(before)
            method.grow(task.index, fraction)
            if ends:
                inherit(method.net, last)
            ends.append(fit().accuracy)
        return ends

    def learn(task: Task, fit: Fit) -> None:
        if task.index == 0:
            search(method, task, fit)
            return
        before, fractions = copy.deepcopy(method.net), method.candidates(task.index)
        start = len(curves.trainings)
        warm = shared(task, fit, before)
        middle = len(curves.trainings)
        method.net = before
        search(method, task, fit)
        full, mine = curves.trainings[middle:], curves.trainings[start:middle]
        ends = [accuracy(curve) for curve in full]
        chosen = cheap(full, method.margin)
        found = {name: {"chosen": i, "epochs": n, "accuracy": ends[i]} for name, (i, n) in chosen.items()}
        i = growth.smallest_within(warm, method.margin)
        found["shared"] = {"chosen": i, "epochs": sum(map(len, mine)), "accuracy": warm[i]}
        tell({"task": task.index, "fractions": fractions, "ends": ends, **found})

    return learn


def measure(config: Config, data: Path | None) -> list[dict[str, Any]]:
    tasks = datasets.load(config.tasks, seed=config.seed, size=config.size, data=data)
    method: Any = build_method(config, tasks)
    curves, rows = Curves(), list[dict[str, Any]]()
    method.learn = watched(method, curves, lambda row: rows.append({"seed": config.seed, **row}))
    train.run(method, tasks, protocol=config.protocol, seed=config.seed, on_epoch=curves)
    return rows


def summary(rows: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """For every search: epochs as a share of the full one's, how often it chose the same, and its chosen accuracy."""
    found = {}
    for name in [key for key, value in rows[0].items() if isinstance(value, dict)]:
        epochs = sum(row[name]["epochs"] for row in rows) / sum(row["full"]["epochs"] for row in rows)
        same = sum(row[name]["chosen"] == row["full"]["chosen"] for row in rows)
        value = statistics.mean(row[name]["accuracy"] for row in rows)
        size = statistics.mean(row["fractions"][row[name]["chosen"]] for row in rows)
        found[name] = {"epochs": epochs, "same": same, "searches": len(rows), "accuracy": value, "size": size}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--suite", default="alphabets", help="whose runs of TFM are searched (alphabets)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--record", action="store_true", help="write data/benchmarks/growth.json")
    options = parser.parse_args()
    configs = [c for c in SUITES[options.suite](tuple(options.seeds)) if c.method == "tfm"]
    rows: list[dict[str, Any]] = []
    for config in configs:
        rows += measure(config, options.data)
        content = {"suite": options.suite, "summary": summary(rows), "searches": rows}
        print(config.seed, json.dumps(content["summary"], indent=1), flush=True)
        if options.record:
            with written(RECORD) as temporary:
                temporary.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
