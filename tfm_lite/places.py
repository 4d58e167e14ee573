"""Where files are: those that come with the package, the user's data, what can be made again."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_cache_path


def shipped(kind: str) -> Path:
    """The folder of files of this kind ("results", "published", "splits") that come with the package.

    They are in ``data/`` beside the package in a checkout, and inside the package in a wheel.
    """
    here = Path(__file__).parent
    inside = here / "data" / kind
    return inside if inside.is_dir() else here.parent / "data" / kind


def user_cache() -> Path:
    """The user's own cache folder for this package, where the system has such folders: ``~/.cache/tfm_lite`` on Linux, or in
    ``XDG_CACHE_HOME``; ``~/Library/Caches/tfm_lite`` on macOS; ``%LOCALAPPDATA%\\tfm_lite\\Cache`` on Windows."""
    return user_cache_path("tfm_lite", appauthor=False)


def data_folder(data: Path | None, *, new: bool = False) -> Path:
    """The folder that holds the publishers' folders: the one given, else ``TFM_LITE_DATA``, else the user's cache.

    One that is named and does not exist is refused, for it may be a slip; unless it is to be made (``new``).
    """
    chosen = data or os.environ.get("TFM_LITE_DATA")
    folder = Path(chosen).expanduser() if chosen else user_cache()
    if chosen and not new and not folder.is_dir():
        named = "--data" if data else "TFM_LITE_DATA"
        raise FileNotFoundError(
            f"the data folder {folder}, named with {named}, does not exist: make it, or name another"
        )
    return folder


def cache_folder(data: Path | None) -> Path:
    """Where to keep what can be made again: in the data folder if it can be written to, else in the user's cache."""
    folder = data_folder(data)
    cache = folder / "cache"
    writable = os.access(folder, os.W_OK) and (not cache.exists() or os.access(cache, os.W_OK))
    return cache if writable else user_cache() / "cache"
