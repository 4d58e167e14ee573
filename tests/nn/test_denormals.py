"""Denormal numbers count as 0 while a run trains: in every thread, and without a trace in what is learned."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from small import make_method
from torch import Tensor

from tfm_lite import train
from tfm_lite.datasets.inputs import Inputs
from tfm_lite.datasets.tasks import TaskSequence
from tfm_lite.reproducible import flush_denormals, reproducible

TINY = torch.finfo(torch.float32).tiny  # the smallest number that is not denormal
STEEPNESS = [1 / 400, 1.0, 50.0, 200.0, 399.0]


def learned(tasks: TaskSequence, s: float, *, flush: bool) -> tuple[Any, Tensor]:
    """HAT after ten steps of its second task at this steepness, and the gates that it learned with."""
    method: Any = make_method("hat", tasks, dropout=0.0)
    progress = (s - 1 / method.s_max) / (method.s_max - 1 / method.s_max)
    x, y = next(Inputs(tasks).batches(tasks[1].train, size=16))
    with reproducible("cpu"):
        flush_denormals(flush)
        method.begin(0, 3)
        method.end(0)
        method.begin(1, 2)
        for stage in method.net.stages if s >= 50 else []:
            stage.tasks[1].values.data[:3] = -88 / s  # so that there are gates of e^-88; e^88 is still a number
        optimizer = torch.optim.SGD(method.parameters(), lr=0.05)
        method.train()
        for _ in range(10):
            train.step(method, optimizer, x, y, 1, progress=progress, clip=10.0)
        gates = torch.cat([stage.gate(1) for stage in method.net.stages]).detach()
    return method, gates


def denormal(numbers: Tensor) -> bool:
    """Whether any is denormal, by its bits: a comparison may flush what it compares."""
    bits = numbers.view(torch.int32)
    return bool(((bits > 0) & (bits < 2**23)).any())


@pytest.mark.parametrize("s", STEEPNESS)
def test_hat_learns_the_same_bits_with_and_without(s: float, tasks: TaskSequence) -> None:
    (flushed, few), (whole, many) = (learned(tasks, s, flush=flush) for flush in (True, False))
    assert not denormal(few) and denormal(many) == (s >= 50), "so that something is compared"
    for name, tensor in whole.state_dict().items():
        other = flushed.state_dict()[name]
        if name.endswith("protected"):  # it only ever counts as 1 - protected
            other, tensor = 1 - other, 1 - tensor
        if name.endswith("bias"):  # one that nothing but such gates has moved from 0 is denormal itself
            tensor = torch.where(tensor.abs() < TINY, 0.0, tensor)
        assert torch.equal(other, tensor), name


@pytest.mark.parametrize("s", STEEPNESS)
def test_hat_in_use_says_the_same_bits_outside_of_a_run(s: float, tasks: TaskSequence) -> None:
    method, _ = learned(tasks, s, flush=True)
    for task in tasks[:2]:
        x, _ = next(Inputs(tasks).batches(task.test))
        with reproducible("cpu"):
            inside = method.predict(x, task.index)
        assert torch.equal(method.predict(x, task.index), inside)


def test_every_thread_flushes_and_stops_again() -> None:
    """PyTorch's own switch reaches the thread that calls it alone, and those that are started later."""
    numbers = torch.full((2**20,), 10 * TINY)

    def flushes() -> list[bool]:
        """For each half, which is a thread's own, whether its products that are denormal are 0."""
        bits = (numbers * 1e-3).view(torch.int32)
        return [bool((half == 0).all()) for half in bits.split(2**19)]

    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        assert flushes() == [False, False]
        with reproducible("cpu"):
            assert flushes() == [True, True]
        assert flushes() == [False, False]
    finally:
        torch.set_num_threads(threads)
