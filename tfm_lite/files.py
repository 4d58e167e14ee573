"""Files that are there whole or not at all and say when they were changed; folders that one process at a time may write to.

Sums are CRC-32: they find every change within 32 bits in a row and all but one in four billion of the others. BLAKE2, which
would be of use against people only, takes three times as long.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import secrets
import shutil
import socket
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, SoftFileLock, Timeout

from tfm_lite.faults import warn_once

try:
    import fcntl
except ImportError:  # Windows locks in another way
    fcntl = None  # type: ignore[assignment]

SIGNATURE = b"tfm_lite crc32 %08x"  # at the end of a signed file
SIGNED = len(SIGNATURE % 0)
SOFT = "lock.soft"  # the lock's file where the disk has no locks
# What a disk says that is full, or that may not be written to.
REFUSED = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES, errno.EPERM, errno.EROFS}
ELSEWHERE = "name another folder with TFM_LITE_DATA, --data or --out"
AGAIN = f"make room, or see that you may write there, and give the same command again; or {ELSEWHERE}"


class InUse(OSError):
    """Another process holds this folder."""


@contextmanager
def written(path: Path, remedy: str = AGAIN) -> Iterator[Path]:
    """A temporary file beside ``path`` that takes its name when all is on the disk, and goes if anything fails.

    Raises ``OSError`` that names the file and the ``remedy`` if the disk is full, or nothing may be written there.
    """
    make(path.parent)
    # A number of its own: on another machine, or in a container, another process may have this one's.
    temporary = path.with_name(f"{path.name}.{secrets.randbits(63)}")
    try:
        yield temporary
        with temporary.open("rb+") as file:  # else a loss of power could leave the new name on an empty file
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        if error.errno not in REFUSED or str(error.filename or temporary) != str(temporary):  # it is of another file
            raise
        raise OSError(f"{path} cannot be written ({error.strerror}): {remedy}") from error
    finally:
        with contextlib.suppress(OSError):  # where nothing may be written there is nothing to remove
            temporary.unlink(missing_ok=True)


def make(folder: Path) -> None:
    """Make a folder, and those that it lies in, unless it is there. Raises ``OSError`` in words where that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _not_writable(folder, error) from error


def _not_writable(folder: Path, error: OSError) -> OSError:
    in_the_way = error.errno in (errno.EEXIST, errno.ENOTDIR)
    advice = "take the file away that is in its path" if in_the_way else "make it writable or make room"
    return OSError(f"nothing can be written in {folder} ({error.strerror}): {advice}, or {ELSEWHERE}")


def crc32(path: Path, size: int | None = None) -> int:
    """The sum of a file's first ``size`` bytes (None: of all)."""
    total, left = 0, path.stat().st_size if size is None else size
    with path.open("rb") as file:
        while block := file.read(min(left, 1 << 20)):
            total, left = zlib.crc32(block, total), left - len(block)
    return total


def sign(path: Path) -> None:
    """Append to a file the sum of its bytes."""
    signature = SIGNATURE % crc32(path)
    with path.open("ab") as file:
        file.write(signature)


