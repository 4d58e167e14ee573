"""All tasks as one: what somebody would learn who has all images at once, and is never told a task."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tfm_lite.datasets.tasks import Split, Task, TaskSequence


def merged(tasks: TaskSequence) -> TaskSequence:
    """One task of the classes of all ``tasks``, in their order, with all their images; classes of one name stay apart.

    >>> from tfm_lite import datasets
    >>> (task,) = merged(datasets.load("alphabets"))
    >>> len(task.classes), len(task.test)
    (88, 1760)
    """
    first = np.cumsum([0, *(len(task.classes) for task in tasks)])
    names = [f"{task.name}: {each}" for task in tasks for each in task.classes]
    parts = (_joined([getattr(task, part) for task in tasks], first) for part in ("train", "valid", "test"))
    task = Task(0, "all classes", tuple(names), *parts)
    return TaskSequence(f"{tasks.name}, merged", (task,), tasks.mean, tasks.std, tasks.fingerprint, tasks.augment)


def _joined(splits: Sequence[Split], first: np.ndarray) -> Split:
    """The images of several splits, one after the other; the labels of each begin at its ``first``."""
    images = np.concatenate([split.images[split.rows] for split in splits])
    labels = np.concatenate([split.labels + start for split, start in zip(splits, first, strict=False)])
    return Split(images, np.arange(len(images)), labels)
