"""The switches of PyTorch on which the bits of a run depend, set while it trains and put back after it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def reproducible(device: torch.device | str) -> Iterator[None]:
    """The same bits every time on this device, and nothing changed for whoever trains or draws numbers afterwards.

    PyTorch's global random numbers go on as if there had been no run. Denormal numbers count as 0: HAT's gates are full of
    them, and a processor takes up to four times as long over each. On CUDA: deterministic algorithms, no benchmark mode, no
    TF32.
    """
    cuda = torch.device(device).type == "cuda"
    flushed = bool((torch.full((1,), 1e-310, dtype=torch.float64) * 1.0 == 0).item())
    deterministic, warn_only = (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
    )
    cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
    before = cudnn.benchmark, cudnn.allow_tf32, matmul.allow_tf32
    try:
        with torch.random.fork_rng(devices=[torch.device(device)] if cuda else []):
            torch.set_flush_denormal(True)
            if cuda:
                os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
                torch.use_deterministic_algorithms(True)
                cudnn.benchmark = cudnn.allow_tf32 = matmul.allow_tf32 = False
            yield
    finally:
        torch.set_flush_denormal(flushed)
        torch.use_deterministic_algorithms(deterministic, warn_only=warn_only)
        cudnn.benchmark, cudnn.allow_tf32, matmul.allow_tf32 = before
