"""What the data sets that are folders of images have in common: from the publisher's lists to a task sequence.

A data set is a module with ``ABOUT`` and a function ``read(folder) -> Listing`` that reads the publisher's lists. All the
rest is here: what is missing, what is complete, which part was asked for, the store, the tasks.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from tfm_lite.datasets.about import About, Listing
from tfm_lite.datasets.names import Request
from tfm_lite.datasets.stores import Checked, Undecoded, digest, image_store, store_path
from tfm_lite.datasets.tasks import (
    Split,
    TaskSequence,
    by_class,
    facts_of,
    larger_first_groups,
    merged_groups,
    random_groups,
)
from tfm_lite.places import data_folder, shipped

LEAST = 3  # classes of a task in a split of a part


Reader = Callable[[Path], Listing]


def load(module: ModuleType, request: Request, *, seed: int, size: int | None, data: Path | None) -> TaskSequence:
    """The task sequence that is asked for."""
    about: About = module.ABOUT
    folder, found = listing(request.name, about, module.read, data, request)
    cut, task_names = groups(request, about, found, seed=seed)
    files, size = [folder / file for file in found.files], size or about.size
    path = store_path(
        request.name, files, size=size, data=data, of=digest(found.labels.tolist(), found.is_train.tolist())
    )
    parts = [(np.flatnonzero(part), found.labels[part]) for part in (found.is_train, ~found.is_train)]

    def splits(images: np.ndarray) -> list[Split]:
        return [Split(images, *part) for part in parts]

    images: Any
    facts: dict[str, Any]
    if about.large:
        fits = path.exists() or _fits(path, len(files) * 3 * size**2)
        images = Checked(request.name, files, path=path, size=size) if fits else Undecoded(files, size)
        facts = {"fingerprint": _of_lists(folder, found), "moments": about.moments}
    else:
        images, facts = image_store(
            request.name, files, path=path, size=size, describe=lambda images: facts_of(*splits(images))
        )
    train, test = splits(images)
    return by_class(
        str(request),
        train,
        test,
        groups=cut,
        names=found.classes,
        task_names=task_names,
        seed=seed,
        fingerprint=facts["fingerprint"],
        moments=facts["moments"],
    )


def _fits(path: Path, needed: int) -> bool:
    """Whether a store of so many bytes would leave half of the free disk free."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return needed <= shutil.disk_usage(path.parent).free // 2


def _of_lists(folder: Path, found: Listing) -> str:
    """The fingerprint of a large set: of names, sizes and labels, for nobody waits until all its pixels are read."""
    sizes = [(file, (folder / file).stat().st_size) for file in found.files]
    return digest(sizes, found.labels.tolist(), found.is_train.tolist())


def listing(name: str, about: About, read: Reader, data: Path | None, request: Request) -> tuple[Path, Listing]:
    """The set's folder, and the images that are asked for, all of them there."""
    folder = data_folder(data) / about.folder
    if not folder.is_dir():
        raise FileNotFoundError(
            f"{about.title} is not in {folder.parent}: the folder {about.folder}/ is missing. "
            f"`python -m tfm_lite data fetch {name}` gets it; or name the folder that holds {about.folder}/ with --data or "
            "TFM_LITE_DATA"
        )
    found = read(folder)
    _no_image_twice(folder, found)
    if request.whole:
        check_there(name, folder, found)
        check_counts(name, about, folder, found)
        return folder, found
    found = present(name, folder, found)
    return folder, found if request.classes is None else _first(request, folder, found)


def check_there(name: str, folder: Path, found: Listing) -> None:
    """Refuse a listing of which an image is missing."""
    missing = [file for file in found.files if not (folder / file).is_file()]
    if missing:
        raise FileNotFoundError(
            f"the image {folder / missing[0]} is missing ({len(missing)} of {len(found.files)} are): unpack the archive "
            f"again, all of it; if the folder is meant to hold some of the classes only, ask for {name}+partial"
        )


def check_counts(name: str, about: About, folder: Path, found: Listing) -> None:
    """Refuse a listing that is not as long as Table 2 of the paper says."""
    wanted = about.train, about.test, about.classes
    if found.counts != wanted:
        raise ValueError(
            f"{folder} has {_says(found.counts)}; {about.title} has {_says(wanted)}. If it is meant to be a part, ask for "
            f"{name}+partial; else get the set again: `python -m tfm_lite data fetch {name}`"
        )


