"""What a method keeps: by the paper's rule of thumb (Table 1, Fig. 1), and to the byte as this package keeps it.

A *weight* joins two features; a *feature* is one output of a layer. ``Mb`` in the paper is 10^6 bytes.

:func:`overhead` counts as the paper does: beyond the network, at full width, without biases and heads. :func:`kept` says
what :meth:`tfm_lite.methods.base.Method.storage` will say, for any method, network and number of tasks, without making one.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from tfm_lite.nn.growth import features_at, schedule
from tfm_lite.nn.networks import Builder
from tfm_lite.nn.stages import Stage

FLOAT = 32  # bits
BYTES = 4  # of a float
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


@dataclass(frozen=True)
class Plan:
    """What a method's memory depends on: the plain network, the classes of each task learned, and the method's options."""

    build: Builder
    classes: Sequence[int]
    options: Mapping[str, Any]

    def network(self, features: Sequence[int] | None = None) -> int:
        """Bytes of the weights and biases of the stages, with these features per layer (None: the plain network's)."""
        return BYTES * sum(count * (inputs * places + 1) for inputs, count, places in self.layers(features))

    def normalized(self, features: Sequence[int] | None = None) -> int:
        """How many of these features have batch normalization: a scale, a shift, a mean and a variance each."""
        counts = features or [stage.features for stage in self.build.stages]
        return sum(n for n, stage in zip(counts, self.build.stages, strict=True) if getattr(stage, "norm", False))

    def whole(self, features: Sequence[int] | None = None) -> int:
        """Bytes of the stages with all that is in them."""
        return self.network(features) + 4 * BYTES * self.normalized(features)

    def heads(self, features: Sequence[int] | None = None, *, tasks: int | None = None) -> int:
        """Bytes of the heads of the first ``tasks`` tasks (None: all), on so many ``features`` for each."""
        widths = features or [self.build.stages[-1].features] * len(self.classes)
        return BYTES * sum(c * (width + 1) for c, width in list(zip(self.classes, widths, strict=True))[:tasks])

    def layers(self, features: Sequence[int] | None = None) -> Iterator[tuple[int, int, int]]:
        """Per stage: its inputs, its features, and the number of weights that join two of them."""
        build, inputs, map_size = self.build, self.build.channels, self.build.size
        for stage, count in zip(build.stages, features or [s.features for s in build.stages], strict=True):
            yield inputs, count, stage.kernel**2 or map_size**2
            inputs, map_size = count, stage.map_size(map_size)

    def widths(self) -> list[list[int]]:
        """TFM's features per layer at each task: its ``fractions`` of the plain network, by default the paper's schedule."""
        fractions = self.options.get("fractions") or schedule(self.build.tasks, start=self.options.get("start", 0.55))
        of = self.options.get("of", "weights")
        return [features_at(self.build.stages, fraction, of=of) for fraction in fractions[: len(self.classes)]]


def _plain(plan: Plan) -> dict[str, int]:
    return {"weights": plan.whole(), "heads": plan.heads()}


def _separate(plan: Plan, cut: int = 1) -> dict[str, int]:
    features = [max(1, n // cut) for n in features_at(plan.build.stages, plan.options.get("fraction", 1.0))]
    tasks = len(plan.classes)
    return {"weights": tasks * plan.whole(features), "heads": plan.heads([features[-1]] * tasks)}


def _twins(plan: Plan, *roles: str) -> dict[str, int]:
    """Besides the network, as much again for each of these roles, but for the statistics of batch normalization."""
    return _plain(plan) | dict.fromkeys(roles, plan.network() + 2 * BYTES * plan.normalized())


def _teacher(plan: Plan) -> dict[str, int]:
    """A copy of the network before the last task, with the heads it had."""
    tasks = len(plan.classes)
    return _plain(plan) | ({"copies": plan.whole() + plan.heads(tasks=tasks - 1)} if tasks > 1 else {})


def _gates(plan: Plan) -> dict[str, int]:
    """An embedding per task and feature, and the greatest gate of all tasks."""
    features = sum(stage.features for stage in plan.build.stages)
    return _plain(plan) | {"masks": BYTES * features, "embeddings": BYTES * features * len(plan.classes)}


def _owners(plan: Plan) -> dict[str, int]:
    return _plain(plan) | {"masks": sum(math.prod(layer) for layer in plan.layers())}


def _bits(plan: Plan) -> dict[str, int]:
    each = sum(math.ceil(math.prod(layer) / 8) for layer in plan.layers())
    return _plain(plan) | ({"masks": each * (len(plan.classes) - 1)} if len(plan.classes) > 1 else {})


def _columns(plan: Plan) -> dict[str, int]:
    share = plan.options.get("width", 1.117) / plan.build.tasks
    features = [max(1, round(stage.features * share)) for stage in plan.build.stages]
    count = 0
    for t in range(len(plan.classes)):
        count += plan.whole(features) // BYTES
        for inputs, outputs, places in list(plan.layers(features))[1:] if t else []:
            count += t + inputs * t * inputs + outputs * inputs * places  # scales, projection, lateral weights
    return {"columns": BYTES * count, "heads": plan.heads([(t + 1) * features[-1] for t in range(len(plan.classes))])}


def _ternary(plan: Plan, norm: bool = True) -> dict[str, int]:
    """FN: a scale and a shift of ``norm_bits`` for every feature that a task sees, but none on the first task.

    Where there is batch normalization, every task has one of its own instead.
    """
    widths, bits = plan.widths(), plan.options.get("norm_bits", FLOAT)
    seen = widths[:-1] if plan.options.get("which") == "old" else widths[1:]
    scaled = sum(sum(w) - plan.normalized(w) for w in seen) if norm else 0
    found = {"weights": plan.network(widths[-1]), "heads": plan.heads([w[-1] for w in widths])}
    found["masks"] = BYTES * len(plan.build.stages) * len(widths)
    found["norm"] = 2 * bits // 8 * scaled + 4 * BYTES * sum(map(plan.normalized, widths))
    return {role: count for role, count in found.items() if count}


ACCOUNTS: dict[str, Callable[[Plan], dict[str, int]]] = {
    **dict.fromkeys(("finetune", "freeze", "joint"), _plain),
    "single": _separate,
    "binary": lambda plan: _separate(plan, plan.build.tasks),
    "ewc": lambda plan: _twins(plan, "copies", "importances"),
    "mas": lambda plan: _twins(plan, "copies", "importances"),
    "si": lambda plan: _twins(plan, "copies", "importances", "path integrals"),
    "imm_mean": lambda plan: _twins(plan, "copies"),
    "imm_mode": lambda plan: _twins(plan, "copies", *["importances"] * plan.options.get("merge", True)),
    "lwf": _teacher,
    "lfl": _teacher,
    "hat": _gates,
    "packnet": _owners,
    "piggyback": _bits,
    "pnn": _columns,
    "tfm": _ternary,
    "tfm_no_fn": lambda plan: _ternary(plan, norm=False),
}


def kept(method: str, build: Builder, classes: Sequence[int], **options: Any) -> dict[str, int]:
    """Bytes that ``method`` keeps after tasks of so many ``classes`` each, by what they are kept for.

    ``options`` are those of the method that matter here; for TFM also ``fractions``, the network's size at each task
    (without it: the schedule), and ``norm_bits``. ``build.tasks`` is the number of tasks to come, which some methods know.
    """
    if method not in ACCOUNTS:
        raise ValueError(f"there is no account of {method!r}, only of {', '.join(ACCOUNTS)}; ask its storage() instead")
    if not classes:
        raise ValueError("memory is counted after one task or more: give the classes of each")
    return ACCOUNTS[method](Plan(build, classes, options))


def added(method: str, build: Builder, classes: Sequence[int], **options: Any) -> list[int]:
    """Bytes that each task added to what is kept, the first task's being the network itself."""
    totals = [sum(kept(method, build, classes[: t + 1], **options).values()) for t in range(len(classes))]
    return [after - before for before, after in zip([0, *totals], totals, strict=False)]


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
