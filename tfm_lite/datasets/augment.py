"""Random crops and flips of training images, on whole batches and on the device that they are on."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from tfm_lite.devices import send


@dataclass(frozen=True)
class Augment:
    """Every image of a batch is moved by up to ``shift`` of its size in both directions, what comes in at a border being the
    mirrored image, and turned left to right with probability ``flip``."""

    shift: float = 0.125
    flip: float = 0.5

    def __call__(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """uint8 (B, channels, size, size) to the same. ``generator`` is on the CPU, so that all devices draw alike."""
        count, _, size, _ = images.shape
        pad = round(self.shift * size)
        corners = torch.randint(0, 2 * pad + 1, (2, count), generator=generator, device="cpu")
        flips = torch.rand(count, generator=generator, device="cpu") < self.flip
        drawn = send(torch.cat([corners, flips[None]])[:, :, None], images.device)  # in one message
        places = (drawn[:2] + torch.arange(-pad, size - pad, device=images.device)).abs()
        rows, columns = size - 1 - (size - 1 - places).abs()  # beyond a border stands the mirrored image
        columns = torch.where(drawn[2] > 0, columns.flip(1), columns)
        each = torch.arange(count, device=images.device)[:, None, None]
        return images[each, :, rows[:, :, None], columns[:, None]].permute(0, 3, 1, 2)
