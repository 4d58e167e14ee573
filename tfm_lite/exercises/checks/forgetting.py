"""Chapters 0 to 2: accuracy, forgetting, and a method that forgets nothing."""

from __future__ import annotations

from typing import Any

import torch

from tfm_lite import metrics, train
from tfm_lite.exercises.hostile import pictures
from tfm_lite.exercises.judge import Judge, check
from tfm_lite.methods.base import Method
from tfm_lite.nn.networks import Builder
from tfm_lite.nn.stages import Stage
from tfm_lite.protocol import Protocol

# Of five classes: guessing is .2, three standard deviations above it .32, and whoever learned at all has nearly all right.
LEARNED = 0.6


@check
def check_accuracy(judge: Judge, accuracy: Any) -> None:
    """Chapter 0: ``accuracy(logits, labels)``, (B, classes) and (B,), is the share of right answers."""
    four = torch.tensor([[2.0, 1.0, 0.0], [0.0, 3.0, 1.0], [0.0, 1.0, 5.0], [4.0, 0.0, 0.0]])
    generator = torch.Generator().manual_seed(0)
    many = torch.randn(50, 6, generator=generator), torch.randint(6, (50,), generator=generator)
    for part, (logits, labels) in {"four": (four, torch.tensor([0, 2, 1, 2])), "other": many}.items():
        with judge.part(part):
            right = (logits.argmax(1) == labels).double()
            got = judge.number(accuracy(logits.clone(), labels.clone()))
            wrong = {
                "sum": right.sum(),
                "percent": 100 * right.mean(),
                "error": 1 - right.mean(),
                "classes": right.sum() / logits.shape[1],
            }
            judge.equal(got, right.mean(), wrong if part == "four" else {}, cause=part)


@check
def check_forgetting(judge: Judge, forgetting: Any) -> None:
    """Chapter 1: ``forgetting(matrix)`` is the mean of final minus just-learned accuracy, without the last task."""
    four = [[0.7], [0.8, 0.8], [0.5, 0.75, 0.9], [0.3, 0.6, 0.7, 0.6]]
    for part, matrix in {"matrix": four, "other": [[0.9], [0.95, 0.8]]}.items():
        with judge.part(part):
            got, right = judge.number(forgetting([list(row) for row in matrix])), metrics.forgetting(matrix)
            count = len(matrix)
            best = [max(row[t] for row in matrix[t:-1]) for t in range(count - 1)]
            to_best = sum(matrix[-1][t] - most for t, most in enumerate(best)) / (count - 1)
            wrong = {
                "sign": -right,
                "last": right * (count - 1) / count,
                "best": to_best,
                "best_sign": -to_best,
                "sum": right * (count - 1),
                "percent": 100 * right,
                "first": matrix[-1][0] - matrix[0][0],
            }
            judge.equal(got, right, wrong if part == "matrix" else {"sign": -right}, given=str(matrix))


@check
def check_zero_forgetting(judge: Judge, method: Any) -> None:
    """Chapter 2: a method (its class) learns two tasks, and then task 1 gives the outputs that it gave before.

    Under momentum, weight decay and gradients that are zeros where others would be None, on made-up pictures that are
    easily told apart: both tasks must be learned.
    """
    judge.must(method is not None, "none")
    judge.must(isinstance(method, type) and issubclass(method, Method), "class")
    tasks = pictures()
    subject = hostile(method)(Builder.of((Stage(16), Stage(16)), tasks=tasks))
    inputs, short = train.Inputs(tasks), Protocol(epochs=5, batch=16)
    x, _ = next(inputs.batches(tasks[0].test))
    train.learn(subject, tasks[:1], inputs, protocol=short)
    before = subject.predict(x, 0)
    old = {name: tensor.clone() for name, tensor in subject.state_dict().items()}
    train.learn(subject, tasks[:2], inputs, protocol=short)
    with judge.part("keeps"):
        drift = (subject.predict(x, 0) - before).abs().max().item()
        now = subject.state_dict()
        moved = [name for name, tensor in old.items() if name in now and not torch.equal(tensor, now[name])]
        flagged = [name for name, p in subject.named_parameters() if name in moved and not p.requires_grad]
        judge.must(drift == 0 or not flagged, "flag", drift=f"{drift:.2g}", names=", ".join(flagged))
        judge.must(drift == 0, "moved", drift=f"{drift:.2g}", names=", ".join(moved))
    if not judge.passed["keeps"]:
        return  # who learns and forgets has done nothing yet: that is fine-tuning
    for task, part in zip(tasks, ("first", "second"), strict=True):
        with judge.part(part):
            right, chance = train.accuracy(subject, task, inputs), 1 / len(task.classes)
            judge.must(right > LEARNED, part, right=f"{right:.0%}", chance=f"{chance:.0%}")


def hostile(method: type[Method]) -> type[Method]:
    """The method under an optimizer that moves all it can."""

    class Hostile(method):  # type: ignore[misc,valid-type]
        def optimizer(self, parameters: Any, t: int, protocol: Protocol) -> torch.optim.Optimizer:
            return torch.optim.SGD(parameters, lr=protocol.lr, momentum=0.9, weight_decay=5e-4)

        def after_backward(self, t: Any) -> None:
            super().after_backward(t)
            for parameter in self.parameters():
                if parameter.grad is None:  # as after zero_grad(set_to_none=False)
                    parameter.grad = torch.zeros_like(parameter)

    return Hostile
