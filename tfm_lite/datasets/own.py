"""One's own images: a folder of class folders becomes a sequence of tasks."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np

from tfm_lite.datasets.entries import PARTS, any_images_in, every, folders_in, holds, pictures_in, spelled
from tfm_lite.datasets.groups import larger_first_groups, random_groups
from tfm_lite.datasets.names import OWN, Request
from tfm_lite.datasets.stores import image_store, store_path
from tfm_lite.datasets.tasks import Split, TaskSequence, by_class, facts_of
from tfm_lite.options import Count, Pixels, Range, check
from tfm_lite.seeds import numpy_stream

TASKS, SIZE, TEST = 3, 64, 0.2  # unless something else is asked for
USES = {"": ("learn", "validate", "test"), "train": ("learn",), "valid": ("validate",), "test": ("test",)}
LONGEST = 32  # letters of a folder's name in the names of records


@dataclass(frozen=True)
class Found:
    """The images of a folder: ``labels`` (int64) are positions in ``classes``, ``parts`` say what each is for."""

    files: list[Path]
    labels: np.ndarray
    parts: np.ndarray
    classes: list[str]

    def splits(self, images: np.ndarray) -> dict[str, Split]:
        """The images of each part that there is, by its name."""
        rows = {part: np.flatnonzero(self.parts == part) for part in PARTS}
        return {part: Split(images, chosen, self.labels[chosen]) for part, chosen in rows.items() if len(chosen)}


def from_folder(
    path: str | Path,
    tasks: int = TASKS,
    *,
    size: int = SIZE,
    seed: int = 0,
    larger: bool = False,
    test: float = TEST,
    data: str | Path | None = None,
) -> TaskSequence:
    """A folder with a folder of images per class, cut into ``tasks`` tasks of about as many classes each.

    The folder is of one of these forms; whatever else lies in it is not read (``data verify folder:PATH`` names it):

    .. code-block:: text

        photos/CLASS/IMAGE         a share of each class is for testing
        photos/train/CLASS/IMAGE   what is in test/ or val/ is
        photos/test/CLASS/IMAGE
        photos/val/CLASS/IMAGE     for validation, if there is test/ too

    The parts may also be called training/, testing/, valid/ or validation/, in small or capital letters. All of it
    may lie one folder deeper, and the images of a class in a folder images/ of their own.

    Where nothing else says it, the share ``test`` of each class is held out for testing. Which images these are depends on
    the names of the classes and on how many images they have, never on ``seed``: all seeds are tested on the same images.
    Without images for validation, a tenth of the training images is set aside, as ``seed`` says. The seed also says which
    classes make a task; with ``larger`` the first task has more than half of them.

    Images are of any usual kind and size; their middle is scaled to ``size`` pixels, in colour, once, and kept under
    ``data`` (None: ``TFM_LITE_DATA``, else the user's cache). The tasks' name, by which records are called, has the folder's
    own name and not its path: ``folder-photos+3tasks``. Their fingerprint is that of the images, labels and parts.

    Raises ``FileNotFoundError`` for what is not there, ``ValueError`` for too few classes or images.

    >>> from tfm_lite import datasets
    >>> tasks = datasets.from_folder("photos", 2, size=32)
    >>> tasks.name, [task.classes for task in tasks]
    ('folder-photos+2tasks', [('cat', 'dog'), ('ant', 'bee')])
    """
    check("the number of tasks", tasks, Count)
    check("the size of the images, in pixels,", size, Pixels)
    check("the share of images for testing", test, Annotated[float, Range(above=0, below=1)])
    folder = Path(path).expanduser().resolve()
    found, name = _read(folder, test), f"folder-{_said(folder)}"
    request = Request(name, split="larger" if larger else "random", tasks=tasks)
    if len(found.classes) < 2 * tasks:
        most = len(found.classes) // 2
        raise ValueError(
            f"{folder} has {len(found.classes)} classes, too few for {tasks} tasks of at least two each; "
            + (f"ask for at most {most}, as {OWN}PATH+{most}tasks does" if most else "give it more class folders")
        )
    groups = (larger_first_groups if larger else random_groups)(len(found.classes), tasks, seed=seed)
    kept = Path(data) if data is not None else None
    of = str(folder), found.labels.tolist(), found.parts.tolist()
    store = store_path(name, found.files, size=size, data=kept, of=of)
    images, facts = image_store(
        name, found.files, path=store, size=size, describe=lambda images: facts_of(*found.splits(images).values())
    )
    splits = found.splits(images)
    return by_class(
        str(request),
        splits["train"],
        splits["test"],
        valid=splits.get("valid"),
        groups=groups,
        names=found.classes,
        seed=seed,
        fingerprint=facts["fingerprint"],
        moments=facts["moments"],
    )


def find(request: Request) -> tuple[Path, Found]:
    """The folder that a name such as ``folder:PATH+3tasks`` means, and its images."""
    folder = Path(request.name.removeprefix(OWN)).expanduser().resolve()
    return folder, _read(folder, TEST)


def load(request: Request, *, seed: int, size: int | None, data: Path | None) -> TaskSequence:
    """What is asked for by a name such as ``folder:PATH+3tasks``."""
    if request.split == "semantic" or request.partial or request.classes is not None:
        raise ValueError(
            f"{request}: of one's own images all are taken, and in a random order; write {OWN}PATH[+larger][+Ntasks]"
            "[+augmented], and a slash after a path that ends in such a word"
        )
    tasks = from_folder(
        request.name.removeprefix(OWN),
        request.tasks or TASKS,
        size=size or SIZE,
        seed=seed,
        larger=request.split == "larger",
        data=data,
    )
    return replace(tasks, name=f"{tasks.name}+augmented") if request.augmented else tasks


def _said(folder: Path) -> str:
    """A folder's own name as a part of the names of files: on no system may it mean anything there."""
    return re.sub(r"[^\w .-]", "_", folder.name)[:LONGEST] or "images"


def _read(folder: Path, share: float) -> Found:
    """The images of a folder in one of its forms."""
    if not folder.is_dir():
        raise FileNotFoundError(
            f"there is no folder {folder}; one's own images are named {OWN}PATH[+larger][+Ntasks][+augmented]"
        )
    where = _parts(folder)
    classes = sorted({name for place in where.values() for name in folders_in(place)})
    if not classes:
        raise ValueError(
            f"{folder} has 0 classes: {holds(folder)}. Name the folder that holds a folder of images for each class"
        )
    files: list[Path] = []
    labels: list[int] = []
    parts: list[str] = []
    wanted = [
        (part, c, place / name, USES[part] + (("validate",) if part == "train" and "valid" not in where else ()))
        for part, place in where.items()
        for c, name in enumerate(classes)
    ]
    every_images = every(lambda one: _images(*one[2:]), wanted)
    for (part, c, place, _), images in zip(wanted, every_images, strict=True):
        files += images
        labels += [c] * len(images)
        parts += [part] * len(images) if part else _held_out(place.name, len(images), share)
    return Found(files, np.array(labels, np.int64), np.array(parts, dtype="<U5"), classes)


def _images(folder: Path, uses: tuple[str, ...]) -> list[Path]:
    """The images of a class; at least one for each use."""
    if not folder.is_dir():
        near = spelled(folder.parent, folder.name)
        advice = f"rename {near.name}/" if near.is_dir() else "add it"
        raise FileNotFoundError(
            f"the class folder {folder} is missing, but there is another of this name: {advice} ({holds(folder.parent)})"
        )
    found = any_images_in(folder)
    if len(found) < len(uses):
        raise ValueError(
            f"the class folder {folder} has {len(found)} images, and needs one to {', one to '.join(uses)}: add some, or "
            f"take the folder away ({holds(folder)})"
        )
    return [folder / name for name in found]


def _parts(folder: Path) -> dict[str, Path]:
    """Where the class folders are, by what their images are for; "" if that is not said."""
    inside = folders_in(folder)
    there: dict[str, Path] = {}
    for part, names in PARTS.items():
        found = [name for name in inside if name.lower() in names and folders_in(folder / name)]
        if len(found) > 1:
            raise ValueError(f"{folder} holds {found[0]}/ and {found[1]}/, of which one is meant: take the other away")
        if found:
            there[part] = folder / found[0]
    if there and "train" not in there:
        raise FileNotFoundError(
            f"{folder} has {next(iter(there.values())).name}/ with class folders, but none in train/: name the folder that "
            f"holds them all ({holds(folder)})"
        )
    if not there and len(inside) == 1 and not pictures_in(folder / inside[0]):
        return _parts(folder / inside[0])  # an archiver makes one more
    if len(there) < 2:
        return {"": there.get("train", folder)}
    return there if "test" in there else {"train": there["train"], "test": there["valid"]}


def _held_out(name: str, count: int, share: float) -> list[str]:
    """What each of a class's images is for, where nobody has said it: at least two are to train on."""
    held = min(max(1, round(share * count)), count - 2)
    test = numpy_stream(0, "held out", name).permutation(count)[:held]
    return ["test" if i in test else "train" for i in range(count)]
