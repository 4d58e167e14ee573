"""Chapter 13: the bytes that a network keeps, and a method's account."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from tfm_lite.exercises.judge import Judge, check


def network(dtype: torch.dtype = torch.float32) -> nn.Module:
    """Weights that learn, weights that do not, and an owner for each of them."""
    net = nn.Sequential(nn.Linear(7, 5, dtype=dtype))
    net.register_buffer("kept", torch.zeros(5, 7, dtype=dtype))
    net.register_buffer("owner", torch.zeros(5, 7, dtype=torch.uint8))
    return net


def counts(net: nn.Module) -> dict[str, int]:
    """Its bytes, right and with one mistake."""
    tensors, own, buffers = list(net.state_dict().values()), list(net.parameters()), list(net.buffers())

    def size(some: list[Any]) -> int:
        return sum(tensor.numel() * tensor.element_size() for tensor in some)

    numbers = sum(tensor.numel() for tensor in tensors)
    return {
        "right": size(tensors),
        "parameters": size(own),
        "temporary": size(own) + size(buffers),
        "buffers": size(buffers),
        "bits": 8 * size(tensors),
        "floats": 4 * numbers,
        "numbers": numbers,
        "entries": len(tensors),
    }


@check
def check_bytes_kept(judge: Judge, bytes_kept: Any) -> None:
    """Chapter 13: ``bytes_kept(net)`` are the bytes of all that a checkpoint of the network holds."""

    def asked(net: nn.Module, given: str) -> None:
        wrong = counts(net)
        judge.equal(judge.number(bytes_kept(net)), wrong.pop("right"), wrong, given=given)

    with judge.part("learns"):
        asked(nn.Linear(7, 5), "a linear layer")
    with judge.part("fixed"):
        asked(network(), "weights that learn, fixed ones and a byte for each of these")
    with judge.part("short"):
        asked(network(torch.float16), "weights of 16 bits")
    with judge.part("scratch"):
        net = network()
        net.register_buffer("factor", torch.zeros(5, 7), persistent=False)
        asked(net, "a buffer that is not kept")


def account_of(tensors: Mapping[str, Tensor], kinds: Mapping[str, str], size: Any) -> dict[str, int]:
    """By kind, the sum of what each tensor takes."""
    found: dict[str, int] = {}
    for name, tensor in tensors.items():
        kind = next((kinds[part] for part in name.split(".") if part in kinds), "weights")
        found[kind] = found.get(kind, 0) + size(tensor)
    return found


def size(tensor: Tensor) -> int:
    """Bytes of a tensor whose truth values are packed, eight in a byte."""
    if tensor.dtype == torch.bool:
        return math.ceil(tensor.numel() / 8)
    return tensor.numel() * tensor.element_size()


SIZES: dict[str, Any] = {
    "unpacked": lambda tensor: tensor.numel() * tensor.element_size(),
    "numbers": torch.Tensor.numel,
    "floor": lambda tensor: tensor.numel() // 8 if tensor.dtype == torch.bool else size(tensor),
    "fraction": lambda tensor: tensor.numel() / 8 if tensor.dtype == torch.bool else size(tensor),
    "floats": lambda tensor: size(tensor) if tensor.dtype == torch.bool else 4 * tensor.numel(),
    "bits": lambda tensor: 8 * size(tensor),
    "storage": lambda tensor: size(tensor) if tensor.dtype == torch.bool else tensor.untyped_storage().nbytes(),
}


def together(tensors: Mapping[str, Tensor], kinds: Mapping[str, str]) -> dict[str, int]:
    """What is rounded up once for each kind, and not once for each tensor."""
    return {kind: math.ceil(count) for kind, count in account_of(tensors, kinds, SIZES["fraction"]).items()}


@check
def check_account(judge: Judge, account: Any) -> None:
    """Chapter 13: ``account(tensors, kinds)`` are the bytes of named tensors by what they are kept for.

    A tensor is of the kind of the first part of its name that ``kinds`` knows, else ``"weights"``; bool is packed.
    """
    kinds = {"owner": "masks", "tasks": "masks", "heads": "heads", "norm": "norm"}
    half = torch.zeros(3, 5, dtype=torch.float16)
    named = {
        "stages.0.weight": torch.zeros(4, 3),
        "stages.0.owner": torch.zeros(4, 3, dtype=torch.uint8),
        "stages.0.norm.tasks.1": torch.zeros(4),
        "heads.0.weight": half,
        "heads.1.weight": half,
        "steps": torch.tensor(3),
    }
    bits = {f"stages.{n}.tasks.1": torch.zeros(n, dtype=torch.bool) for n in (3, 9, 17)} | {"owner": torch.ones(2) > 0}
    view = {"stages.0.weight": torch.zeros(50, 40)[:5, :4], "heads.0": torch.zeros(6)[2:]}
    cases = {"kinds": named, "bits": bits, "view": view, "empty": dict[str, Tensor]()}
    for part, tensors in cases.items():
        with judge.part(part):
            got = account(dict(tensors), dict(kinds))
            judge.must(got is not None, "none")
            judge.must(isinstance(got, dict), "kind", asked="a dictionary", kind=type(got).__name__)
            right = account_of(tensors, kinds, size)
            last = account_of({".".join(name.split(".")[::-1]): t for name, t in tensors.items()}, kinds, size)
            judge.must(got == right or got != last, "outermost")
            judge.must(got.keys() == right.keys(), "names", right=sorted(right), got=sorted(map(str, got)))
            for cause, one in SIZES.items():
                judge.must(got == right or got != account_of(tensors, kinds, one), cause)
            judge.must(got == right or got != together(tensors, kinds), "together")
            judge.must(got == right, "sizes", right=right, got=got)
