"""A bench for experiments of a few seconds: some of the embedded alphabets, and a short form of the protocol.

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

from tfm_lite import datasets, train
from tfm_lite.datasets.tasks import Task, TaskSequence
from tfm_lite.learner import Learner
from tfm_lite.methods.base import Method
from tfm_lite.nn.networks import Builder


class Lab:
    """Alphabets to learn one after the other, in ``epochs`` epochs each, by plain SGD and without dropout.

    ``names`` are their names, in the order of the data set; none means all six. A test image counts as one letter.

    >>> from tfm_lite import methods
    >>> lab = Lab("Greek", "Cyrillic", epochs=1)
    >>> method = methods.get("finetune")(lab.build("lenet"))
    >>> lab.learn(method, 0)
    >>> len(lab.accuracies(method))
    1
    """

    def __init__(self, *names: str, epochs: int = 15, seed: int = 0) -> None:
        every = datasets.load("alphabets", seed=seed)
        unknown = set(names) - {task.name for task in every}
        if unknown:
            raise ValueError(f"there is no alphabet {min(unknown)!r}; there are {', '.join(t.name for t in every)}")
        chosen = [task for task in every if not names or task.name in names]
        self.tasks: TaskSequence = replace(every, tasks=tuple(replace(task, index=t) for t, task in enumerate(chosen)))
        self.names = [task.name for task in chosen]
        self.inputs = train.Inputs(self.tasks)
        self.protocol = replace(train.QUICK, epochs=epochs)

    def __getitem__(self, t: int) -> Task:
        return self.tasks[t]

    def __len__(self) -> int:
        return len(self.tasks)

    def build(self, network: Any, **how: Any) -> Builder:
        """A network, by name or as stages, for these tasks; without dropout if nothing else is said."""
        return Builder.of(network, tasks=self.tasks, **{"dropout": 0.0, **how})

    def redrawn(self, t: int, change: Callable[[Any], Any]) -> Lab:
        """The same bench with other images of task ``t``: ``change`` of the uint8 images (N, 1, 28, 28) of every split."""
        task = self.tasks[t]
        parts = {name: getattr(task, name) for name in ("train", "valid", "test")}
        new = replace(task, **{name: replace(part, images=change(part.images)) for name, part in parts.items()})
        lab = copy.copy(self)
        lab.tasks = replace(self.tasks, tasks=tuple(new if task.index == t else task for task in self.tasks))
        lab.inputs = train.Inputs(lab.tasks)
        return lab

    def but(self, **changes: Any) -> train.Protocol:
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

    def letters(self, t: int, split: str = "test") -> tuple[Tensor, Tensor]:
        """All images of a task's split, (B, 1, 28, 28), as a network takes them, and their labels (B,)."""
        images = getattr(self.tasks[t], split)
        x, y = images.batch(torch.arange(len(images)))
        return self.inputs(x), y
