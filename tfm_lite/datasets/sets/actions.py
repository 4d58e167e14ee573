"""Stanford 40 Actions (Yao et al. 2011), read from the publisher's folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tfm_lite.datasets.about import About, Archive, Listing
from tfm_lite.datasets.entries import at, every, few, lines

PAGE = "http://vision.stanford.edu/Datasets/40actions.html"
SOURCE = "http://vision.stanford.edu/Datasets/"
ABOUT = About(
    "Stanford 40 Actions",
    folder="Stanford40",
    train=4000,
    test=5532,
    classes=40,
    tasks=4,
    marks=("ImageSplits", "JPEGImages"),
    page=PAGE,
    terms="The publisher names no licence; the photographs are of the web and belong to their photographers. For research.",
    archives=(
        Archive("Stanford40_JPEGImages.zip", (SOURCE + "Stanford40_JPEGImages.zip",), None, 290, "Stanford40"),
        Archive("Stanford40_ImageSplits.zip", (SOURCE + "Stanford40_ImageSplits.zip",), None, 1, "Stanford40"),
    ),
)


def read(folder: Path) -> Listing:
    """The publisher's split: per action a list of training and one of test images."""
    actions = [line.split()[0] for line in lines(at(folder, "ImageSplits/actions.txt"), of=ABOUT.title)]
    actions = [action for action in actions if action != "action_name"]  # the head of the table
    parts = [(action, part) for action in actions for part in ("train", "test")]
    lists = every(lambda part: _images(folder, *part), parts)
    counts = np.array([len(images) for images in lists], dtype=np.int64)
    return Listing(
        [f"JPEGImages/{image}" for images in lists for image in images],
        np.repeat(np.arange(len(parts)) // 2, counts),
        np.repeat(np.arange(len(parts)) % 2 == 0, counts),
        [action.replace("_", " ") for action in actions],
        actions,
    )


def _images(folder: Path, action: str, part: str) -> list[str]:
    """One of the publisher's lists."""
    path = at(folder, f"ImageSplits/{action}_{part}.txt")
    images = lines(path, of=ABOUT.title)
    if odd := [image for image in images if image.rpartition("_")[0] != action]:
        raise ValueError(
            f"{path} names {few(list(map(repr, odd)))}, which is not an image of this action: theirs are {action}_001.jpg "
            "and so on. Get the set again: `python -m tfm_lite data fetch actions`"
        )
    return images
