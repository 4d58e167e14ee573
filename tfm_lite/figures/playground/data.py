"""The playground's tasks: two classes of points in a square of 256 x 256 pixels, the same here as in the page (data.js)."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence

import numpy as np

from tfm_lite.datasets.tasks import Split, Task, TaskSequence, fingerprint_of
from tfm_lite.seeds import numpy_stream

SPLITS = {"train": (0, 100), "valid": (100, 150), "test": (150, 350)}
MEAN, STD = (127.5, 127.5), (64.0, 64.0)

# One point in the square from -1 to 1 and the width of its noise, of the class 0 or 1; u() draws a number from 0 to 1.
Draw = Callable[[Callable[[], float], int], tuple[float, float, float]]


def _moons(u: Callable[[], float], c: int) -> tuple[float, float, float]:
    a, side = math.pi * u(), -1 if c else 1
    return side * (0.6 * math.cos(a) - 0.3), side * (0.6 * math.sin(a) - 0.15), 0.2


def _rings(u: Callable[[], float], c: int) -> tuple[float, float, float]:
    a, r = 2 * math.pi * u(), 0.75 if c else 0.25
    return r * math.cos(a), r * math.sin(a), 0.2


def _xor(u: Callable[[], float], c: int) -> tuple[float, float, float]:
    x, y, side = 0.1 + 0.7 * u(), 0.1 + 0.7 * u(), -1 if u() < 0.5 else 1
    return side * x, (side if c else -side) * y, 0.1


def _spirals(u: Callable[[], float], c: int) -> tuple[float, float, float]:
    r = 0.12 + 0.7 * u()
    a = 4.5 * r + (math.pi if c else 0)
    return r * math.cos(a), r * math.sin(a), 0.08


def _blobs(u: Callable[[], float], c: int) -> tuple[float, float, float]:
    far = 0.55 if u() < 0.5 else -0.15
    return (far if c else -far), (0.4 if c else -0.4), 0.5


KINDS: dict[str, Draw] = {"moons": _moons, "rings": _rings, "xor": _xor, "spirals": _spirals, "blobs": _blobs}
OWN = re.compile(r"own([0-9a-f]{4}[01]){4,200}")


def check_kind(kind: str) -> None:
    """Refuse a name that is of no data set, and points of one's own that are not written as the page writes them."""
    if kind.startswith("own"):
        if not OWN.fullmatch(kind) or len(set(kind[7::5])) < 2:
            raise ValueError(
                f"points of one's own are 'own' and five digits each, x and y in hexadecimal and the class, 4 to 200 points "
                f"of both classes, as the page writes them; not {kind!r}"
            )
    elif kind not in KINDS:
        raise ValueError(f"there is no data set {kind!r} in the playground; there are {', '.join(KINDS)}")


def points(kind: str, seed: int = 0) -> np.ndarray:
    """Points of a data set, int (points, 3): x and y in pixels, and the class; or of one's own, written as text."""
    check_kind(kind)
    if kind.startswith("own"):
        found = re.findall("([0-9a-f]{2})([0-9a-f]{2})([01])", kind)
        return np.array([[int(x, 16), int(y, 16), int(c)] for x, y, c in found])
    u, draw, made = numpy_stream(seed, "playground", kind).random_sample, KINDS[kind], []
    for k in range(SPLITS["test"][1]):
        *place, noise = draw(u, k % 2)
        moved = (v + noise * (u() + u() + u() - 1.5) for v in place)
        made.append([*(min(255, max(0, math.floor(128 + 115 * v))) for v in moved), k % 2])
    return np.array(made)


def tasks(kinds: Sequence[str], *, seed: int = 0) -> TaskSequence:
    """The data sets as tasks, in this order: images (2, 1, 1) that are points. One's own points are in every split.

    >>> sequence = tasks(["moons", "rings", "moons"])
    >>> [len(task.train) for task in sequence], sequence.channels, sequence.size
    ([100, 100, 100], 2, 1)
    """
    all_points = [points(kind, seed) for kind in kinds]
    images = np.concatenate([each[:, :2] for each in all_points]).astype(np.uint8).reshape(-1, 2, 1, 1)
    made, start = [], 0
    for index, (kind, each) in enumerate(zip(kinds, all_points, strict=True)):
        limits = [(0, len(each))] * 3 if kind.startswith("own") else SPLITS.values()
        train, valid, test = (Split(images, start + np.arange(*ends), each[slice(*ends), 2]) for ends in limits)
        made.append(Task(index, "own" if kind.startswith("own") else kind, ("0", "1"), train, valid, test))
        start += len(each)
    everything = Split(images, np.arange(start), np.concatenate(all_points)[:, 2])
    return TaskSequence("playground", tuple(made), MEAN, STD, fingerprint_of(everything))
