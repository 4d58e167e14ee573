from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tfm_lite.methods.base import Method
from tfm_lite.nn.networks import Builder, Network
from tfm_lite.nn.stages import Plain, freeze
from tfm_lite.options import Positive
from tfm_lite.protocol import Protocol


def _places(bits: Tensor) -> Tensor:
    """Of the bits in a byte, the first the highest; made where they are wanted, for to send them would wait."""
    return torch.arange(7, -1, -1, dtype=torch.uint8, device=bits.device)


def pack(mask: Tensor) -> Tensor:
    """A bool tensor of n elements as bits, uint8 (ceil(n / 8),)."""
    bits = F.pad(mask.flatten().to(torch.uint8), (0, -mask.numel() % 8)).view(-1, 8)
    return (bits << _places(bits)).sum(1, dtype=torch.uint8)


def unpack(bits: Tensor, shape: torch.Size) -> Tensor:
    """The bool tensor of this shape that was packed."""
    return (bits[:, None] >> _places(bits) & 1).flatten()[: shape.numel()].view(shape).bool()


class Threshold(torch.autograd.Function):
    """1 where the real-valued mask exceeds the threshold, else 0; the gradient passes straight through."""

    @staticmethod
    def forward(ctx: Any, real: Tensor, threshold: float) -> Tensor:
        return torch.gt(real, threshold, out=torch.empty_like(real))

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        return grad, None


class Masked(Plain):
    """A stage with one backbone and, for every task but the first, a binary mask over its weights."""

    roles = {"masks": "masks"}

    START, THRESHOLD = 1e-2, 5e-3

    def make(self, inputs: int) -> None:
        super().make(inputs)
        self.masks = nn.ParameterDict()  # real-valued while the task is learned, then bits

    def begin(self, t: int) -> None:
        self.masks[f"real_{t}"] = nn.Parameter(torch.full_like(self.weight, self.START))

    def keep(self, t: int) -> None:
        bits = pack(self.masks[f"real_{t}"].detach() > self.THRESHOLD)
        del self.masks[f"real_{t}"]
        self.masks.register_buffer(f"bits_{t}", bits)

    def used(self, t: int) -> tuple[Tensor, Tensor]:
        if f"real_{t}" in self.masks:
            return Threshold.apply(self.masks[f"real_{t}"], self.THRESHOLD).mul_(self.weight), self.bias
        bits = self.masks.get_buffer(f"bits_{t}") if t else None
        return self.weight if bits is None else self.weight * unpack(bits, self.weight.shape), self.bias


class Piggyback(Method):
    """Piggyback (Mallya et al. 2018): every task after the first learns which weights of a fixed backbone to use.

    A real-valued mask per weight starts at 1e-2; weights whose mask exceeds the threshold of 5e-3 are used. Masks learn by
    Adam at ``mask_lr``, heads by Adam at ``head_lr``; the loop divides both as it divides any learning rate.

    1. The paper's backbone is trained on ImageNet; ours is what task 1 leaves behind, and the first task has no mask.
    2. The backbone's task learns by the protocol's optimizer, plain SGD, as everywhere in this package.
    """

    name = "piggyback"
    paper = "mallya2018piggyback"
    zero_forgetting = True
    kit = Masked

    net: Network[Masked]

    def __init__(self, build: Builder, *, mask_lr: Positive = 1e-4, head_lr: Positive = 1e-3) -> None:
        super().__init__(build)
        self.mask_lr, self.head_lr = mask_lr, head_lr

    def before_task(self, t: int, classes: int) -> None:
        super().before_task(t, classes)
        for stage in self.net.stages if t else []:
            stage.begin(t)

    def optimizer(self, parameters: Iterable[nn.Parameter], t: int, protocol: Protocol) -> torch.optim.Optimizer:
        if t == 0:  # the backbone's task
            return super().optimizer(parameters, t, protocol)
        masks = [p for stage in self.net.stages for p in stage.masks.parameters()]
        return torch.optim.Adam(
            [{"params": masks, "lr": self.mask_lr}, {"params": self.net.heads.parameters(), "lr": self.head_lr}],
            fused=True,
        )

    def after_task(self, t: int) -> None:
        for stage in self.net.stages:
            if t:
                stage.keep(t)
            else:
                freeze(stage)
        self.net.heads.freeze(t)
