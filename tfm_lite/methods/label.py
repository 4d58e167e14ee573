"""Which task is it? Without a label all heads answer, and a rule chooses the task; the chosen head then says the class.

Task-incremental methods are told the task. :func:`look` takes images of all tasks through every head, one pass per task, and
:meth:`~tfm_lite.methods.label.Seen.by` says what a rule makes of it: how often the task is found, which tasks are taken for
which, and the class-incremental accuracy, for which task and class must be right. Rules give a score (B, tasks) for each
task, the highest is chosen:

- :func:`entropy` and :func:`energy` need nothing but the logits;
- :func:`maximum` needs a temperature per task (:func:`calibrate`), fitted on the task's validation images when it had just
  been learned: then they are there, and one number is all that is kept of them;
- a :class:`Gate` is a linear classifier on features. On those of the first task it keeps sums and no images, as long as these
  features never change.

A head was never trained on images of another task: nothing says that it is unsure of them. Every rule hopes so.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from tfm_lite.datasets.inputs import Inputs
from tfm_lite.datasets.tasks import Task
from tfm_lite.methods.base import Method

COLDEST, HOTTEST = 0.01, 100.0  # temperatures; a head that is right on every validation image wants 0


@dataclass(frozen=True)
class Found:
    """What a rule made of N images: the task of each, the one that was ``chosen``, and whether task and class were right;
    each (N,). ``told`` is whether the class is right when the task is told."""

    tasks: Tensor
    chosen: Tensor
    right: Tensor
    told: Tensor

    @property
    def accuracy(self) -> float:
        """Class-incremental: the share of images whose task and class are right, the mean over tasks."""
        return self._mean(self.right)

    @property
    def found(self) -> float:
        """The share of images whose task is found, the mean over tasks."""
        return self._mean(self.chosen == self.tasks)

    @property
    def with_label(self) -> float:
        """Task-incremental accuracy, the mean over tasks: no rule can be right more often."""
        return self._mean(self.told)

    def confusion(self) -> list[list[float]]:
        """A row per task and a column per task chosen: shares of the row's images."""
        count = int(max(self.tasks.max(), self.chosen.max())) + 1
        rows = (self.chosen[self.tasks == t] for t in range(count))
        return [(torch.bincount(row, minlength=count) / max(1, len(row))).tolist() for row in rows]

    def _mean(self, values: Tensor) -> float:
        each = [values[self.tasks == t].double().mean() for t in self.tasks.unique()]
        return float(torch.stack(each).mean())


@dataclass(frozen=True)
class Seen:
    """All heads' answers to N images of all tasks: per head the ``logits`` (N, classes of its task) and the ``features``
    (N, features) that it had them from; of each image its task and its label there, (N,). All on the CPU."""

    logits: list[Tensor]
    features: list[Tensor]
    tasks: Tensor
    labels: Tensor

    def by(self, scores: Tensor) -> Found:
        """What comes of choosing the task of the highest score; ``scores`` are (N, tasks)."""
        wanted = len(self.tasks), len(self.logits)
        if tuple(scores.shape) != wanted:
            raise ValueError(f"scores are (images, tasks), {wanted}, not {tuple(scores.shape)}: one for each head")
        chosen = scores.argmax(1)
        classes = torch.stack([each.argmax(1) for each in self.logits], 1)
        right, told = (classes.gather(1, t[:, None])[:, 0] == self.labels for t in (chosen, self.tasks))
        return Found(self.tasks, chosen, right & (chosen == self.tasks), told)


def look(method: Method, tasks: Sequence[Task], inputs: Inputs, *, split: str = "test") -> Seen:
    """Every head's answers to the images of a ``split`` of every task that the method has begun."""
    logits: list[list[Tensor]] = []
    features: list[list[Tensor]] = []
    of, labels = list[Tensor](), list[Tensor]()
    for task in tasks[: len(method.classes)]:
        for x, y in inputs.batches(getattr(task, split)):
            answers, given = passes(method, x)
            logits.append([each.float().cpu() for each in answers])
            features.append([each.float().cpu() for each in given])
            of.append(torch.full((len(y),), task.index))
            labels.append(y.cpu())
    answers, given = ([torch.cat(parts) for parts in zip(*every, strict=True)] for every in (logits, features))
    return Seen(answers, given, torch.cat(of), torch.cat(labels))


