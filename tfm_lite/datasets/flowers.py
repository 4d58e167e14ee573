"""Oxford 102 Flowers (Nilsback and Zisserman 2008), read from the publisher's folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.io import loadmat
from torchvision.datasets import Flowers102

from tfm_lite.datasets._store import data_folder, image_store
from tfm_lite.tasks import Split, TaskSequence, by_class, random_groups

SOURCE = "https://www.robots.ox.ac.uk/~vgg/data/flowers/102/"
TRAIN, TEST, CLASSES, TASKS = 2040, 6149, 102, 4


def load(*, seed: int, size: int | None, data: Path | None) -> TaskSequence:
    """Four tasks of 26, 26, 25 and 25 classes in a random order; the paper's 2,040 training and 6,149 test images.

    Training images are the publisher's trnid and valid together, test images its tstid.
    """
    folder = data_folder(data) / "flowers-102"
    parts = {name: folder / name for name in ("imagelabels.mat", "setid.mat", "jpg")}
    missing = [name for name, path in parts.items() if not path.exists()]
    if missing:
        raise FileNotFoundError(
            f"Oxford Flowers is not complete in {folder}: {', '.join(missing)} missing. Get 102flowers.tgz, imagelabels.mat "
            f"and setid.mat from {SOURCE}, put the two .mat files and the unpacked jpg/ into {folder}, or name the folder "
            "that holds flowers-102/ with --data or TFM_LITE_DATA"
        )
    labels = _read(parts["imagelabels.mat"], "labels") - 1
    split = {name: _read(parts["setid.mat"], name) - 1 for name in ("trnid", "valid", "tstid")}
    train, test = np.sort(np.concatenate([split["trnid"], split["valid"]])), np.sort(split["tstid"])
    counts = len(train), len(test), len(np.unique(labels))
    if counts != (TRAIN, TEST, CLASSES):
        raise ValueError(
            f"{folder} names {counts[0]} training images, {counts[1]} test images and {counts[2]} classes; Oxford Flowers "
            f"has {TRAIN}, {TEST} and {CLASSES}. Get imagelabels.mat and setid.mat again from {SOURCE}"
        )
    files = [parts["jpg"] / f"image_{i + 1:05}.jpg" for i in range(len(labels))]
    images = image_store("flowers", files, size=size or 64, data=data)
    return by_class(
        "flowers",
        Split(images, train, labels[train]),
        Split(images, test, labels[test]),
        groups=random_groups(CLASSES, TASKS, seed=seed),
        names=Flowers102.classes,
        seed=seed,
    )


def _read(path: Path, name: str) -> np.ndarray:
    try:
        return loadmat(path)[name].ravel().astype(np.int64)  # type: ignore[no-any-return]
    except Exception as error:  # a damaged file makes SciPy raise almost anything
        raise ValueError(f"{path} cannot be read ({error}); get it again from {SOURCE}") from error
