"""The training loop: the only one. Nothing else in the package calls ``optimizer.step``.

The protocol is that of HAT (Serra et al. 2018), as the paper says: plain SGD, the learning rate divided when the
validation loss stops improving, the best weights restored at the end.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from time import perf_counter
from typing import Any

import torch
from torch import Tensor, nn

from tfm_lite.checkpoint import Checkpoint
from tfm_lite.methods.base import Method
from tfm_lite.seeds import stream, torch_stream
from tfm_lite.tasks import Split, Task, TaskSequence

# Raised whenever a change moves numbers, so that records made before it are known to be old.
NUMERICS = 1
EVALUATION_BATCH = 256

Epoch = dict[str, Any]
OnEpoch = Callable[[Method, Epoch], None]


@dataclass(frozen=True)
class Protocol:
    """How a task is learned. Defaults: HAT's, with the paper's dropout.

    ``lr`` is divided by ``factor`` after ``patience`` epochs without a strictly better validation loss; training stops
    when it falls below ``lr_min`` or after ``epochs``. ``clip`` bounds the norm of the gradient.
    """

    epochs: int = 200
    batch: int = 64
    lr: float = 0.05
    factor: float = 3.0
    patience: int = 5
    lr_min: float = 1e-4
    clip: float = 10000.0
    dropout: float = 0.5


FULL = Protocol()
QUICK = Protocol(epochs=20, patience=3, lr_min=5e-3, dropout=0.0)  # the book's short form


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


class Inputs:
    """Turns uint8 images into what a network sees: on the device, float, normalised by the data set's constants."""

    def __init__(self, tasks: TaskSequence, device: torch.device | str = "cpu") -> None:
        self.device = torch.device(device)
        self.mean, self.std = (torch.tensor(v, device=device).view(1, -1, 1, 1) for v in (tasks.mean, tasks.std))
        self.augment = tasks.augment

    def __call__(self, images: Tensor, shake: torch.Generator | None = None) -> Tensor:
        """uint8 (B, channels, size, size) to float32 of the same shape; in training, ``shake`` draws the augmentation."""
        images = images.to(self.device, non_blocking=True)
        if shake and self.augment:
            images = self.augment(images, shake)
        return images.float().sub_(self.mean).div_(self.std)

    def batches(self, split: Split, *, size: int = EVALUATION_BATCH) -> Iterator[tuple[Tensor, Tensor]]:
        """The split in batches of images and labels, in its own order."""
        for indices in torch.arange(len(split)).split(size):
            images, labels = split.batch(indices)
            yield self(images), labels.to(self.device, non_blocking=True)


def step(
    method: Method,
    optimizer: torch.optim.Optimizer,
    x: Tensor,
    y: Tensor,
    t: int,
    *,
    progress: float = 0.0,
    clip: float = math.inf,
) -> tuple[Tensor, Tensor | float]:
    """One step on one batch of task ``t``. The order of the hooks is part of what a method may rely on."""
    method.before_batch(progress)
    loss, penalty = method.loss(x, y, t), method.penalty(t)
    optimizer.zero_grad()
    (loss + penalty).backward()
    method.after_backward()
    nn.utils.clip_grad_norm_([p for group in optimizer.param_groups for p in group["params"]], clip)
    optimizer.step()
    method.after_step()
    return loss.detach(), penalty.detach() if isinstance(penalty, Tensor) else penalty


@torch.no_grad()
def accuracy(method: Method, task: Task, inputs: Inputs, *, split: str = "test") -> float:
    """Share of the images of a task's ``split`` ("train", "valid" or "test") that are classified right."""
    right = 0.0
    images: Split = getattr(task, split)
    for x, y in inputs.batches(images):
        right += (method.predict(x, task.index).argmax(1) == y).sum().item()
    return right / len(images)


