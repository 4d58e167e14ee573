"""Several processes, each with its device: every batch is shared out, and gradients are summed before a method sees them.

``torchrun --nproc-per-node N -m tfm_lite run ...`` starts them. Between backward and ``after_backward`` the gradients are
reduced once, in one message; from there on all processes do the same with the same numbers, whatever the method. Sums over
validation, test and importance images are reduced too. The first process alone writes and prints. Started without
torchrun, there is one process and nothing here does anything.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor


def start(device: str, *, alone: bool = False) -> str:
    """Join the other processes that torchrun started, if it did, and return the device that is this process's own.

    ``alone``: join also if there are no others, as a test does. Raises ``ValueError`` if there are too few GPUs.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1 and not alone:
        return device
    own = None
    if torch.device(device).type == "cuda":
        here, gpus = int(os.environ.get("LOCAL_WORLD_SIZE", "1")), torch.cuda.device_count()
        if here > gpus:
            raise ValueError(
                f"torchrun starts {here} processes here, each for a GPU, and finds {gpus}: --nproc-per-node {gpus}"
            )
        own = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        torch.cuda.set_device(own)
    dist.init_process_group("nccl" if own else "gloo", device_id=own)
    return str(own or device)


def stop() -> None:
    """Leave the other processes."""
    if several():
        dist.destroy_process_group()


def several() -> bool:
    """Whether there are others."""
    return dist.is_available() and dist.is_initialized()


def processes() -> int:
    """How many there are, this one included."""
    return dist.get_world_size() if several() else 1


def rank() -> int:
    """Which of the processes this is, from 0."""
    return dist.get_rank() if several() else 0


def first() -> bool:
    """Whether this is the one that writes and prints."""
    return rank() == 0


def mine(items: Any) -> Any:
    """Every n-th of these items, where n is the number of processes."""
    return items[rank() :: processes()]


def share(indices: Tensor) -> tuple[Tensor, float]:
    """This process's part of a batch, and the weight of the part's mean in the batch's.

    A process for which nothing is left takes the first image with weight 0, so that all take every step.
    """
    part = mine(indices)
    return (part, len(part) / len(indices)) if len(part) else (indices[:1], 0.0)


def add(tensors: Sequence[Tensor], *, weight: float = 1.0) -> None:
    """Replace these tensors by their sums over the processes, this one's times ``weight``, in one message."""
    if several() and tensors:
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors]).mul_(weight)
        dist.all_reduce(flat)
        for tensor, part in zip(tensors, flat.split([tensor.numel() for tensor in tensors]), strict=True):
            tensor.copy_(part.view_as(tensor))


def total(*numbers: float) -> list[float]:
    """Sums of these numbers over the processes."""
    if not several():
        return list(numbers)
    sums = torch.tensor(numbers, dtype=torch.float64, device="cuda" if dist.get_backend() == "nccl" else "cpu")
    dist.all_reduce(sums)
    return sums.tolist()  # type: ignore[no-any-return]


def agreed(value: Any) -> Any:
    """What the first process gives here; what the others give counts for nothing."""
    values = [value]
    if several():
        dist.broadcast_object_list(values)
    return values[0]


@contextmanager
def first_alone() -> Iterator[None]:
    """The first process goes through a block before the others, who find there what it has made."""
    if several() and not first():
        dist.barrier()
    yield
    if several() and first():
        dist.barrier()
