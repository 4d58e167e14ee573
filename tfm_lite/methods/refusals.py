"""What is said to whoever shows a method what its network was not made for."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn

MAKE = "`Inputs(tasks, device)(images)` makes it of the tasks' images"


def check_shape(shape: Sequence[int], channels: int, size: int) -> None:
    """Refuse images of another shape than the network is made for."""
    wanted = (channels, size, size)
    if tuple(shape) != wanted:
        colour = len(shape) == 3 and shape[0] != channels
        remedy = f"convert them, or make it with Builder.of(..., {'channels' if colour else 'size'}=...) for them"
        raise ValueError(
            f"the network is made for images {wanted} (channels, height and width), not {tuple(shape)}: {remedy}"
        )


def check_input(x: Any, module: nn.Module, channels: int, size: int) -> None:
    """Refuse what a network cannot look at: ``x`` is a batch of images of its shape, of its type and on its device."""
    if not isinstance(x, Tensor):
        raise ValueError(f"a network looks at a tensor, not at a {type(x).__name__}: {MAKE}")
    if x.dim() != 4:
        raise ValueError(
            f"a network looks at a batch of images (B, {channels}, {size}, {size}), not at {tuple(x.shape)}: of a single one "
            "x[None] is a batch"
        )
    check_shape(x.shape[1:], channels, size)
    if not x.is_floating_point():
        raise ValueError(f"a network looks at normalized floats, not at {x.dtype}: {MAKE}")
    own = next((tensor for tensor in chain(module.buffers(), module.parameters()) if tensor.is_floating_point()), x)
    if x.device != own.device:
        raise ValueError(f"the images are on {x.device}, the network is on {own.device}: x.to({str(own.device)!r})")
    if x.dtype != own.dtype and not torch.is_autocast_enabled(x.device.type):
        raise ValueError(f"the images are {x.dtype}, the network is {own.dtype}: x.to({own.dtype})")
