"""CUB-200-2011 (Wah et al. 2011): 200 species of birds, read from the publisher's folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tfm_lite.datasets._about import About, Archive, Listing, lines, names_once

PAGE = "https://data.caltech.edu/records/65de6-vp158"
ABOUT = About(
    "Caltech-UCSD Birds-200-2011",
    folder="CUB_200_2011",
    train=5994,
    test=5794,
    classes=200,
    tasks=4,
    page=PAGE,
    terms="For non-commercial research and teaching only; the photographs belong to their photographers.",
    archives=(
        Archive(
            "CUB_200_2011.tgz",
            (
                f"{PAGE}/files/CUB_200_2011.tgz?download=1",
                "https://s3.amazonaws.com/fast-ai-imageclas/CUB_200_2011.tgz",
            ),
            "97eceeb196236b17998738112f37df78",
            1151,
        ),
    ),
)


def read(folder: Path) -> Listing:
    """The publisher's split. Every list has lines of an image's or a class's number and a value."""
    files = _table(folder / "images.txt")
    species = _table(folder / "classes.txt")
    labels, is_train = (_table(folder / name) for name in ("image_class_labels.txt", "train_test_split.txt"))
    for name, table in (("image_class_labels.txt", labels), ("train_test_split.txt", is_train)):
        if odd := sorted(table.keys() ^ files.keys(), key=int):
            which = files.get(odd[0], "an image")
            raise ValueError(f"{folder / name} and images.txt do not name the same images: number {odd[0]} ({which})")
    position = {number: c for c, number in enumerate(species)}
    if unknown := set(labels.values()) - position.keys():
        raise ValueError(f"{folder / 'image_class_labels.txt'} has the class {min(unknown)}, which classes.txt lacks")
    keys = list(species.values())
    return Listing(
        [f"images/{file}" for file in files.values()],
        np.array([position[labels[number]] for number in files], dtype=np.int64),
        np.array([is_train[number] == "1" for number in files]),
        names_once([key.partition(".")[2].replace("_", " ") for key in keys], keys),
        keys,
    )


def _table(path: Path) -> dict[str, str]:
    rows = [line.split() for line in lines(path, of=ABOUT.title)]
    if wrong := [row for row in rows if len(row) != 2 or not row[0].isdigit()]:
        raise ValueError(f"{path} has the line {' '.join(wrong[0])!r}, which is not a number and a value; get it again")
    return {number: value for number, value in rows}