def passes(method: Method, x: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    """The logits (B, classes) of every head for images (B, channels, size, size), and the features (B, features) that each
    head was given: one pass per task. Raises ``ValueError`` if a task has no head."""
    logits, features = list[Tensor](), list[Tensor]()
    for t in range(len(method.classes)):
        with _given(method, t) as given:
            logits.append(method.predict(x, t))
        if not given:
            raise ValueError(
                f"task index {t} of {method.name or type(method).__name__} was answered by no module heads.{t}: without a "
                "task label a method needs a head per task, in a Network or a PerTask called heads"
            )
        features.append(given[-1])
    return logits, features


@contextmanager
def _given(method: Method, t: int) -> Iterator[list[Tensor]]:
    """What the head of task ``t`` is given in here. Copies of a network have heads of that name too, and are not called."""
    found: list[Tensor] = []

    def watch(_: object, given: tuple[Any, ...]) -> None:
        found.append(given[0].detach())

    heads = [module for name, module in method.named_modules() if f".{name}".endswith(f".heads.{t}")]
    handles = [head.register_forward_pre_hook(watch) for head in heads]
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()


def entropy(logits: Sequence[Tensor]) -> Tensor:
    """Scores (B, tasks): how sure each head is. Less its entropy, as a share of the largest that it can have, log(classes):
    a head of fewer classes is not surer for that."""
    logs = [each.double().log_softmax(1) for each in logits]
    return torch.stack([(each.exp() * each).sum(1) / math.log(each.shape[1]) for each in logs], 1)


def energy(logits: Sequence[Tensor]) -> Tensor:
    """Scores (B, tasks): log-sum-exp of each head's logits (Liu et al. 2020), less log(classes), for the same reason."""
    return torch.stack([each.double().logsumexp(1) - math.log(each.shape[1]) for each in logits], 1)


def maximum(logits: Sequence[Tensor], temperatures: Sequence[float]) -> Tensor:
    """Scores (B, tasks): the probability that each head gives its best class, at its own temperature (Guo et al. 2017)."""
    if len(temperatures) != len(logits):
        raise ValueError(
            f"{len(logits)} heads have {len(temperatures)} temperatures: calibrate() each when it is learned"
        )
    pairs = zip(logits, temperatures, strict=True)
    return torch.stack([(each.double() / heat).softmax(1).amax(1) for each, heat in pairs], 1)


def temperature(logits: Tensor, labels: Tensor) -> float:
    """The temperature at which the cross-entropy of logits (B, classes) with labels (B,) is least, from 0.01 to 100.

    In 1 / temperature the cross-entropy is convex, and its slope is the expected logit less that of the label: halving the
    interval finds where it is 0.
    """
    logits = logits.double()
    right = logits.gather(1, labels[:, None])[:, 0]

    def slope(cold: float) -> float:
        return float(((logits * cold).softmax(1) * logits).sum(1).sub(right).mean())

    low, high = math.log(1 / HOTTEST), math.log(1 / COLDEST)
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if slope(math.exp(middle)) <= 0 else (low, middle)
    return math.exp(-(low + high) / 2)


def calibrate(method: Method, task: Task, inputs: Inputs) -> float:
    """The temperature of a task's head, by the task's validation images: to be called when it has just been learned."""
    pairs = [(method.predict(x, task.index).float(), y) for x, y in inputs.batches(task.valid)]
    logits, labels = (torch.cat(parts) for parts in zip(*pairs, strict=True))
    return temperature(logits, labels)


class Gate:
    """A linear classifier of all classes of all tasks; its score of a task is that of the task's best class.

    It is linear discriminant analysis, from sums (as in Hayes and Kanan 2020): the mean of every class and one scatter within
    classes, both exact however many tasks come, and no images. That asks for features that are the same when the last task
    comes as when the first did: of a zero-forgetting method, those of task 1. Features of *all* tasks are not there when
    the first is learned; whoever uses them must have kept images, such as those to validate on, and calls :meth:`learn` for
    every task at the end. ``shrink`` mixes the scatter with its mean times the identity, for there may be fewer images than
    features.
    """

    def __init__(self, *, shrink: float = 0.1) -> None:
        if not 0 < shrink <= 1:
            raise ValueError(f"a gate shrinks by a share above 0 and up to 1, not by {shrink}")
        self.shrink = shrink
        self.means: list[Tensor] = []  # per task (classes, features)
        self.counts: list[int] = []  # of images, per task
        self.scatter = torch.zeros(0, 0, dtype=torch.float64)

    def learn(self, features: Tensor, labels: Tensor) -> None:
        """Take in the next task: features (B, features) of its images, and their labels (B,), every class at least once."""
        features = features.double()
        counts = torch.bincount(labels)
        if not counts.all():
            raise ValueError(
                f"class {int(counts.argmin())} of task index {len(self.means)} has no image: give one of each"
            )
        means = torch.zeros(len(counts), features.shape[1], dtype=torch.float64).index_add(0, labels, features)
        means /= counts[:, None]
        apart = features - means[labels]
        if self.means and self.means[0].shape[1] != features.shape[1]:
            raise ValueError(
                f"the gate knows {self.means[0].shape[1]} features, not {features.shape[1]}: give those of one and the same "
                "task throughout"
            )
        self.scatter = apart.T @ apart + (self.scatter if self.means else 0)
        self.means.append(means)
        self.counts.append(len(labels))

    def scores(self, features: Tensor) -> Tensor:
        """Scores (B, tasks) of features (B, features)."""
        covariance = self.scatter / sum(self.counts)
        size = covariance.diagonal().mean().clamp(min=1e-12)
        identity = torch.eye(len(covariance), dtype=torch.float64)
        covariance = (1 - self.shrink) * covariance + self.shrink * size * identity
        return torch.stack([self._best(means, covariance, features.double()) for means in self.means], 1)

    @staticmethod
    def _best(means: Tensor, covariance: Tensor, features: Tensor) -> Tensor:
        weight = torch.linalg.solve(covariance, means.T)
        return (features @ weight - (means.T * weight).sum(0) / 2).amax(1)

    def storage(self) -> int:
        """Bytes that it keeps, in float32: the means, and the scatter, which is symmetric."""
        size = len(self.scatter)
        return 4 * (sum(means.numel() for means in self.means) + size * (size + 1) // 2)


def work(method: Method) -> list[int]:
    """Multiplications and additions of a pass of one image for each task, as PyTorch counts them."""
    from torch.utils.flop_counter import FlopCounterMode  # slow to import, and all methods are when one is looked for

    x = torch.zeros(1, method.build.channels, method.build.size, method.build.size)
    x = x.to(next(tensor for tensor in method.state_dict().values() if tensor.is_floating_point()))
    found = []
    for t in range(len(method.classes)):
        with FlopCounterMode(display=False) as counter:
            method.predict(x, t)
        found.append(counter.get_total_flops())
    return found


def saving(passed: Sequence[int]) -> float:
    """What slices save of a pass per task, where each would otherwise cost as much as the dearest: a share from 0 on."""
    return 1 - sum(passed) / (len(passed) * max(passed))
