"""The losses of short trainings, for ``torchrun --nproc-per-node 2 tests/helpers/parallel.py`` and for one process alike.

Prints JSON: for every method the training and validation loss of each epoch; with ``--learn`` the test accuracies instead,
in single precision and with dropout.
"""

from __future__ import annotations

import json
import sys

import torch
from small import make_method, make_tasks, quick_options

from tfm_lite import distributed, methods, train
from tfm_lite.datasets.inputs import Inputs
from tfm_lite.datasets.tasks import TaskSequence
from tfm_lite.methods.base import Method
from tfm_lite.train import Protocol


class Doubles(Inputs):
    def __call__(self, images: torch.Tensor, generator: torch.Generator | None = None) -> torch.Tensor:
        return super().__call__(images, generator).double()


def losses(name: str, tasks: TaskSequence) -> list[float]:
    """Two tasks of 2 epochs: 28 steps or more. A last batch of the first has 4 images, and of the second one."""
    method, found = make_method(name, tasks, dropout=0.0).double(), list[float]()

    def keep(_: Method, report: train.Epoch) -> None:
        found.extend([report.loss, report.penalty, report.valid_loss, report.valid_accuracy])

    for task in tasks:
        method.begin(task.index, len(task.classes))
        method.double()
        protocol = Protocol(epochs=2, batch=5, lr=0.02)
        seen = tasks[: task.index + 1]
        method.learn(task, train.Fit(method, seen, Doubles(tasks), protocol=protocol, on_epoch=keep))
        method.end(task.index)
    return found


def learned(name: str) -> list[float]:
    tasks = make_tasks(groups=(3, 3), per_class=40, noise=30.0)
    method = make_method(name, tasks, dropout=0.2, **quick_options(name, 0.0, 0.15))
    return train.run(method, tasks, protocol=Protocol(epochs=25, batch=16, patience=5)).matrix[-1]


def main() -> None:
    torch.set_num_threads(1)
    distributed.start("cpu")
    if "--learn" in sys.argv:
        found = {name: learned(name) for name in ("finetune", "tfm", "packnet")}
    else:
        tasks = make_tasks(groups=(3, 2))
        found = {name: losses(name, tasks) for name in methods.names()}
    if distributed.first():
        print(json.dumps(found))
    distributed.stop()


if __name__ == "__main__":
    main()
