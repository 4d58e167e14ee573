"""What lies along the features' dimension of a tensor, and what PyTorch's functions do to it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import prod
from typing import Any, NoReturn

import torch
from torch import Tensor

# Element by element: one tensor's features stay where they are, those of several are tied.
KEEPING = re.compile(
    "(leaky_|r)?relu|relu6|[scg]?elu|silu|mish|hardswish|hardsigmoid|hardtanh|softplus|softsign|(tanh|soft|hard)shrink|"
    "logsigmoid|threshold|sigmoid|tanh|exp|expm1|log|log1p|r?sqrt|square|pow|abs|neg|sin|cos|sign|reciprocal|clip|"
    "clamp(_min|_max)?|(alpha_|feature_(alpha_)?)?dropout(1d|2d)?|contiguous|clone|detach|data|requires_grad|to|float|double|"
    "half|bfloat16|type|cpu|cuda|add|sub|mul|div|truediv|true_divide|multiply|divide|subtract|maximum|minimum|lerp|where|"
    "masked_fill|[gln][te]|eq|expand|expand_as|broadcast_to"
)
POOLING = re.compile(r"(adaptive_)?(max|avg|lp)_pool[123]d|interpolate|upsample|pad|instance_norm")
# Where these put a dimension is read off a run on a small tensor.
MOVING = re.compile(
    "permute|transpose|swapaxes|swapdims|move(dim|axis)|m?T|t|mean|sum|amax|amin|std|var|prod|logsumexp|getitem"
)
SHAPING = re.compile("(view|reshape)(_as)?|(un)?flatten|(un)?squeeze")
PRIMES = 2, 3, 5, 7, 11, 13, 17


class CannotGrow(ValueError):
    """A module whose layers cannot grow under its forward; the sentence names the place and the remedy."""


@dataclass(frozen=True)
class Run:
    """``features`` features of the layer ``source``, in its order, each at ``area`` positions; a source of "" never grows."""

    source: str
    features: int
    area: int = 1

    def size(self, widths: Mapping[str, int]) -> int:
        """How many entries it is long when layers have these widths."""
        return (widths[self.source] if self.source else self.features) * self.area


@dataclass(frozen=True)
class Features:
    """What lies along the dimension ``dim`` of a tensor."""

    runs: tuple[Run, ...]
    dim: int

    def size(self, widths: Mapping[str, int]) -> int:
        return sum(run.size(widths) for run in self.runs)

    def __str__(self) -> str:
        return " and ".join(dict.fromkeys(run.source or "the input" for run in self.runs))


def total(features: Features) -> int:
    """How many entries there are along their dimension."""
    return sum(run.features * run.area for run in features.runs)


def reshaped(name: str, features: Features, shape: tuple[int, ...], out: Tensor) -> Features:
    """The features kept, or flattened with positions that follow them; never cut into groups."""
    before, size = prod(shape[: features.dim]), shape[features.dim]
    for dim in range(out.dim()):
        area, rest = divmod(out.shape[dim], size)
        if prod(out.shape[:dim]) == before and area and not rest:
            runs = tuple(replace(run, area=run.area * area) for run in features.runs)
            return Features(runs, dim)
    refuse(name, [(shape, features)])


def spatial(name: str, dims: int, args: Any, kwargs: Any) -> int:
    """How many of the last dimensions a pool or the like runs over."""
    if name == "pad":
        return len(args[1] if len(args) > 1 else kwargs["pad"]) // 2
    digit = re.search(r"([123])d", name)
    return int(digit[1]) if digit else dims - 2


def moved(function: Any, name: str, dims: int, dim: int, args: Any, kwargs: Any) -> int | None:
    """Where a dimension goes, read off a tensor whose dimensions all have other sizes; None where it is lost."""
    probe = torch.empty(PRIMES[:dims], device="meta")
    if name == "getitem":
        index = args[1] if isinstance(args[1], tuple) else (args[1],)
        if any(isinstance(i, bool) or not isinstance(i, int | slice | type(None) | type(...)) for i in index):
            return None
        moved = probe[tuple(0 if isinstance(i, int) else i for i in index)]
    else:
        moved = function(probe, *args[1:], **kwargs)
    return next((i for i, size in enumerate(moved.shape) if size == PRIMES[dim]), None)


def refuse(name: str, given: Any) -> NoReturn:
    """Refuse a function into which these shapes and features go."""
    whose = " and ".join(dict.fromkeys(str(features) for _, features in given if features))
    raise CannotGrow(
        f"the features of {whose} go through {name}(), which mixes, cuts or moves them in a way that cannot be followed as "
        "they grow; keep them whole and in their place, by element-wise functions, sums, concatenations, pools, flattening"
    )


def name_of(function: Any) -> str:
    """``relu_`` and ``__iadd__`` are relu and add; an attribute goes by its name."""
    name = function.__self__.__name__ if function.__name__ == "__get__" else function.__name__
    return re.sub(r"^__[ir]?(\w+)__$", r"\1", name).rstrip("_")


def changes(function: Any) -> bool:
    """Whether a function writes into a tensor."""
    return function.__name__ in ("__setitem__", "__set__") or bool(
        re.fullmatch(r"[a-z]\w*_|__i\w+__", function.__name__)
    )


def tensors_in(of: Any) -> Iterator[Tensor]:
    """All tensors among arguments, however they are nested."""
    if isinstance(of, Tensor):
        yield of
    elif isinstance(of, Mapping):
        yield from tensors_in(list(of.values()))
    elif isinstance(of, list | tuple):
        for one in of:
            yield from tensors_in(one)
