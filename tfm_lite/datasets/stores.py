"""How files of images become one array, and where it is kept. Shared by all data sets."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import warnings
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from tfm_lite.datasets.pictures import decode, decode_into
from tfm_lite.datasets.sending import received, sent
from tfm_lite.files import crc32, read_json, write_json, written
from tfm_lite.places import cached, remade

VERSION = 3  # of how images are decoded and kept
FEW = 1000  # so few images are decoded before worker processes have started


def digest(*parts: object) -> str:
    """A short name for these values."""
    return hashlib.blake2b(repr(parts).encode(), digest_size=8).hexdigest()


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def store_path(name: str, files: Sequence[Path], *, size: int, data: Path | None, of: object = None) -> Path:
    """Where the store of these images is kept: named after the files, their sizes and times, and whatever ``of`` says, so
    that it is made again when one of them changes."""
    state = []
    for file in files:
        try:
            about = file.stat()
        except FileNotFoundError:
            raise FileNotFoundError(f"the image {file} is missing, or a link to nothing: put it back") from None
        state.append((file.name, about.st_size, about.st_mtime_ns))
    return cached(data, f"{name}-{size}-{digest(VERSION, size, state, of)}.npy")


def image_store(
    name: str,
    files: Sequence[Path],
    *,
    path: Path,
    size: int,
    describe: Callable[[np.ndarray], dict[str, Any]] = lambda images: {},
) -> tuple[np.ndarray, dict[str, Any]]:
    """All images as one memory-mapped uint8 array (N, 3, size, size), decoded once and kept at ``path``, and what
    ``describe`` says of them, kept beside it with the sum of the store's bytes. What is not as it was written is made again.
    """
    shape, facts = (len(files), 3, size, size), _facts(path)
    images = _open(path, shape, np.uint8) if facts else None
    if facts is None or images is None:
        path = _again(path)
        with _making(name, files, shape, path) as made:
            facts = {"store": path.name, "sum": crc32(made), **describe(_map(made))}
            with contextlib.suppress(OSError):  # without them the store is made again the next time
                write_json(path.with_suffix(".json"), facts)
        images = _map(path)
    return images, facts


def _facts(path: Path) -> dict[str, Any] | None:
    """What is kept beside a store, if the two are as they were written and belong together."""
    try:
        facts = read_json(path.with_suffix(".json"))
        return facts if (facts["store"], facts["sum"]) == (path.name, crc32(path)) else None
    except (OSError, ValueError, KeyError):
        return None


class Checked:
    """A store that is too large to be read through at every start: each image is held against its sum when it is read."""

    dtype = np.dtype(np.uint8)

    def __init__(self, name: str, files: Sequence[Path], *, path: Path, size: int) -> None:
        self.path, self.shape, count = path, (len(files), 3, size, size), (len(files),)
        images, sums = _open(path, self.shape, np.uint8), _open(path.with_suffix(".sums"), count, np.uint32)
        if images is None or sums is None:
            self.path = _again(path)
            with _making(name, files, self.shape, self.path) as made:
                sums = np.array([self._sum(image) for image in _map(made)], np.uint32)
                with written(self.path.with_suffix(".sums")) as temporary:
                    temporary.write_bytes(_npy(sums))
            images = _map(self.path)
        self.images, self.sums = images, np.array(sums)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "images": sent(self.images)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, images=received(state["images"]))

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, rows: int | np.ndarray | slice) -> np.ndarray:
        found = self.images[rows]
        one = isinstance(rows, int | np.integer)
        pairs = zip(found[None] if one else found, np.atleast_1d(self.sums[rows]), strict=True)
        for i, (image, noted) in enumerate(pairs):
            if self._sum(image) != noted:
                row = np.atleast_1d(np.arange(len(self))[rows])[i]
                raise ValueError(
                    f"image {row} of the store {self.path} is not as it was written: delete that file, and the images are "
                    "decoded again"
                )
        return found

    def _sum(self, image: np.ndarray) -> int:
        """Of the image, and of the store's name, so that no other's images are taken for these."""
        return zlib.crc32(image.data, zlib.crc32(self.path.name.encode()))


def _again(path: Path) -> Path:
    """Where to make a store that is not there, or not as it was written, which is said."""
    if path.exists():
        warnings.warn(f"the store {path} is not as it was written; it is made again", stacklevel=4)
    return remade(path)


@contextlib.contextmanager
def _making(name: str, files: Sequence[Path], shape: tuple[int, ...], path: Path) -> Iterator[Path]:
    """Decode all images into a temporary file, which takes the name ``path`` at the end of the block."""
    with written(path) as temporary:
        _decode_all(name, files, shape, temporary)
        yield temporary


def _npy(array: np.ndarray) -> bytes:
    """What an .npy file of this array holds. NumPy, writing into a file itself, does not see that a disk is full."""
    content = io.BytesIO()
    np.save(content, array)
    return content.getvalue()


def _map(path: Path) -> np.ndarray:
    return np.lib.format.open_memmap(path, mode="r")


def _open(path: Path, shape: tuple[int, ...], kind: type) -> np.ndarray | None:
    """The array of this shape and kind that is kept at ``path``; None if there is none, or it is not whole."""
    try:
        kept = _map(path)
    except (OSError, ValueError):
        return None
    return kept if (kept.shape, kept.dtype) == (shape, kind) else None


def _decode_all(name: str, files: Sequence[Path], shape: tuple[int, ...], path: Path) -> None:
    store = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)
    if hasattr(os, "posix_fallocate"):  # a full disk is better met now, as an error, than later as a crash
        with path.open("r+b") as whole:
            os.posix_fallocate(whole.fileno(), 0, path.stat().st_size)
    with tqdm(desc=f"reading {name}", total=len(files), unit="image") as bar:
        if len(files) <= FEW:
            for i, file in enumerate(files):
                store[i] = decode(file, shape[-1])
                bar.update()
        else:
            decode_into(path, files, workers=processors(), advance=bar.update)
    store.flush()


class Undecoded:
    """Images that are decoded whenever they are asked for; indexed by rows, as an array (N, 3, size, size) would be.

    For sets whose store would not fit on the disk: slower, but nothing is kept.
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, files: Sequence[Path], size: int) -> None:
        self.files, self.shape = files, (len(files), 3, size, size)
        self._pool: tuple[int, ThreadPoolExecutor] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_pool": None}

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, rows: int | np.ndarray | slice) -> np.ndarray:
        size = self.shape[-1]
        if isinstance(rows, int | np.integer):
            return decode(self.files[rows], size)
        chosen = np.arange(len(self))[rows]
        images = np.empty((len(chosen), *self.shape[1:]), np.uint8)
        for i, image in enumerate(self._threads().map(lambda row: decode(self.files[row], size), chosen)):
            images[i] = image
        return images

    def _threads(self) -> ThreadPoolExecutor:
        """Those of this process: one that is forked does not have its parent's, and would wait for them for ever."""
        process = os.getpid()
        if self._pool is None or self._pool[0] != process:
            self._pool = process, ThreadPoolExecutor(processors())
        return self._pool[1]
