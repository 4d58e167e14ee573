"""The training loop: the only one. Nothing else in the package calls ``optimizer.step``.

:func:`run` learns a sequence of tasks, :func:`learn` one task of it, a call of :class:`Fit` is one training, and
:func:`step` one step of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, replace
from time import perf_counter
from typing import Any

import torch
from torch import Tensor, nn

from tfm_lite import distributed
from tfm_lite.checkpoint import Checkpoint
from tfm_lite.datasets.inputs import Inputs
from tfm_lite.datasets.tasks import Split, Task, TaskSequence
from tfm_lite.learner import Learner
from tfm_lite.protocol import FULL, QUICK, Epoch, History, Outcome, Protocol, State
from tfm_lite.reproducible import reproducible
from tfm_lite.seeds import stream, torch_stream

# Whoever trains needs protocols, inputs and what comes of a training too, and has them from here.
__all__ = ["FULL", "NUMERICS", "QUICK", "Epoch", "Fit", "History", "Inputs", "OnEpoch", "Outcome", "Protocol"]
__all__ += ["accuracy", "learn", "run", "step"]

# Raised whenever a change moves numbers, so that records made before it are known to be old.
NUMERICS = 2

CHECKPOINT_EVERY = 30.0  # seconds of training that a kill may cost

OnEpoch = Callable[[Learner, Epoch], None]


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
    return loss.detach(), penalty.detach() if isinstance(penalty, Tensor) else torch.tensor(penalty, device="cpu")


@torch.no_grad()
def accuracy(method: Learner, task: Task, inputs: Inputs, *, split: str = "test") -> float:
    """Share of the images of a task's ``split`` ("train", "valid" or "test") that are classified right."""
    right = torch.zeros((), dtype=torch.int64, device=inputs.device)  # there, so that no batch waits for the one before
    images: Split = getattr(task, split)
    for x, y in inputs.batches(images):
        with inputs.autocast():
            right += (method.predict(x, task.index).argmax(1) == y).sum()
    return distributed.total(right.item())[0] / len(images)


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
        name = f"fit-{self.t}-{call}"
        if (found := self.checkpoint.load(name)) is None:
            tasks = self.tasks if seen else self.tasks[-1:]
            outcome, best = self._train(call, tasks, replace(self.protocol, **changes))
            self.checkpoint.save(name, {"state": best, "outcome": asdict(outcome)})
            self.method.load_state_dict(best)
        else:
            with self.checkpoint.understood(name):
                outcome = Outcome(**found["outcome"])
                self.method.load_state_dict(found["state"])
        self.outcomes.append(outcome)
        return outcome

    def _train(self, call: int, tasks: Sequence[Task], protocol: Protocol) -> tuple[Outcome, dict[str, Tensor]]:
        """Train to the end of the protocol; what it came to, and the state with the best weights."""
        method, name = self.method, f"epoch-{self.t}-{call}"
        self.inputs.hold(split for task in tasks for split in (task.train, task.valid))
        optimizer = method.optimizer(list(method.parameters()), self.t, protocol)
        now, best, kept = State(protocol.lr, protocol.patience), _copy(method), 0.0
        if (saved := self.checkpoint.load(name)) is not None:
            with self.checkpoint.understood(name):
                now, best = State(**saved["now"]), saved["best"]
                method.load_state_dict(best)
                method.load_state_dict(saved["state"] or best)
                optimizer.load_state_dict(saved["optimizer"])
            kept = now.seconds  # trained at the last checkpoint
        while now.epoch < protocol.epochs and now.lr >= protocol.lr_min:
            began, lr = perf_counter(), now.lr
            loss, penalty = self._epoch(optimizer, tasks, protocol, call, now.epoch)
            valid_loss, valid_accuracy = self._validate(tasks)
            if now.after(valid_loss, valid_accuracy, protocol):
                best = _copy(method)
            if now.lr < lr:
                for group in optimizer.param_groups:  # a method's groups may have rates of their own
                    group["lr"] /= protocol.factor
            seconds = perf_counter() - began
            now.seconds += seconds
            if now.seconds - kept >= CHECKPOINT_EVERY:
                self._keep(name, now, best, optimizer)
                kept = now.seconds
            if self.on_epoch:
                told = Epoch(self.t, call, now.epoch, lr, loss, penalty, valid_loss, valid_accuracy, seconds)
                self.on_epoch(method, told)
        return Outcome(now.loss, now.accuracy, now.epoch, now.seconds), best

    def _keep(self, name: str, now: State, best: dict[str, Tensor], optimizer: torch.optim.Optimizer) -> None:
        """A checkpoint between two epochs."""
        state = _copy(self.method) if now.since else None  # None: it is the best
        content = {"now": asdict(now), "best": best, "state": state, "optimizer": optimizer.state_dict()}
        self.checkpoint.save(name, content)

    def _epoch(
        self, optimizer: torch.optim.Optimizer, tasks: Sequence[Task], protocol: Protocol, call: int, epoch: int
    ) -> tuple[float, float]:
        """Train for one epoch; the mean loss, data term and penalty."""
        method, name = self.method, (self.t, call, epoch)
        own = *name, *([distributed.rank()] if distributed.rank() else [])  # other images in every process, other draws
        torch.manual_seed(stream(self.seed, "dropout", *own))
        augment = torch_stream(self.seed, "augment", *own)
        images = sum(len(task.train) for task in tasks)
        shuffled = torch.randperm(images, generator=torch_stream(self.seed, "batches", *name), device="cpu")
        order = shuffled.split(protocol.batch)
        method.train()
        total = torch.zeros(2, dtype=torch.float64, device=self.inputs.device)
        for i, indices in enumerate(order):
            part, weight = distributed.share(indices)
            x, y, t = self._gather(tasks, part, augment)
            progress, autocast = i / len(order), self.inputs.autocast
            parts = step(
                method, optimizer, x, y, t, progress=progress, clip=protocol.clip, weight=weight, autocast=autocast
            )
            for sum_of, value in zip(total, parts, strict=True):  # on the device: nothing waits for them
                sum_of += value.double() * (weight * len(indices))
        distributed.add([total])
        loss, penalty = (total / images).tolist()
        return loss, penalty

    def _gather(
        self, tasks: Sequence[Task], places: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor, int | Tensor]:
        """The training images at these places among those of all the tasks, task after task; their labels and their tasks."""
        if len(tasks) == 1:
            return *self.inputs.of(tasks[0].train, places, generator), tasks[0].index
        ends = torch.tensor([len(task.train) for task in tasks], device="cpu").cumsum(0)
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