def present(name: str, folder: Path, found: Listing) -> Listing:
    """The listing of a part: the classes of which there are images. Those have all of them, or one is named."""
    there = np.array([(folder / file).is_file() for file in found.files], dtype=bool)
    classes = np.unique(found.labels[there])
    inside = np.isin(found.labels, classes)
    missing = np.flatnonzero(inside & ~there)
    if len(missing):
        some, label = found.files[int(missing[0])], found.labels[missing[0]]
        raise FileNotFoundError(
            f"the image {folder / some} is missing, though others of its class ({found.classes[label]}) are there: unpack "
            "the archive again, all of it, or remove the class"
        )
    if len(classes) < 2:
        raise ValueError(f"{folder} has images of {len(classes)} classes; a part needs at least two")
    return found.keep(np.flatnonzero(inside), classes.tolist())


def _first(request: Request, folder: Path, found: Listing) -> Listing:
    """The first classes of the listing, the first training images of each by name, and all their test images."""
    classes, each = request.classes or 0, request.images or 0
    if classes > len(found.classes):
        raise ValueError(f"{request} asks for {classes} classes; {folder} has {len(found.classes)}")
    chosen = [np.flatnonzero(~found.is_train & (found.labels < classes))]
    for c in range(classes):
        mine = np.flatnonzero(found.is_train & (found.labels == c))
        if each > len(mine):
            raise ValueError(
                f"{request} asks for {each} training images; {found.classes[c]} in {folder} has {len(mine)}"
            )
        chosen.append(np.array(sorted(mine, key=lambda i: found.files[int(i)])[:each]))
    return found.keep(np.sort(np.concatenate(chosen)), range(classes))


def _no_image_twice(folder: Path, found: Listing) -> None:
    if len(set(found.files)) < len(found.files):
        seen: set[str] = set()
        twice = next(file for file in found.files if file in seen or seen.add(file))  # type: ignore[func-returns-value]
        raise ValueError(
            f"the lists in {folder} name {twice} twice, so that an image would be learned and tested or learned as two "
            "things; get the lists again from the publisher"
        )


def groups(request: Request, about: About, found: Listing, *, seed: int) -> tuple[list[list[int]], list[str] | None]:
    """The classes of every task, and the tasks' names if they have some. What is left of a set may be one task, which has
    nothing to forget: that is refused unless it is asked for."""
    cut, names = _groups(request, about, found, seed=seed)
    if len(cut) == 1 and request.tasks is None:
        count, more = len(found.classes), replace(request, split="random", tasks=2)
        raise ValueError(
            f"{request} comes to a single task of {count} classes: get more of them"
            + (f", or ask for two tasks, {more}" if count > 3 else "")
            + f", or for that one, {replace(more, tasks=1)}"
        )
    return cut, names


def _groups(request: Request, about: About, found: Listing, *, seed: int) -> tuple[list[list[int]], list[str] | None]:
    count = len(found.classes)
    tasks = request.tasks or (about.tasks if request.whole else min(about.tasks, max(1, count // 4)))
    if request.split == "larger":
        return larger_first_groups(count, tasks, seed=seed), None
    if request.split == "random":
        return random_groups(count, tasks, seed=seed), None
    if request.tasks:
        raise ValueError(f"{request} asks for {request.tasks} tasks, but a semantic split has tasks of its own")
    position = {key: c for c, key in enumerate(found.keys)}
    named = [
        (group["name"], [position[key] for key in group["classes"] if key in position])
        for group in semantic(request.name)
    ]
    return merged_groups(named, least=1 if request.whole else LEAST, seed=seed)


def semantic(name: str) -> list[dict[str, Any]]:
    """The groups of a set's semantic split, related ones beside each other: their names, and their classes by key."""
    path = shipped("splits") / f"{name}_semantic.json"
    if not path.is_file():
        raise ValueError(f"{name} has no semantic split; tiny_imagenet has one")
    return json.loads(path.read_text())["groups"]  # type: ignore[no-any-return]


def _says(counts: tuple[int, int, int]) -> str:
    train, test, classes = counts
    return f"{train:,} training images, {test:,} test images and {classes:,} classes"
