"""How images come to the device: gathered there from what is kept on it, or from the processor's memory.

Training goes over the same images for dozens of epochs. On a GPU a split's rows, one byte per number, are sent once and stay;
what there is no room for is gathered by the processor, and sent while the GPU is at the batch before.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor

from tfm_lite.datasets.tasks import Split
from tfm_lite.devices import room, send

AT_ONCE = 2**26  # bytes that are sent at a time


class Resident:
    """Splits whose images and labels are kept on a device."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.kept: dict[Split, tuple[Tensor, Tensor]] = {}

    def hold(self, splits: Iterable[Split]) -> None:
        """Keep these, and no others: as many of them, in this order, as there is room for."""
        wanted = list(splits)
        self.kept = {split: kept for split, kept in self.kept.items() if split in wanted}
        for split in wanted:
            if split not in self.kept and len(split) * _bytes(split) <= room(self.device):
                self.kept[split] = self.sent(split)

    def sent(self, split: Split) -> tuple[Tensor, Tensor]:
        """All images, uint8 (n, channels * size * size), and all labels, int64 (n,), on the device."""
        images = torch.empty((len(split), _bytes(split)), dtype=torch.uint8, device=self.device)
        places, count = torch.arange(len(split), device="cpu"), max(1, AT_ONCE // _bytes(split))
        for part, some in zip(images.split(count), places.split(count), strict=True):
            part.copy_(send(split.batch(some)[0].flatten(1), self.device))
        return images, send(torch.from_numpy(split.labels), self.device)

    def of(self, split: Split, indices: Tensor) -> tuple[Tensor, Tensor]:
        """Images, uint8 (B, channels, size, size), and labels, int64 (B,), on the device. Nothing waits for it."""
        if split not in self.kept:
            images, labels = split.batch(indices)
            return send(images, self.device), send(labels, self.device)
        images, labels = self.kept[split]
        rows = send(indices, self.device)
        return images.index_select(0, rows).unflatten(1, split.images.shape[1:]), labels.index_select(0, rows)


def _bytes(split: Split) -> int:
    """Of one image."""
    return math.prod(split.images.shape[1:])
