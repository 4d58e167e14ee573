"""Data sets by name, and :func:`from_folder` for one's own images.

Each set is a module of :mod:`tfm_lite.datasets.sets`; a new data set is a new file there and nothing else.

A set that is a folder of images has ``ABOUT`` and ``read(folder)`` (see :mod:`tfm_lite.datasets.about`); any other has a
function ``load(*, seed, size, data)`` that returns a :class:`~tfm_lite.datasets.tasks.TaskSequence`.
"""

from __future__ import annotations

import importlib
import pkgutil
import warnings
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import ModuleType

from tfm_lite.datasets import download, folders, own, sets
from tfm_lite.datasets.about import About
from tfm_lite.datasets.augment import Augment
from tfm_lite.datasets.names import OWN, Request, parse
from tfm_lite.datasets.own import from_folder
from tfm_lite.datasets.tasks import TaskSequence
from tfm_lite.files import read_json
from tfm_lite.options import Pixels, check
from tfm_lite.places import data_folder, shipped

__all__ = ["fetch", "find", "from_folder", "load", "look", "names"]


def names() -> list[str]:
    """The data sets that exist."""
    return sorted(module.name for module in pkgutil.iter_modules(sets.__path__))


def load(name: str, *, seed: int = 0, size: int | None = None, data: str | Path | None = None) -> TaskSequence:
    """The data set ``name`` cut into tasks.

    A name is that of a set, followed by words that say how it is cut and what of it is used, in this order:
    ``+semantic`` or ``+larger`` (a larger first task) instead of a random split, ``+5tasks``, and ``+20x100`` (the first 20
    classes, 100 training images of each) or ``+partial`` (the classes that are there). Without one of these two a set that
    is not complete is refused. Last may come ``+augmented``: training crops and flips its images at random.
    ``folder:PATH+3tasks`` is one's own folder of images (:func:`from_folder`). ``alphabets+Greek80+Cyrillic5`` draws these
    alphabets, with 80 and with 5 training images of each letter (:mod:`tfm_lite.datasets.drawn`).

    ``seed`` fixes the order of classes and the validation images; ``size`` is the height and width in pixels (None: the
    data set's own choice); ``data`` is the folder that holds the publisher's folder (None: ``TFM_LITE_DATA``, else the
    user's cache). Warns if the images are other ones than those of the records that come with the package.

    >>> from tfm_lite import datasets
    >>> tasks = datasets.load("alphabets+augmented", seed=1)
    >>> len(tasks), tasks[0].name, len(tasks[0].classes), tasks.size
    (6, 'Latin', 8, 28)
    """
    check("the size of the images, in pixels,", size, Pixels | None)
    request = parse(name)
    folder = Path(data) if data is not None else None
    if request.name.startswith(OWN):
        tasks = own.load(request, seed=seed, size=size, data=folder)
        return replace(tasks, augment=Augment()) if request.augmented else tasks
    module = find(request.name)
    if hasattr(module, "ABOUT"):
        tasks = folders.load(module, request, seed=seed, size=size, data=folder)
    elif request.letters:
        from tfm_lite.datasets import drawn  # matplotlib comes with it

        tasks = replace(drawn.load(request.letters, seed=seed, size=size, data=folder), name=name)
    elif replace(request, augmented=False).plain:
        tasks = replace(module.load(seed=seed, size=size, data=folder), name=name)
    else:
        raise ValueError(f"{request.name} has one form only; write {request.name!r}, not {name!r}")
    _compare(tasks)
    return replace(tasks, augment=Augment()) if request.augmented else tasks


def look(name: str, *, data: str | Path | None = None) -> None:
    """Raise what :func:`load` would, as far as that can be seen before an image is read: there is no such set, or not all of
    its images are there."""
    request, folder = parse(name), Path(data) if data is not None else None
    data_folder(folder)
    if request.name.startswith(OWN):
        own.find(request)
    elif hasattr(module := find(request.name), "ABOUT"):
        folders.listing(request.name, module.ABOUT, module.read, folder, request)


def fetch(name: str, *, data: str | Path | None = None, archives: Sequence[Path] = ()) -> Path:
    """Download the data set ``name``, check and unpack it, or go on where that broke off; its folder. What is complete is
    left as it is.

    Its terms and its size are said first. ``data`` is as for :func:`load`, and is made if it is not there; ``archives`` are
    files that you have got yourself, used instead of downloads.
    """
    if (request := parse(name)).name.startswith(OWN):
        raise ValueError(f"{name} is your own: nobody else has it to fetch")
    module = module_of(request)
    about: About = module.ABOUT
    folder = data_folder(Path(data) if data is not None else None, new=True)
    print(f"{about.title}: {about.train:,} training and {about.test:,} test images, {about.classes:,} classes")
    print(f"terms    {about.terms}\npage     {about.page}")
    if about.archives:
        print(f"size     {sum(archive.megabytes for archive in about.archives):,} MB to download")
    for archive in about.archives:
        if archive.md5 is None:
            print(f"note     the publisher gives no checksum of {archive.name}; its content is checked instead")
    found = download.fetch(request.name, about, module.read, folder=folder, archives=archives)
    print(f"complete {found}")
    return found


def module_of(request: Request) -> ModuleType:
    """The module of a set that is a folder of images."""
    module = find(request.name)
    if not hasattr(module, "ABOUT"):
        raise ValueError(f"{request.name} needs no files: it is drawn on your machine")
    return module


def _compare(tasks: TaskSequence) -> None:
    """Warn if these are other images than those of the records that come with the package."""
    known = _fingerprints(tasks.name, tasks.size)
    if known and tasks.fingerprint not in known:
        warnings.warn(
            f"the images of {tasks.name} at {tasks.size} pixels have the fingerprint {tasks.fingerprint} here, but "
            f"{', '.join(sorted(known))} in the records that come with the package: results of the two are of different "
            "images. Other versions of matplotlib, Pillow or libjpeg may draw or decode them otherwise, or the files differ",
            stacklevel=3,
        )


@cache
def _fingerprints(tasks: str, size: int) -> frozenset[str]:
    """Those of the images behind the records of a data set at a size that come with the package."""
    return frozenset(read_json(path)["fingerprint"] for path in shipped("results").glob(f"{tasks}-{size}-*.json"))


def find(name: str) -> ModuleType:
    """The module of a data set."""
    if name not in names():
        raise ValueError(
            f"there is no data set {name!r}; the data sets are {', '.join(names())}, and {OWN}PATH for a folder of your own"
        )
    return importlib.import_module(f"{sets.__name__}.{name}")
