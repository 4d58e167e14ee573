"""From images of a data set to what a network sees."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor

from tfm_lite import distributed
from tfm_lite.datasets.resident import Resident
from tfm_lite.datasets.tasks import Split, TaskSequence
from tfm_lite.devices import check_device, check_precision, prepare_cublas

EVALUATION_BATCH = 256


class Inputs:
    """Turns uint8 images into what a network sees: on the device, float, normalised by the data set's constants.

    ``precision`` is that of the network's products: "fp32"; "bf16" for PyTorch's autocast; "tf32" for float32 whose products
    a GPU takes with ten bits of each factor, while a run trains and tests. Raises ``ValueError`` where the device has none.
    """

    def __init__(self, tasks: TaskSequence, device: torch.device | str = "cpu", *, precision: str = "fp32") -> None:
        if not isinstance(tasks, TaskSequence):
            raise ValueError(
                f"inputs are those of a TaskSequence, whose mean and std they take, not of a {type(tasks).__name__}"
            )
        check_device(device)
        check_precision(precision, device)
        self.device, self.precision = torch.device(device), precision
        if self.device.type == "cuda":
            prepare_cublas()
        self.resident = Resident(self.device)
        self.mean, self.std = (torch.tensor(v, device=device).view(1, -1, 1, 1) for v in (tasks.mean, tasks.std))
        self.augment = tasks.augment

    def __call__(self, images: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """uint8 (B, channels, size, size) to float32 of the same shape; ``generator`` draws the augmentation, if any."""
        if images.dim() != 4 or images.shape[1] != self.mean.shape[1]:
            raise ValueError(
                f"images of these tasks are (B, {self.mean.shape[1]}, size, size), not {tuple(images.shape)}: of a single "
                "one images[None] is a batch"
            )
        images = images.to(self.device, non_blocking=True)
        if generator and self.augment:
            images = self.augment(images, generator)
        # Channels last: max pools are then several times faster, convolutions a little. The strides are said because a
        # convolution goes by them, and with a single channel they would have a choice.
        images = images.to(torch.float32, memory_format=torch.channels_last)
        return images.sub_(self.mean).div_(self.std)

    def of(self, split: Split, indices: Tensor, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        """The images and labels of a split at these indices; as for training, if there is a generator."""
        images, labels = self.resident.of(split, indices)
        return self(images, generator), labels

    def hold(self, splits: Iterable[Split]) -> None:
        """Keep the images of these splits on a GPU while they are wanted again and again, and of no others: as many as there
        is room for."""
        self.resident.hold(splits)

    def batches(self, split: Split, *, size: int = EVALUATION_BATCH) -> Iterator[tuple[Tensor, Tensor]]:
        """The split in batches of images and labels, in its own order. Several processes take turns with the batches."""
        for indices in distributed.mine(torch.arange(len(split), device="cpu").split(size)):
            yield self.of(split, indices)

    def autocast(self) -> AbstractContextManager[object]:
        """Where a network computes in the chosen precision."""
        return torch.autocast(self.device.type, torch.bfloat16) if self.precision == "bf16" else nullcontext()
