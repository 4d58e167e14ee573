"""Checks of ``tests/cuda`` that measure time and memory, as functions of a device: ``tests/test_rehearsal.py`` has them on
the processor, where their numbers mean nothing, and their twins are seen to fail.

Each raises ``AssertionError`` with what was measured, and returns what is to be recorded.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from itertools import cycle
from time import perf_counter
from typing import Any

import torch
from elsewhere import every_step
from small import make_method, make_tasks, quick_options
from torch import Tensor

from tfm_lite import methods, train
from tfm_lite.datasets.augment import Augment
from tfm_lite.datasets.inputs import Inputs
from tfm_lite.datasets.tasks import TaskSequence
from tfm_lite.methods.base import Method
from tfm_lite.nn.networks import Builder
from tfm_lite.reproducible import reproducible
from tfm_lite.train import Protocol

Action = Callable[[], object]
FROZEN, WAITS, SPENT, OVER = 0.85, 0.05, 0.85, 1.2  # what is asked of a card
WORKSPACE = 2**28  # bytes that cuBLAS and cuDNN may take beside


def synchronize(device: str) -> None:
    if torch.device(device).type == "cuda":
        torch.cuda.synchronize(device)


def milliseconds(action: Action, device: str, *, times: int = 3) -> float:
    """Of one call, by the clock, with nothing left to do at its beginning nor at its end."""
    synchronize(device)
    began = perf_counter()
    for _ in range(times):
        action()
    synchronize(device)
    return 1000 * (perf_counter() - began) / times


def in_turns(actions: Mapping[str, Action], device: str, *, warm: int, rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each, measured in turns, every round in the other order."""
    found: dict[str, list[float]] = {name: [] for name in actions}
    for action in actions.values():
        for _ in range(warm):
            action()
    for i in range(rounds):
        for name in list(actions)[:: 1 if i % 2 else -1]:
            found[name].append(milliseconds(actions[name], device))
    return found


def ratios(ours: list[float], plain: list[float], batch: int) -> dict[str, float]:
    """What is recorded of a step: its time over that of a plain one, and in itself."""
    each, time = [a / b for a, b in zip(ours, plain, strict=True)], statistics.median(ours)
    found = {"ratio": statistics.median(each), "low": min(each), "high": max(each)}
    return {**found, "milliseconds": time, "images per second": 1000 * batch / time}


def faster(ratio: Mapping[str, float], bound: float = FROZEN) -> None:
    """A step of TFM with 95 % of its features frozen takes at most this much of a plain one."""
    assert ratio["ratio"] <= bound, (
        f"the step takes {ratio['ratio']:.3f} of a plain one ({ratio['low']:.3f} to {ratio['high']:.3f} in the rounds, "
        f"{ratio['milliseconds']:.2f} ms); {bound} was to be reached"
    )


def training(tasks: TaskSequence, build: Builder, device: str) -> tuple[Method, torch.optim.Optimizer]:
    """Fine-tuning that has begun its first task, and its optimizer."""
    method = methods.get("finetune")(build).to(device)
    method.begin(0, len(tasks[0].classes))
    method.to(device).train()
    return method, torch.optim.SGD(method.parameters(), lr=1e-3)


def feeding(
    tasks: TaskSequence, build: Builder, device: str, *, batch: int, steps: int, precision: str
) -> dict[str, Any]:
    """How long the device waits for images: of the time of a step, what it takes longer than with a batch that is there.

    By the way of the images: gathered and copied as any tensor is ("waiting"), sent without waiting ("sent"), kept on the
    device ("kept")."""
    inputs, kept = Inputs(tasks, device, precision=precision), Inputs(tasks, device, precision=precision)
    split = tasks[0].train
    kept.hold([split])
    method, optimizer = training(tasks, build, device)
    order = cycle(
        torch.randperm(len(split), generator=torch.Generator().manual_seed(0), device="cpu").split(batch)[:-1]
    )
    there = inputs.of(split, next(order))

    def waiting() -> tuple[Tensor, Tensor]:
        images, labels = split.batch(next(order))
        return inputs(images.to(device)), labels.to(device)

    ways: dict[str, Callable[[], tuple[Tensor, Tensor]]] = {
        "none": lambda: there,
        "waiting": waiting,
        "sent": lambda: inputs.of(split, next(order)),
        "kept": lambda: kept.of(split, next(order)),
    }

    def stepper(way: Callable[[], tuple[Tensor, Tensor]]) -> Action:
        return lambda: train.step(method, optimizer, *way(), 0, clip=10.0, autocast=inputs.autocast)

    with reproducible(device, precision=precision):
        actions = {name: stepper(way) for name, way in ways.items()}
        times = in_turns(actions, device, warm=5, rounds=steps)
    medians = {name: statistics.median(found) for name, found in times.items()}
    shares = {name: max(0.0, 1 - medians["none"] / time) for name, time in medians.items()}
    return {
        name: {"milliseconds": medians[name], "images per second": 1000 * batch / medians[name], "waits": shares[name]}
        for name in ways
    }


