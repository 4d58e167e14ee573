"""What the methods that hold old knowledge by the loss have in common: copies, importances and a quadratic penalty."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from tfm_lite import distributed
from tfm_lite.datasets.tasks import Task
from tfm_lite.methods.base import Method
from tfm_lite.nn.gradients import EachGradient
from tfm_lite.nn.stages import freeze
from tfm_lite.seeds import torch_stream
from tfm_lite.train import Fit

M = TypeVar("M", bound=nn.Module)

BLOCK = 2**17  # numbers: half a megabyte
IMAGES = 64  # that pass through the network together for their gradients, as in a step of training


def twin(module: M) -> M:
    """A copy of ``module`` in which nothing learns: its parameters are buffers of the same names."""
    module = copy.deepcopy(module)
    freeze(module)
    return module


def values(module: nn.Module, *, zero: bool = False) -> nn.Module:
    """A twin of the parameters alone, without what was a buffer already; with ``zero``, each is 0."""
    module = copy.deepcopy(module)
    for part in module.modules():
        for name, _ in list(part.named_buffers(recurse=False)):
            delattr(part, name)
    freeze(module)
    for tensor in module.buffers() if zero else []:
        tensor.zero_()
    return module


def blocks(*tensors: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """Tensors of one shape side by side, flat, in blocks so small that what is computed between them stays in the cache.

    What a method adds to a step passes over every weight, and passes over the memory are what it costs.
    """
    size, flat = BLOCK if tensors[0].is_cpu else tensors[0].numel(), [tensor.view(-1) for tensor in tensors]
    return iter([tuple(flat)]) if len(flat[0]) <= size else zip(*(part.split(size) for part in flat), strict=True)


class SquaredDistance(torch.autograd.Function):
    """``sum(importance * (weight - old) ** 2)`` over all weights: :func:`squared_distance` says of what."""

    @staticmethod
    def forward(ctx: Any, count: int, *tensors: Tensor) -> Tensor:
        ctx.save_for_backward(*tensors)
        ctx.count = count
        total = tensors[0].new_zeros(())
        for i in range(0, len(tensors), count):
            for weight, old, *importance in blocks(*tensors[i : i + count]):
                distance = weight - old
                total += distance.dot(distance * importance[0] if importance else distance)
        return total

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        pulls: list[Tensor | None] = [None]
        for i in range(0, len(ctx.saved_tensors), ctx.count):
            group = ctx.saved_tensors[i : i + ctx.count]
            pull = torch.empty_like(group[0])
            for out, weight, old, *importance in blocks(pull, *group):
                torch.sub(weight, old, out=out).mul_(2 * grad)
                for by in importance:
                    out.mul_(by)
            pulls += [pull, *[None] * (ctx.count - 1)]
        return tuple(pulls)


def squared_distance(groups: Iterable[tuple[Tensor, ...]]) -> Tensor:
    """The sum of ``importance * (weight - old) ** 2`` over groups of (weight, old, importance), or of (weight, old)."""
    groups = list(groups)
    return SquaredDistance.apply(len(groups[0]), *[tensor for group in groups for tensor in group])


class Anchored(Method):
    """What EWC, SI and MAS share: each weight is held where the last task left it, the harder the more it matters.

    The penalty is ``strength * sum(importance * (weight - old) ** 2)`` over the shared weights, those of the stages. An
    old head needs no hold: no later loss depends on it.
    """

    roles = {"old": "copies", "importance": "importances"}

    strength: float

    def start(self) -> None:
        super().start()
        self.old, self.importance = values(self.net.stages), values(self.net.stages, zero=True)

    def shared(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Each shared weight with its old values and its importances."""
        old, importance = dict(self.old.named_buffers()), dict(self.importance.named_buffers())
        for name, weight in self.net.stages.named_parameters():
            yield weight, old[name], importance[name]

    def penalty(self, t: int) -> Tensor | float:
        if t == 0:
            return 0.0
        return self.strength * squared_distance(self.shared())


def mean_of_gradients(
    method: Method, task: Task, fit: Fit, value: Callable[..., Tensor], of: Callable[..., Tensor], *, batch: int = 1
) -> list[Tensor]:
    """For each shared weight, the mean of ``of(gradient)`` over the training images, one gradient per image.

    The gradient is that of ``value(images, labels)``, one number per image, without dropout; ``of`` is a square or an
    absolute value. With ``batch`` above 1 there is one gradient per so many images, of their mean, in a random order.
    """
    method.eval()
    stages = method.net.stages
    weights, biases = list(stages.parameters()), [stage.bias for stage in stages]
    order = torch.randperm(len(task.train), generator=torch_stream(fit.seed, "importance", task.index), device="cpu")
    if batch == 1 and EachGradient.knows(stages):
        with EachGradient(stages, of) as each:
            for indices in distributed.mine(order.split(IMAGES)):
                torch.autograd.grad(value(*fit.inputs.of(task.train, indices)).sum(), biases)
        means = [each.sums[weight] / len(order) for weight in weights]
    else:
        means = [torch.zeros_like(weight) for weight in weights]
        for indices in distributed.mine(order.split(batch)):
            gradients = torch.autograd.grad(value(*fit.inputs.of(task.train, indices)).mean(), weights)
            for mean, gradient in zip(means, gradients, strict=True):
                mean += of(gradient) * (len(indices) / len(order))
    distributed.add(means)
    return means


def fisher(method: Method, task: Task, fit: Fit, *, batch: int = 1) -> list[Tensor]:
    """The diagonal of the empirical Fisher information: the mean squared gradient of log p(label | image)."""

    def loss(x: Tensor, y: Tensor) -> Tensor:
        return F.cross_entropy(method(x, task.index), y, reduction="none")

    return mean_of_gradients(method, task, fit, loss, torch.square, batch=batch)
