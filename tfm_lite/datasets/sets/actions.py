"""Stanford 40 Actions (Yao et al. 2011), read from the publisher's folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tfm_lite.datasets.about import About, Archive, Listing, lines

PAGE = "http://vision.stanford.edu/Datasets/40actions.html"
SOURCE = "http://vision.stanford.edu/Datasets/"
ABOUT = About(
    "Stanford 40 Actions",
    folder="Stanford40",
    train=4000,
    test=5532,
    classes=40,
    tasks=4,
    page=PAGE,
    terms="The publisher names no licence; the photographs are of the web and belong to their photographers. For research.",
    archives=(
        Archive("Stanford40_JPEGImages.zip", (SOURCE + "Stanford40_JPEGImages.zip",), None, 290, "Stanford40"),
        Archive("Stanford40_ImageSplits.zip", (SOURCE + "Stanford40_ImageSplits.zip",), None, 1, "Stanford40"),
    ),
)


def read(folder: Path) -> Listing:
    """The publisher's split: per action a list of training and one of test images."""
    splits = folder / "ImageSplits"
    actions = [line.split()[0] for line in lines(splits / "actions.txt", of=ABOUT.title)]
    actions = [action for action in actions if action != "action_name"]  # the head of the table
    files, labels, is_train = [], [], []
    for c, action in enumerate(actions):
        for part in ("train", "test"):
            path = splits / f"{action}_{part}.txt"
            images = [line.strip() for line in lines(path, of=ABOUT.title)]
            if odd := [image for image in images if image.rpartition("_")[0] != action]:
                raise ValueError(
                    f"{path} names {odd[0]!r}, which is not an image of this action: theirs are {action}_001.jpg and so on. "
                    "Get the set again: `python -m tfm_lite data fetch actions`"
                )
            files += [f"JPEGImages/{image}" for image in images]
            labels += [c] * len(images)
            is_train += [part == "train"] * len(images)
    names = [action.replace("_", " ") for action in actions]
    return Listing(files, np.array(labels, dtype=np.int64), np.array(is_train, dtype=bool), names, actions)
