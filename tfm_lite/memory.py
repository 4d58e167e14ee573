"""What a method keeps: by the paper's rule of thumb (Table 1, Fig. 1), and to the byte as this package keeps it.

A *weight* joins two features; a *feature* is one output of a layer. ``Mb`` in the paper is 10^6 bytes.

:func:`overhead` counts as the paper does: beyond the network, at full width, without biases and heads. :func:`kept` says
what :meth:`tfm_lite.methods.base.Method.storage` will say, for any method, network and number of tasks: it takes the method
through the tasks on PyTorch's "meta" device, where a tensor has a shape and no values, and learns nothing.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from tfm_lite import methods
from tfm_lite.nn.networks import Builder
from tfm_lite.nn.stages import Stage
from tfm_lite.options import check_options, options_of

FLOAT = 32  # bits
UNITS = (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3))


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
    **dict.fromkeys(("finetune", "freeze", "joint"), lambda net, tasks, norm: 0),
    "single": lambda net, tasks, norm: FLOAT * net.weights * (tasks - 1),
    "packnet": lambda net, tasks, norm: net.weights * tasks,
    "piggyback": lambda net, tasks, norm: net.weights * (tasks - 1),
    "wsn": lambda net, tasks, norm: net.weights * tasks,  # not coded
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
    "imm_mean": lambda net, tasks, norm: FLOAT * net.weights,
    "imm_mode": lambda net, tasks, norm: 2 * FLOAT * net.weights,  # and the Fisher, per weight
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
        raise ValueError(f"there is no rule of thumb for {method!r}; known are {', '.join(counts)}. kept() counts more")
    if tasks < 1:
        raise ValueError(f"memory is counted after one task or more, not {tasks}")
    return counts[method](net, tasks, norm_bits) / 8


def kept(method: str, build: Builder, classes: Sequence[int], **options: Any) -> dict[str, int]:
    """Bytes that ``method`` keeps after tasks of so many ``classes`` each, by what they are kept for.

    ``options`` are those of the method, and what else its ``structure()`` knows: for TFM ``fractions``, the network's size at
    each task (without it: the schedule). ``build.tasks`` is the number of tasks to come, which some methods know. Images that
    a method keeps, and what its shapes owe to them, are not counted.
    """
    return _after_each(method, build, classes, options)[-1]


def added(method: str, build: Builder, classes: Sequence[int], **options: Any) -> list[int]:
    """Bytes that each task added to what is kept, the first task's being the network itself."""
    totals = [sum(each.values()) for each in _after_each(method, build, classes, options)]
    return [after - before for before, after in zip([0, *totals], totals, strict=False)]


def _after_each(name: str, build: Builder, classes: Sequence[int], options: Mapping[str, Any]) -> list[dict[str, int]]:
    """What the method keeps after each of the tasks, measured on itself where tensors have shapes and take no memory."""
    if not classes:
        raise ValueError("memory is counted after one task or more: give the classes of each")
    cls, found = methods.get(name), list[dict[str, int]]()
    own = {option: value for option, value in options.items() if option in options_of(cls)}
    try:
        with torch.device("meta"):
            method = cls(build, **own).ready()
            check_options(cls, {option: options[option] for option in options.keys() - method.structure().keys()})
            for t, count in enumerate(classes):
                method.begin(t, count)
                method.reshape(t, dict(options))
                method.end(t)
                found.append({role: size for role, size in method.storage().items() if size})
    except (NotImplementedError, RuntimeError) as error:
        raise ValueError(
            f"{name} cannot be measured without its values ({error}): draw what it starts from with nn.stages.initial, and "
            "read values in learn() only; or learn the tasks and ask its storage()"
        ) from error
    return found


@torch.no_grad()
def rounded(method: Any, dtype: torch.dtype) -> Any:
    """A copy of a TFM whose feature normalization is rounded to ``dtype``, as if it were kept in it."""
    method, state = copy.deepcopy(method), method.state_dict()
    norm = {name: tensor.to(dtype).to(tensor.dtype) for name, tensor in state.items() if method.role(name) == "norm"}
    method.load_state_dict(state | norm)  # loading drops the slices in use, which have the scales in them
    return method


def in_words(count: float) -> str:
    """A number of bytes to three digits: "234 kB", "27.3 MB". A kilobyte is 1000 bytes, as in the paper.

    >>> in_words(27_300_000)
    '27.3 MB'
    """
    count = float(f"{count:.3g}")
    unit, size = next((pair for pair in UNITS if count >= pair[1]), ("B", 1.0))
    return f"{count / size:.3g} {unit}"
