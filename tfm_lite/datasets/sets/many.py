"""Fifty small tasks, to see what many tasks cost: four letters each, of :mod:`tfm_lite.datasets.sets.alphabets`.

There are 88 letters in six alphabets, not enough for fifty tasks of their own. So a task is four neighbouring letters of one
alphabet, all of them turned by the same number of quarter turns: 22 parts, each upright and in three turns, are 88 tasks.
The seed chooses fifty of them and their order, so that no place in the order is easier than another.

**What that means.** A turned letter has other pixels and the same strokes: these tasks are more alike than fifty alphabets
would be, and whoever shares features has more to share. All letters of a task turn alike, so none becomes another one of its
own task. Of a letter's forty training images ten are set aside to validate, in every turn and seed others.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from tfm_lite.datasets.sets import alphabets
from tfm_lite.datasets.stores import digest
from tfm_lite.datasets.tasks import Split, Task, TaskSequence
from tfm_lite.seeds import numpy_stream

TASKS, LETTERS, TURNS = 50, 4, 4
VALID = 10  # images of each letter


def load(*, seed: int, size: int | None, data: Path | None) -> TaskSequence:
    """Fifty tasks of four letters, grey, 28 or 32 pixels; mean and deviation are those of ``alphabets``."""
    whole = alphabets.load(seed=seed, size=size, data=data)
    turned = cache(lambda turns: np.ascontiguousarray(np.rot90(whole[0].train.images, turns, (2, 3))))
    every = [
        (alphabet, first, turns)
        for alphabet in whole
        for first in range(0, len(alphabet.classes), LETTERS)
        for turns in range(TURNS)
    ]
    chosen = numpy_stream(seed, "many").permutation(len(every))[:TASKS]
    tasks = tuple(
        _task(index, alphabet, first, turns, images=turned(turns), seed=seed)
        for index, (alphabet, first, turns) in enumerate(every[i] for i in chosen)
    )
    return TaskSequence("many", tasks, whole.mean, whole.std, digest(whole.fingerprint, TASKS, LETTERS, TURNS, VALID))


def _task(index: int, alphabet: Task, first: int, turns: int, *, images: np.ndarray, seed: int) -> Task:
    """The task of some letters of an alphabet, in the turned ``images`` of all letters."""
    letters = alphabet.classes[first : first + LETTERS]
    learn, watch, test = list[np.ndarray](), list[np.ndarray](), list[np.ndarray]()
    rows = np.concatenate([alphabet.train.rows, alphabet.valid.rows])
    labels = np.concatenate([alphabet.train.labels, alphabet.valid.labels])
    for c in range(first, first + LETTERS):
        own = np.sort(rows[labels == c])  # which of them were the alphabet's to validate does not matter
        order = numpy_stream(seed, "many", alphabet.name, c, turns).permutation(own)
        watch.append(order[:VALID])
        learn.append(order[VALID:])
        test.append(alphabet.test.rows[alphabet.test.labels == c])
    parts = (Split(images, np.concatenate(each), _labels(each)) for each in (learn, watch, test))
    name = "".join(letters) + f" {90 * turns}°" * (turns > 0)
    return Task(index, name, letters, *parts)


def _labels(rows: list[np.ndarray]) -> np.ndarray:
    """The labels of images that stand letter by letter."""
    return np.arange(len(rows)).repeat([len(each) for each in rows])
