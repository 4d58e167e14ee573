"""Tiny ImageNet: 200 classes of ImageNet at 64 pixels, read from the publisher's folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tfm_lite.datasets.about import About, Archive, Listing, names_once
from tfm_lite.datasets.entries import PARTS, any_images_in, at, every, holds, images_in, lines, spelled, stem

ABOUT = About(
    "Tiny ImageNet",
    folder="tiny-imagenet-200",
    train=100_000,
    test=10_000,
    classes=200,
    tasks=10,
    marks=("wnids.txt", "train", "val"),
    page="http://cs231n.stanford.edu/tiny-imagenet-200.zip",
    terms="Images of ImageNet: for non-commercial research and teaching only (https://image-net.org/download).",
    archives=(
        Archive(
            "tiny-imagenet-200.zip",
            (
                "http://cs231n.stanford.edu/tiny-imagenet-200.zip",
                "https://image-net.org/data/tiny-imagenet-200.zip",
            ),
            "90528d7ca1a48142e341f4ef8d21d0de",
            248,
        ),
    ),
)


INSIDE = ("images", "")  # where in a class's folder its images are: those of train/ are in images/


def read(folder: Path) -> Listing:
    """Training images are those of train/, test images the publisher's validation images: its test images have no labels.

    The classes are those of wnids.txt, in its order. The validation images' classes are those of val_annotations.txt, or of
    the folders into which they were sorted.
    """
    keys, rows = every(lambda name: lines(at(folder, name), of=ABOUT.title), ("wnids.txt", "words.txt"))
    words = dict(row.split(None, 1) for row in rows if len(row.split()) > 1)
    learn = every(lambda key: _sorted_in(folder, "train", key), keys)
    val = _validation(folder, keys, words)
    files = [*[file for images in learn for file in images], *(file for file, _ in val)]
    labels = [*[c for c, images in enumerate(learn) for _ in images], *(c for _, c in val)]
    names = [words.get(key, key).split(",")[0] for key in keys]
    is_train = np.arange(len(files)) < sum(map(len, learn))
    return Listing(files, np.array(labels, dtype=np.int64), is_train, names_once(names, keys), keys)


def _sorted_in(folder: Path, part: str, key: str) -> list[str]:
    """The images of a class's folder."""
    place = spelled(folder, *PARTS[part]) / key
    return [f"{place.relative_to(folder).as_posix()}/{image}" for image in images_in(place, INSIDE)]


def _validation(folder: Path, keys: list[str], words: dict[str, str]) -> list[tuple[str, int]]:
    """The validation images and their classes, in the order of the publisher's list."""
    place = spelled(folder, *PARTS["valid"])
    path, top = spelled(place, "val_annotations.txt"), place.relative_to(folder).as_posix()
    where = {
        stem(image.rpartition("/")[2]): (f"{top}/{key}/{image}", c)
        for c, key in enumerate(keys)
        for image in any_images_in(place / key, INSIDE)
    }
    if where and not path.exists():
        every(lambda key: _sorted_in(folder, "valid", key), keys)  # there are some of every class
        return [where[image] for image in sorted(where, key=lambda image: (len(image), image))]  # val_2 before val_10
    annotated = _annotated(path, keys, words)
    for image, c in annotated:
        file, found = where.get(stem(image), ("", c))
        if found != c:
            raise ValueError(
                f"{image} is in {folder / file}, but {path} gives it the class {keys[c]}: take away what is wrong"
            )
    return [where.get(stem(image), (f"{top}/images/{image}", c)) for image, c in annotated]


def _annotated(path: Path, keys: list[str], words: dict[str, str]) -> list[tuple[str, int]]:
    """The images and classes of the publisher's list; in an extract it may name images of classes that are not there."""
    if not path.exists() and path.parent.is_dir():
        raise FileNotFoundError(
            f"the list {path} is missing, and the images are not in folders of their classes either ({holds(path.parent)}): "
            f"nothing says what they show. Put the list there from the archive of {ABOUT.title}"
        )
    position = {key: c for c, key in enumerate(keys)}
    rows = [[*line.split(), ""][:2] for line in lines(path, of=ABOUT.title)]
    if odd := [n for n, (_, key) in enumerate(rows) if key not in position and key not in words]:
        image, key = rows[odd[0]]
        raise ValueError(
            f"line {odd[0] + 1} of {path} gives {image} the class {key!r}, which neither wnids.txt nor words.txt knows "
            f"({len(odd)} of {len(rows)} lines are so). Get the set again: `python -m tfm_lite data fetch tiny_imagenet`"
        )
    return [(image, position[key]) for image, key in rows if key in position]
