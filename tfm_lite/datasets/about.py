"""What a data set that is a folder of images says about itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Archive:
    """A file to download. ``into`` is where its content belongs inside the set's folder ("." if it holds that folder).

    ``megabytes`` is for people; ``md5`` is None where the publisher gives none.
    """

    name: str
    urls: tuple[str, ...]
    md5: str | None
    megabytes: int
    into: str = "."


@dataclass(frozen=True)
class About:
    """What a complete set holds, and where it comes from.

    ``train``, ``test``, ``classes`` are counts (Table 2 of the paper), ``tasks`` the paper's number of tasks, ``size`` the
    size of images in pixels unless another is asked for. A ``large`` set's images are not all read to normalise or to
    fingerprint it: ``moments`` gives mean and standard deviation per channel, on the 0 to 255 scale. By its ``marks``, files
    and folders, one knows the set's folder.
    """

    title: str
    folder: str
    train: int
    test: int
    classes: int
    tasks: int
    marks: tuple[str, ...]
    page: str
    terms: str
    archives: tuple[Archive, ...] = ()
    size: int = 64
    moments: tuple[tuple[float, ...], tuple[float, ...]] | None = None

    @property
    def large(self) -> bool:
        return self.moments is not None


@dataclass(frozen=True)
class Listing:
    """What the publisher's lists say: one entry per image in ``files`` (paths inside the set's folder), ``labels`` (int64,
    positions in ``classes``) and ``is_train``. ``keys`` are the publisher's own names of the classes.
    """

    files: Sequence[str]
    labels: np.ndarray
    is_train: np.ndarray
    classes: Sequence[str]
    keys: Sequence[str]

    def __post_init__(self) -> None:
        if not len(self.files) == len(self.labels) == len(self.is_train) or len(self.classes) != len(self.keys):
            raise ValueError(
                f"a listing has {len(self.files)} files, {len(self.labels)} labels and {len(self.is_train)} marks of what is "
                f"for training, {len(self.classes)} classes and {len(self.keys)} keys; give one label and mark per file, one "
                "key per class"
            )
        if len(odd := np.flatnonzero((self.labels < 0) | (self.labels >= len(self.classes)))):
            raise ValueError(
                f"{self.files[odd[0]]} has the label {self.labels[odd[0]]}; labels are positions among the "
                f"{len(self.classes)} classes, from 0"
            )

    @property
    def counts(self) -> tuple[int, int, int]:
        """Training images, test images, classes."""
        return int(self.is_train.sum()), int((~self.is_train).sum()), len(self.classes)

    def keep(self, images: np.ndarray, classes: Sequence[int]) -> Listing:
        """These images and these classes only (positions in the listing)."""
        new = np.full(len(self.classes), -1, dtype=np.int64)
        new[list(classes)] = np.arange(len(classes))
        return Listing(
            [self.files[i] for i in images],
            new[self.labels[images]],
            self.is_train[images],
            [self.classes[c] for c in classes],
            [self.keys[c] for c in classes],
        )


def names_once(names: Sequence[str], keys: Sequence[str]) -> list[str]:
    """Names of classes, made different by their keys where two are alike."""
    often = Counter(names)
    return [name if often[name] == 1 else f"{name} ({key})" for name, key in zip(names, keys, strict=True)]
