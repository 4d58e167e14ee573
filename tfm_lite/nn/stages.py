"""What networks are made of: stages, and the plain kit.

A *stage* is a weighted product, in some networks batch normalization, a ReLU, a pool and dropout. A *kit* is the class of a
network's stages; it decides what differs between methods: the weights a task uses, what comes after the product, what comes
after the pool. :class:`Plain` is the ordinary kit; the paper's is :class:`tfm_lite.nn.layers.Ternary`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tfm_lite.seeds import torch_stream


class Weighted(Protocol):
    """What a layer that grows must know of its product with the weights: a :class:`Stage`, or a layer of somebody's own."""

    @property
    def kernel(self) -> Any:
        """Nothing (0, or an empty tuple) for a linear product."""

    def product(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor: ...

    def weight_shape(self, outputs: int, inputs: int) -> tuple[int, ...]: ...

    def geometry(self, channels: int) -> tuple[list[int], list[int], list[int], int]:
        """Stride, padding and dilation of a convolution, by direction, and its groups when so many channels come in."""

    def seen(self, x: Tensor, outputs: int) -> Tensor:
        """The features of ``x`` that the last so many outputs see."""


@dataclass(frozen=True)
class Stage:
    """What a stage is, whatever its kit: ``features`` outputs of a convolution (``kernel`` > 0) or a linear layer.

    >>> Stage(6, 5, padding=2, pool=(2, 2)).map_size(28)
    14
    """

    features: int
    kernel: int = 0
    stride: int = 1
    padding: int = 0
    norm: bool = False  # batch normalization after the product
    pool: tuple[int, int] | None = None  # kernel and stride of a max pool
    dropout: bool = False

    def product(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """The weighted product, (B, inputs, ...) to (B, features, ...)."""
        if self.kernel:
            return F.conv2d(x, weight, bias, self.stride, self.padding)
        return F.linear(x.flatten(1), weight, bias)

    def map_size(self, size: int) -> int:
        """Height and width of what comes out after product and pool, given those of what goes in."""
        if not self.kernel:
            return 1
        size = (size + 2 * self.padding - self.kernel) // self.stride + 1
        return (size - self.pool[0]) // self.pool[1] + 1 if self.pool else size

    def weight_shape(self, outputs: int, inputs: int) -> tuple[int, ...]:
        return (outputs, inputs, self.kernel, self.kernel) if self.kernel else (outputs, inputs)

    def geometry(self, channels: int) -> tuple[list[int], list[int], list[int], int]:
        return [self.stride] * 2, [self.padding] * 2, [1, 1], 1

    def seen(self, x: Tensor, outputs: int) -> Tensor:
        return x


def initial(shape: tuple[int, ...], fan_in: int, generator: torch.Generator) -> Tensor:
    """Normal with variance 1 / ``fan_in`` (LeCun et al. 1998).

    Chosen by measurement, for all networks: with the gain of 2 that ReLU suggests, the deep networks diverge in the first
    epoch at the protocol's learning rate; with the third that PyTorch uses, they stay at chance for dozens of epochs, and the
    shallow MLP learns letters no better (three seeds).

    Where tensors have a shape and nothing else (``with torch.device("meta")``), nothing is drawn.
    """
    if torch.get_default_device().type == "meta":
        return torch.empty(shape)
    values = torch.randn(shape, generator=generator, device="cpu") * math.sqrt(1 / max(1, fan_in))
    return values.to(torch.get_default_device())


def freeze(module: nn.Module) -> None:
    """Turn every parameter of ``module`` into a buffer with a copy of its values: it cannot learn again.

    A copy, because an optimizer may still hold the parameter and move it: nobody will look there any more.
    """
    for part in module.modules():
        for name, parameter in list(part.named_parameters(recurse=False)):
            delattr(part, name)
            part.register_buffer(name, parameter.detach().clone())


class BatchNorm(nn.Module):
    """Batch normalization (Ioffe and Szegedy 2015) that learns wholly or not at all.

    While its scale and shift are parameters it does what is usual: in training it normalizes by the batch's statistics and
    updates the running ones. Once they are buffers (:func:`freeze`) the running statistics are fixed with them, and are
    what it normalizes by, in training too. The usual layer goes on updating them when its parameters are frozen.
    """

    MOMENTUM, EPS = 0.1, 1e-5  # PyTorch's

    mean: Tensor
    variance: Tensor

    def __init__(self, features: int, *, momentum: float = MOMENTUM, eps: float = EPS) -> None:
        super().__init__()
        self.momentum, self.eps = momentum, eps
        self.scale, self.shift = nn.Parameter(torch.ones(features)), nn.Parameter(torch.zeros(features))
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("variance", torch.ones(features))

    def learns(self) -> bool:
        return isinstance(self.scale, nn.Parameter)

    def forward(self, x: Tensor) -> Tensor:
        learning = self.training and self.learns()
        return F.batch_norm(x, self.mean, self.variance, self.scale, self.shift, learning, self.momentum, self.eps)


class Plain(nn.Module):
    """A stage of the plain kit: every task uses every weight. Other kits override one of the three places.

    ``roles`` says of every tensor, or module, that a kit makes what it is kept for: a line of a method's ``storage()``. A
    subclass adds what it makes itself.
    """

    roles: ClassVar[Mapping[str, str]] = {"weight": "weights", "bias": "weights", "batch_norm": "weights"}

    weight: Tensor  # (features, inputs * area) or (features, inputs, kernel, kernel)
    bias: Tensor  # (features,)
    batch_norm: BatchNorm  # if stage.norm

    def __init__(self, stage: Stage, *, inputs: int, area: int, dropout: float, name: str, seed: int) -> None:
        """``inputs`` features come in; ``area`` is the number of map positions of each that a linear layer flattens."""
        super().__init__()
        self.stage, self.area, self.dropout, self.name, self.seed = stage, area, dropout, name, seed
        self.make(inputs)

    def make(self, inputs: int) -> None:
        shape = self.stage.weight_shape(self.stage.features, inputs * self.area)
        generator = torch_stream(self.seed, "weights", self.name, 0)
        self.weight = nn.Parameter(initial(shape, math.prod(shape[1:]), generator))
        self.bias = nn.Parameter(torch.zeros(shape[0]))
        if self.stage.norm:
            self.batch_norm = BatchNorm(self.stage.features)

    def used(self, t: int) -> tuple[Tensor, Tensor]:
        """The weights and biases that task ``t`` uses."""
        return self.weight, self.bias

    def product(self, x: Tensor, t: int) -> Tensor:
        return self.stage.product(x, *self.used(t))

    def before_activation(self, x: Tensor, t: int) -> Tensor:
        return self.batch_norm(x) if self.stage.norm else x

    def after_pool(self, x: Tensor, t: int) -> Tensor:
        return x

    def forward(self, x: Tensor, t: int) -> Tensor:
        x = F.relu(self.before_activation(self.product(x, t), t), inplace=True)
        if self.stage.pool:
            x = F.max_pool2d(x, *self.stage.pool)
        x = self.after_pool(x, t)
        return F.dropout(x, self.dropout, self.training) if self.stage.dropout else x


S = TypeVar("S", bound=Plain, covariant=True)


class Kit(Protocol[S]):
    """What makes the stages of a network: the class of a stage, or a ``partial`` of one."""

    def __call__(self, stage: Stage, /, *, inputs: int, area: int, dropout: float, name: str, seed: int) -> S: ...
