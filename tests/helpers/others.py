"""Folders that belong to somebody else."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NOBODY = 65534


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that every user may look into, as those of tests are not."""
    folder = Path(tempfile.mkdtemp()).resolve()
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        for path in [folder, *folder.rglob("*")]:
            if path.is_dir():
                path.chmod(0o755)
        shutil.rmtree(folder)


@contextmanager
def somebody_else(*theirs: Path) -> Iterator[None]:
    """Go on as a user who may not write to these files, and to what is in these folders."""
    for path in [inner for each in theirs for inner in [each, *each.rglob("*")]]:
        path.chmod(path.stat().st_mode & ~0o222)
    root = os.geteuid() == 0  # who may do everything
    try:
        if root:
            os.setegid(NOBODY)
            os.seteuid(NOBODY)
        yield
    finally:
        if root:
            os.seteuid(0)
            os.setegid(0)
