"""Where data are read and kept, and how folders of images become one array. Shared by the data sets of this folder."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError
from tqdm import tqdm


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
    return folder / "cache" if os.access(folder, os.W_OK) else user_cache() / "cache"


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
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(f".{os.getpid()}")
        _decode_all(name, files, size, temporary)
        os.replace(temporary, path)
    return np.load(path, mmap_mode="r")  # type: ignore[no-any-return]


def _decode_all(name: str, files: Sequence[Path], size: int, path: Path) -> None:
    shape = (len(files), 3, size, size)
    store = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)
    try:
        with ProcessPoolExecutor(os.cpu_count()) as pool:
            images = pool.map(decode, files, [size] * len(files), chunksize=32)
            for i, image in enumerate(tqdm(images, f"reading {name}", len(files), unit="image")):
                store[i] = image
        store.flush()
    except BaseException:
        path.unlink()
        raise


def decode(file: Path, size: int) -> np.ndarray:
    """One image as uint8 (3, size, size), whatever its mode."""
    try:
        with Image.open(file) as image:
            image.draft("RGB", (size, size))  # lets the JPEG decoder skip detail that is scaled away
            picture = image.convert("RGB")
    except (OSError, UnidentifiedImageError, SyntaxError) as error:
        raise ValueError(
            f"the image {file} cannot be read ({error}): unpack its archive again or replace the file"
        ) from error
    scale = size / min(picture.size)
    width, height = (max(size, round(side * scale)) for side in picture.size)
    picture = picture.resize((width, height), Image.Resampling.BICUBIC)
    left, top = (width - size) // 2, (height - size) // 2
    return np.asarray(picture.crop((left, top, left + size, top + size))).transpose(2, 0, 1)
