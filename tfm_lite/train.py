"""The training loop: the only one. Nothing else in the package calls ``optimizer.step``.

The protocol is that of HAT (Serra et al. 2018), as the paper says: plain SGD, the learning rate divided when the
validation loss stops improving, the best weights restored at the end.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field, replace
from time import perf_counter
from typing import Any

import torch
from torch import Tensor, nn

from tfm_lite import distributed
from tfm_lite.checkpoint import Checkpoint
from tfm_lite.datasets.inputs import Inputs
from tfm_lite.datasets.tasks import Split, Task, TaskSequence
from tfm_lite.learner import Learner
from tfm_lite.options import check_protocol
from tfm_lite.reproducible import reproducible
from tfm_lite.seeds import stream, torch_stream

# Raised whenever a change moves numbers, so that records made before it are known to be old.
NUMERICS = 2

CHECKPOINT_EVERY = 30.0  # seconds of training that a kill may cost

Epoch = dict[str, Any]
OnEpoch = Callable[[Learner, Epoch], None]


@dataclass(frozen=True)
class Protocol:
    """How a task is learned. Defaults: HAT's, with the paper's dropout, and one difference.

    ``lr`` is divided by ``factor`` after ``patience`` epochs without a strictly better validation loss; training stops
    when it falls below ``lr_min`` or after ``epochs``. ``clip`` bounds the norm of the gradient.

    1. The clip is 10 for every method. HAT's code has 10000 for most, which never bites: on photographs a new head on the
       large features of a trained network meets a batch, often an epoch's last and smallest, whose gradient has a norm of
       25 where 3 to 10 are usual; one step later the loss is 30, and the next ones, of norms in the hundreds, leave every
       feature dead. Fine-tuning then stays at chance, and so do the tasks after it.
    """

    epochs: int = 200
    batch: int = 64
    lr: float = 0.05
    factor: float = 3.0
    patience: int = 5
    lr_min: float = 1e-4
    clip: float = 10.0
    dropout: float = 0.5

    def __post_init__(self) -> None:
        check_protocol(self)


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


def step(
    method: Learner,
    optimizer: torch.optim.Optimizer,
    x: Tensor,
    y: Tensor,
    t: int | Tensor,
    *,
    progress: float = 0.0,
    clip: float = math.inf,
    weight: float = 1.0,
    autocast: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> tuple[Tensor, Tensor]:
    """One step on one batch of task ``t``. The order of the hooks is part of what a method may rely on.

    In a batch that mixes tasks, as Joint's do, ``t`` is the task of each image, int64 (B,) on the CPU. In one of several
    processes, x and y are its part of the batch and ``weight`` the part's share of the batch.
    """
    method.before_batch(t, progress)
    with autocast():
        (loss, _), penalty = method.loss(x, y, t), method.penalty(t)
    optimizer.zero_grad()
    (loss + penalty).backward()
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    distributed.add([p.grad for p in parameters if p.grad is not None], weight=weight)
    method.after_backward(t)
    nn.utils.clip_grad_norm_(parameters, clip)
    optimizer.step()
    method.after_step(t)
    return loss.detach(), torch.as_tensor(penalty).detach()


@torch.no_grad()
def accuracy(method: Learner, task: Task, inputs: Inputs, *, split: str = "test") -> float:
    """Share of the images of a task's ``split`` ("train", "valid" or "test") that are classified right."""
    right = 0.0
    images: Split = getattr(task, split)
    for x, y in inputs.batches(images):
        with inputs.autocast():
            right += (method.predict(x, task.index).argmax(1) == y).sum().item()
    return distributed.total(right)[0] / len(images)


