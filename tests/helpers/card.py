"""Where the checks of ``tests/cuda`` run, and what is recorded of them.

``TFM_LITE_CUDA_DEVICE`` names another device than the first GPU. With "cpu" they are rehearsed, in small: the numbers mean
nothing, but what stands in the tests has been run. ``TFM_LITE_CUDA_RECORD`` is the file that is written, after every check.
``TFM_LITE_CUDA_SECONDS`` is what all of it may take: what has not begun by then is left out, and said to be; each check's
share grows with it. With ``TFM_LITE_CUDA_ADD`` the file's other checks stay as they are.
"""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path
from time import monotonic
from typing import Any

import torch

from tfm_lite.devices import about
from tfm_lite.files import read_json, written
from tfm_lite.reproducible import reproducible

DEVICE = os.environ.get("TFM_LITE_CUDA_DEVICE", "cuda")
SMALL = torch.device(DEVICE).type == "cpu"
USUAL = 285.0
SECONDS = float(os.environ.get("TFM_LITE_CUDA_SECONDS", USUAL))
ADD = bool(os.environ.get("TFM_LITE_CUDA_ADD"))
BEGAN = monotonic()


def missing() -> str:
    """Why the checks cannot run here; nothing if they can."""
    if SMALL or torch.cuda.is_available():
        return ""
    return f"no GPU here: PyTorch {torch.__version__} finds none (make cuda, on a machine that has one)"


def environment() -> dict[str, Any]:
    """The machine, and what bits and times depend on."""
    nccl = (
        ".".join(map(str, torch.cuda.nccl.version())) if not SMALL and torch.distributed.is_nccl_available() else None
    )
    with reproducible(DEVICE):
        return {**about(DEVICE), "nccl": nccl, "torch": torch.__version__, "python": platform.python_version()}


class Record:
    """What came of the checks, by their numbers."""

    def __init__(self, path: Path | None, *, add: bool = False) -> None:
        self.path = path
        self.content: dict[str, Any] = {"environment": {}, "checks": {}}
        if add and path and path.exists():
            self.content = read_json(path)
        self.begun: set[str] = set()

    def of(self, number: int, what: str = "") -> dict[str, Any]:
        """The entry of a check; one of an earlier call is begun anew."""
        checks, name = self.content["checks"], str(number)
        if name not in self.begun:
            self.begun.add(name)
            checks[name] = {"what": what, "passed": 0, "failed": {}, "left out": 0, "seconds": 0.0, "measured": {}}
        entry: dict[str, Any] = checks[name]
        entry["what"] = what or entry["what"]
        return entry

    def over(self, number: int, seconds: float) -> str:
        """Why a test of this check is not to begin: the time is up, its own or all of it."""
        share = seconds * max(1.0, SECONDS / USUAL)
        if self.of(number)["seconds"] > share:
            return f"check {number} has had its {share:.0f} seconds"
        return f"the {SECONDS:.0f} seconds are over" if monotonic() - BEGAN > SECONDS else ""

    def note(self, number: int, outcome: str, name: str, why: str, seconds: float) -> None:
        """A test of this check has ended."""
        entry = self.of(number)
        entry["seconds"] = round(entry["seconds"] + seconds, 2)
        if outcome == "failed":
            entry["failed"][name] = why
        else:
            entry["passed" if outcome == "passed" else "left out"] += 1
        self.write()

    def write(self) -> None:
        if self.path:
            with written(self.path) as temporary:
                temporary.write_text(json.dumps(self.content, indent=1) + "\n", encoding="utf-8")


NAMED = os.environ.get("TFM_LITE_CUDA_RECORD")
RECORD = Record(Path(NAMED) if NAMED else None, add=ADD)
