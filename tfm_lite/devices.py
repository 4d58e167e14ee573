"""The devices that runs are made on: which there are, what they can, how tensors come to them, what a record says of them."""

from __future__ import annotations

import os
import platform
import subprocess
from typing import Any

import torch
from torch import Tensor

from tfm_lite.faults import warn_once

PRECISIONS = ("fp32", "tf32", "bf16")
AMPERE = (8, 0)  # the first capability of which a card has TF32 and bfloat16 of its own
WORKSPACE, SAME_BITS = "CUBLAS_WORKSPACE_CONFIG", (":4096:8", ":16:8")  # the values under which cuBLAS is reproducible


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


def check_precision(precision: str, device: torch.device | str) -> None:
    """Refuse a precision that there is not, or not on this device."""
    if precision not in PRECISIONS:
        raise ValueError(f"there is no precision {precision!r}; the precisions are {', '.join(PRECISIONS)}")
    named = torch.device(device)
    if named.type != "cuda":
        if precision == "tf32":
            raise ValueError(f"tf32 is how NVIDIA's GPUs multiply float32, and {device} is none: write fp32 or bf16")
        return
    capability = torch.cuda.get_device_capability(named)
    if precision != "fp32" and capability < AMPERE and not torch.version.hip:
        raise ValueError(
            f"{device} is a {torch.cuda.get_device_name(named)}, of capability {_dotted(capability)}; cards have {precision} "
            f"from {_dotted(AMPERE)} on, and before that at best an imitation, slower than fp32: write fp32"
        )


def prepare_cublas() -> None:
    """Have cuBLAS give the same bits every time. It looks before its first product: if the GPU was used already, it is said
    that this may be too late. Raises ``ValueError`` if it was told something else."""
    if WORKSPACE not in os.environ:
        os.environ[WORKSPACE] = SAME_BITS[0]
        if torch.cuda.is_initialized():
            warn_once(
                f"this process used the GPU before {WORKSPACE} was set: two runs may differ in their last bits. To be sure, "
                f"start it again with {WORKSPACE}={SAME_BITS[0]}"
            )
    elif (value := os.environ[WORKSPACE]) not in SAME_BITS:
        raise ValueError(
            f"{WORKSPACE} is {value!r}, with which cuBLAS does not give the same bits every time: leave it unset, or write "
            f"{SAME_BITS[0]}"
        )


def send(tensor: Tensor, device: torch.device) -> Tensor:
    """A tensor of the processor on this device, without waiting for what the device is at."""
    if device.type == "cuda":
        tensor = tensor.pin_memory()  # else the copy waits all the same
    return tensor.to(device, non_blocking=True)


def room(device: torch.device) -> int:
    """Bytes on a GPU that may be taken for good: half of what is free, for a step needs its own. On a processor none are."""
    if device.type != "cuda":
        return 0
    free, _ = torch.cuda.mem_get_info(device)
    return (free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)) // 2


def about(device: torch.device | str) -> dict[str, Any]:
    """What a record says of the device: of a processor its kind; of a GPU its name, and what else its bits depend on."""
    named = torch.device(device)
    if named.type != "cuda":
        return {"device": platform.machine()}
    return {
        "device": torch.cuda.get_device_name(named),
        "capability": _dotted(torch.cuda.get_device_capability(named)),
        "driver": driver(),
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),
        "tf32": torch.backends.cuda.matmul.allow_tf32 and torch.backends.cudnn.allow_tf32,
        "deterministic": torch.are_deterministic_algorithms_enabled() and not torch.backends.cudnn.benchmark,
    }


def driver() -> str | None:
    """The version of NVIDIA's driver, where the system tells it."""
    command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout.split()
    except (OSError, subprocess.SubprocessError):
        return None
    return said[0] if said else None


def _dotted(capability: tuple[int, int]) -> str:
    return ".".join(map(str, capability))
