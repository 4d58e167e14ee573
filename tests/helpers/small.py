"""Small made-up tasks on which everything is quick, and the settings under which nothing may be forgotten."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pytest
import torch

from tfm_lite import methods
from tfm_lite.datasets.tasks import Split, TaskSequence, by_class
from tfm_lite.methods.base import Method
from tfm_lite.nn.networks import Builder
from tfm_lite.options import options_of
from tfm_lite.train import Protocol

SHORT = Protocol(epochs=2, batch=16, patience=1)
# (network, factor of its width, channels, pixels): at these sizes a step takes milliseconds.
SMALL = {
    "mlp": (1 / 8, 1, 12),
    "lenet": (1.0, 1, 28),
    "lenet_bn": (1.0, 1, 28),
    "alexnet": (1 / 16, 3, 64),
    "alexnet_64": (1 / 8, 3, 64),
    "vgg16": (1 / 16, 3, 64),
}
# For tests of each method on each of them; the deep ones take longest.
NETWORKS = [pytest.param(name, marks=pytest.mark.long) if name in ("alexnet", "vgg16") else name for name in SMALL]


def make_tasks(
    *, channels: int = 1, size: int = 12, groups: tuple[int, ...] = (3, 2, 4), per_class: int = 14, noise: float = 60.0
) -> TaskSequence:
    """Classes are random pictures under noise; the groups have these numbers of classes."""
    rng, classes = np.random.RandomState(0), sum(groups)
    pictures = rng.randint(0, 256, (classes, channels, size, size))
    labels = np.arange(classes * per_class * 2) % classes
    images = np.clip(pictures[labels] + noise * rng.randn(len(labels), channels, size, size), 0, 255).astype(np.uint8)
    half, rows = len(labels) // 2, np.arange(len(labels))
    train, test = (Split(images, rows[part], labels[part]) for part in (slice(0, half), slice(half, None)))
    cuts = np.split(np.arange(classes), np.cumsum(groups)[:-1])
    names = [f"class {c}" for c in range(classes)]
    return by_class("made up", train, test, groups=[cut.tolist() for cut in cuts], names=names, seed=0)


def make_method(
    name: str, tasks: TaskSequence, network: str = "mlp", *, dropout: float = 0.5, **options: object
) -> Method:
    """A fresh method on a small form of the network."""
    build = Builder.of(network, tasks=tasks, width=SMALL[network][0], dropout=dropout)
    return methods.get(name)(build, **options)


def quick_options(name: str, *growths: float) -> dict[str, object]:
    """Options under which a method is quick: a search tries these growths, and by default two instead of five."""
    return {"growths": growths or (0.0, 0.1)} if "growths" in options_of(methods.get(name)) else {}


def tasks_for(network: str) -> TaskSequence:
    _, channels, size = SMALL[network]
    return make_tasks(channels=channels, size=size)


def states_equal(a: Method, b: Method) -> bool:
    """Whether two methods have the same tensors, bit for bit."""
    x, y = a.state_dict(), b.state_dict()
    return x.keys() == y.keys() and all(torch.equal(x[name], y[name]) for name in x)


def sgd(parameters: Iterable[torch.nn.Parameter], t: int, protocol: Protocol) -> torch.optim.Optimizer:
    return torch.optim.SGD(parameters, lr=protocol.lr)


def momentum_and_decay(parameters: Iterable[torch.nn.Parameter], t: int, protocol: Protocol) -> torch.optim.Optimizer:
    return torch.optim.SGD(parameters, lr=protocol.lr, momentum=0.9, weight_decay=5e-4)


class KeptAdam:
    """One Adam for all tasks: it still holds the parameters, moments and weight decay of the tasks before."""

    def __init__(self) -> None:
        self.adam: torch.optim.Adam | None = None

    def __call__(self, parameters: Iterable[torch.nn.Parameter], t: int, protocol: Protocol) -> torch.optim.Optimizer:
        if self.adam is None:
            self.adam = torch.optim.Adam(parameters, lr=1e-3, weight_decay=5e-4)
        known = {p for group in self.adam.param_groups for p in group["params"]}
        new = [p for p in parameters if p not in known]
        if new:
            self.adam.add_param_group({"params": new})
        return self.adam


class Vandal(KeptAdam):
    """Besides learning, it moves every parameter that it was ever given, at every step."""

    def __call__(self, parameters: Iterable[torch.nn.Parameter], t: int, protocol: Protocol) -> torch.optim.Optimizer:
        first = self.adam is None
        adam = super().__call__(parameters, t, protocol)
        if first:
            adam.register_step_post_hook(self._move)
        return adam

    @staticmethod
    def _move(optimizer: torch.optim.Optimizer, *_: object) -> None:
        with torch.no_grad():
            for group in optimizer.param_groups:
                for parameter in group["params"]:
                    parameter += 1e-3


HOSTILE: dict[str, Callable[[], Callable[..., torch.optim.Optimizer]]] = {
    "sgd": lambda: sgd,
    "momentum and weight decay": lambda: momentum_and_decay,
    "Adam, never reset": KeptAdam,
    "a vandal": Vandal,
}
