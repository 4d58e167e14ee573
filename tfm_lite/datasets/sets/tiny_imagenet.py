"""Tiny ImageNet: 200 classes of ImageNet at 64 pixels, read from the publisher's folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tfm_lite.datasets.about import About, Archive, Listing, images_in, lines, names_once

ABOUT = About(
    "Tiny ImageNet",
    folder="tiny-imagenet-200",
    train=100_000,
    test=10_000,
    classes=200,
    tasks=10,
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


def read(folder: Path) -> Listing:
    """Training images are those of train/, test images the publisher's validation images: its test images have no labels.

    The classes are those of wnids.txt, in its order.
    """
    keys = [line.strip() for line in lines(folder / "wnids.txt", of=ABOUT.title)]
    position = {key: c for c, key in enumerate(keys)}
    files, labels = [], []
    for c, key in enumerate(keys):
        images = images_in(folder / "train" / key / "images")
        files += [f"train/{key}/images/{image}" for image in images]
        labels += [c] * len(images)
    count = len(files)
    words = dict(line.split("\t", 1) for line in lines(folder / "words.txt", of=ABOUT.title) if "\t" in line)
    path = folder / "val" / "val_annotations.txt"
    for number, line in enumerate(lines(path, of=ABOUT.title), 1):
        image, key, *_ = [*line.split("\t"), ""]
        if key in position:
            files.append(f"val/images/{image}")
            labels.append(position[key])
        elif key not in words:  # in an extract there may be images of classes that it has not
            raise ValueError(
                f"line {number} of {path} gives {image} the class {key!r}, which neither wnids.txt nor words.txt knows. Get "
                "the set again: `python -m tfm_lite data fetch tiny_imagenet`"
            )
    names = [words.get(key, key).split(",")[0] for key in keys]
    is_train = np.arange(len(files)) < count
    return Listing(files, np.array(labels, dtype=np.int64), is_train, names_once(names, keys), keys)