def is_signed(path: Path) -> bool:
    """Whether a file ends in the sum of its other bytes: what :func:`sign` wrote, and nothing has changed since."""
    size = path.stat().st_size - SIGNED
    if size < 0:
        return False
    with path.open("rb") as file:
        file.seek(size)
        return file.read() == SIGNATURE % crc32(path, size)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write JSON that any reader takes (no NaN or Infinity), with the sum of its text as its last entry."""
    text = json.dumps(content, indent=1, allow_nan=False)
    with written(path) as temporary:
        temporary.write_text(f'{text[:-2]},\n "crc32": "{zlib.crc32(text.encode()):08x}"\n}}\n', encoding="utf-8")


def read_json(path: Path) -> dict[str, Any]:
    """What :func:`write_json` wrote, or JSON that never had a sum. Raises ``ValueError`` if it is not."""
    text = path.read_text(encoding="utf-8")
    try:
        content = json.loads(text)
    except RecursionError:
        raise ValueError("it has lists in lists without end") from None
    if not isinstance(content, dict):
        raise ValueError("it is not an object")
    if (noted := content.pop("crc32", None)) is not None:
        body = re.sub(r',\n "crc32": "\w{8}"\n}\n$', "\n}", text)
        if f"{zlib.crc32(body.encode()):08x}" != noted:
            raise ValueError("it was changed after it had been written")
    return content


def leftovers(folder: Path, pattern: str) -> list[Path]:
    """Temporary files of writers that were killed, for files of this name or pattern. Only who holds the folder may ask."""
    return [path for path in folder.glob(f"{pattern}.*") if path.suffix[1:].isdigit()]


def lock(folder: Path) -> Callable[[], None] | None:
    """Take hold of a folder. What is returned lets go of it; None if another process has it.

    The system lets go of it when the process ends, however it ends. Who holds it stands in a file of its own: Windows lets
    nobody read one that is locked, and some versions of filelock empty it when they only try. Where the disk has no locks, a
    file that is there stands for one (:data:`SOFT`); it outlives a process that is killed, and is then taken over on the same
    machine.
    """
    make(folder)
    held, name = _lock(folder), folder / "holder"
    for last in False, True:  # the first try may do no more than remove the file that a killed process left
        try:
            held.acquire(timeout=0)
            break
        except Timeout:
            if last:
                return None
        except OSError as error:
            raise _not_writable(Path(held.lock_file), error) from error
    with contextlib.suppress(OSError):  # a courtesy, for which nothing stops
        name.unlink(missing_ok=True)  # another user's could not be written to
        name.write_text(f"process {os.getpid()} on {socket.gethostname()}", encoding="utf-8")

    def let_go() -> None:
        with contextlib.suppress(OSError):
            name.unlink(missing_ok=True)
        held.release()

    return let_go


def _lock(folder: Path) -> FileLock | SoftFileLock:
    """The kind of lock that the disk has."""
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:  # nobody else knows of it: what fails here always does
            if fcntl and (why := _refusal(probe.fileno())):
                warn_once(f"the disk of {folder.parent} has no locks ({why}): a file {SOFT} stands for each instead")
                return SoftFileLock(folder / SOFT, thread_local=False)
    except OSError as error:
        raise _not_writable(folder, error) from error
    return FileLock(folder / "lock", thread_local=False)


def _refusal(file: int) -> str | None:
    """Why a file cannot be locked, if it cannot."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:  # Lustre and NFS say ENOSYS, ENOLCK or EOPNOTSUPP
        return error.strerror
    return None


def holder(folder: Path) -> str:
    """Who holds a folder, in words."""
    try:
        return (folder / "holder").read_text(encoding="utf-8", errors="replace") or "another process"
    except OSError:  # it has just taken hold, or is about to let go
        return "another process"


def way_out(folder: Path) -> str:
    """What to do about a holder that may be gone for good; nothing, where the system sees to it."""
    soft = folder / SOFT
    return f"; if it is gone for good (it may have been on another machine), delete {soft}" if soft.exists() else ""


def check_room(folder: Path, size: int, *, kept: int = 0) -> None:
    """Refuse a folder that cannot be written to, or whose disk has no room for ``size`` bytes; ``kept`` are there already."""
    make(folder)
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:  # gone with the process, however it ends
            probe.write(b"\0" * 4096)
    except OSError as error:
        raise _not_writable(folder, error) from error
    free = shutil.disk_usage(folder).free + kept
    if free < size:
        raise OSError(
            f"{folder} has room for {free / 1e6:.0f} MB, and a run keeps up to {size / 1e6:.0f} MB while it learns: make "
            "room, or name another folder with TFM_LITE_DATA or --data"
        )
