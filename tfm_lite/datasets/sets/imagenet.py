"""ImageNet, ILSVRC 2012 (Russakovsky et al. 2015): the user's own copy, a folder per class."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from torchvision.models import AlexNet_Weights

from tfm_lite.datasets.about import About, Listing, images_in, names_once

ABOUT = About(
    "ImageNet (ILSVRC 2012)",
    folder="imagenet",
    train=1_281_167,
    test=50_000,
    classes=1000,
    tasks=10,
    page="https://image-net.org/download",
    terms="For non-commercial research and teaching only, after signing the publisher's terms of access.",
    size=224,
    moments=((123.675, 116.28, 103.53), (58.395, 57.12, 57.375)),  # the constants that everybody uses
)


def read(folder: Path) -> Listing:
    """Training images are those of train/, test images those of val/, as in the paper: ImageNet's own test images have no
    labels. Both have a folder per class, as torchvision's ``ImageNet`` makes them of the publisher's archives."""
    files: list[str] = []
    labels: list[int] = []
    is_train: list[bool] = []
    classes = {part: sorted(path.name for path in _folders(folder / part)) for part in ("train", "val")}
    if odd := sorted(set(classes["train"]) ^ set(classes["val"])):
        part = "val" if odd[0] in classes["train"] else "train"
        raise FileNotFoundError(
            f"the class folder {folder / part / odd[0]} is missing, but the other of the two is there"
        )
    keys = classes["train"]
    for part in ("train", "val"):
        for c, key in enumerate(keys):
            images = images_in(folder / part / key)
            files += [f"{part}/{key}/{image}" for image in images]
            labels += [c] * len(images)
            is_train += [part == "train"] * len(images)
    # Names in the order of the publisher's own names, which is how torchvision has them too.
    categories = AlexNet_Weights.IMAGENET1K_V1.meta["categories"]
    names = categories if len(keys) == len(categories) else keys
    return Listing(files, np.array(labels, np.int64), np.array(is_train, bool), names_once(names, keys), keys)


def _folders(path: Path) -> list[Path]:
    if not path.is_dir():
        raise FileNotFoundError(
            f"the folder {path} is missing: it holds a folder of images for each class. ImageNet cannot be downloaded "
            f"without signing its terms ({ABOUT.page}); torchvision.datasets.ImageNet makes train/ and val/ of its archives"
        )
    return [child for child in path.iterdir() if child.is_dir()]
