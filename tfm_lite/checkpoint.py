"""Files that a stopped run is continued from. Written under a temporary name, then renamed: never half there."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import torch

from tfm_lite import distributed
from tfm_lite.files import leftovers, written


class Checkpoint:
    """Named states in a folder; with no folder it keeps nothing. Of several processes all read and the first writes."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        if folder:
            folder.mkdir(parents=True, exist_ok=True)

    def save(self, name: str, content: dict[str, Any]) -> None:
        """Keep tensors and plain values under this name."""
        if self.folder and distributed.first():
            path = self.folder / f"{name}.pt"
            try:
                with written(path) as temporary, temporary.open("wb") as file:
                    torch.save(content, file)
            except (OSError, RuntimeError) as error:  # torch turns some errors of the disk into its own
                raise OSError(
                    f"the checkpoint {path} cannot be written ({error}): make room; then the same command goes on from the "
                    "last one that is whole"
                ) from error

    def load(self, name: str) -> dict[str, Any] | None:
        """What was kept under this name, or None. Nothing is unpickled but tensors and plain values."""
        path = self.folder / f"{name}.pt" if self.folder else None
        if path is None or not path.exists():
            return None
        try:
            return torch.load(path, weights_only=True, map_location="cpu")  # type: ignore[no-any-return]
        except (RuntimeError, EOFError, pickle.UnpicklingError) as error:
            raise ValueError(
                f"the checkpoint {path} cannot be read ({type(error).__name__}); delete its folder to start again"
            ) from error

    def drop(self, pattern: str) -> None:
        """Remove what was kept under the names that match."""
        if self.folder and distributed.first():
            for path in self.folder.glob(f"{pattern}.pt*"):
                path.unlink()

    def tidy(self) -> None:
        """Remove what killed writers left half written."""
        for path in leftovers(self.folder, "*.pt") if self.folder else ():
            path.unlink()

    def size(self) -> int:
        """Bytes of all that is kept."""
        return sum(path.stat().st_size for path in self.folder.glob("*.pt")) if self.folder else 0
