"""Small folders in the publishers' layouts, with made-up pictures: of every image one can tell which it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from tfm_lite.datasets.sets import actions, birds, imagenet, tiny_imagenet

CLASSES, LEARN, TEST = 12, 4, 3  # classes; images per class


def picture(path: Path, c: int, i: int, *, size: tuple[int, int] = (20, 16), mode: str = "RGB") -> None:
    """A picture of one colour: red tells the class, green the image."""
    path.parent.mkdir(parents=True, exist_ok=True)
    form = "PNG" if mode in ("LA", "P", "RGBA", "1") else "JPEG"  # whatever the ending says
    Image.new("RGB", size, (20 * c, 30 * i, 128)).convert(mode).save(path, form)


def write_birds(folder: Path) -> None:
    """images.txt, classes.txt, image_class_labels.txt, train_test_split.txt; images of both parts in one folder."""
    rows = [(c, i) for c in range(CLASSES) for i in range(LEARN + TEST)]
    names = {c: f"{c + 1:03}.Made_up_Bird_{c + 1}" for c in range(CLASSES)}
    files = [f"{names[c]}/Bird_{i:04}_{100 * c + i}.jpg" for c, i in rows]
    for (c, i), file in zip(rows, files, strict=True):
        picture(folder / "images" / file, c, i)
    tables = {
        "images.txt": files,
        "classes.txt": [names[c] for c in range(CLASSES)],
        "image_class_labels.txt": [c + 1 for c, _ in rows],
        "train_test_split.txt": [int(i < LEARN) for _, i in rows],
    }
    for name, values in tables.items():
        (folder / name).write_text("".join(f"{n + 1} {value}\n" for n, value in enumerate(values)))


def write_actions(folder: Path) -> None:
    """ImageSplits/: a table of actions and two lists for each; JPEGImages/ with all images."""
    splits = folder / "ImageSplits"
    splits.mkdir(parents=True)
    names = [f"doing_thing_{c:02}" for c in range(CLASSES)]
    total = "".join(f"{name}\t\t{LEARN + TEST}\n" for name in names)
    (splits / "actions.txt").write_text(f"action_name\t\tnumber_of_images\n{total}")
    for c, name in enumerate(names):
        images = [f"{name}_{i + 1:03}.jpg" for i in range(LEARN + TEST)]
        for i, image in enumerate(images):
            picture(folder / "JPEGImages" / image, c, i)
        for part, chosen in (("train", images[:LEARN]), ("test", images[LEARN:])):
            (splits / f"{name}_{part}.txt").write_text("\n".join(chosen[::-1]) + "\n")


def write_tiny_imagenet(folder: Path) -> None:
    """wnids.txt, words.txt, train/WNID/images/, val/images/ and val_annotations.txt. Classes of the real semantic split."""
    keys = tiny_keys()
    folder.mkdir(parents=True)
    (folder / "wnids.txt").write_text("\n".join(keys) + "\n")
    (folder / "words.txt").write_text("".join(f"{key}\tthing {c:02}, object {c}\n" for c, key in enumerate(keys)))
    lines = []
    for c, key in enumerate(keys):
        for i in range(LEARN):
            picture(
                folder / "train" / key / "images" / f"{key}_{i}.JPEG",
                c,
                i,
                size=(64, 64),
                mode="L" if c == 3 else "RGB",
            )
        (folder / "train" / key / f"{key}_boxes.txt").touch()
        for i in range(LEARN, LEARN + TEST):
            name = f"val_{TEST * c + i - LEARN}.JPEG"
            picture(folder / "val" / "images" / name, c, i, size=(64, 64), mode="L" if c == 3 else "RGB")
            lines.append(f"{name}\t{key}\t0\t0\t9\t9\n")
    (folder / "val" / "val_annotations.txt").write_text("".join(lines[::-1]))
    (folder / "test" / "images").mkdir(parents=True)  # images without labels: of no use


def tiny_keys() -> list[str]:
    """Some classes of the first groups of the semantic split: one of the first, two of the second, ... in no order."""
    from tfm_lite.datasets.folders import semantic

    counts = (1, 2, 3, 0, 4, 0, 0, 0, 0, 2)
    keys = [key for group, n in zip(semantic("tiny_imagenet"), counts, strict=True) for key in [*group["classes"]][:n]]
    return [keys[i] for i in np.random.RandomState(0).permutation(len(keys))]


def write_imagenet(folder: Path) -> None:
    """train/WNID/ and val/WNID/."""
    for c in range(CLASSES):
        for i in range(LEARN + TEST):
            name = f"n{c:08}_{i}.JPEG" if i < LEARN else f"ILSVRC2012_val_{c * TEST + i:08}.JPEG"
            picture(folder / ("train" if i < LEARN else "val") / f"n{c:08}" / name, c, i)


@dataclass(frozen=True)
class Kind:
    module: ModuleType
    write: Callable[[Path], None]
    sample: str  # one training image of the second class, in the set's folder
    names_all: bool  # whether the publisher's lists name every image


KINDS = {
    "birds": Kind(birds, write_birds, "images/002.Made_up_Bird_2/Bird_0001_101.jpg", True),
    "actions": Kind(actions, write_actions, "JPEGImages/doing_thing_01_002.jpg", True),
    "tiny_imagenet": Kind(tiny_imagenet, write_tiny_imagenet, "val/images/val_4.JPEG", False),
    "imagenet": Kind(imagenet, write_imagenet, "train/n00000001/n00000001_1.JPEG", False),
}


def make(name: str, data: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write the set into the folder ``data``, and let these be the counts of the complete one. Returns its own folder."""
    kind = KINDS[name]
    small = replace(kind.module.ABOUT, train=CLASSES * LEARN, test=CLASSES * TEST, classes=CLASSES, tasks=3, size=16)
    monkeypatch.setattr(kind.module, "ABOUT", small)
    monkeypatch.setenv("XDG_CACHE_HOME", str(data.parent / "user"))
    monkeypatch.delenv("TFM_LITE_DATA", raising=False)
    kind.write(data / small.folder)
    return data / small.folder
