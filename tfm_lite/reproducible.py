"""The switches of PyTorch on which the bits of a run depend, set while it trains and put back after it."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import Any

import torch
import torch.backends.cudnn.rnn  # its switch for TF32
from torch.utils import deterministic

from tfm_lite.devices import prepare_cublas


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
def reproducible(device: torch.device | str, *, precision: str = "fp32") -> Iterator[None]:
    """The same bits every time on this device, and nothing changed for whoever trains or draws numbers afterwards.

    PyTorch's global random numbers go on as if there had been no run. Denormal numbers count as 0: HAT's gates are full of
    them, and a processor takes up to four times as long over each. On CUDA: deterministic algorithms, no benchmark mode, and
    TF32 only if that is the ``precision``.
    """
    cuda = torch.device(device).type == "cuda"
    flushed = bool((torch.full((1,), 1e-310, dtype=torch.float64, device="cpu") * 1.0 == 0).item())
    switches = _deterministic(tf32=precision == "tf32") if cuda else nullcontext()
    with torch.random.fork_rng(devices=[torch.device(device)] if cuda else []), switches:
        try:
            flush_denormals(True)
            yield
        finally:
            flush_denormals(flushed)


@contextmanager
def _deterministic(*, tf32: bool) -> Iterator[None]:
    """What the same bits on CUDA take."""
    prepare_cublas()
    algorithms = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    wanted: list[tuple[Any, str, Any]] = [
        (torch.backends.cudnn, "benchmark", False),
        (deterministic, "fill_uninitialized_memory", False),  # with numbers: nobody reads them
        *_tf32(tf32),
    ]
    before = [(owner, name, value) for owner, name, _ in wanted for value in _value(owner, name)]
    try:
        torch.use_deterministic_algorithms(True)
        _set(wanted)
        yield
    finally:
        torch.use_deterministic_algorithms(algorithms[0], warn_only=algorithms[1])
        _set(before)


def _tf32(on: bool) -> Iterator[tuple[Any, str, Any]]:
    """The switches for TF32, and what they are to be. The older ones set the newer (PyTorch 2.9) too, but not those of
    convolutions against a word for all that somebody gave."""
    matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    for older in (matmul, cudnn):
        yield older, "allow_tf32", on
    if hasattr(cudnn, "fp32_precision"):
        for newer in (matmul, cudnn.conv, cudnn.rnn):  # type: ignore[attr-defined]
            yield newer, "fp32_precision", "tf32" if on else "ieee"


def _value(owner: Any, name: str) -> Iterator[Any]:
    """What a switch is; nothing where PyTorch will not say, because somebody has set the newer ones for TF32 alone, or where
    this version has none."""
    with suppress(RuntimeError, AttributeError):
        yield getattr(owner, name)


def _set(switches: list[tuple[Any, str, Any]]) -> None:
    for owner, name, value in switches:
        setattr(owner, name, value)
