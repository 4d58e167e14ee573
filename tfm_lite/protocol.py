"""How a task is learned, in numbers, and what comes of it.

The protocol is that of HAT (Serra et al. 2018), as the paper says: plain SGD, the learning rate divided when the validation
loss stops improving, the best weights restored at the end. :mod:`tfm_lite.train` follows it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any, Literal

import torch
from torch import nn

from tfm_lite.options import Count, NotNegative, Positive, Range, check_fields

BelowOne = Annotated[float, Range(least=0, below=1)]

# Fields that came after the first records, with the value that leaving them out stands for.
LATER = {"optimizer": "sgd", "momentum": 0.0, "weight_decay": 0.0}


@dataclass(frozen=True)
class Protocol:
    """How a task is learned. Defaults: HAT's, with the paper's dropout, and one difference.

    ``lr`` is divided by ``factor`` after ``patience`` epochs without a strictly better validation loss; training stops
    when it falls below ``lr_min`` or after ``epochs``. ``clip`` bounds the norm of the gradient. ``optimizer`` is PyTorch's
    of that name, ``momentum`` that of "sgd"; the learning rate of the other two is usually a fiftieth of the default.

    1. The clip is 10 for every method. HAT's code has 10000 for most, which never bites: on photographs a new head on the
       large features of a trained network meets a batch, often an epoch's last and smallest, whose gradient has a norm of
       25 where 3 to 10 are usual; one step later the loss is 30, and the next ones, of norms in the hundreds, leave every
       feature dead. Fine-tuning then stays at chance, and so do the tasks after it.
    """

    epochs: Count = 200
    batch: Count = 64
    lr: Positive = 0.05
    factor: Annotated[float, Range(above=1)] = 3.0
    patience: Count = 5
    lr_min: Positive = 1e-4
    clip: Positive = 10.0
    dropout: BelowOne = 0.5
    optimizer: Literal["sgd", "adam", "adamw"] = "sgd"
    momentum: BelowOne = 0.0
    weight_decay: NotNegative = 0.0

    def __post_init__(self) -> None:
        check_fields(self, "a protocol's")
        if self.lr_min > self.lr:
            raise ValueError(f"a protocol's lr_min is at most its lr, {self.lr:g}, not {self.lr_min:g}")
        if self.momentum and self.optimizer != "sgd":
            raise ValueError(
                f"a protocol's momentum is that of 'sgd', not of {self.optimizer!r}, which has its own: leave it 0"
            )

    def fresh(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        """A new optimizer of these parameters."""
        if self.optimizer == "sgd":
            return torch.optim.SGD(parameters, self.lr, self.momentum, weight_decay=self.weight_decay)
        kind = torch.optim.Adam if self.optimizer == "adam" else torch.optim.AdamW
        return kind(parameters, self.lr, weight_decay=self.weight_decay)

    def plain(self) -> dict[str, Any]:
        """The protocol as plain JSON, as records have it."""
        return {name: value for name, value in asdict(self).items() if (name, value) not in LATER.items()}


FULL = Protocol()
"""All that is left at its default: what the runs on photographs have."""
QUICK = Protocol(epochs=20, patience=3, lr_min=5e-3, dropout=0.0)
"""The book's short form, of 20 epochs at most: what the runs on letters have."""


@dataclass
class State:
    """Where a training stands after ``epoch`` epochs. ``loss`` and ``accuracy`` are those of the best, on the validation
    images; ``since`` is how many epochs ago it was, ``patience`` how many more without a better one ``lr`` is kept for.
    """

    lr: float
    patience: int
    epoch: int = 0
    since: int = 0
    loss: float = math.inf
    accuracy: float = 0.0
    seconds: float = 0.0

    def after(self, loss: float, accuracy: float, protocol: Protocol) -> bool:
        """Count an epoch that ended in this validation loss and accuracy; whether it is the best so far."""
        best = loss < self.loss
        self.epoch += 1
        if best:
            self.loss, self.accuracy, self.since, self.patience = loss, accuracy, 0, protocol.patience
        else:
            self.since, self.patience = self.since + 1, self.patience - 1
        if self.patience == 0:
            self.lr, self.patience = self.lr / protocol.factor, protocol.patience
        return best


@dataclass(frozen=True)
class Epoch:
    """What is told of an epoch: ``epoch`` (from 1) of training ``fit`` (from 0) of ``task`` (from 0).

    ``lr`` is the learning rate it had. ``loss`` is the mean of the data term over the images it took, ``penalty`` that of
    the rest; ``valid_loss`` has both, ``valid_accuracy`` is a fraction.
    """

    task: int
    fit: int
    epoch: int
    lr: float
    loss: float
    penalty: float
    valid_loss: float
    valid_accuracy: float
    seconds: float


@dataclass(frozen=True)
class Outcome:
    """What a call of ``fit`` came to: validation loss and accuracy (a fraction) of the kept epoch; epochs and time run."""

    loss: float
    accuracy: float
    epochs: int
    seconds: float


@dataclass
class History:
    """What a run has come to so far. ``matrix[t][s]`` is the test accuracy (a fraction) of task s after learning task t;
    ``fits[t]`` are the outcomes of the calls of ``fit`` for task t, in order.
    """

    matrix: list[list[float]] = field(default_factory=list)
    fits: list[list[Outcome]] = field(default_factory=list)

    def check(self, tasks: int) -> None:
        """Refuse what is not the history of the first of so many tasks."""
        lengths = [len(row) for row in self.matrix]
        if lengths != [*range(1, len(lengths) + 1)] or len(self.fits) != len(lengths) or len(lengths) > tasks:
            raise ValueError(
                f"it has a history of {len(self.fits)} tasks with {lengths} accuracies; there are {tasks} tasks"
            )
