"""What images, labels and tasks that somebody made by hand must be, and what is said where they are not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import Tensor

BYTES = "give them unscaled, 0 to 255; of floats from 0 to 1, (255 * images).round().astype(np.uint8) makes them"


def as_images(images: Any) -> Any:
    """Images as an array, or a store of another kind as it is. Raises ``ValueError`` with the remedy if it is no such."""
    found = images.detach().cpu().numpy() if isinstance(images, Tensor) else images
    shape, kind = getattr(found, "shape", None), getattr(found, "dtype", None)
    if shape is None or kind is None:
        remedy, what = "make one array of them, with np.stack", f"a {type(images).__name__}"
    elif len(shape) == 4 and shape[2] == shape[3] and kind == np.uint8:
        return found
    else:
        remedy, what = _remedy(tuple(shape)), f"{kind} {tuple(shape)}"
    raise ValueError(f"a split's images are one array, uint8 (N, channels, size, size), not {what}: {remedy}")


def _remedy(shape: tuple[int, ...]) -> str:
    """What to do about images of this shape."""
    if len(shape) == 3:
        return "of grey images images[:, None] is one, of a single colour image images[None]"
    if len(shape) != 4:
        return "every image has a place for its channels, its height and its width"
    if shape[3] in (1, 3, 4) and shape[1] == shape[2] != shape[3]:
        return "channels come before height and width, images.transpose(0, 3, 1, 2)"
    return "cut or scale them to squares" if shape[2] != shape[3] else BYTES


def as_numbers(what: str, values: Any) -> np.ndarray:
    """Rows or labels as int64 (n,)."""
    found = np.asarray(values.detach().cpu() if isinstance(values, Tensor) else values)
    if found.ndim != 1:
        raise ValueError(
            f"a split's {what}s are one number per image, not an array {found.shape}: of labels with a place for every class "
            "take labels.argmax(1)"
        )
    if len(found) and not np.issubdtype(found.dtype, np.integer):
        raise ValueError(f"a split's {what}s are whole numbers, not {found.dtype}; convert them")
    return found.astype(np.int64, copy=False)


def as_names(classes: Any, where: str) -> tuple[str, ...]:
    """The names of a task's classes."""
    if isinstance(classes, str) or not isinstance(classes, Sequence | np.ndarray):
        raise ValueError(
            f"the classes of {where} are their names, in the order of the labels, not {classes!r}: ('a', 'b')"
        )
    return tuple(map(str, classes))


def as_moments(what: str, values: Any, channels: int) -> tuple[float, ...]:
    """The mean or the standard deviation of every channel."""
    try:
        found = tuple(map(float, values))
    except (TypeError, ValueError):
        found = ()
    if len(found) != channels or not all(map(math.isfinite, found)) or (what == "std" and min(found) <= 0):
        positive = ", above 0" if what == "std" else ""
        raise ValueError(
            f"the {what} of tasks is one finite number per channel{positive}, here {channels}, on the scale 0 to 255, not "
            f"{values!r}: `moments_of` computes it"
        )
    return found


def alike(shapes: Sequence[tuple[int, ...]], where: Sequence[str]) -> None:
    """Refuse images of several shapes (channels, size, size): all go through one network."""
    for shape, place in zip(shapes, where, strict=True):
        if shape != shapes[0]:
            raise ValueError(
                f"{place} are {' x '.join(map(str, shape))} (channels, height and width), but {where[0]} are "
                f"{' x '.join(map(str, shapes[0]))}: one network is for all, so make them alike"
            )
