"""Which classes make a task: a data set's classes in groups, a group per task."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tfm_lite.seeds import numpy_stream


def random_groups(classes: int, tasks: int, *, seed: int) -> list[list[int]]:
    """Classes in a random order, cut into tasks of equal size (the first ones get the remainder).

    Example: 102 classes in 4 tasks give 26, 26, 25, 25.

    >>> [len(group) for group in random_groups(102, 4, seed=0)]
    [26, 26, 25, 25]
    """
    if not 1 <= tasks <= classes // 2:
        raise ValueError(f"cannot cut {classes} classes into {tasks} tasks of at least two; choose 1 to {classes // 2}")
    order = numpy_stream(seed, "class order").permutation(classes)
    return [part.tolist() for part in np.array_split(order, tasks)]


def larger_first_groups(classes: int, tasks: int, *, seed: int, share: float = 0.55) -> list[list[int]]:
    """Classes in a random order, cut into a larger first task and equal later ones of at least three classes.

    ``share`` of the classes go to the first task, as near as equal later ones allow. Examples: 200 classes in 10 tasks give
    110 and nine of 10; 20 in 5 give 8 and four of 3.

    >>> [len(group) for group in larger_first_groups(20, 5, seed=0)]
    [8, 3, 3, 3, 3]
    """
    later = max(3, round((1 - share) * classes / (tasks - 1))) if tasks > 1 else 0
    first = classes - later * (tasks - 1)
    if tasks < 2 or first <= later:
        raise ValueError(
            f"cannot cut {classes} classes into {tasks} tasks, the first the largest; choose fewer, at least 2"
        )
    order = numpy_stream(seed, "class order").permutation(classes)
    return [order[:first].tolist(), *(part.tolist() for part in np.split(order[first:], tasks - 1))]


def merged_groups(
    named: Sequence[tuple[str, list[int]]], *, least: int, seed: int
) -> tuple[list[list[int]], list[str]]:
    """Given groups in a random order, with their names; a group of fewer than ``least`` classes joins its neighbours."""
    whole: list[tuple[list[str], list[int]]] = [([], [])]
    for name, classes in named:
        if len(whole[-1][1]) >= least:
            whole.append(([], []))
        if classes:
            whole[-1][0].append(name)
            whole[-1][1].extend(classes)
    if len(whole) > 1 and len(whole[-1][1]) < least:
        names, classes = whole.pop()
        whole[-1][0].extend(names)
        whole[-1][1].extend(classes)
    order = numpy_stream(seed, "group order").permutation(len(whole))
    return [whole[i][1] for i in order], [", ".join(whole[i][0]) for i in order]