class Fit:
    """What a method's ``learn`` is given for one task: call it to train.

    Calls are numbered. When a stopped run is continued, ``learn`` runs again from its start; a call that had finished
    loads the state it ended in, and the one that had not goes on at its epoch.
    """

    def __init__(
        self,
        method: Method,
        tasks: Sequence[Task],
        inputs: Inputs,
        *,
        protocol: Protocol = FULL,
        seed: int = 0,
        on_epoch: OnEpoch | None = None,
        checkpoint: Checkpoint | None = None,
    ) -> None:
        """``tasks`` are those seen so far; the last is the one to learn."""
        self.method, self.tasks, self.inputs, self.protocol, self.seed = method, tasks, inputs, protocol, seed
        self.on_epoch, self.checkpoint = on_epoch, checkpoint or Checkpoint(None)
        self.t = tasks[-1].index
        self.outcomes: list[Outcome] = []

    def __call__(self, *, seen: bool = False, **changes: Any) -> Outcome:
        """Train on the task, or on all tasks seen so far, and leave the method with its best-validation weights.

        ``changes`` replace fields of the protocol, e.g. ``epochs=10``.
        """
        call = len(self.outcomes)
        done = self.checkpoint.load(f"fit-{self.t}-{call}")
        if done is None:
            done = self._train(call, self.tasks if seen else self.tasks[-1:], replace(self.protocol, **changes))
        self.method.load_state_dict(done["state"])
        self.outcomes.append(Outcome(**done["outcome"]))
        return self.outcomes[-1]

    def _train(self, call: int, tasks: Sequence[Task], protocol: Protocol) -> dict[str, Any]:
        method = self.method
        optimizer = method.optimizer(list(method.parameters()), protocol.lr)
        now: dict[str, Any] = {
            "epoch": 0,
            "lr": protocol.lr,
            "patience": protocol.patience,
            "loss": math.inf,
            "accuracy": 0.0,
            "seconds": 0.0,
        }
        best = _copy(method)
        saved = self.checkpoint.load(f"epoch-{self.t}-{call}")
        if saved is not None:
            now, best = saved["now"], saved["best"]
            method.load_state_dict(saved["state"])
            optimizer.load_state_dict(saved["optimizer"])
        while now["epoch"] < protocol.epochs and now["lr"] >= protocol.lr_min:
            began = perf_counter()
            report = self._epoch(optimizer, tasks, protocol, call, now["epoch"])
            now["epoch"] += 1
            if report["valid_loss"] < now["loss"]:
                now.update(loss=report["valid_loss"], accuracy=report["valid_accuracy"], patience=protocol.patience)
                best = _copy(method)
            else:
                now["patience"] -= 1
            report |= {"task": self.t, "fit": call, "epoch": now["epoch"], "lr": now["lr"]}
            if now["patience"] == 0:
                now.update(lr=now["lr"] / protocol.factor, patience=protocol.patience)
                for group in optimizer.param_groups:  # a method's groups may have rates of their own
                    group["lr"] /= protocol.factor
            report["seconds"] = perf_counter() - began
            now["seconds"] += report["seconds"]
            state = {"state": method.state_dict(), "optimizer": optimizer.state_dict()}
            self.checkpoint.save(f"epoch-{self.t}-{call}", {"now": now, "best": best, **state})
            if self.on_epoch:
                self.on_epoch(method, report)
        outcome = Outcome(now["loss"], now["accuracy"], now["epoch"], now["seconds"])
        done = {"state": best, "outcome": asdict(outcome)}
        self.checkpoint.save(f"fit-{self.t}-{call}", done)
        return done

    def _epoch(
        self, optimizer: torch.optim.Optimizer, tasks: Sequence[Task], protocol: Protocol, call: int, epoch: int
    ) -> Epoch:
        """Train for one epoch, then validate."""
        method, name = self.method, (self.t, call, epoch)
        torch.manual_seed(stream(self.seed, "dropout", *name))
        batches = self._order(tasks, protocol.batch, torch_stream(self.seed, "batches", *name))
        shake = torch_stream(self.seed, "augment", *name)
        method.train()
        total = torch.zeros(2, dtype=torch.float64, device=self.inputs.device)
        for i, (task, indices) in enumerate(batches):
            images, labels = task.train.batch(indices)
            x, y = self.inputs(images, shake), labels.to(self.inputs.device)
            parts = step(method, optimizer, x, y, task.index, progress=i / len(batches), clip=protocol.clip)
            total += torch.stack([torch.as_tensor(part).to(total) for part in parts]) * len(y)
        loss, penalty = (total / sum(len(task.train) for task in tasks)).tolist()
        valid_loss, valid_accuracy = self._validate(tasks)
        return {"loss": loss, "penalty": penalty, "valid_loss": valid_loss, "valid_accuracy": valid_accuracy}

    @staticmethod
    def _order(tasks: Sequence[Task], size: int, generator: torch.Generator) -> list[tuple[Task, Tensor]]:
        """The epoch's batches, each of one task; those of several tasks are interleaved at random."""
        batches = []
        for task in tasks:
            order = torch.randperm(len(task.train), generator=generator)
            batches += [(task, indices) for indices in order.split(size)]
        if len(tasks) == 1:
            return batches
        return [batches[i] for i in torch.randperm(len(batches), generator=generator).tolist()]

    @torch.no_grad()
    def _validate(self, tasks: Sequence[Task]) -> tuple[float, float]:
        """Mean loss, penalty included, and accuracy over the validation images of these tasks."""
        method = self.method
        method.eval()
        loss, right, count = 0.0, 0.0, 0
        for task in tasks:
            penalty = float(method.penalty(task.index))
            for x, y in self.inputs.batches(task.valid):
                loss += (method.loss(x, y, task.index).item() + penalty) * len(y)
                right += (method(x, task.index).argmax(1) == y).sum().item()
                count += len(y)
        return loss / count, right / count


def run(
    method: Method,
    tasks: TaskSequence,
    *,
    protocol: Protocol = FULL,
    seed: int = 0,
    device: torch.device | str = "cpu",
    on_epoch: OnEpoch | None = None,
    checkpoint: Checkpoint | None = None,
) -> History:
    """Learn the tasks in their order. ``on_epoch(method, report)`` is called after every epoch."""
    inputs, checkpoint, history = Inputs(tasks, device), checkpoint or Checkpoint(None), History()
    saved = checkpoint.load("task")
    if saved is not None:
        method.rebuild(saved["structure"])
        method.load_state_dict(saved["state"])
        history = History(saved["matrix"], [[Outcome(**o) for o in outcomes] for outcomes in saved["fits"]])
    method.to(device)
    for task in tasks[len(history.matrix) :]:
        method.begin(task.index, len(task.classes))
        method.to(device)
        seen = tasks[: task.index + 1]
        fit = Fit(method, seen, inputs, protocol=protocol, seed=seed, on_epoch=on_epoch, checkpoint=checkpoint)
        method.learn(task, fit)
        method.end(task.index)
        history.matrix.append([accuracy(method, old, inputs) for old in seen])
        history.fits.append(fit.outcomes)
        checkpoint.save("task", {"structure": method.structure(), "state": method.state_dict(), **asdict(history)})
        checkpoint.drop(f"*-{task.index}-*")
    return history


def _copy(method: Method) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in method.state_dict().items()}
