"""Checks of ``tests/cuda`` that compare bits, as functions of a device: ``tests/test_rehearsal.py`` has them here.

Each raises ``AssertionError`` with what was measured, and returns what is to be recorded.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from small import HOSTILE, SHORT, make_method, make_tasks, quick_options, tasks_for
from torch import Tensor

from tfm_lite import methods, metrics, train
from tfm_lite.datasets.augment import Augment
from tfm_lite.datasets.inputs import Inputs
from tfm_lite.datasets.tasks import Split, TaskSequence, by_class
from tfm_lite.methods.base import Method
from tfm_lite.nn.deploy import extract
from tfm_lite.nn.networks import Builder
from tfm_lite.reproducible import reproducible
from tfm_lite.train import Protocol

CLAIMS = [name for name in methods.names() if methods.get(name).zero_forgetting]
BITS_OF = ("tfm", "hat", "ewc")  # a search and slices; gates; importances and a penalty
COMPARED = ("finetune", "tfm", "packnet", "piggyback", "hat", "ewc", "pnn", "lwf", "joint")


def asked(predict: Callable[[Tensor, int], Tensor], tasks: TaskSequence, t: int, inputs: Inputs) -> Tensor:
    """Logits of a few test images of a task, as a run would have them."""
    with reproducible(inputs.device, precision=inputs.precision), inputs.autocast(), torch.no_grad():
        return predict(next(inputs.batches(tasks[t].test, size=8))[0], t)


def learned(
    method: Method, tasks: TaskSequence, inputs: Inputs, *, hostile: str = "sgd", protocol: Protocol = SHORT
) -> list[list[Tensor]]:
    """Learn all tasks; row t holds, after task t, what :func:`asked` says of tasks 0 to t."""
    method.optimizer = HOSTILE[hostile]()  # type: ignore[method-assign]
    rows = []
    for task in tasks:
        train.learn(method, tasks[: task.index + 1], inputs, protocol=protocol)
        rows.append([asked(method.predict, tasks, s, inputs) for s in range(task.index + 1)])
    return rows


def drift(rows: Sequence[Sequence[Tensor]]) -> float:
    """The farthest that a logit moved after its task was learned."""
    return max((rows[-1][t] - row[t]).abs().max().item() for t, row in enumerate(rows[:-1]))


def unmoved(rows: Sequence[Sequence[Tensor]]) -> None:
    """The last logits of every task are those it had when it was learned, to the last bit."""
    assert len(rows) > 1
    for t, row in enumerate(rows):
        assert torch.equal(rows[-1][t], row[t]), f"task {t} moved by {(rows[-1][t] - row[t]).abs().max()}"


def nothing_forgotten(
    name: str, network: str, device: str, *, hostile: str = "sgd", precision: str = "fp32"
) -> dict[str, Any]:
    """Zero forgetting in use, after save and load, and after extraction to plain layers."""
    tasks = tasks_for(network)
    inputs = Inputs(tasks, device, precision=precision)
    options = quick_options(name)
    method = make_method(name, tasks, network, **options)
    rows = learned(method, tasks, inputs, hostile=hostile)
    unmoved(rows)
    assert rows[0][0].device.type == inputs.device.type, f"the logits are on {rows[0][0].device}"
    kinds = {tensor.dtype for tensor in method.state_dict().values() if tensor.is_floating_point()}
    assert kinds == {torch.float32}, f"parameters are {kinds}"
    if precision == "bf16":
        assert rows[0][0].dtype == torch.bfloat16, f"logits are {rows[0][0].dtype}: nothing was computed in bfloat16"
    file = io.BytesIO()
    torch.save(method.state_dict(), file)
    file.seek(0)
    again = make_method(name, tasks, network, **options)
    again.rebuild(method.structure())
    again.to(inputs.device).load_state_dict(torch.load(file, weights_only=True, map_location="cpu"))
    for t, row in enumerate(rows[-1]):
        assert torch.equal(asked(again.predict, tasks, t, inputs), row), f"task {t} is another after save and load"
        if name != "pnn":  # columns are no plain layers
            layers = extract(method.nets[t] if hasattr(method, "nets") else method.net, t)
            out = asked(lambda x, _, layers=layers: layers(x), tasks, t, inputs)  # type: ignore[misc]
            assert torch.equal(out, row), f"task {t} moved by {(out - row).abs().max()} when extracted"
    return {"drift": drift(rows)}


def drifts(name: str, network: str, device: str, *, hostile: str = "sgd", precision: str = "fp32") -> float:
    """How far a method's old logits move that claims nothing."""
    tasks = tasks_for(network)
    method = make_method(name, tasks, network)
    return drift(learned(method, tasks, Inputs(tasks, device, precision=precision), hostile=hostile))


