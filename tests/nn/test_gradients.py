"""Gradients of many images in one backward pass, against one image after the other, in float64."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from small import SMALL, make_method, tasks_for
from torch import Tensor

from tfm_lite.datasets.inputs import Inputs
from tfm_lite.datasets.tasks import Task
from tfm_lite.methods.base import Method
from tfm_lite.methods.importance import fisher, mean_of_gradients
from tfm_lite.nn import gradients
from tfm_lite.nn.gradients import EachGradient
from tfm_lite.seeds import torch_stream
from tfm_lite.train import Fit


class Double(Inputs):
    def __call__(self, images: Tensor, generator: torch.Generator | None = None) -> Tensor:
        return super().__call__(images, generator).double()


def begun(network: str) -> tuple[Any, Task, Fit]:
    """A network in float64 whose biases, scales and statistics are no round numbers, and its task."""
    tasks = tasks_for(network)
    method = make_method("ewc", tasks, network).double()
    method.begin(0, len(tasks[0].classes))
    torch.manual_seed(0)
    with torch.no_grad():
        for tensor in (*method.net.parameters(), *method.net.buffers()):
            tensor += 0.1 * torch.rand_like(tensor)
    return method, tasks[0], Fit(method, tasks[:1], Double(tasks))


def one_by_one(
    method: Method, task: Task, fit: Fit, value: Callable[..., Tensor], of: Callable[..., Tensor]
) -> list[Tensor]:
    weights, found = list(method.net.stages.parameters()), []
    for i in range(len(task.train)):
        found.append(torch.autograd.grad(value(*fit.inputs.of(task.train, torch.tensor([i]))).sum(), weights))
    return [sum(map(of, each)) / len(task.train) for each in zip(*found, strict=True)]


def off_by(found: list[Tensor], wanted: list[Tensor]) -> float:
    """The largest difference of any tensor, as a share of its largest number."""
    assert all(b.abs().max() > 0 for b in wanted)
    return max(((a - b).abs().max() / b.abs().max()).item() for a, b in zip(found, wanted, strict=True))


@pytest.mark.parametrize("network", SMALL)
def test_gradients_in_blocks_are_those_of_single_images(network: str, monkeypatch: pytest.MonkeyPatch) -> None:
    method, task, fit = begun(network)
    values = {
        "fisher": (lambda x, y: F.cross_entropy(method(x, 0), y, reduction="none"), torch.square),
        "mas": (lambda x, y: method(x, 0).square().sum(1), torch.abs),
    }
    for value, of in values.values():
        method.eval()
        wanted = one_by_one(method, task, fit, value, of)
        assert off_by(mean_of_gradients(method, task, fit, value, of), wanted) < 1e-12
        # The way of batches, of one: what a kit other than the plain one takes.
        monkeypatch.setattr(EachGradient, "knows", lambda stages: False)
        assert off_by(mean_of_gradients(method, task, fit, value, of), wanted) < 1e-12
        monkeypatch.undo()


@pytest.mark.parametrize("network", ["mlp", "lenet_bn"])
def test_batches_have_the_gradient_of_their_mean(network: str) -> None:
    method, task, fit = begun(network)
    (found, *_), count, batch = fisher(method, task, fit, batch=20), len(task.train), 20
    assert count % batch  # the last batch is smaller
    order = torch.randperm(count, generator=torch_stream(fit.seed, "importance", task.index))
    wanted = torch.zeros_like(found)
    for rows in order.split(batch):
        x, y = fit.inputs.of(task.train, rows)
        (gradient,) = torch.autograd.grad(F.cross_entropy(method(x, 0), y), [method.net.stages[0].weight])
        wanted += gradient**2 * len(rows) / count
    assert off_by([found], [wanted]) < 1e-12


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many images there are, a convolution's gradients are held for few of them at a time."""
    method, task, fit = begun("lenet")
    sizes: dict[int, int] = {}
    unfold = F.unfold

    def watched(x: Tensor, *how: Any, **more: Any) -> Tensor:
        windows = unfold(x, *how, **more)
        sizes[len(x)] = max(sizes.get(len(x), 0), windows.numel())
        return windows

    monkeypatch.setattr(F, "unfold", watched)
    whole = fisher(method, task, fit)
    assert max(sizes) == len(task.train)
    monkeypatch.setattr(gradients, "AT_ONCE", 2 * 25 * 28 * 28)
    sizes.clear()
    assert off_by(fisher(method, task, fit), whole) < 1e-12
    assert max(sizes) == 2 and max(sizes.values()) <= gradients.AT_ONCE


def test_a_network_is_left_as_it_was() -> None:
    method, task, fit = begun("lenet_bn")
    method.train()
    state = {name: tensor.clone() for name, tensor in method.state_dict().items()}
    fisher(method, task, fit)
    assert all(torch.equal(tensor, state[name]) for name, tensor in method.state_dict().items())
    assert all(parameter.grad is None for parameter in method.parameters())
    x, y = fit.inputs.of(task.train, torch.arange(4))
    F.cross_entropy(method(x, 0), y).backward()
    assert all(parameter.grad is not None for parameter in method.parameters())
    with pytest.raises(RuntimeError, match="stop"):
        mean_of_gradients(method, task, fit, lambda x, y: (_ for _ in ()).throw(RuntimeError("stop")), torch.abs)
    assert all("product" not in vars(stage) for stage in method.net.stages)
    assert not method.net.stages[0].batch_norm._forward_hooks
