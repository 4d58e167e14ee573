"""CUB-200-2011 (Wah et al. 2011): 200 species of birds, read from the publisher's folder."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np

from tfm_lite.datasets.about import About, Archive, Listing, names_once
from tfm_lite.datasets.entries import at, every, lines

AGAIN = "Get the set again: `python -m tfm_lite data fetch birds`"
PAGE = "https://data.caltech.edu/records/65de6-vp158"
ABOUT = About(
    "Caltech-UCSD Birds-200-2011",
    folder="CUB_200_2011",
    train=5994,
    test=5794,
    classes=200,
    tasks=4,
    marks=("images.txt", "classes.txt", "images"),
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
    tables = ("images.txt", "classes.txt", "image_class_labels.txt", "train_test_split.txt")
    files, species, labels, is_train = every(lambda name: _table(at(folder, name)), tables)
    for name, table in (("image_class_labels.txt", labels), ("train_test_split.txt", is_train)):
        if odd := sorted(table.keys() ^ files.keys(), key=int):
            which = files.get(odd[0], "an image")
            raise ValueError(
                f"{folder / name} and images.txt do not name the same images: number {odd[0]} ({which}). {AGAIN}"
            )
    position = {number: c for c, number in enumerate(species)}
    for name, table, known in (
        ("image_class_labels.txt", labels, position.keys()),
        ("train_test_split.txt", is_train, {"0", "1"}),
    ):
        if odd := [number for number, value in table.items() if value not in known]:
            raise ValueError(
                f"{folder / name} has {table[odd[0]]!r} for image {odd[0]} ({files[odd[0]]}); it may be one of "
                f"{', '.join(list(known)[:3])}{', ...' if len(known) > 3 else ''}. {AGAIN}"
            )
    keys = list(species.values())
    return Listing(
        [f"images/{file}" for file in files.values()],
        np.array([position[labels[number]] for number in files], dtype=np.int64),
        np.array([is_train[number] == "1" for number in files], dtype=bool),
        names_once([key.partition(".")[2].replace("_", " ") for key in keys], keys),
        keys,
    )


def _table(path: Path) -> dict[str, str]:
    rows = [line.split() for line in lines(path, of=ABOUT.title)]
    if wrong := [row for row in rows if len(row) != 2 or not row[0].isdigit()]:
        raise ValueError(f"{path} has the line {' '.join(wrong[0])!r}, which is not a number and a value. {AGAIN}")
    table = {number: value for number, value in rows}
    if len(table) < len(rows):
        twice = next(number for number, count in Counter(number for number, _ in rows).items() if count > 1)
        raise ValueError(f"{path} has two lines for number {twice}. {AGAIN}")
    return table
