"""What stands in somebody's own module where its layers stood, once it is ternary.

A foreign forward calls its layers with a tensor alone. Which task is meant they hear from a ``ContextVar`` that is set inside
``net(x, t)`` only: every thread has its own, and outside there is none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tfm_lite.nn.convert.features import Features
from tfm_lite.nn.feature_norm import FeatureNorm
from tfm_lite.nn.layers import TernaryLayer
from tfm_lite.seeds import torch_stream

STAGE: ContextVar[int] = ContextVar("stage")  # of growth: the task, or one more where there was a pretrained network


@contextmanager
def at(stage: int) -> Iterator[None]:
    """Inside it, this thread's ternary parts are at this stage of growth."""
    token = STAGE.set(stage)
    try:
        yield
    finally:
        STAGE.reset(token)


def now() -> int:
    """The stage that this thread is at."""
    stage = STAGE.get(-1)
    if stage < 0:
        raise ValueError(
            "a part of a ternary network was called outside net(x, t), which says the task; call that, and switch "
            "activation checkpointing off: it calls the parts again in the backward pass"
        )
    return stage


@dataclass(frozen=True)
class Product:
    """The product of a ``Linear`` or ``Conv2d`` as it is: see :class:`~tfm_lite.nn.stages.Weighted`."""

    kernel: tuple[int, ...] = ()
    stride: tuple[int, ...] = ()
    padding: tuple[int, ...] = ()  # on both sides alike; what else there is has been added to the maps
    dilation: tuple[int, ...] = ()
    each: int = 0  # features that a depth-wise convolution makes of each of its inputs; 0 for one that is not
    bias: bool = True

    def product(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        bias = bias if self.bias else None
        if not self.kernel:
            return F.linear(x, weight, bias)
        stride, padding, dilation, groups = self.geometry(x.shape[1])
        return F.conv2d(x, weight, bias, stride, padding, dilation, groups)

    def weight_shape(self, outputs: int, inputs: int) -> tuple[int, ...]:
        return (outputs, inputs, *self.kernel)

    def geometry(self, channels: int) -> tuple[list[int], list[int], list[int], int]:
        return list(self.stride), list(self.padding), list(self.dilation), channels if self.each else 1

    def seen(self, x: Tensor, outputs: int) -> Tensor:
        return x[:, x.shape[1] - outputs // self.each :] if self.each else x


def product_of(layer: nn.Linear | nn.Conv2d) -> tuple[Product, tuple[int, ...]]:
    """The product of a layer, and how its maps are padded before it, as F.pad wants it: in the layer's own way, which
    matters where the two sides differ or the padding is not of zeros."""
    bias = layer.bias is not None
    if isinstance(layer, nn.Linear):
        return Product(bias=bias), ()
    pads = list(layer._reversed_padding_repeated_twice)  # left, right, top, bottom
    padding = (0, 0)
    if layer.padding_mode == "zeros":
        padding = min(pads[2:]), min(pads[:2])
        pads = [pad - least for pad, least in zip(pads, (padding[1],) * 2 + (padding[0],) * 2, strict=True)]
    each = layer.out_channels // layer.in_channels if layer.groups > 1 else 0
    return Product(layer.kernel_size, layer.stride, padding, layer.dilation, each, bias), tuple(pads) if any(
        pads
    ) else ()


class Reordered(nn.Module):
    """Features in another order: those of older tasks first, where a concatenation mixed them."""

    order: Tensor

    def __init__(self, order: Tensor, dim: int) -> None:
        super().__init__()
        self.dim = dim
        self.register_buffer("order", order)

    def forward(self, x: Tensor) -> Tensor:
        return x.index_select(self.dim, self.order)


class TernaryPart(nn.Module):
    """A ``Linear`` or ``Conv2d`` that grows, with feature normalization where no batch normalization follows it.

    It is a :class:`~tfm_lite.nn.layers.TernaryLayer` under the layer's own forward. Feature normalization (Eq. 7) is
    multiplied into the weights. A layer without bias stays without: its feature normalization has scales alone. If it is
    ``still``, new inputs of old features begin at zero, and normalization where the task before left it: before anything is
    learned, old features are what they were.
    """

    def __init__(
        self, old: nn.Linear | nn.Conv2d, *, name: str, features: Features, normalized: bool, seed: int, still: bool
    ) -> None:
        super().__init__()
        self.name, self.features, self.normalized, self.seed, self.still = name, features, normalized, seed, still
        self.product, self.pads = product_of(old)
        self.mode = getattr(old, "padding_mode", "zeros").replace("zeros", "constant")
        self.dim = 1 if self.product.kernel else -1
        self.full: int = old.weight.shape[0]
        self.spread = spread_of(old.weight)
        self.kind: Any = type(old)
        conv = "kernel_size", "stride", "padding", "dilation", "padding_mode"
        self.settings = {name: getattr(old, name) for name in conv if self.product.kernel}
        self.layer = TernaryLayer(self.product).to(old.weight)
        self.norm = FeatureNorm(start="previous" if still else "identity")
        self.inputs: list[list[int]] = []  # by stage, how long each run of features is that comes in
        self.orders: dict[tuple[int, torch.device], Tensor | None] = {}

    def grow(self, stage: int, widths: Mapping[str, int]) -> None:
        """Begin a stage with these widths."""
        self.inputs.append([run.size(widths) for run in self.features.runs])
        inputs, old = sum(self.inputs[-1]), self.layer.bias.numel()
        generator = torch_stream(self.seed, "weights", self.name, stage)
        self.layer.grow(1 if self.product.each else inputs, widths[self.name], generator)
        with torch.no_grad():
            self.layer.rows.mul_(self.spread)
            self.layer.columns.mul_(0.0 if self.still else self.spread)
        if not self.product.bias:
            to_buffer(self.layer, "new_bias")
            self.layer.to(self.layer.weight)  # moved nowhere, but told that one of its tensors is another
        if stage > 0 and not self.normalized:
            self.norm.grow(stage, old, widths[self.name], like=self.layer.bias)
            if not self.product.bias:
                to_buffer(self.norm.tasks[stage], "shift")

    @torch.no_grad()
    def take(self, old: Any) -> None:
        """The weights of an ordinary layer, as what was learned first."""
        self.layer.rows.copy_(old.weight)
        if self.product.bias:
            self.layer.new_bias.copy_(old.bias)

    def keep(self) -> None:
        self.layer.keep()
        self.norm.keep()

    def order(self, stage: int, device: torch.device) -> Tensor | None:
        """Where the features that come in lie, those of older tasks first; None where they lie so."""
        if (stage, device) not in self.orders:
            order = in_order(self.inputs[: stage + 1])
            as_it_is = order == list(range(len(order)))
            self.orders[stage, device] = None if as_it_is else torch.tensor(order, device=device)
        return self.orders[stage, device]

    def forward(self, input: Tensor) -> Tensor:
        x, stage, dim = input, now(), self.dim
        check_width(self.name, x, dim, sum(self.inputs[stage]))
        order = self.order(stage, x.device)
        x = x if order is None else x.index_select(dim, order)
        x = F.pad(x, self.pads, self.mode) if self.pads else x
        affine = self.norm.affine(stage, self.layer.boundaries[stage][1])
        out: Tensor = self.layer(x, stage, affine)
        # The gradients of feature normalization are made of what comes out, and a foreign forward may write into that.
        return out.clone() if affine and self.layer.learns(stage) else out

    def plain(self, widths: Mapping[str, int], device: Any) -> Any:
        """An ordinary layer of these widths; its weights are not set."""
        inputs, outputs = self.features.size(widths), widths[self.name]
        groups = {"groups": inputs} if self.product.each else {}
        how: Any = {"bias": self.product.bias, "device": device, "dtype": self.layer.weight.dtype}
        return nn.utils.skip_init(self.kind, inputs, outputs, **how, **groups, **self.settings)

    def extract(self, stage: int, widths: Mapping[str, int]) -> nn.Module:
        """What this stage uses, as an ordinary layer."""
        affine = self.norm.affine(stage, widths[self.name])
        weight, bias = self.layer.used(stage, affine)
        plain = self.plain(widths, weight.device)
        fill(plain, weight=weight, bias=bias if self.product.bias else None)
        order = self.order(stage, weight.device)
        return plain if order is None else nn.Sequential(Reordered(order, self.dim), plain)  # type: ignore[no-any-return]


def check_width(name: str, x: Tensor, dim: int, width: int) -> None:
    """Refuse a tensor that has not so many features along this dimension."""
    if x.shape[dim] != width:
        raise ValueError(
            f"widths do not meet at {name}: {x.shape[dim]} features come in, and it sees {width} for this task"
        )


def in_order(sizes: list[list[int]]) -> list[int]:
    """Where features lie that come in runs, those of older tasks first; ``sizes`` are the runs' lengths, by task."""
    starts = [0, *accumulate(sizes[-1])]
    return [
        start + i
        for before, after in zip([[0] * len(sizes[-1]), *sizes], sizes, strict=False)
        for start, a, b in zip(starts, before, after, strict=False)
        for i in range(a, b)
    ]


def fill(plain: Any, **values: Tensor | None) -> None:
    """Give an ordinary layer copies of these as its parameters."""
    for name, value in values.items():
        setattr(plain, name, None if value is None else nn.Parameter(value.detach().clone(), requires_grad=False))


def spread_of(weight: Tensor) -> float:
    """How widely an author's weights are spread, where 1 is a variance of 1 / fan-in. New weights are as wide."""
    return float(weight.detach().double().square().mean() * weight[0].numel()) ** 0.5


def to_buffer(module: nn.Module, name: str) -> None:
    """It will not learn: a parameter of zeros that stays as it is."""
    value = getattr(module, name).detach()
    delattr(module, name)
    module.register_buffer(name, value)


def nothing_like(tensor: Any) -> Tensor:
    """Nothing, of a tensor's type and device: it goes where its module goes."""
    return tensor.detach()[:0].clone()  # type: ignore[no-any-return]
