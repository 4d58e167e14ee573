"""Chapter 7: a test that sees forgetting, and a task's part of a network as plain layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tfm_lite.exercises.judge import Judge, check


@check
def check_weight_drift(judge: Judge, drift: Any) -> None:
    """Chapter 7: ``drift(weight, inputs, outputs, learn)`` is by how much ``learn()`` moves what a task uses of the weight.

    The largest distance of a number in the block of the first inputs and outputs.
    """
    for part, (inputs, outputs) in {"block": (4, 3), "rows": (6, 3)}.items():
        for old, new in ((0.25, 2.0), (-0.5, 0.0), (0.0, 3.0)):
            with judge.part(part if old else "stands"):
                weight = torch.arange(30.0).view(5, 6)
                got = judge.number(drift(weight, inputs, outputs, learned(weight, inputs, outputs, old, new)))
                judge.must(not torch.equal(weight, torch.arange(30.0).view(5, 6)), "unlearned")
                judge.must(got != 0 or old <= 0, "view" if part == "block" else "shared")
                judge.must(got != 0 or old == 0, "signed")
                wrong = {"whole": new, "signed": old, "squared": old**2}
                judge.equal(got, abs(old), wrong, given=f"{inputs} inputs and {outputs} outputs")


def learned(weight: Tensor, inputs: int, outputs: int, old: float, new: float) -> Callable[[], None]:
    """A training that moves one number of what a task uses, and one of the rest."""

    def learn() -> None:
        weight[outputs - 1, inputs - 2] += old
        weight[outputs, 0] += new

    return learn


Layers = list[tuple[Tensor, Tensor]]
# The layers' weights, and what a task sees: of the image's channels or inputs, then of each layer's features.
NETWORKS: dict[str, tuple[list[tuple[int, ...]], list[int], tuple[int, ...]]] = {
    "linear": ([(7, 5), (6, 7), (4, 6)], [5, 4, 3, 4], (8, 5)),
    "maps": ([(6, 3, 3, 3), (5, 6, 2, 2), (8, 20), (3, 8)], [3, 4, 2, 5, 3], (8, 3, 5, 5)),
}


@check
def check_extraction(judge: Judge, extract: Any) -> None:
    """Chapter 7: ``extract(layers, seen)`` is a task's part of a network, as an ``nn.Sequential`` of plain layers.

    ``layers`` are weights and biases, convolutions (no padding) first; ``seen`` is how many inputs, then how many features of
    each layer, the task sees. A ReLU stands between the layers.
    """
    for part, (shapes, seen, image) in NETWORKS.items():
        generator = torch.Generator().manual_seed(0)
        layers = [(torch.randn(s, generator=generator), torch.randn(s[:1], generator=generator)) for s in shapes]
        x = torch.randn(image, generator=generator)
        with judge.part(part):
            net = extract([(w.clone(), b.clone()) for w, b in layers], list(seen))
            judge.must(net is not None, "none")
            judge.must(isinstance(net, nn.Module), "kind", asked="a module", kind=type(net).__name__)
            count_numbers(judge, net, layers, seen)
            right = answer(layers, seen, x)
            wrong = {
                "relu": answer(layers, seen, x, between=False),
                "last": right.relu(),
                "inside": answer(layers, seen, x, inside=True),
            }
            judge.equal(judge.tensor(net(x), right.shape), right, wrong, given="eight images")
    with judge.part("copied"):
        given = [(w.clone(), b.clone()) for w, b in layers]
        net = extract(given, list(seen))
        before = net(x)
        for tensor in (tensor for pair in given for tensor in pair):
            tensor += 1
        judge.must(torch.equal(net(x), before), "shared")


def positions(layers: Layers, k: int) -> int:
    """To how many inputs of layer ``k`` a feature of the layer below belongs: places of a map, where it is flattened."""
    flattened = k > 0 and layers[k][0].dim() == 2 and layers[k - 1][0].dim() == 4
    return layers[k][0].shape[1] // len(layers[k - 1][0]) if flattened else 1


def answer(layers: Layers, seen: list[int], x: Tensor, *, between: bool = True, inside: bool = False) -> Tensor:
    """What the task's part of the network says of ``x``, computed on contiguous slices."""
    for k, (weight, bias) in enumerate(layers):
        inputs, outputs = seen[k] * positions(layers, k), seen[k + 1]
        if k and between:
            x = x.relu()
        if weight.dim() == 2 and x.dim() == 4:
            x = (x.permute(0, 2, 3, 1) if inside else x).flatten(1)
        product = F.conv2d if weight.dim() == 4 else F.linear
        x = product(x, weight[:outputs, :inputs].contiguous(), bias[:outputs].contiguous())
    return x


def count_numbers(judge: Judge, net: nn.Module, layers: Layers, seen: list[int]) -> None:
    """Whether the network holds as many numbers as the task sees."""
    got = sum(p.numel() for p in net.parameters()) + sum(b.numel() for b in net.buffers())
    weights, flat, whole = 0, 0, 0
    for k, (weight, bias) in enumerate(layers):
        each = seen[k] * seen[k + 1] * weight[0, 0].numel()
        weights, flat = weights + each * positions(layers, k), flat + each
        whole += weight.numel() + bias.numel()
    biases = sum(seen[1:])
    wrong = {whole: "whole", weights: "bias"}
    if flat != weights:
        wrong[flat + biases] = "places"
    judge.must(got == weights + biases, wrong.get(got, "count"), got=got, right=weights + biases)
