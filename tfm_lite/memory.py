"""What a method keeps beyond the network itself: Table 1 and Fig. 1 of the paper, by counting.

A *weight* joins two features; a *feature* is one output of a layer. Biases and heads are left out, as in the paper's Table
1. ``Mb`` in the paper is 10^6 bytes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tfm_lite.stages import Stage

FLOAT = 32  # bits


@dataclass(frozen=True)
class Size:
    """Weights, features and layers of a network, without biases and heads."""

    weights: int
    features: int
    layers: int


def size_of(stages: Sequence[Stage], *, channels: int = 3, size: int = 224, as_printed: bool = False) -> Size:
    """Count a network for images of this many channels and pixels.

    ``as_printed`` counts a convolution as (kernel^2 + 1) * outputs, without its input channels: this slip is how the
    paper's Table 1 comes to 54,547,712 weights for AlexNet.
    """
    weights, inputs, map_size = 0, channels, size
    for stage in stages:
        if stage.kernel:
            per_output = stage.kernel**2 + 1 if as_printed else stage.kernel**2 * inputs
        else:
            per_output = inputs * map_size**2
        weights += per_output * stage.features
        inputs, map_size = stage.features, stage.map_size(map_size)
    return Size(weights, sum(stage.features for stage in stages), len(stages))


# Bits that a method keeps after T tasks, in a network of this size, with FN parameters of so many bits. What is needed only
# while a task is learned, such as a copy of the old network, is in TRAINING.
Count = Callable[[Size, int, int], float]
IN_USE: dict[str, Count] = {
    "single": lambda net, tasks, norm: FLOAT * net.weights * (tasks - 1),
    "packnet": lambda net, tasks, norm: net.weights * tasks,
    "packnet, owner index": lambda net, tasks, norm: net.weights * math.ceil(math.log2(tasks + 1)),
    "hat": lambda net, tasks, norm: FLOAT * net.features * tasks,
    "binary": lambda net, tasks, norm: net.features * tasks,
    "tfm_no_fn": lambda net, tasks, norm: 2 * net.features * tasks,
    "tfm": lambda net, tasks, norm: 2 * net.features * tasks + _norm(net, tasks, norm),
    "tfm, boundaries": lambda net, tasks, norm: FLOAT * net.layers * tasks + _norm(net, tasks, norm),
}
TRAINING: dict[str, Count] = {
    "lwf": lambda net, tasks, norm: FLOAT * net.weights,  # a copy of the old network
    "lfl": lambda net, tasks, norm: FLOAT * net.weights,
    "ewc": lambda net, tasks, norm: 2 * FLOAT * net.weights,  # a copy and an importance per weight
    "mas": lambda net, tasks, norm: 2 * FLOAT * net.weights,
    "si": lambda net, tasks, norm: 3 * FLOAT * net.weights,  # and the path integral of the task being learned
}


def _norm(net: Size, tasks: int, bits: int) -> int:
    """A scale and a shift per feature for every task but the first, which has no feature normalization."""
    return 2 * bits * net.features * (tasks - 1)


def overhead(method: str, net: Size, tasks: int, *, norm_bits: int = FLOAT) -> float:
    """Bytes that ``method`` keeps beyond the network after ``tasks`` tasks.

    At full width for every task, as the paper counts; a network that grows keeps less for its early tasks, which
    :meth:`tfm_lite.methods.base.Method.storage` counts exactly.
    """
    counts = IN_USE | TRAINING
    if method not in counts:
        raise ValueError(f"nothing is known of the memory of {method!r}; known are {', '.join(counts)}")
    if tasks < 1:
        raise ValueError(f"memory is counted after one task or more, not {tasks}")
    return counts[method](net, tasks, norm_bits) / 8


def in_words(count: float) -> str:
    """A number of bytes to three digits: "234 kB", "27.3 MB". A kilobyte is 1000 bytes, as in the paper."""
    for unit, size in ("GB", 1e9), ("MB", 1e6), ("kB", 1e3):
        if float(f"{count:.3g}") >= size:
            return f"{count / size:.3g} {unit}".replace("e+03", "000")
    return f"{count:.3g} B"
