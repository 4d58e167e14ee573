"""Files that a stopped run is continued from. Written under a temporary name, then renamed: never half there.

Each ends in a sum of its bytes: ``torch.load`` would take a file in which a byte has changed, and the run would go on from
other weights without a word.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from tfm_lite import distributed
from tfm_lite.faults import is_out_of_memory
from tfm_lite.files import is_signed, leftovers, make, sign, written

# By kind of checkpoint: what to delete when it is damaged, so that the least is lost.
REMEDY = {
    "task": "delete {folder}, or run with --again: the run starts again",
    "fit": "delete this file: the same command goes on from this training's last epoch",
    "epoch": "delete this file: the same command begins this one training again",
    "accuracy": "delete this file: the same command tries these options again",
}
ROOM = "make room; then the same command goes on from the last checkpoint that is whole"


class Checkpoint:
    """Named states in a folder; with no folder it keeps nothing. Of several processes all read and the first writes.

    Names are "task", where a run stands between tasks, and of training N of task T "epoch-T-N", where it stands, and
    "fit-T-N", its end; "accuracy" is that of options that were tried. ``of`` is what they are of, a run's key: states of
    another run are refused. None: nobody asks.
    """

    def __init__(self, folder: Path | None, *, of: str | None = None) -> None:
        self.folder, self.of = folder, of
        if folder:
            make(folder)

    def save(self, name: str, content: dict[str, Any]) -> None:
        """Keep tensors and plain values under this name."""
        path = self._path(name)
        if path and distributed.first():
            with written(path, ROOM) as temporary:
                try:
                    with temporary.open("wb") as file:
                        torch.save({**content, "of": self.of}, file)
                except RuntimeError as error:  # torch hides the disk's error behind one of its own
                    raise (error.__context__ if isinstance(error.__context__, OSError) else error) from None
                sign(temporary)

    def load(self, name: str) -> dict[str, Any] | None:
        """What was kept under this name, or None. Nothing is unpickled but tensors and plain values.

        Raises ``ValueError`` if the file is damaged, of another run, or of a version that did not sign its files.
        """
        path = self._path(name)
        if path is None or not path.exists():
            return None
        try:
            if not is_signed(path):
                raise ValueError("it does not end in the sum of its bytes: damaged, or of an older version")
            content: dict[str, Any] = torch.load(path, weights_only=True, map_location="cpu")
            if None not in (of := content.pop("of", None), self.of) and of != self.of:
                raise ValueError(f"it is of another run, {of}")
            return content
        except Exception as error:  # of something else than a checkpoint torch makes nearly anything
            if is_out_of_memory(error):
                raise
            raise ValueError(f"the checkpoint {path} cannot be read ({error}); {self._remedy(name)}") from error

    @contextmanager
    def understood(self, name: str) -> Iterator[None]:
        """Say in words what is wrong where a whole file has another content than what is taken from it in this block."""
        try:
            yield
        except (LookupError, TypeError, ValueError, AttributeError, RuntimeError) as error:  # torch's own is the last
            if is_out_of_memory(error):
                raise
            why = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"  # PyTorch's may have a line for each tensor
            raise ValueError(
                f"the checkpoint {self._path(name)} was written by another version of the package, or of PyTorch ({why}); "
                + self._remedy(name)
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

    def _path(self, name: str) -> Path | None:
        return self.folder / f"{name}.pt" if self.folder else None

    def _remedy(self, name: str) -> str:
        return REMEDY[name.split("-")[0]].format(folder=self.folder)
