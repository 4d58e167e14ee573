"""Archives are unpacked whole or not at all, nowhere else than they should be, and no further than they may grow."""

from __future__ import annotations

import errno
import lzma
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from tqdm import tqdm

from tfm_lite.datasets.about import About, Archive
from tfm_lite.datasets.entries import is_left

CHUNK = 1 << 18
SPARE = 16_000_000  # bytes by which a small archive may be larger than its About says
OTHERS = 10_000  # files beside the images and what belongs to each
DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO}  # not the archive's fault
BAD = (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError)


class BadArchive(ValueError):
    """A file that is not the archive it should be."""


class DiskError(OSError):
    """A disk that does not take what is written."""


@dataclass(frozen=True)
class Limits:
    """How large a file may be, in bytes, and what is unpacked of it; and how many files that may be.

    Images are packed already: an archive of them is about as large as what it holds.
    """

    packed: float
    unpacked: float
    members: int

    @classmethod
    def of(cls, about: About, archive: Archive) -> Limits:
        """Those of an archive, by what its About says."""
        size = archive.megabytes * 1e6
        return cls(1.5 * size + SPARE, 2 * size + SPARE, 4 * (about.train + about.test) + OTHERS)


def unpack(archive: Path, into: Path, limits: Limits) -> None:
    """Unpack a .zip or .tar archive, or copy any other file. Nothing is written outside ``into``: a member that would be, or
    that is a link or a device, is an error, as is one too many. What programs left in it is passed over."""
    try:
        into.mkdir(parents=True, exist_ok=True)
        if zipfile.is_zipfile(archive) or tarfile.is_tarfile(archive):
            _write(archive, into, limits)
        elif archive.suffix in (".zip", ".tgz", ".gz", ".tar"):
            raise BadArchive(f"{archive} is not an archive, or not whole")
        else:
            shutil.copy(archive, into)
    except BAD as error:
        raise BadArchive(f"{archive} cannot be unpacked ({error})") from error
    except OSError as error:
        if error.errno in DISK:
            raise DiskError(
                f"what is in {archive} cannot be written ({error.strerror}): make room on that disk, or name another folder "
                "with --data"
            ) from error
        raise BadArchive(f"{archive} cannot be unpacked ({error})") from error


def _write(archive: Path, into: Path, limits: Limits) -> None:
    size = 0
    with _members(archive, limits) as members:
        for name, source in tqdm(members, f"unpacking {archive.name}", unit="file"):
            target = _inside(archive, name, into)
            target.parent.mkdir(parents=True, exist_ok=True)
            with source, target.open("xb") as file:
                while chunk := source.read(CHUNK):
                    size += len(chunk)
                    _check_size(archive, size, limits)
                    file.write(chunk)


@contextmanager
def _members(archive: Path, limits: Limits) -> Iterator[Iterator[tuple[str, IO[bytes]]]]:
    """The files of an archive, one after the other."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as zipped:
            every = zipped.infolist()
            _check_size(archive, sum(info.file_size for info in every), limits)
            _check_count(archive, len(every), limits)
            yield ((info.filename, zipped.open(info)) for info in every if _plain_zip(archive, info))
    else:
        with tarfile.open(archive, "r|*") as tar:
            yield (
                (info.name, _opened(tar, info)) for info in _counted(archive, tar, limits) if _plain_tar(archive, info)
            )


def _counted(archive: Path, tar: tarfile.TarFile, limits: Limits) -> Iterator[tarfile.TarInfo]:
    """The members of an archive that says only as it goes how many they are and how large."""
    size = 0
    for count, info in enumerate(tar, 1):
        size += info.size
        _check_size(archive, size, limits)
        _check_count(archive, count, limits)
        yield info


def _check_size(archive: Path, size: int, limits: Limits) -> None:
    if size > limits.unpacked:
        raise BadArchive(
            f"{archive} is refused: it would become more than {limits.unpacked / 1e6:,.0f} MB, twice what the publisher's is"
        )


def _check_count(archive: Path, count: int, limits: Limits) -> None:
    if count > limits.members:
        raise BadArchive(
            f"{archive} is refused: it has more than {limits.members:,} files, far more than the publisher's"
        )


def _plain_zip(archive: Path, info: zipfile.ZipInfo) -> bool:
    """Whether a member is a file to unpack; what is neither file nor folder is refused."""
    _inside(archive, info.filename, archive)
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise BadArchive(f"{archive} is refused: its member {info.filename} is a link or a device")
    return not info.is_dir() and _is_wanted(info.filename)


def _plain_tar(archive: Path, info: tarfile.TarInfo) -> bool:
    _inside(archive, info.name, archive)
    if not info.isfile() and not info.isdir():
        raise BadArchive(f"{archive} is refused: its member {info.name} is a link or a device")
    return info.isfile() and _is_wanted(info.name)


def _is_wanted(name: str) -> bool:
    return not any(is_left(part) for part in PurePosixPath(name).parts)


def _opened(tar: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    source = tar.extractfile(info)
    assert source is not None  # it is a file
    return source


def _inside(archive: Path, name: str, into: Path) -> Path:
    """The path of a member inside ``into``; an error if it would be elsewhere."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name.split("/")[0]:
        raise BadArchive(f"{archive} is refused: its member {name} would be written outside the folder")
    return into.joinpath(*path.parts)
