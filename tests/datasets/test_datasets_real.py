"""The publishers' own images, where ``TFM_LITE_DATA`` has them: complete sets or parts, at any size."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from tfm_lite import datasets
from tfm_lite.datasets import folders
from tfm_lite.datasets.names import parse

REAL = Path(os.environ.get("TFM_LITE_DATA") or "nowhere")
SETS = [name for name in datasets.names() if hasattr(datasets.find(name), "ABOUT")]


@pytest.fixture(params=SETS)
def name(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    about = datasets.find(request.param).ABOUT
    if not (REAL / about.folder).is_dir():
        pytest.skip(f"TFM_LITE_DATA holds no {about.folder}")
    (tmp_path / about.folder).symlink_to((REAL / about.folder).resolve())  # so that the store is made there
    return str(request.param)


def test_real_images_load(name: str, tmp_path: Path) -> None:
    about = datasets.find(name).ABOUT
    _, found = folders.listing(name, about, datasets.find(name).read, tmp_path, parse(f"{name}+partial"))
    whole = found.counts == (about.train, about.test, about.classes)
    if len(found.classes) == about.classes:
        assert whole, "all classes are there, but not all images"
    text = name if whole else f"{name}+partial"
    tasks = datasets.load(text, data=tmp_path, size=32)
    assert sum(len(task.train) + len(task.valid) for task in tasks) == found.counts[0]
    assert sum(len(task.test) for task in tasks) == found.counts[1]
    assert all(50 < mean < 150 for mean in tasks.mean) and all(40 < std < 90 for std in tasks.std)
    for task in tasks:
        for part in (task.train, task.valid, task.test):
            assert set(part.labels.tolist()) == set(range(len(task.classes)))
        learn = np.bincount(task.train.labels) + np.bincount(task.valid.labels)
        assert np.array_equal(np.bincount(task.valid.labels), np.maximum(1, np.round(0.1 * learn)))
        if name in ("flowers", "actions", "tiny_imagenet"):
            assert len(set(learn.tolist())) == 1  # the publisher's training images are balanced
    assert datasets.load(text, data=tmp_path, size=32, seed=1).fingerprint == tasks.fingerprint


def test_tiny_imagenets_splits(tmp_path: Path) -> None:
    about = datasets.find("tiny_imagenet").ABOUT
    if not (REAL / about.folder).is_dir():
        pytest.skip(f"TFM_LITE_DATA holds no {about.folder}")
    (tmp_path / about.folder).symlink_to((REAL / about.folder).resolve())
    sizes = {
        split: sorted(len(task.classes) for task in datasets.load(f"tiny_imagenet{split}+20x100", data=tmp_path))
        for split in ("", "+larger", "+semantic")
    }
    assert sizes == {"": [4] * 5, "+larger": [3, 3, 3, 3, 8], "+semantic": [3, 3, 4, 5, 5]}
    first = datasets.load("tiny_imagenet+20x100", data=tmp_path)
    # Frozen: the same in every extract and in the complete set.
    assert first.fingerprint == "7d422995b9fef18e"
    assert first[0].classes == ("reel", "espresso", "parking meter", "volleyball")
