"""Files that are there whole or not at all, and folders that one process at a time may write to."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows has no locks that go with their process; there two runs are not kept apart
    fcntl = None  # type: ignore[assignment]


class InUse(OSError):
    """Another process holds this folder."""


@contextmanager
def written(path: Path) -> Iterator[Path]:
    """A temporary file beside ``path`` that takes its name when all is on the disk, and goes if anything fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        yield temporary
        with temporary.open("rb+") as file:  # else a loss of power could leave the new name on an empty file
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def leftovers(folder: Path, pattern: str) -> list[Path]:
    """Temporary files of writers that were killed, for files of this name or pattern. Only who holds the folder may ask."""
    return [path for path in folder.glob(f"{pattern}.*") if path.suffix[1:].isdigit()]


def lock(folder: Path) -> int | None:
    """Take hold of a folder, until ``os.close`` of the number returned; None if another process has it.

    The system lets go of it when the process ends, however it ends.
    """
    folder.mkdir(parents=True, exist_ok=True)
    number = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o666)
    try:
        if fcntl:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(number)
        return None
    os.truncate(number, 0)
    os.write(number, f"process {os.getpid()} on {socket.gethostname()}".encode())
    return number


def holder(folder: Path) -> str:
    """Who holds a folder, in words."""
    return (folder / "lock").read_text() or "another process"


def check_room(folder: Path, size: int, *, kept: int = 0) -> None:
    """Refuse a folder that cannot be written to, or whose disk has no room for ``size`` bytes; ``kept`` are there already."""
    probe = folder / f"probe.{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"\0" * 4096)
        probe.unlink()
    except OSError as error:
        raise OSError(
            f"nothing can be written in {folder} ({error.strerror}): make it writable or make room, or name another "
            "folder with TFM_LITE_DATA, --data or --out"
        ) from error
    free = shutil.disk_usage(folder).free + kept
    if free < size:
        raise OSError(
            f"{folder} has room for {free / 1e6:.0f} MB, and a run keeps up to {size / 1e6:.0f} MB while it learns: make "
            "room, or name another folder with TFM_LITE_DATA or --data"
        )
