"""Where files are: those that come with the package, the user's data, what can be made again."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_cache_path

from tfm_lite.faults import warn_once


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
    if chosen and not new and not os.path.isdir(folder):
        named = "--data" if data else "TFM_LITE_DATA"
        raise FileNotFoundError(
            f"the data folder {folder}, named with {named}, does not exist: make it, or name another"
        )
    if os.path.isdir(folder) and not _may(folder, os.R_OK | os.X_OK):
        raise PermissionError(
            f"you may not look into the data folder {folder}: ask its owner to let you, or name another"
        )
    return folder


def caches(data: Path | None, within: str = "") -> list[Path]:
    """Where what can be made again may be, the first where it is to be made: with the data; or, where others' data folder may
    not be written to, which is said once, in the user's own cache too. ``within`` is a folder or a file in these."""
    folder, own = data_folder(data) / "cache", user_cache() / "cache"
    closed = None if folder == own else _closed(folder / within)
    if closed:
        warn_once(f"you may not write in {closed}: what you make is kept in {own}")
    return [own / within, folder / within] if closed else [folder / within]


def cache_folder(data: Path | None, within: str = "") -> Path:
    """Where to keep what can be made again."""
    return caches(data, within)[0]


def cached(data: Path | None, name: str) -> Path:
    """The path of a file that can be made again: where it is, else where it is to be made."""
    places = caches(data, name)
    return next(filter(os.path.exists, places), places[0])


def remade(path: Path) -> Path:
    """Where to make a :func:`cached` file anew that is not as it was: there, unless it is others'."""
    return user_cache() / "cache" / path.name if _closed(path) or _closed(path.parent) else path


def _closed(path: Path) -> Path | None:
    """The file, or the folder that it would be made in, if the user may not write there."""
    while not os.path.exists(path):
        path = path.parent
    return None if _may(path, os.W_OK) else path


def _may(path: Path, what: int) -> bool:
    return os.access(path, what, effective_ids=os.access in os.supports_effective_ids)
