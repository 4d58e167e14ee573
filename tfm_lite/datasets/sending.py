"""How images come to another process, such as a worker of a ``DataLoader``: both look at the same ones, nothing is copied."""

from __future__ import annotations

import mmap
import os
import weakref
from multiprocessing.context import get_spawning_popen
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor


class OnDisk(NamedTuple):
    """Where an array lies on the disk."""

    path: str
    kind: str
    shape: tuple[int, ...]
    offset: int


_opened: weakref.WeakValueDictionary[OnDisk, np.memmap[Any, Any]] = weakref.WeakValueDictionary()
_shared: dict[int, Tensor] = {}  # by the address of the array


def sent(images: Any) -> Any:
    """What is pickled instead of these images: of a memory-mapped file where it is, and of an array, if it goes to a process
    that is being started, a tensor in memory that both see."""
    if isinstance(images, np.memmap) and images.filename is not None and _is_whole(images):
        return OnDisk(os.path.abspath(images.filename), images.dtype.str, images.shape, images.offset)
    return _in_shared_memory(images) if isinstance(images, np.ndarray) and get_spawning_popen() else images


def received(images: Any) -> Any:
    """The images again. All that are sent from one file are one array there too."""
    if isinstance(images, OnDisk):
        found = _opened.get(images)
        return _opened.setdefault(images, _open(images)) if found is None else found
    return images.numpy() if isinstance(images, Tensor) else images


def _is_whole(images: np.memmap[Any, Any]) -> bool:
    """Whether it is what its file holds: no part of another array, in the usual order, not changed in memory alone."""
    return isinstance(images.base, mmap.mmap) and images.flags.c_contiguous and images.mode != "c"


def _open(where: OnDisk) -> np.memmap[Any, Any]:
    try:
        return np.memmap(where.path, where.kind, "r", where.offset, where.shape)
    except (OSError, ValueError) as error:
        raise OSError(
            f"the images in {where.path} are not there any more ({error}): load the tasks again, then send them"
        ) from error


def _in_shared_memory(images: np.ndarray) -> Tensor:
    """A copy that every process can see, made once and not for every worker; it goes when the images do."""
    address = id(images)
    if address not in _shared:
        _shared[address] = torch.from_numpy(images if images.flags.writeable else images.copy()).share_memory_()
        weakref.finalize(images, _shared.pop, address, None)
    return _shared[address]
