"""What went wrong, in words, and the exit status that says the same to a script.

Whoever made a mistake reads what it was and what to do. An error that nobody foresaw is a mistake of this program, or of a
file that the user brought: then it is said whose, and where the traceback is.
"""

from __future__ import annotations

import errno
import logging
import re
import sys
import tempfile
import traceback
from collections.abc import Sequence
from functools import cache
from pathlib import Path

log = logging.getLogger(__name__)

ISSUES = "https://github.com/tfm-lite/tfm_lite/issues"
DONE, UNFORESEEN, REFUSED = 0, 1, 2  # exit statuses; argparse has the last one too
STOPPED = 128  # and the number of the signal, as shells have it

NO_ROOM = "make room, or name a folder on another disk"
NOT_ALLOWED = "see who may read and write it, or name another"
# What to do about an error of the system.
REMEDIES = {
    errno.EACCES: NOT_ALLOWED,
    errno.EPERM: NOT_ALLOWED,
    errno.EROFS: "name a folder that can be written to",
    errno.ENOENT: "make it, or name another",
    errno.EEXIST: "take it away, or name another",
    errno.ENOTDIR: "name another: a part of its path is a file",
    errno.EISDIR: "name a file, or take the folder away",
    errno.ELOOP: "links lead round in a circle: name what they should lead to",
    errno.ENAMETOOLONG: "give it a shorter name",
    errno.EINVAL: "name another",
    errno.ENOSPC: NO_ROOM,
    errno.EDQUOT: NO_ROOM,
    errno.EFBIG: NO_ROOM,
    errno.EMFILE: "allow more open files, as `ulimit -n 4096` does",
    errno.EIO: "the disk may be failing: copy what is on it, and name a folder on another",
}
OUT_OF_MEMORY = re.compile(r"out of memory|(can't|cannot|unable to) allocate|not enough memory|_ALLOC_FAILED", re.I)


def in_words(error: Exception, *, own: Sequence[Path] = ()) -> tuple[str, int]:
    """What an error comes to for the user, and the exit status. ``own`` are files that the user brought.

    What nobody foresaw is written, with its traceback, to a file in the system's temporary folder.
    """
    if is_out_of_memory(error):
        return (
            f"out of memory ({_short(error)}): take a smaller network (--width), smaller images (--size) or --precision "
            "bf16, end other programs, or use a machine with more; what was reached before is kept",
            REFUSED,
        )
    if isinstance(error, OSError) and error.errno is not None:
        what = f"{error.filename}: " if error.filename is not None else ""
        return f"{what}{error.strerror}: {REMEDIES.get(error.errno, 'try again, or name another')}", REFUSED
    whose = _own_line(error, own)
    if isinstance(error, ValueError | OSError) and str(error):
        return f"{error} ({whose})" if whose else str(error), REFUSED
    if whose:
        return f"{whose}: {_short(error)}. {_kept(error)}", UNFORESEEN
    if isinstance(error, ImportError):
        return f"what is needed cannot be imported ({_short(error)}): install it, or the package anew", REFUSED
    return (
        f"this is a fault of the program, not yours: {_short(error)}. {_kept(error)}; please report it with that text at "
        f"{ISSUES}",
        UNFORESEEN,
    )


@cache
def warn_once(text: str) -> None:
    """Say it, unless it has been said."""
    log.warning(text)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory was too small, be it the machine's or a GPU's. PyTorch says it in several ways."""
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and bool(OUT_OF_MEMORY.search(str(error)))
    )


def _short(error: BaseException) -> str:
    """An error's kind and the first line of what it says."""
    said = str(error).strip().splitlines()
    return f"{type(error).__name__}: {said[0][:300]}" if said else type(error).__name__


def _own_line(error: BaseException, own: Sequence[Path]) -> str:
    """The last line of the user's own files that led to an error."""
    files = {str(path.resolve()) for path in own}
    lines = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError):
        lines.append((str(error.filename), error.lineno))
    return next((f"{file}, line {line}" for file, line in reversed(lines) if file in files), "")


def _kept(error: BaseException) -> str:
    """Keep the traceback, and say where it is. With no place for it, it is said in full."""
    text = "".join([f"{sys.version}\n{sys.argv}\n", *traceback.format_exception(error)])
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="tfm-lite-", suffix=".txt", delete=False, encoding="utf-8", errors="backslashreplace"
        ) as file:
            file.write(text)
        return f"The traceback is in {file.name}"
    except OSError:
        return f"The traceback is\n{text}"
