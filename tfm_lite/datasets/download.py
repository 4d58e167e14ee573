"""Downloads that go on where they broke off, are checked, and are unpacked whole or not at all."""

from __future__ import annotations

import http.client
import os
import shutil
import stat
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from tqdm import tqdm

from tfm_lite.datasets import presence
from tfm_lite.datasets.about import About, Archive
from tfm_lite.datasets.presence import Reader

ATTEMPTS = 5  # in a row without a byte gained
PAUSE = 1.0  # seconds before the second attempt; then twice as long, and so on
TIMEOUT = 60.0
CHUNK = 1 << 18


def fetch(name: str, about: About, read: Reader, *, folder: Path, archives: Sequence[Path] = ()) -> Path:
    """The set's folder in ``folder``: as it is if it is complete, else downloaded, checked and unpacked.

    ``archives`` are files that the user brought; they are used instead of downloads.
    """
    target = folder / about.folder
    if target.is_dir():
        complete(name, about, read, target)
        return target
    if not about.archives:
        raise ValueError(
            f"{about.title} cannot be downloaded without signing its terms. Get it from {about.page}, let "
            f"torchvision.datasets.ImageNet make train/ and val/ of its archives, and put both into {target}"
        )
    brought = _brought(about, archives)
    folder.mkdir(parents=True, exist_ok=True)
    room, needed = shutil.disk_usage(folder).free, 2.2e6 * sum(archive.megabytes for archive in about.archives)
    if room < needed:
        raise OSError(
            f"{folder} has room for {room / 1e6:.0f} MB; about {needed / 1e6:.0f} MB are needed: name another"
        )
    files = {a: brought.get(a.name) or download(name, about, a, folder / "downloads") for a in about.archives}
    with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=folder) as temporary:
        for archive, file in files.items():
            unpack(file, Path(temporary) / archive.into)
        complete(name, about, read, Path(temporary) / about.folder)
        os.replace(Path(temporary) / about.folder, target)
    for archive, file in files.items():
        if archive.name not in brought:
            file.unlink()
    return target


def complete(name: str, about: About, read: Reader, target: Path) -> None:
    """Refuse a folder that is not the complete set."""
    try:
        presence.check(name, about, presence.look(target, read))
    except (ValueError, OSError) as error:
        raise ValueError(
            f"{error}\n{target} is not the complete set; `data verify {name}` says what it holds. To get the set again move "
            "the folder away first"
        ) from error


def check_integrity(path: Path, md5: str | None) -> bool:
    """Whether a file has this checksum."""
    from torchvision.datasets import utils  # as slow to import as all the rest, and seldom needed

    return utils.check_integrity(path, md5)  # type: ignore[no-any-return]


def _brought(about: About, files: Sequence[Path]) -> dict[str, Path]:
    """Which archive each of the user's files is: by its name, or because there is but one."""
    names = [archive.name for archive in about.archives]
    found = {}
    for file in files:
        name = names[0] if len(names) == 1 else file.name
        if name not in names:
            raise ValueError(f"{file} is none of the archives of {about.title}, which are {', '.join(names)}")
        if not file.is_file():
            raise FileNotFoundError(f"there is no file {file}")
        md5 = next(archive.md5 for archive in about.archives if archive.name == name)
        if not check_integrity(file, md5):
            raise ValueError(f"{file} is not the publisher's {name}: its MD5 checksum is not {md5}. Get it again")
        found[name] = file
    return found


def download(name: str, about: About, archive: Archive, folder: Path) -> Path:
    """The archive in ``folder``, from the first address that gives it whole."""
    path = folder / archive.name
    if path.is_file() and check_integrity(path, archive.md5):
        return path
    folder.mkdir(parents=True, exist_ok=True)
    part, complaints = path.with_name(path.name + ".part"), []
    for url in archive.urls:
        try:
            _receive(url, part)
        except (OSError, http.client.HTTPException) as error:  # URLError is an OSError
            complaints.append(f"{url}: {error}")
            continue
        if check_integrity(part, archive.md5):
            os.replace(part, path)
            return path
        part.unlink()
        complaints.append(f"{url}: the file that came is another, its MD5 checksum is not {archive.md5}")
    raise OSError(
        f"{archive.name} could not be downloaded.\n  "
        + "\n  ".join(complaints)
        + f"\nThe same command goes on where it "
        f"broke off. Or get {archive.name} in another way ({about.page}) and give it: `python -m tfm_lite data fetch {name} "
        f"--archive {archive.name}`"
    )


