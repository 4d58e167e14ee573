"""The switches of PyTorch on which the bits of a run depend, set while it trains and put back after it."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch


def check_device(device: torch.device | str, what: str = "the device") -> None:
    """Refuse a device on which nothing runs, or not to the same bits. ``what`` is where it was named."""
    try:
        named = torch.device(device)
    except RuntimeError:
        raise ValueError(f"there is no device {str(device)!r}; write cpu or cuda") from None
    if named.type not in ("cpu", "cuda"):
        why = {
            "mps": ". Of Apple's GPUs: they have no float64, in which losses are summed, nor the same bits every time"
        }
        raise ValueError(
            f"{str(device)!r} is no device that runs are made for; write cpu or cuda{why.get(named.type, '')}"
        )
    count = torch.cuda.device_count() * torch.cuda.is_available() if named.type == "cuda" else 1
    if not count:
        raise ValueError(f"{what} {device}: PyTorch finds no GPU here; write cpu, or install the GPU's driver")
    if named.index is not None and named.index >= count:
        raise ValueError(
            f"{what} {device}: the last one here is {f'cuda:{count - 1}' if named.type == 'cuda' else 'cpu'}"
        )


def flush_denormals(on: bool) -> None:
    """Whether denormal numbers count as 0, in all threads that PyTorch computes with.

    Each thread has the switch for itself and takes it over from the thread that starts it; PyTorch turns it in one alone. So
    those that OpenMP keeps waiting are let go, and the next product starts new ones.
    """
    torch.set_flush_denormal(on)
    let_go = getattr(ctypes.CDLL(None), "omp_pause_resource_all", None) if os.name == "posix" else None
    if let_go:
        let_go(1)  # soft: nothing but the threads themselves is given up


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
            flush_denormals(True)
            if cuda:
                os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
                torch.use_deterministic_algorithms(True)
                cudnn.benchmark = cudnn.allow_tf32 = matmul.allow_tf32 = False
            yield
    finally:
        flush_denormals(flushed)
        torch.use_deterministic_algorithms(deterministic, warn_only=warn_only)
        cudnn.benchmark, cudnn.allow_tf32, matmul.allow_tf32 = before
