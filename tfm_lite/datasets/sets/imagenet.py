"""ImageNet, ILSVRC 2012 (Russakovsky et al. 2015): the user's own copy, a folder per class."""

from __future__ import annotations

import re
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

import numpy as np
from torchvision.models import AlexNet_Weights

from tfm_lite.datasets.about import About, Listing, names_once
from tfm_lite.datasets.entries import (
    PARTS,
    entries,
    every,
    few,
    folders_in,
    holds,
    images_in,
    lines,
    listed,
    pictures_in,
    spelled,
    stem,
)

ABOUT = About(
    "ImageNet (ILSVRC 2012)",
    folder="imagenet",
    train=1_281_167,
    test=50_000,
    classes=1000,
    tasks=10,
    marks=("train", "val"),
    page="https://image-net.org/download",
    terms="For non-commercial research and teaching only, after signing the publisher's terms of access.",
    size=224,
    moments=((123.675, 116.28, 103.53), (58.395, 57.12, 57.375)),  # the constants that everybody uses
)


CLASS, IMAGE = re.compile(r"\bn\d{8}\b"), re.compile(r"ILSVRC2012_val_\d{8}")  # the publisher's names
LISTS = (".txt", ".csv", ".tsv", ".sh")  # may say the classes of validation images
OWN = f"ImageNet cannot be downloaded without signing its terms ({ABOUT.page})"


def read(folder: Path) -> Listing:
    """Training images are those of train/, test images those of val/, as in the paper: ImageNet's own test images have no
    labels. Both have a folder per class, as torchvision's ``ImageNet`` makes them of the publisher's archives; or those of
    val/ lie side by side, and a list there or beside val/ has the name and the class of each, as ``LOC_val_solution.csv``.
    """
    train, val = every(lambda part: _part(folder, part), ("train", "valid"))
    keys = folders_in(train)
    if odd := [key for key in keys if not CLASS.fullmatch(key)]:
        raise ValueError(
            f"{train} has the folders {few(odd)}, which are no classes of ImageNet: theirs are called n01440764 and so on. "
            "Take them away; if the images are your own, name them with folder:PATH"
        )
    flat = not folders_in(val)
    if not flat and (odd := sorted(set(keys) ^ set(folders_in(val)))):
        absent = [(val if key in keys else train) / key for key in odd]
        raise FileNotFoundError(
            listed([f"the class folder {place} is missing, but the other of the two is there" for place in absent])
        )
    learn = every(lambda key: _class(folder, train / key), keys)
    test = _by_list(folder, val, keys) if flat else every(lambda key: _class(folder, val / key), keys)
    parts = [images for part in (learn, test) for images in part]
    counts = np.array([len(images) for images in parts], dtype=np.int64)
    files = [image for images in parts for image in images]
    # Names in the order of the publisher's own names, which is how torchvision has them too.
    categories = AlexNet_Weights.IMAGENET1K_V1.meta["categories"]
    names = categories if len(keys) == len(categories) else keys
    labels = np.repeat(np.tile(np.arange(len(keys)), 2), counts)
    return Listing(files, labels, np.arange(len(files)) < sum(map(len, learn)), names_once(names, keys), keys)


def _part(folder: Path, part: str) -> Path:
    place = spelled(folder, *PARTS[part])
    if not place.is_dir():
        raise FileNotFoundError(
            f"the folder {place} is missing ({holds(folder)}): it holds a folder of images for each class. {OWN}; "
            "torchvision.datasets.ImageNet makes train/ and val/ of its archives"
        )
    if not entries(place):
        raise FileNotFoundError(f"the folder {place} is empty: it holds a folder of images for each class. {OWN}")
    return place


def _class(folder: Path, place: Path) -> list[str]:
    """The images of a class's folder."""
    top = place.relative_to(folder).as_posix()
    return [f"{top}/{image}" for image in images_in(place)]


def _by_list(folder: Path, val: Path, keys: list[str]) -> list[list[str]]:
    """The images of every class in a folder where they lie side by side."""
    known: dict[str, set[str]] = defaultdict(set)
    beside = [Path(entry.path) for entry in (*entries(val), *entries(folder)) if entry.is_file()]
    for path in (path for path in beside if path.name.lower().endswith(LISTS)):
        with suppress(ValueError):  # somebody's notes
            for line in lines(path, of=ABOUT.title):
                if (image := IMAGE.search(line)) and len(classes := set(CLASS.findall(line))) == 1:
                    known[image[0].lower()] |= classes
    images = pictures_in(val)
    if odd := [name for name in images if len(known[stem(name)]) != 1]:
        raise ValueError(
            f"{holds(val)}; nothing says for certain which class {few(odd)} shows ({len(odd):,} of {len(images):,} are so). "
            "Put LOC_val_solution.csv beside, or another list with the image and its class (n01440764) in each line; or sort "
            "the images into a folder per class, as torchvision.datasets.ImageNet does"
        )
    top, shown = val.relative_to(folder).as_posix(), defaultdict(list)
    for name in images:
        shown[next(iter(known[stem(name)]))].append(f"{top}/{name}")
    return [shown[key] for key in keys]
