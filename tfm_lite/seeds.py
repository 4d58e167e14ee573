"""Every random choice of a run comes from a stream that is named, never from the order in which things happen.

A stream's name is the run's seed and what it is for, e.g. ``(seed, "batches", task, fit, epoch)``. Two methods that ask
for the same name get the same numbers, whatever else they drew before; a resumed run asks again and gets them again.
"""

from __future__ import annotations

import hashlib

import numpy as np
import torch


def stream(seed: int, *name: str | int) -> int:
    """The 32-bit number that starts the stream of this name."""
    digest = hashlib.blake2b(repr((int(seed), *name)).encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big")


def torch_stream(seed: int, *name: str | int) -> torch.Generator:
    """A CPU generator for weights and the order of batches."""
    return torch.Generator().manual_seed(stream(seed, *name))


def numpy_stream(seed: int, *name: str | int) -> np.random.RandomState:
    """A generator for data and splits: ``RandomState``, because NumPy has frozen its numbers for ever."""
    return np.random.RandomState(stream(seed, *name))
