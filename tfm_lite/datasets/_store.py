"""Where data are read and kept, and how folders of images become one array. Shared by the data sets of this folder."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from tfm_lite.files import written


def user_cache() -> Path:
    """The user's own cache folder for this package."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tfm_lite"


def data_folder(data: Path | None) -> Path:
    """The folder that holds the publishers' folders: the one given, else ``TFM_LITE_DATA``, else the user's cache."""
    chosen = data or os.environ.get("TFM_LITE_DATA")
    return Path(chosen).expanduser() if chosen else user_cache()


def cache_folder(data: Path | None) -> Path:
    """Where to keep what can be made again: in the data folder if it can be written to, else in the user's cache."""
    folder = data_folder(data)
    cache = folder / "cache"
    writable = os.access(folder, os.W_OK) and (not cache.exists() or os.access(cache, os.W_OK))
    return cache if writable else user_cache() / "cache"


def digest(*parts: object) -> str:
    """A short name for these values."""
    return hashlib.blake2b(repr(parts).encode(), digest_size=8).hexdigest()


def image_store(name: str, files: Sequence[Path], *, size: int, data: Path | None) -> np.ndarray:
    """All images as one memory-mapped uint8 array (N, 3, size, size), decoded once and kept in the cache.

    The short side is scaled to ``size`` pixels and the middle cut out. The cache is named after the files, their sizes and
    times, so that it is made again when one of them changes.
    """
    missing = next((file for file in files if not file.is_file()), None)
    if missing:
        raise FileNotFoundError(f"the image {missing} is missing: unpack the archive again, all of it")
    state = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    path = cache_folder(data) / f"{name}-{size}-{digest(1, size, state)}.npy"
    shape = (len(files), 3, size, size)
    kept = _open(path, shape)
    if kept is None:
        with written(path) as temporary:
            _decode_all(name, files, shape, temporary)
        kept = np.lib.format.open_memmap(path, mode="r")
    return kept


def _open(path: Path, shape: tuple[int, ...]) -> np.ndarray | None:
    """The array of this shape that is kept at ``path``; None if there is none, or it is not whole."""
    try:
        kept = np.lib.format.open_memmap(path, mode="r")
    except (OSError, ValueError):
        return None
    return kept if (kept.shape, kept.dtype) == (shape, np.uint8) else None


def _decode_all(name: str, files: Sequence[Path], shape: tuple[int, ...], path: Path) -> None:
    store = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)
    # Threads: Pillow decodes and scales without Python's lock, and a process that uses PyTorch is not safely forked.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        images = pool.map(decode, files, [shape[-1]] * len(files))
        for i, image in enumerate(tqdm(images, f"reading {name}", len(files), unit="image")):
            store[i] = image
    store.flush()


def decode(file: Path, size: int) -> np.ndarray:
    """One image as uint8 (3, size, size), whatever its mode."""
    try:
        with Image.open(file) as image:
            image.draft("RGB", (size, size))  # lets the JPEG decoder skip detail that is scaled away
            picture = image.convert("RGB")
    except Exception as error:  # Pillow's decoders raise nearly anything
        raise ValueError(
            f"the image {file} cannot be read ({error}): unpack its archive again or replace the file"
        ) from error
    scale = size / min(picture.size)
    width, height = (max(size, round(side * scale)) for side in picture.size)
    picture = picture.resize((width, height), Image.Resampling.BICUBIC)
    left, top = (width - size) // 2, (height - size) // 2
    return np.asarray(picture.crop((left, top, left + size, top + size))).transpose(2, 0, 1)
