"""Files that a stopped run is continued from. Written under a temporary name, then renamed: never half there."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import torch

from tfm_lite.files import written


class Checkpoint:
    """Named states in a folder; with no folder it keeps nothing."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        if folder:
            folder.mkdir(parents=True, exist_ok=True)

    def save(self, name: str, content: dict[str, Any]) -> None:
        """Keep tensors and plain values under this name."""
        if self.folder:
            with written(self.folder / f"{name}.pt") as temporary:
                torch.save(content, temporary)

    def load(self, name: str) -> dict[str, Any] | None:
        """What was kept under this name, or None. Nothing is unpickled but tensors and plain values."""
        path = self.folder / f"{name}.pt" if self.folder else None
        if path is None or not path.exists():
            return None
        try:
            return torch.load(path, weights_only=True)  # type: ignore[no-any-return]
        except (RuntimeError, EOFError, pickle.UnpicklingError) as error:
            raise ValueError(
                f"the checkpoint {path} cannot be read ({type(error).__name__}); delete its folder to start again"
            ) from error

    def drop(self, pattern: str) -> None:
        """Remove what was kept under the names that match."""
        for path in self.folder.glob(f"{pattern}.pt*") if self.folder else ():
            path.unlink()
