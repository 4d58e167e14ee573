"""What is learned: a sequence of tasks, each a classification problem of its own. Data only, nothing here trains."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from tfm_lite.datasets.augment import Augment
from tfm_lite.datasets.refusals import alike, as_images, as_moments, as_names, as_numbers
from tfm_lite.datasets.sending import received, sent
from tfm_lite.options import Range, check
from tfm_lite.seeds import numpy_stream


@dataclass(frozen=True, eq=False)
class Split(Dataset[tuple[Tensor, int]]):
    """Some rows of a store of images, with their labels inside the task. An ordinary PyTorch data set.

    Shapes: ``images`` uint8 (N, channels, size, size), shared by all splits and possibly memory-mapped;
    ``rows`` int64 (n,), the rows of ``images`` that belong here; ``labels`` int64 (n,), 0 to classes - 1.

    An item is an image as it is kept, uint8 (channels, size, size), and its label: nothing is normalized or augmented, for
    :class:`~tfm_lite.datasets.inputs.Inputs` does that to whole batches, on the device. A ``DataLoader`` takes it with any
    number of workers, forked or spawned; they look at the same images, and none is copied.

    >>> from tfm_lite import datasets
    >>> train = datasets.load("alphabets")[0].train
    >>> images, labels = train.batch(torch.arange(32))
    >>> images.dtype, tuple(images.shape), labels.max().item() < 8
    (torch.uint8, (32, 1, 28, 28), True)
    """

    images: np.ndarray
    rows: np.ndarray
    labels: np.ndarray

    def __post_init__(self) -> None:
        made = {"images": as_images(self.images), "rows": as_numbers("row", self.rows)}
        self.__dict__.update(made, labels=as_numbers("label", self.labels))
        if len(self.rows) != len(self.labels):
            raise ValueError(f"a split has {len(self.rows)} rows but {len(self.labels)} labels; give one label per row")
        if len(odd := self.rows[(self.rows < 0) | (self.rows >= len(self.images))]):
            raise ValueError(f"a split has the row {odd[0]}, but its images are the rows 0 to {len(self.images) - 1}")

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "images": sent(self.images)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, images=received(state["images"]))

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, i: int) -> tuple[Tensor, int]:
        return torch.from_numpy(np.array(self.images[self.rows[i]])), int(self.labels[i])

    def batch(self, indices: Tensor | np.ndarray) -> tuple[Tensor, Tensor]:
        """Images, uint8 (B, channels, size, size), and labels, int64 (B,), gathered in one go."""
        chosen = np.asarray(indices)
        return torch.from_numpy(self.images[self.rows[chosen]]), torch.from_numpy(self.labels[chosen])


@dataclass(frozen=True, eq=False)
class Task:
    """One task: ``index`` counts from 0, ``classes`` are the names of its classes in the order of its labels."""

    index: int
    name: str
    classes: tuple[str, ...]
    train: Split
    valid: Split
    test: Split

    def __post_init__(self) -> None:
        index: Any = int(self.index) if isinstance(self.index, np.integer) else self.index
        check("a task's index, which counts from 0,", index, Annotated[int, Range(least=0)])
        name = f"task {index} ({self.name})"
        self.__dict__.update(index=index, classes=as_names(self.classes, name))
        if len(self.classes) < 2:
            raise ValueError(f"{name} has {len(self.classes)} class; a task needs at least two")
        parts = {f"the {part} images of {name}": getattr(self, part) for part in ("train", "valid", "test")}
        for where, split in parts.items():
            if not isinstance(split, Split):
                raise ValueError(f"{where} are a Split(images, rows, labels), not a {type(split).__name__}")
            if not len(split):
                raise ValueError(f"{where} are none; give at least one")
            _check_labels(split, len(self.classes), where, "Labels count inside the task: use `by_class`")
        alike([split.images.shape[1:] for split in parts.values()], list(parts))


@dataclass(frozen=True, eq=False)
class TaskSequence(Sequence[Task]):
    """Tasks in the order in which they are learned.

    ``mean`` and ``std`` (one number per channel, on the 0 to 255 scale) are those of all training images, the same for
    every task; ``fingerprint`` is a hash of the images and labels behind the tasks. ``augment`` is what training does to
    its images (None: nothing).

    >>> from tfm_lite import datasets
    >>> tasks = datasets.load("alphabets")
    >>> {task.name: len(task.classes) for task in tasks[:3]}
    {'Latin': 8, 'Greek': 16, 'Armenian': 16}
    """

    name: str
    tasks: tuple[Task, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    fingerprint: str
    augment: Augment | None = None

    def __post_init__(self) -> None:
        tasks = tuple(self.tasks)
        if not tasks or not all(isinstance(task, Task) for task in tasks):
            kinds = ", ".join(type(task).__name__ for task in tasks) or "nothing"
            raise ValueError(f"the tasks of {self.name} are a tuple of Task, at least one, not of {kinds}")
        for place, task in enumerate(tasks):
            if task.index != place:
                raise ValueError(
                    f"number {place} of the tasks of {self.name} has the index {task.index}: a task's index is its place "
                    f"in the order in which they are learned, from 0; write replace(task, index={place})"
                )
        where = [f"the images of task {task.index} ({task.name})" for task in tasks]
        alike([task.train.images.shape[1:] for task in tasks], where)
        channels = tasks[0].train.images.shape[1]
        mean, std = as_moments("mean", self.mean, channels), as_moments("std", self.std, channels)
        self.__dict__.update(tasks=tasks, mean=mean, std=std)

    def __len__(self) -> int:
        return len(self.tasks)

    def __getitem__(self, i):  # type: ignore[no-untyped-def]
        return self.tasks[i]

    def __iter__(self) -> Iterator[Task]:
        return iter(self.tasks)

    @property
    def channels(self) -> int:
        return self.tasks[0].train.images.shape[1]

    @property
    def size(self) -> int:
        """Height and width of an image, in pixels."""
        return self.tasks[0].train.images.shape[-1]


def by_class(
    name: str,
    train: Split,
    test: Split,
    *,
    groups: Sequence[Sequence[int]],
    names: Sequence[str],
    task_names: Sequence[str] | None = None,
    seed: int,
    valid: Split | None = None,
    validation: float = 0.1,
    fingerprint: str | None = None,
    moments: Sequence[Sequence[float]] | None = None,
) -> TaskSequence:
    """Cut a data set into tasks by class, one task per group of classes.

    The labels of ``train``, ``valid`` and ``test`` are the data set's own, and ``names`` their names. Without ``valid``, a
    random ``validation`` share of every class's training images (at least one) is set aside; it depends on the seed alone.
    ``fingerprint`` and ``moments`` (mean and standard deviation per channel) are computed from the images unless they are
    given.

    >>> images = np.random.RandomState(0).bytes(24 * 3 * 16 * 16)
    >>> images = np.frombuffer(images, np.uint8).reshape(24, 3, 16, 16)
    >>> rows, labels = np.arange(24), np.arange(24) % 4
    >>> train = Split(images, rows[:16], labels[:16])
    >>> test = Split(images, rows[16:], labels[16:])
    >>> how = {"groups": [[0, 1], [3, 2]], "names": ["ant", "bee", "cat", "dog"]}
    >>> tasks = by_class("mine", train, test, **how, seed=0)
    >>> [task.classes for task in tasks]
    [('ant', 'bee'), ('dog', 'cat')]
    >>> len(tasks[0].train), len(tasks[0].valid), len(tasks[0].test)
    (6, 2, 4)
    """
    parts = [("training", train), *([("validation", valid)] if valid is not None else []), ("test", test)]
    for part, split in parts:
        _check_labels(split, len(names), f"the {part} images of {name}", "Give a name for every class")
    for c, count in Counter(c for group in groups for c in group).items():
        if count > 1 or not 0 <= c < len(names):
            raise ValueError(
                f"the groups of {name} name class {c} {count} times; there are {len(names)} classes, from 0, each in one "
                "group or in none"
            )
    tasks = []
    for index, group in enumerate(groups):
        if valid is not None:
            learn, watch = _pick(train, group), _pick(valid, group)
        else:
            aside = _validation(train, group, validation, seed)
            learn, watch = _pick(train, group, without=aside), _pick(train, group, only=aside)
        label = task_names[index] if task_names else f"task {index + 1}"
        tasks.append(Task(index, label, tuple(names[c] for c in group), learn, watch, _pick(test, group)))
    mean, std = map(tuple, moments or moments_of(train))
    return TaskSequence(name, tuple(tasks), mean, std, fingerprint or fingerprint_of(*(split for _, split in parts)))


def _check_labels(split: Split, classes: int, where: str, remedy: str) -> None:
    """Refuse labels that are not among the classes: they would be learned as others, or fail in the midst of a run."""
    if len(odd := np.flatnonzero((split.labels < 0) | (split.labels >= classes))):
        raise ValueError(
            f"{where}: number {odd[0]} has the label {split.labels[odd[0]]}, but labels are 0 to {classes - 1}. {remedy}"
        )


def facts_of(train: Split, *others: Split) -> dict[str, Any]:
    """What :func:`by_class` would compute from every image, as plain values: kept beside a store, not computed anew."""
    return {"fingerprint": fingerprint_of(train, *others), "moments": moments_of(train)}


def fingerprint_of(*splits: Split) -> str:
    """A hash of every image and label in these splits, 16 hexadecimal digits."""
    digest = hashlib.blake2b(digest_size=8)
    for split in splits:
        digest.update(np.ascontiguousarray(split.labels).data)
        for start in range(0, len(split), 1024):
            digest.update(np.ascontiguousarray(split.images[split.rows[start : start + 1024]]).data)
    return digest.hexdigest()


def _validation(train: Split, group: Sequence[int], share: float, seed: int) -> np.ndarray:
    """Positions in ``train`` of the validation images: the same share of every class."""
    chosen = []
    for c in group:
        positions = np.flatnonzero(train.labels == c)
        if len(positions) < 2:
            raise ValueError(f"class {c} has {len(positions)} training images; two are needed, one of them to validate")
        count = max(1, round(share * len(positions)))
        chosen.append(numpy_stream(seed, "validation", int(c)).permutation(positions)[:count])
    return np.sort(np.concatenate(chosen))


def _pick(
    split: Split, group: Sequence[int], *, without: np.ndarray | None = None, only: np.ndarray | None = None
) -> Split:
    inside = np.full(int(max(split.labels.max(), max(group))) + 1, -1, dtype=np.int64)
    inside[list(group)] = np.arange(len(group))
    positions = np.flatnonzero(inside[split.labels] >= 0) if only is None else only
    if without is not None:
        positions = np.setdiff1d(positions, without)
    return Split(split.images, split.rows[positions], inside[split.labels[positions]])


def moments_of(train: Split) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation per channel, summed in integers so that no order of summing matters."""
    channels = train.images.shape[1]
    count, total, squares = 0, [0] * channels, [0] * channels
    for start in range(0, len(train), 1024):
        images = train.images[train.rows[start : start + 1024]]
        count += images[:, 0].size
        for c in range(channels):
            values = images[:, c].ravel().astype(np.float64)  # sums below 2 ** 53 are exact
            total[c] += int(values.sum())
            squares[c] += int(values @ values)
    mean = np.array(total) / count
    std = np.sqrt(np.maximum(np.array(squares) / count - mean**2, 1e-12))
    return tuple(mean.tolist()), tuple(std.tolist())