def noise(*, channels: int = 3, size: int = 224, tasks: int = 3, train: int = 96, test: int = 16) -> TaskSequence:
    """Tasks of two classes of random images, of so many each: nothing is to be learned of them, and they are soon made."""
    rng, count = np.random.default_rng(0), 2 * tasks
    labels = np.arange((train + test) * tasks) % count
    images = rng.integers(0, 256, (len(labels), channels, size, size), dtype=np.uint8)
    rows, half = np.arange(len(labels)), train * tasks
    parts = (Split(images, rows[part], labels[part]) for part in (slice(0, half), slice(half, None)))
    groups = [[2 * t, 2 * t + 1] for t in range(tasks)]
    return by_class("noise", *parts, groups=groups, names=[f"class {c}" for c in range(count)], seed=0)


def nothing_forgotten_at_full_size(name: str, build: Builder, tasks: TaskSequence, device: str) -> dict[str, Any]:
    """Zero forgetting of a whole network, of two epochs of each task."""
    method = methods.get(name)(build, **quick_options(name))
    rows = learned(method, tasks, Inputs(tasks, device), protocol=Protocol(epochs=2, batch=32, patience=2, lr=0.01))
    unmoved(rows)
    return {"drift": drift(rows)}


def fingerprints(device: str, *, names: Sequence[str] = BITS_OF, seed: int = 0) -> dict[str, str]:
    """Of each method, a sum of all bits that a short run with dropout and augmentation ends in."""
    tasks = replace(make_tasks(channels=3, size=64, groups=(3, 2)), augment=Augment())
    found = {}
    for name in names:
        method = make_method(name, tasks, "alexnet_64", **quick_options(name))
        train.run(method, tasks, protocol=Protocol(epochs=3, batch=8, patience=3), seed=seed, device=device)
        digest = hashlib.md5()
        for tensor in method.state_dict().values():
            digest.update(tensor.cpu().contiguous().numpy().tobytes())
        found[name] = digest.hexdigest()
    return found


class Typed(Inputs):
    """Images of another type."""

    dtype = torch.float64

    def __call__(self, images: Tensor, generator: torch.Generator | None = None) -> Tensor:
        return super().__call__(images, generator).to(self.dtype)


def losses(name: str, device: str, dtype: torch.dtype = torch.float64, *, lr: float = 0.02) -> list[float]:
    """Training and validation losses of every epoch of a short run without dropout."""
    tasks = make_tasks(size=28, groups=(3, 2))
    method, found = make_method(name, tasks, "lenet", dropout=0.0, **quick_options(name, 0.1)), list[float]()
    inputs = Typed(tasks, device)
    inputs.dtype = dtype
    protocol = Protocol(epochs=2, batch=16, lr=lr)

    def keep(_: Any, report: train.Epoch) -> None:
        found.extend([report.loss, report.penalty, report.valid_loss])

    for task in tasks:
        seen = tasks[: task.index + 1]
        with reproducible(device):
            method.to(device)
            method.begin(task.index, len(task.classes))
            method.to(device, dtype)
            method.learn(task, train.Fit(method, seen, inputs, protocol=protocol, on_epoch=keep))
            method.end(task.index)
    return found


def close(ours: Sequence[float], theirs: Sequence[float], bound: float) -> float:
    """The largest difference of two lists of losses, beside losses of 1 or more as a share."""
    assert len(ours) == len(theirs) > 0
    apart = max(abs(a - b) / max(1.0, abs(b)) for a, b in zip(ours, theirs, strict=True))
    assert apart <= bound, f"losses are {apart:.3g} apart, the bound is {bound:g}"
    return apart


def forgets(device: str, name: str = "finetune", *, tasks: TaskSequence, protocol: Protocol) -> float:
    """Forgetting (a fraction, below 0) of the training of chapter 1, which must be plain to see."""
    build = Builder.of("lenet", tasks=tasks, width=2.0, dropout=protocol.dropout)
    history = train.run(methods.get(name)(build), tasks, protocol=protocol, device=device)
    found = metrics.forgetting(history.matrix)
    assert found < -0.2, f"{name} forgets {100 * found:.1f} points, and should forget 20 or more"
    return found
