"""Where a set's folder and its images are on the disk, and whether all of them are there.

People's copies differ from what the publisher packed: the folder is in another of its name or is the data folder itself,
names are written in other cases, images were saved as another kind or sorted into other folders. Such a copy is used where
only one file can be meant; else what was found is named.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

import numpy as np

from tfm_lite.datasets.about import About, Listing
from tfm_lite.datasets.entries import IMAGES, PARTS, few, folders_in, holds, listed, spelled, stem, walk
from tfm_lite.places import data_folder

Reader = Callable[[Path], Listing]


def locate(name: str, about: About, data: Path | None) -> Path:
    """The set's folder: that of its name in the data folder, in whatever way the name is written; the one within it, if an
    archiver put it there; or the data folder itself, if it is the set's."""
    top = data_folder(data)
    named = [top / about.folder] if (top / about.folder).is_dir() else _alike(top, about.folder)
    if len(named) > 1:
        raise ValueError(
            f"{top} holds {few([f'{place.name}/' for place in named])}: take away those that are not meant"
        )
    if named:
        inner = [] if _is_set(named[0], about) else _sets_in(named[0], about)
        if len(inner) > 1:
            raise ValueError(f"{named[0]} holds {inner[0].name}/ and {inner[1].name}/, both of {about.title}: keep one")
        return inner[0] if inner else named[0]
    if _is_set(top, about):
        return top
    if near := [place for place in (top.resolve().parent, *_sets_in(top, about)) if _is_set(place, about)]:
        advice = f"{near[0]} looks like it: name it with --data or TFM_LITE_DATA"
    else:
        advice = f"`python -m tfm_lite data fetch {name}{_brought(top, about)}` gets it; or name the folder that holds "
        advice += f"{about.folder}/ with --data or TFM_LITE_DATA"
    raise FileNotFoundError(
        f"{about.title} is not in {top}: the folder {about.folder}/ is missing ({holds(top)}). {advice}"
    )


def _alike(top: Path, name: str) -> list[Path]:
    """The folders whose names have the same letters and digits."""
    return [top / other for other in folders_in(top) if _letters(other) == _letters(name)]


def _letters(name: str) -> str:
    return "".join(filter(str.isalnum, name.lower()))


def _is_set(folder: Path, about: About) -> bool:
    names = [next((names for names in PARTS.values() if mark in names), (mark,)) for mark in about.marks]
    return all(spelled(folder, *mark).exists() for mark in names)


def _sets_in(folder: Path, about: About) -> list[Path]:
    return [folder / name for name in folders_in(folder) if _is_set(folder / name, about)]


def _brought(top: Path, about: About) -> str:
    """Options for the set's archives that lie about already."""
    there = [path for archive in about.archives if (path := spelled(top, archive.name)).is_file()]
    return "".join(f" --archive {path}" for path in there)


@dataclass(frozen=True)
class Presence:
    """The images of a set's lists, by their paths on the disk as far as they are ``there`` (bool, one per image).

    ``moved`` has the paths of those that are there otherwise than the lists say, by what the lists say; ``hints`` say of
    images that are not there what is in their place.
    """

    folder: Path
    found: Listing
    there: np.ndarray
    moved: dict[str, str] = field(default_factory=dict)
    hints: dict[int, str] = field(default_factory=dict)

    def missing(self, *, note: str = "", of: np.ndarray | None = None) -> list[str]:
        """What is wrong with each image that is not there, ``of`` all or of these; the first of them has a ``note``."""
        absent = np.flatnonzero(~self.there if of is None else of & ~self.there).tolist()
        notes = [note] + [""] * len(absent)
        return [
            f"the image {self.folder / self.found.files[i]} is missing{note}{self.hints.get(i, '')}"
            for i, note in zip(absent, notes, strict=False)
        ]


def look(folder: Path, read: Reader) -> Presence:
    """Read a set's lists, and find the images that they name."""
    found = read(folder)
    there = np.array([(folder / file).is_file() for file in found.files], dtype=bool)
    if there.all():
        _no_image_twice(folder, found)
        return Presence(folder, found, there)
    shelf = _Shelf(folder)
    files, moved, hints = list(found.files), {}, {}
    for i in np.flatnonzero(~there).tolist():
        near = shelf.near(files[i])
        if len(near) == 1:
            moved[files[i]] = files[i] = near[0]
            there[i] = True
        elif hint := shelf.hint(files[i], near):
            hints[i] = f" ({hint})"
    found = replace(found, files=files)
    _no_image_twice(folder, found)
    return Presence(folder, found, there, moved, hints)


