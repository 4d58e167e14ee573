"""The losses of short trainings, for ``torchrun --nproc-per-node 2 tests/helpers/parallel.py`` and for one process alike.

Prints JSON: for every method the training and validation loss of each epoch; with ``--learn`` the test accuracies instead,
in single precision and with dropout. ``--alone``: as one of several processes, also if there is but one.
"""

from __future__ import annotations

import argparse
import json

import torch
import torch.distributed as dist
from small import make_method, make_tasks, quick_options

from tfm_lite import distributed, methods, train
from tfm_lite.datasets.inputs import Inputs
from tfm_lite.datasets.tasks import TaskSequence
from tfm_lite.methods.base import Method
from tfm_lite.reproducible import reproducible
from tfm_lite.train import Protocol


class Doubles(Inputs):
    def __call__(self, images: torch.Tensor, generator: torch.Generator | None = None) -> torch.Tensor:
        return super().__call__(images, generator).double()


def losses(name: str, tasks: TaskSequence, device: str = "cpu") -> list[float]:
    """Two tasks of 2 epochs: 28 steps or more. A last batch of the first has 4 images, and of the second one."""
    method, found = make_method(name, tasks, dropout=0.0).double(), list[float]()

    def keep(_: Method, report: train.Epoch) -> None:
        found.extend([report.loss, report.penalty, report.valid_loss, report.valid_accuracy])

    for task in tasks:
        method.to(device)
        method.begin(task.index, len(task.classes))
        method.to(device).double()
        protocol = Protocol(epochs=2, batch=5, lr=0.02)
        seen = tasks[: task.index + 1]
        method.learn(task, train.Fit(method, seen, Doubles(tasks, device), protocol=protocol, on_epoch=keep))
        method.end(task.index)
    return found


def learned(name: str) -> list[float]:
    tasks = make_tasks(groups=(3, 3), per_class=40, noise=30.0)
    method = make_method(name, tasks, dropout=0.2, **quick_options(name, 0.0, 0.15))
    return train.run(method, tasks, protocol=Protocol(epochs=25, batch=16, patience=5)).matrix[-1]


def agree() -> None:
    """What a group does with numbers, one process's or several's."""
    count, pair = distributed.processes(), torch.ones(2, device="cuda" if dist.get_backend() == "nccl" else "cpu")
    distributed.add([pair], weight=0.5)
    assert pair.tolist() == [0.5 * count] * 2, f"two times a half of 1 came to {pair.tolist()}"
    assert distributed.total(1.5, 2.0) == [1.5 * count, 2.0 * count]
    assert distributed.agreed("the first's" if distributed.first() else "another's") == "the first's"
    with distributed.first_alone():
        pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=methods.names())
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--learn", action="store_true")
    parser.add_argument("--alone", action="store_true")
    parser.add_argument("--wrong", action="store_true", help="add up half of what is to be added")
    options = parser.parse_args()
    torch.set_num_threads(1)
    device = distributed.start(options.device, alone=options.alone)
    if options.alone:
        agree()
    if options.wrong:
        add = distributed.add
        distributed.add = lambda tensors, *, weight=1.0: add(tensors, weight=weight / 2)
    if options.learn:
        found = {name: learned(name) for name in ("finetune", "tfm", "packnet")}
    else:
        tasks = make_tasks(groups=(3, 2))
        with reproducible(device):
            found = {name: losses(name, tasks, device) for name in options.names}
    if distributed.first():
        print(json.dumps(found))
    distributed.stop()


if __name__ == "__main__":
    main()