def fed(found: Mapping[str, Mapping[str, float]], way: str = "kept", bound: float = WAITS) -> None:
    """With images that are kept on it, the device waits for next to none."""
    waits = found[way]["waits"]
    assert waits < bound, (
        f"for images that are {way} the device waits {100 * waits:.1f} % of a step: {dict(found[way])}"
    )


def spent(tasks: TaskSequence, build: Builder, device: str, *, batch: int, epochs: int) -> float:
    """The share of a training's time by the clock that its steps and its validation take by themselves."""
    inputs = Inputs(tasks, device)
    method, optimizer = training(tasks, build, device)
    task, protocol = tasks[0], Protocol(epochs=epochs, batch=batch, patience=epochs)
    there, valid = inputs.of(task.train, torch.arange(batch)), [*inputs.batches(task.valid)]
    steps = epochs * -(-len(task.train) // batch)
    with reproducible(device):
        fit = train.Fit(method, tasks[:1], inputs, protocol=protocol)
        fit()  # the first time prepares what is kept
        whole = milliseconds(fit, device, times=1)
        method.train()
        step = milliseconds(lambda: train.step(method, optimizer, *there, 0, clip=10.0), device, times=20)
        method.eval()
        with torch.no_grad():
            validation = milliseconds(lambda: [method.loss(x, y, 0) for x, y in valid], device)
    return (steps * step + epochs * validation) / whole


def most_memory(action: Action, device: str) -> int:
    """The most bytes that tensors held while it ran."""
    synchronize(device)
    torch.cuda.reset_peak_memory_stats(device)
    action()
    synchronize(device)
    return torch.cuda.max_memory_allocated(device)


def account(method: Method, step: Callable[[], object]) -> int:
    """Bytes that a step should need at most: ``OVER`` times what the method keeps and its gradients, all that backward needs,
    and the largest of it twice more, for its gradient and what that is made of."""
    saved: dict[int, int] = {}
    own = {s.data_ptr(): s.nbytes() for s in (tensor.untyped_storage() for tensor in method.state_dict().values())}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            saved[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        step()
    learn = sum(p.numel() * p.element_size() for p in method.parameters())
    return int(OVER * (sum(own.values()) + learn) + sum(saved.values()) + 2 * max(saved.values()) + WORKSPACE)


def within(peak: int, allowed: int) -> dict[str, int]:
    assert peak <= allowed, f"{peak / 2**20:.0f} MiB at the most, and {allowed / 2**20:.0f} MiB by the account"
    return {"MiB": round(peak / 2**20), "MiB by the account": round(allowed / 2**20)}


@contextmanager
def no_waiting() -> Iterator[None]:
    """On CUDA, refuse what would wait for the GPU."""
    before = torch.cuda.get_sync_debug_mode()
    torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode(before)


def steps_without_waiting(
    name: str,
    device: str,
    *,
    inside: Callable[[], Any] = no_waiting,
    change: Callable[[Method], None] = lambda method: None,
) -> None:
    """Every step of two tasks, and the gathering of its images, goes without waiting. ``change`` spoils the method."""
    tasks = replace(make_tasks(channels=3, size=64, groups=(3, 2)), augment=Augment())
    method = make_method(name, tasks, "alexnet_64", **quick_options(name))
    change(method)
    with every_step(inside):
        train.run(method, tasks, protocol=Protocol(epochs=1, batch=16), device=device)
