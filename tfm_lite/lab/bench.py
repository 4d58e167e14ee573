"""A bench for experiments of a few tasks: their images, a protocol and a device, set up once.

It holds what an experiment in a chapter would otherwise say again and again. The work itself is done by
:mod:`tfm_lite.train`, as for every run.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from tfm_lite import train
from tfm_lite.datasets.tasks import Task, TaskSequence
from tfm_lite.learner import Learner
from tfm_lite.methods.base import Method
from tfm_lite.nn.networks import Builder
from tfm_lite.protocol import Protocol


class Bench:
    """Tasks to learn one after the other under ``protocol``, on ``device``. ``network`` replaces the one that is asked for
    by name (None: it is taken). Made by :meth:`tfm_lite.lab.Here.bench`.

    >>> from tfm_lite import lab, methods
    >>> bench = lab.Here().bench("Greek", "Cyrillic", epochs=1)
    >>> method = methods.get("finetune")(bench.build("lenet"))
    >>> bench.learn(method, 0)
    >>> len(bench.accuracies(method))
    1
    """

    def __init__(
        self, tasks: TaskSequence, *, protocol: Protocol, device: str = "cpu", network: str | None = None
    ) -> None:
        self.tasks, self.protocol, self.device, self.network = tasks, protocol, device, network
        self.names = [task.name for task in tasks]
        self.inputs = train.Inputs(tasks, device)

    def __getitem__(self, t: int) -> Task:
        return self.tasks[t]

    def __len__(self) -> int:
        return len(self.tasks)

    def build(self, network: Any, **how: Any) -> Builder:
        """A network, by name or as stages, for these tasks; without dropout if nothing else is said."""
        return builder(network, self.tasks, instead=self.network, **{"dropout": 0.0, **how})

    def redrawn(self, t: int, change: Callable[[Any], Any]) -> Bench:
        """The same bench with other images of task ``t``: ``change`` of every split's, uint8 (N, C, size, size)."""
        task = self.tasks[t]
        parts = {name: getattr(task, name) for name in ("train", "valid", "test")}
        new = replace(task, **{name: replace(part, images=change(part.images)) for name, part in parts.items()})
        bench = copy.copy(self)
        bench.tasks = replace(self.tasks, tasks=tuple(new if task.index == t else task for task in self.tasks))
        bench.inputs = train.Inputs(bench.tasks, self.device)
        return bench

    def but(self, **changes: Any) -> Protocol:
        """The bench's protocol with these changes."""
        return replace(self.protocol, **changes)

    def fit(self, method: Learner, t: int) -> train.Fit:
        """A training of task ``t``, to be called as often as one likes."""
        return train.Fit(method, self.tasks[: t + 1], self.inputs, protocol=self.protocol)

    def learn(self, method: Method, t: int, *, on_epoch: train.OnEpoch | None = None, **changes: Any) -> None:
        """Let the method learn task ``t``; ``changes`` are of the protocol, such as ``epochs=1``."""
        seen, protocol = self.tasks[: t + 1], self.but(**changes)
        train.learn(method, seen, self.inputs, protocol=protocol, on_epoch=on_epoch)

    def accuracies(self, method: Method, *, split: str = "test") -> list[float]:
        """Of every task that the method has begun, as fractions."""
        return [train.accuracy(method, self.tasks[t], self.inputs, split=split) for t in range(len(method.classes))]

    def images(self, t: int, split: str = "test") -> tuple[Tensor, Tensor]:
        """All images of a task's split, (B, C, size, size), as a network takes them, and their labels (B,)."""
        images = getattr(self.tasks[t], split)
        return self.inputs.of(images, torch.arange(len(images)))


def builder(network: Any, tasks: TaskSequence, *, instead: str | None, **how: Any) -> Builder:
    """A network for these tasks; ``instead`` of one that is asked for by name, at its own width, if there is an instead."""
    if instead and isinstance(network, str):
        network, how = instead, {name: value for name, value in how.items() if name != "width"}
    return Builder.of(network, tasks=tasks, **how)
