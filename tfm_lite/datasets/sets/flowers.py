"""Oxford 102 Flowers (Nilsback and Zisserman 2008), read from the publisher's folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.io import loadmat
from torchvision.datasets import Flowers102

from tfm_lite.datasets.about import About, Archive, Listing
from tfm_lite.datasets.entries import at, every, holds

SOURCE = "https://www.robots.ox.ac.uk/~vgg/data/flowers/102/"
ABOUT = About(
    "Oxford 102 Flowers",
    folder="flowers-102",
    train=2040,
    test=6149,
    classes=102,
    tasks=4,
    marks=("imagelabels.mat", "setid.mat", "jpg"),
    page=SOURCE,
    terms="The publisher names no licence; the photographs are of the web and belong to their photographers. For research.",
    archives=(
        Archive("102flowers.tgz", (SOURCE + "102flowers.tgz",), "52808999861908f626f3c1f4e79d11fa", 345, "flowers-102"),
        Archive("imagelabels.mat", (SOURCE + "imagelabels.mat",), "e0620be6f572b9609742df49c70aed4d", 1, "flowers-102"),
        Archive("setid.mat", (SOURCE + "setid.mat",), "a5357ecc9cb78c4bef273ce3793fc85c", 1, "flowers-102"),
    ),
)


def read(folder: Path) -> Listing:
    """Training images are the publisher's trnid and valid together, test images its tstid."""
    wanted = [("imagelabels.mat", "labels"), *(("setid.mat", part) for part in ("trnid", "valid", "tstid"))]
    labels, learn, valid, test = every(lambda file: _read(at(folder, file[0]), file[1]), wanted)
    classes = len(Flowers102.classes)
    if len(odd := np.flatnonzero((labels < 1) | (labels > classes))):
        raise ValueError(
            f"{folder / 'imagelabels.mat'} gives image {odd[0] + 1} the class {labels[odd[0]]}; the classes are 1 to "
            f"{classes}. Get it again from {SOURCE}"
        )
    images = np.concatenate([learn, valid, test])
    if images.size and (images.min() < 1 or images.max() > len(labels)):
        wrong = images[(images < 1) | (images > len(labels))][0]
        raise ValueError(
            f"{folder / 'setid.mat'} names image {wrong}, but imagelabels.mat has labels for 1 to {len(labels)}; get both "
            f"again from {SOURCE}"
        )
    order = np.argsort(images, kind="stable")
    is_train = np.arange(len(images)) < len(learn) + len(valid)
    return Listing(
        [f"jpg/image_{i:05}.jpg" for i in images[order]],
        labels[images[order] - 1] - 1,
        is_train[order],
        Flowers102.classes,
        Flowers102.classes,
    )


def _read(path: Path, name: str) -> np.ndarray:
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing; get it from {SOURCE} ({holds(path.parent)})")
    try:
        values = loadmat(path)[name].ravel()
        odd = np.flatnonzero(~(np.isfinite(values) & (values == np.round(values))))
    except Exception as error:  # a damaged file makes SciPy raise almost anything
        raise ValueError(f"{path} cannot be read ({error}); get it again from {SOURCE}") from error
    if len(odd):
        raise ValueError(
            f"{path} has {values[odd[0]]} as number {odd[0] + 1} of its {name}, which is not a whole number; get it again "
            f"from {SOURCE}"
        )
    return values.astype(np.int64)  # type: ignore[no-any-return]