class Fit:
    """What a method's ``learn`` is given for one task: call it to train.

    Calls are numbered. When a stopped run is continued, ``learn`` runs again from its start; a call that had finished
    loads the state it ended in, and the one that had not goes on at its epoch.
    """

    def __init__(
        self,
        method: Learner,
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
        """Train on the task, or on all tasks ``seen`` so far, their images mixed in every batch, and leave the method with
        its best-validation weights.

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
            "since": 0,  # epochs since the best
            "lr": protocol.lr,
            "patience": protocol.patience,
            "loss": math.inf,
            "accuracy": 0.0,
            "seconds": 0.0,
        }
        best, kept = _copy(method), 0.0  # the second: the seconds trained at the last checkpoint
        saved = self.checkpoint.load(f"epoch-{self.t}-{call}")
        if saved is not None:
            now, best, kept = saved["now"], saved["best"], saved["now"]["seconds"]
            method.load_state_dict(saved["state"] or best)
            optimizer.load_state_dict(saved["optimizer"])
        while now["epoch"] < protocol.epochs and now["lr"] >= protocol.lr_min:
            began = perf_counter()
            report = self._epoch(optimizer, tasks, protocol, call, now["epoch"])
            now["epoch"] += 1
            if report["valid_loss"] < now["loss"]:
                now.update(loss=report["valid_loss"], accuracy=report["valid_accuracy"])
                now.update(since=0, patience=protocol.patience)
                best = _copy(method)
            else:
                now.update(since=now["since"] + 1, patience=now["patience"] - 1)
            report |= {"task": self.t, "fit": call, "epoch": now["epoch"], "lr": now["lr"]}
            if now["patience"] == 0:
                now.update(lr=now["lr"] / protocol.factor, patience=protocol.patience)
                for group in optimizer.param_groups:  # a method's groups may have rates of their own
                    group["lr"] /= protocol.factor
            report["seconds"] = perf_counter() - began
            now["seconds"] += report["seconds"]
            if now["seconds"] - kept >= CHECKPOINT_EVERY:
                state = _copy(method) if now["since"] else None  # None: it is the best
                content = {"now": now, "best": best, "state": state, "optimizer": optimizer.state_dict()}
                self.checkpoint.save(f"epoch-{self.t}-{call}", content)
                kept = now["seconds"]
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
        own = *name, *([distributed.rank()] if distributed.rank() else [])  # other images in every process, other draws
        torch.manual_seed(stream(self.seed, "dropout", *own))
        augment = torch_stream(self.seed, "augment", *own)
        images = sum(len(task.train) for task in tasks)
        order = torch.randperm(images, generator=torch_stream(self.seed, "batches", *name)).split(protocol.batch)
        method.train()
        total = torch.zeros(2, dtype=torch.float64, device=self.inputs.device)
        for i, indices in enumerate(order):
            part, weight = distributed.share(indices)
            x, y, t = self._gather(tasks, part, augment)
            how: dict[str, Any] = {"clip": protocol.clip, "weight": weight, "autocast": self.inputs.autocast}
            parts = step(method, optimizer, x, y, t, progress=i / len(order), **how)
            for sum_of, value in zip(total, parts, strict=True):  # on the device: nothing waits for them
                sum_of += value.double() * (weight * len(indices))
        distributed.add([total])
        loss, penalty = (total / images).tolist()
        valid_loss, valid_accuracy = self._validate(tasks)
        return {"loss": loss, "penalty": penalty, "valid_loss": valid_loss, "valid_accuracy": valid_accuracy}

    def _gather(
        self, tasks: Sequence[Task], places: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor, int | Tensor]:
        """The training images at these places among those of all the tasks, task after task; their labels and their tasks."""
        if len(tasks) == 1:
            return *self.inputs.of(tasks[0].train, places, generator), tasks[0].index
        ends = torch.tensor([len(task.train) for task in tasks]).cumsum(0)
        of = torch.bucketize(places.contiguous(), ends, right=True)
        parts = [
            self.inputs.of(task.train, places[of == i] - ends[i] + len(task.train), generator)
            for i, task in enumerate(tasks)
        ]
        x, y = (torch.cat(part) for part in zip(*parts, strict=True))
        return x, y, of.sort().values

    @torch.no_grad()
    def _validate(self, tasks: Sequence[Task]) -> tuple[float, float]:
        """Mean loss, penalty included, and accuracy over the validation images of these tasks."""
        method = self.method
        method.eval()
        loss, right = (torch.zeros((), dtype=torch.float64, device=self.inputs.device) for _ in range(2))
        count = 0.0
        for task in tasks:
            penalty = method.penalty(task.index)
            for x, y in self.inputs.batches(task.valid):
                with self.inputs.autocast():
                    data, logits = method.loss(x, y, task.index)
                loss += (data.double() + penalty) * len(y)
                right += (logits.argmax(1) == y).sum()
                count += len(y)
        total = distributed.total(loss.item(), right.item(), count)
        return total[0] / total[2], total[1] / total[2]


def run(
    method: Learner,
    tasks: TaskSequence,
    *,
    protocol: Protocol = FULL,
    seed: int = 0,
    device: torch.device | str = "cpu",
    precision: str = "fp32",
    on_epoch: OnEpoch | None = None,
    checkpoint: Checkpoint | None = None,
) -> History:
    """Learn the tasks in their order. ``on_epoch(method, report)`` is called after every epoch.

    What PyTorch is told for the sake of the same bits (:func:`~tfm_lite.reproducible.reproducible`) is put back.
    """
    inputs, checkpoint, history = Inputs(tasks, device, precision=precision), checkpoint or Checkpoint(None), History()
    saved = checkpoint.load("task")
    if saved is not None:
        method.rebuild(saved["structure"])
        method.load_state_dict(saved["state"])
        history = History(saved["matrix"], [[Outcome(**o) for o in outcomes] for outcomes in saved["fits"]])
    for t in range(len(history.matrix)):  # a kill may have come before they were all removed
        checkpoint.drop(f"*-{t}-*")
    method.to(device)
    for task in tasks[len(history.matrix) :]:
        with reproducible(device):
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


def _copy(method: Learner) -> dict[str, Tensor]:
    """The network as it is now; copied, for what is part of a larger tensor would be saved with the whole of it."""
    return {name: tensor.clone() for name, tensor in method.state_dict().items()}
