"""Sets are fetched whole or not at all: from every address that there is, checked, and what is bad does not stay."""

from __future__ import annotations

import http.client
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tfm_lite.datasets import presence
from tfm_lite.datasets.about import About, Archive
from tfm_lite.datasets.presence import Reader
from tfm_lite.datasets.receive import receive
from tfm_lite.datasets.unpack import BadArchive, DiskError, Limits, unpack
from tfm_lite.files import check_room


def fetch(name: str, about: About, read: Reader, *, folder: Path, archives: Sequence[Path] = ()) -> Path:
    """The set's folder in ``folder``: as it is if it is complete, else downloaded, checked and unpacked.

    ``archives`` are files that the user brought; they are used instead of downloads.
    """
    if (there := _there(name, about, folder)) is not None:
        complete(name, about, read, there)
        return there
    target = folder / about.folder
    if not about.archives:
        raise ValueError(
            f"{about.title} cannot be downloaded without signing its terms. Get it from {about.page}, let "
            f"torchvision.datasets.ImageNet make train/ and val/ of its archives, and put both into {target}"
        )
    brought = _brought(about, archives)
    check_room(folder, 0)
    room, needed = shutil.disk_usage(folder).free, 2.2e6 * sum(archive.megabytes for archive in about.archives)
    if room < needed:
        raise OSError(
            f"{folder} has room for {room / 1e6:.0f} MB; about {needed / 1e6:.0f} MB are needed: name another"
        )
    downloads = _Downloads(name, about, folder / "downloads", brought)
    while not _unpacked(name, about, read, folder, downloads):
        pass
    for archive in about.archives:
        if archive.name not in brought:
            (downloads.folder / archive.name).unlink()
    return target


def _there(name: str, about: About, folder: Path) -> Path | None:
    """The set's folder, if there is one that is not empty."""
    try:
        there = presence.locate(name, about, folder)
    except FileNotFoundError:
        return None
    return there if any(there.iterdir()) else None


def complete(name: str, about: About, read: Reader, target: Path) -> None:
    """Refuse a folder that is not the complete set."""
    try:
        presence.check(name, about, presence.look(target, read))
    except (ValueError, OSError) as error:
        raise ValueError(
            f"{error}\n{target} is not the complete set; `data verify {name}` says what it holds. To get the set again move "
            "the folder away first"
        ) from error


def _unpacked(name: str, about: About, read: Reader, folder: Path, downloads: _Downloads) -> bool:
    """Whether the archives gave the complete set, which is then in its place. If one of them is bad and there may be a
    better one, the bad one is gone."""
    files = {archive: downloads.get(archive) for archive in about.archives}
    with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=folder) as temporary:
        for archive, file in files.items():
            try:
                unpack(file, Path(temporary) / archive.into, Limits.of(about, archive))
            except BadArchive as error:
                if not downloads.reject([archive], str(error)):
                    raise BadArchive(f"{error}. Get it again from {about.page}") from error
                return False
        made, target = Path(temporary) / about.folder, folder / about.folder
        try:
            presence.check(name, about, presence.look(made, read))
        except (ValueError, OSError) as error:
            said = str(error).replace(f"{temporary}{os.sep}", "")  # nobody can look there
            said = said.replace(f"{Path(temporary).name}/ holds", "what was unpacked holds")
            said = f"not the complete set is in {' and '.join(archive.name for archive in files)}: {said}"
            if not downloads.reject(list(files), said):
                raise ValueError(said) from error
            return False
        if target.is_dir():  # it is empty
            target.rmdir()
        os.replace(made, target)
    return True


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
            raise FileNotFoundError(f"there is no file {file}: name the archive that you have")
        md5 = next(archive.md5 for archive in about.archives if archive.name == name)
        if not check_integrity(file, md5):
            raise ValueError(f"{file} is not the publisher's {name}: its MD5 checksum is not {md5}. Get it again")
        found[name] = file
    return found


class _Downloads:
    """A set's archives: those that the user brought, else each from the first address that gives a good one."""

    def __init__(self, name: str, about: About, folder: Path, brought: dict[str, Path]) -> None:
        self.name, self.about, self.folder, self.brought = name, about, folder, brought
        self.bad: dict[str, str] = {}  # by address, what is wrong with what it gave
        self.source: dict[str, str] = {}  # by archive, the address that gave all of it

    def get(self, archive: Archive) -> Path:
        """The archive, downloaded unless it is there."""
        path = self.brought.get(archive.name) or self.folder / archive.name
        if path.is_file() and (archive.name in self.brought or check_integrity(path, archive.md5)):
            return path
        self.folder.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        for url in archive.urls:
            if url in self.bad:
                continue
            resumed = part.exists()
            if not (given := self._given(url, archive, part)) and resumed and not part.exists():
                resumed, given = False, self._given(url, archive, part)  # what was there was another's
            if given:
                self.source |= {} if resumed else {archive.name: url}
                self.bad.pop(url, None)
                os.replace(part, path)
                return path
        complaints = "\n  ".join(f"{url}: {self.bad[url]}" for url in archive.urls)
        raise OSError(
            f"{archive.name} could not be downloaded.\n  {complaints}\nThe same command goes on where it broke off. Or get "
            f"{archive.name} in another way ({self.about.page}) and give it: `python -m tfm_lite data fetch {self.name} "
            f"--archive {archive.name}`"
        )

    def _given(self, url: str, archive: Archive, part: Path) -> bool:
        """Whether an address gives the archive; if not, why is noted, and a file with another checksum is gone."""
        try:
            receive(url, part, most=Limits.of(self.about, archive).packed)
        except DiskError:
            raise
        except (OSError, http.client.HTTPException) as error:  # URLError is an OSError
            self.bad[url] = str(error)
            return False
        if check_integrity(part, archive.md5):
            return True
        part.unlink()
        self.bad[url] = f"the file that came is another, its MD5 checksum is not {archive.md5}"
        return False

    def reject(self, archives: Sequence[Archive], why: str) -> bool:
        """Remove those archives that may be bad: downloaded, and without a checksum. Whether there were any.

        Of several first those that lay there before, then those that may be had from elsewhere too.
        """
        doubtful = [archive for archive in archives if not archive.md5 and archive.name not in self.brought]
        old = [archive for archive in doubtful if archive.name not in self.source]
        elsewhere = [archive for archive in doubtful if {*archive.urls} - {*self.bad, self.source.get(archive.name)}]
        doubtful = old or elsewhere or doubtful
        for archive in doubtful:
            path = self.folder / archive.name
            path.unlink()
            said = why.replace(str(path), archive.name)
            print(f"removed  {path}: {said}", file=sys.stderr)
            if url := self.source.pop(archive.name, ""):
                self.bad[url] = f"{said}; it was removed"
        return bool(doubtful)
