"""Letters as they are asked for: which alphabets, in which order, and how many images of each letter to train on.

``alphabets+Greek80+Cyrillic5`` are two tasks, Greek with 80 training images of each letter and then Cyrillic with 5;
``small_Cyrillic`` is written with a line. Of an alphabet that is named twice there are two drawings, the same letters in
other images; the last has those that it has when it is named once: a last task is the same whatever comes before it.

**Validation does not shrink with training.** Whatever is asked for, ``VALID`` more images of each letter are set aside to
validate, and ``TEST`` are tested on. A tenth of five images would be one of each letter, and the learning rate, the epoch
that is kept and a search for a size would then go by luck. So what few images do to *learning* is seen by itself. Who has
five images in all has fewer to validate on; methods that choose by validation images then fare worse than here.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

from tfm_lite.datasets.sets import alphabets
from tfm_lite.datasets.stores import digest
from tfm_lite.datasets.tasks import Split, Task, TaskSequence
from tfm_lite.places import cache_folder
from tfm_lite.seeds import numpy_stream

# Images of each letter: those that a seed chooses its own from, and of them what it validates on; what all seeds test on.
POOL, VALID, TEST = 256, 24, 48
Kept = tuple[np.ndarray, np.ndarray, np.ndarray, str]


def load(letters: Sequence[tuple[str, int]], *, seed: int, size: int | None, data: Path | None) -> TaskSequence:
    """A task for each alphabet, with so many training images of each letter; grey, 28 or 32 pixels.

    The seed chooses the images to train and to validate on; those of a smaller number are among those of a larger one. The
    test images are the same for every seed. Mean and deviation are those of ``alphabets``, so that a task is the same
    whatever comes before it. Raises ``ValueError`` for an alphabet that there is not, or more images than are drawn.
    """
    whole = alphabets.load(seed=seed, size=size, data=data)
    known = {name.replace(" ", "_"): name for name in alphabets.ALPHABETS}
    folder, tasks, prints = cache_folder(data), list[Task](), list[tuple[str, int]]()
    for index, (word, count) in enumerate(letters):
        if word not in known:
            raise ValueError(f"there is no alphabet {word!r}; the alphabets are {', '.join(known)}")
        if count > POOL - VALID:
            raise ValueError(
                f"{count} training images of each letter are more than are drawn; {POOL - VALID} are the most"
            )
        other = [later for later, _ in letters[index + 1 :]].count(word)
        kept = _pool(known[word], other, whole.size, folder)
        tasks.append(_task(index, known[word], other, kept, count=count, seed=seed))
        prints.append((kept[-1], count))
    return TaskSequence("drawn", tuple(tasks), whole.mean, whole.std, digest(prints))


@cache
def _pool(alphabet: str, other: int, size: int, folder: Path) -> Kept:
    """All images of one drawing of an alphabet, 0 or an ``other``; cached, as those of ``alphabets`` are."""
    name = digest(alphabets.settings(size), POOL, TEST, alphabet, other)
    letters = [(alphabet, letter) for letter in alphabets.ALPHABETS[alphabet]]
    return alphabets.kept(
        folder / f"letters-{name}.npz",
        lambda: alphabets.draw_each(
            letters,
            {"train": POOL, "test": TEST},
            size,
            stream=lambda c, part: numpy_stream(0, "drawn", alphabet, other, c, part),
        ),
    )


def _task(index: int, alphabet: str, other: int, kept: Kept, *, count: int, seed: int) -> Task:
    """The task of an alphabet, with the images that the seed chooses."""
    images, labels, is_train, _ = kept
    classes = tuple(alphabets.ALPHABETS[alphabet])
    learn, watch = list[np.ndarray](), list[np.ndarray]()
    for c in range(len(classes)):
        own = np.flatnonzero(is_train & (labels == c))
        order = numpy_stream(seed, "drawn", alphabet, other, c).permutation(own)
        watch.append(order[:VALID])
        learn.append(order[VALID : VALID + count])
    rows = np.concatenate(learn), np.concatenate(watch), np.flatnonzero(~is_train)
    train, valid, test = (Split(images, part, labels[part]) for part in rows)
    return Task(index, f"{'other ' * other}{alphabet}", classes, train, valid, test)