def learn(
    method: Learner,
    tasks: Sequence[Task],
    inputs: Inputs,
    *,
    protocol: Protocol = FULL,
    seed: int = 0,
    on_epoch: OnEpoch | None = None,
    checkpoint: Checkpoint | None = None,
) -> list[Outcome]:
    """Learn one task, from its beginning to its end: the last of ``tasks``, which are those seen so far.

    Returns what each training came to, in order. ``on_epoch(method, epoch)`` is called after every epoch. What PyTorch is
    told for the sake of the same bits (:func:`~tfm_lite.reproducible.reproducible`) is put back. Raises ``ValueError`` if it
    is not this task's turn, or its images are none that the network was made for.
    """
    task = tasks[-1]
    method.check_shape(task.train.images.shape[1:])
    with reproducible(inputs.device, precision=inputs.precision):
        method.to(inputs.device)
        method.begin(task.index, len(task.classes))
        method.to(inputs.device)
        fit = Fit(method, tasks, inputs, protocol=protocol, seed=seed, on_epoch=on_epoch, checkpoint=checkpoint)
        method.learn(task, fit)
        method.end(task.index)
    return fit.outcomes


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
    """Learn the tasks in their order, each as :func:`learn` does, and test after each on all so far."""
    inputs, checkpoint, history = Inputs(tasks, device, precision=precision), checkpoint or Checkpoint(None), History()
    saved = checkpoint.load("task")
    if saved is not None:
        with checkpoint.understood("task"):
            method.rebuild(saved["structure"])
            method.load_state_dict(saved["state"])
            history = History(saved["matrix"], [[Outcome(**o) for o in outcomes] for outcomes in saved["fits"]])
            history.check(len(tasks))
    for t in range(len(history.matrix)):  # a kill may have come before they were all removed
        checkpoint.drop(f"*-{t}-*")
    method.to(device)
    for task in tasks[len(history.matrix) :]:
        seen = tasks[: task.index + 1]
        with reproducible(device, precision=precision):
            outcomes = learn(
                method, seen, inputs, protocol=protocol, seed=seed, on_epoch=on_epoch, checkpoint=checkpoint
            )
            history.matrix.append([accuracy(method, old, inputs) for old in seen])
        history.fits.append(outcomes)
        checkpoint.save("task", {"structure": method.structure(), "state": method.state_dict(), **asdict(history)})
        checkpoint.drop(f"*-{task.index}-*")
    return history


def _copy(method: Learner) -> dict[str, Tensor]:
    """The network as it is now; copied, for what is part of a larger tensor would be saved with the whole of it."""
    return {name: tensor.clone() for name, tensor in method.state_dict().items()}
