"""A split as somebody might make it: what the rare class lacks is repeated first, and cut afterwards."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

COMMON, RARE, TIMES = 400, 200, 2  # images of each class, and how often a rare one is there
CUTS = {"train": slice(0, 560), "valid": slice(560, 640), "test": slice(640, 800)}


def careless_split() -> tuple[dict[str, NDArray[np.uint8]], dict[str, NDArray[np.int64]]]:
    """Images, uint8 (N, 8, 8), and labels, int64 (N,), of the parts "train", "valid" and "test", always the same.

    There is nothing to be learned: every image is noise, and of class 1 if it is one of the rare ones. So that both classes
    have as many, each rare image is there twice, *before* all are shuffled and cut into parts.
    """
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (COMMON + RARE, 8, 8), dtype=np.uint8)
    rows = np.concatenate([np.arange(COMMON), np.repeat(np.arange(COMMON, COMMON + RARE), TIMES)])
    rows = rng.permutation(rows)
    drawn = {name: images[rows[part]] for name, part in CUTS.items()}
    return drawn, {name: (rows[part] >= COMMON).astype(np.int64) for name, part in CUTS.items()}