def _receive(url: str, part: Path) -> None:
    """Download ``url`` into ``part``, after what is there already; a broken connection is taken up again."""
    failures = 0
    while True:
        before = part.stat().st_size if part.exists() else 0
        try:
            if _go_on(url, part):
                return
            complaint: Exception = ConnectionError("the connection broke off")
        except urllib.error.HTTPError as error:
            with error:
                if error.code < 500:
                    raise OSError(f"the server says {error.code} {error.reason}") from None
            complaint = OSError(f"the server says {error.code} {error.reason}")
        except (OSError, http.client.HTTPException) as error:
            complaint = error
        failures = 0 if part.exists() and part.stat().st_size > before else failures + 1
        if failures == ATTEMPTS:
            raise complaint
        time.sleep(PAUSE * 2 ** max(0, failures - 1))


def _go_on(url: str, part: Path) -> bool:
    """One connection; whether all is there at its end."""
    have = part.stat().st_size if part.exists() else 0
    headers = {"User-Agent": "tfm_lite"} | ({"Range": f"bytes={have}-"} if have else {})
    try:
        response = urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code == 416 and have:  # nothing comes after what is there: the checksum will tell whether it is all
            error.close()
            return True
        raise
    with response:
        if response.status != 206 or not str(response.headers["Content-Range"]).startswith(f"bytes {have}-"):
            have = 0  # the server sends the file from its start
        length = response.headers["Content-Length"]
        total = have + int(length) if length else None
        bar = tqdm(desc=part.stem, total=total, initial=have, unit="B", unit_scale=True)
        with bar, part.open("ab" if have else "wb") as file:
            while chunk := response.read(CHUNK):
                file.write(chunk)
                bar.update(len(chunk))
        return total is None or part.stat().st_size == total


def unpack(archive: Path, into: Path) -> None:
    """Unpack a .zip or .tar archive, or copy any other file. Nothing is written outside ``into``: a member that would be, or
    that is a link or a device, is an error."""
    into.mkdir(parents=True, exist_ok=True)
    if not zipfile.is_zipfile(archive) and not tarfile.is_tarfile(archive):
        if archive.suffix in (".zip", ".tgz", ".gz", ".tar"):
            raise ValueError(f"{archive} is not an archive, or not whole; get it again")
        shutil.copy(archive, into)
        return
    try:
        with _members(archive) as members:
            for name, source in tqdm(members, f"unpacking {archive.name}", unit="file"):
                target = _inside(archive, name, into)
                target.parent.mkdir(parents=True, exist_ok=True)
                with source, target.open("xb") as file:
                    shutil.copyfileobj(source, file, CHUNK)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError) as error:
        raise ValueError(f"{archive} cannot be unpacked ({error}); get it again") from error


@contextmanager
def _members(archive: Path) -> Iterator[Iterator[tuple[str, IO[bytes]]]]:
    """The files of an archive, one after the other."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as zipped:
            yield ((info.filename, zipped.open(info)) for info in zipped.infolist() if _plain_zip(archive, info))
    else:
        with tarfile.open(archive, "r|*") as tar:
            yield ((info.name, _opened(tar, info)) for info in tar if _plain_tar(archive, info))


def _plain_zip(archive: Path, info: zipfile.ZipInfo) -> bool:
    """Whether a member is a file to unpack; what is neither file nor folder is refused."""
    _inside(archive, info.filename, archive)
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise ValueError(f"{archive} is refused: its member {info.filename} is a link or a device")
    return not info.is_dir() and "__MACOSX" not in info.filename


def _plain_tar(archive: Path, info: tarfile.TarInfo) -> bool:
    _inside(archive, info.name, archive)
    if not info.isfile() and not info.isdir():
        raise ValueError(f"{archive} is refused: its member {info.name} is a link or a device")
    return info.isfile()


def _opened(tar: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    source = tar.extractfile(info)
    assert source is not None  # it is a file
    return source


def _inside(archive: Path, name: str, into: Path) -> Path:
    """The path of a member inside ``into``; an error if it would be elsewhere."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name.split("/")[0]:
        raise ValueError(f"{archive} is refused: its member {name} would be written outside the folder")
    return into.joinpath(*path.parts)
