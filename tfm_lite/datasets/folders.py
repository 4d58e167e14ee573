"""What the data sets that are folders of images have in common: from the publisher's lists to a task sequence.

A data set is a module with ``ABOUT`` and a function ``read(folder) -> Listing`` that reads the publisher's lists. All the
rest is here and in :mod:`tfm_lite.datasets.presence`: what is there, which part was asked for, the store, the tasks.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from tfm_lite.datasets import presence
from tfm_lite.datasets.about import About, Listing
from tfm_lite.datasets.groups import larger_first_groups, merged_groups, random_groups
from tfm_lite.datasets.names import Request
from tfm_lite.datasets.presence import Reader
from tfm_lite.datasets.stores import Checked, Undecoded, digest, image_store, store_path
from tfm_lite.datasets.tasks import Split, TaskSequence, by_class, facts_of
from tfm_lite.places import shipped

LEAST = 3  # classes of a task in a split of a part


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
    folder, found = presence.listing(name, about, read, data, whole=request.whole)
    return folder, found if request.classes is None else _first(request, folder, found)


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