class _Shelf:
    """Every picture in a set's folder, by where it lies and by its name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.beside: dict[tuple[str, str], list[str]] = defaultdict(list)
        self.named: dict[str, list[str]] = defaultdict(list)
        self.places = set()
        for path, left in walk(folder):
            if not left and path.lower().endswith(IMAGES) and (folder / path).is_file():  # no link to nowhere
                place, _, name = path.rpartition("/")
                self.places.add(place.lower())
                self.beside[place.lower(), stem(name)].append(path)
                self.named[name.lower()].append(path)

    def near(self, file: str) -> list[str]:
        """What may be meant: the picture of that name in the same folder, in any case and of any kind; or, if its folder is
        not there, or has none, the picture of that name wherever it lies."""
        place, _, name = file.lower().rpartition("/")
        if place not in self.places:
            return self.named.get(name, [])
        found = self.beside.get((place, stem(name)), [])
        return [path for path in found if path.lower() == file.lower()] or found

    def hint(self, file: str, near: list[str]) -> str:
        """What is there instead of an image."""
        path, name = self.folder / file, PurePosixPath(file).name
        if path.is_symlink():
            return f"it is a link to {os.readlink(path)}, where nothing is"
        if near:
            return f"{' and '.join(near[:2])} are there, of which one is meant: take the other away"
        if elsewhere := self.named.get(name.lower()):
            return f"{elsewhere[0]} is there: move it"
        return "" if path.parent.is_dir() and file.lower().rpartition("/")[0] in self.places else holds(path.parent)


def listing(name: str, about: About, read: Reader, data: Path | None, *, whole: bool) -> tuple[Path, Listing]:
    """The set's folder, and its images: all of them, or those of the classes that are there."""
    seen = look(locate(name, about, data), read)
    if not whole:
        return seen.folder, present(seen)
    check(name, about, seen)
    return seen.folder, seen.found


def check(name: str, about: About, seen: Presence) -> None:
    """Refuse a set of which an image is missing, or that is not as long as Table 2 of the paper says."""
    if complaints := seen.missing(note=f" ({np.sum(~seen.there):,} of {len(seen.there):,} are)"):
        raise FileNotFoundError(
            f"{listed(complaints)}\nPut back what is missing from the "
            f"publisher's archive ({about.page}); if the folder is meant to hold some of the classes only, ask for "
            f"{name}+partial"
        )
    if complaint := miscounted(name, about, seen):
        raise ValueError(complaint)


def miscounted(name: str, about: About, seen: Presence) -> str:
    """What is wrong with a set's counts, if anything is."""
    wanted, found = (about.train, about.test, about.classes), seen.found
    if found.counts == wanted:
        return ""
    return (
        f"{seen.folder} has {_says(found.counts)}{_extremes(found)}; {about.title} has {_says(wanted)}. If it is meant to be "
        f"a part, ask for {name}+partial; else put in what is missing, or take out what is not the publisher's ({about.page})"
    )


def _extremes(found: Listing) -> str:
    """The classes with the fewest and the most training images, where that differs: one of them may be spoilt."""
    each = np.bincount(found.labels[found.is_train], minlength=len(found.classes))
    if not len(each) or each.min() == each.max():
        return ""
    least, most = int(each.argmin()), int(each.argmax())
    return f" ({found.keys[least]} has {each[least]:,} to train on, {found.keys[most]} has {each[most]:,})"


def present(seen: Presence) -> Listing:
    """The listing of a part: the classes of which there are images. Those have all of them, or what is missing is named."""
    found = seen.found
    classes = np.unique(found.labels[seen.there])
    inside = np.isin(found.labels, classes)
    if len(gaps := np.flatnonzero(inside & ~seen.there)):
        note = f", though others of its class ({found.classes[found.labels[gaps[0]]]}) are there"
        raise FileNotFoundError(
            f"{listed(seen.missing(note=note, of=inside))}\nPut back what is missing from "
            "the publisher's archive, or take away the other images of the class"
        )
    if len(classes) < 2:
        raise ValueError(
            f"{seen.folder} has images of {len(classes)} classes; a part needs at least two ({holds(seen.folder)})"
        )
    return found.keep(np.flatnonzero(inside), classes.tolist())


def _no_image_twice(folder: Path, found: Listing) -> None:
    if len(set(found.files)) < len(found.files):
        seen: set[str] = set()
        twice = next(file for file in found.files if file in seen or seen.add(file))  # type: ignore[func-returns-value]
        raise ValueError(
            f"the lists in {folder} name {twice} twice, so that an image would be learned and tested or learned as two "
            "things; get the lists again from the publisher"
        )


def _says(counts: tuple[int, int, int]) -> str:
    train, test, classes = counts
    return f"{train:,} training images, {test:,} test images and {classes:,} classes"
