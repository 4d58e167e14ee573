"""Chapter 11: HAT's penalty, and all that it does to gradients."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from tfm_lite.exercises.judge import Judge, check

STEEPEST = 50.0  # the greatest exponent


def draw(*shape: int, seed: int = 0) -> Tensor:
    """Numbers between 0 and 1."""
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed + shape[-1]), dtype=torch.double)


@check
def check_hat_penalty(judge: Judge, penalty: Any) -> None:
    """Chapter 11: ``penalty(gates, protected)`` of two lists, of each layer's gates and greatest old gates (O,), is Eq. 11.5
    without its lambda: the share of what is free, in all layers together, that is used."""

    def asked(gates: list[Tensor], protected: list[Tensor]) -> float:
        value = penalty([gate.clone() for gate in gates], [gate.clone() for gate in protected])
        return judge.number(value)

    for part, sizes in {"two": (5, 2), "three": (4, 1, 6)}.items():
        gates, protected = [draw(n) for n in sizes], [draw(n, seed=9) for n in sizes]
        with judge.part(part):
            a, old = torch.cat(gates), torch.cat(protected)
            shares = [(g * (1 - p)).sum() / (1 - p).sum() for g, p in zip(gates, protected, strict=True)]
            wrong = {
                "layers": torch.stack(shares).mean(),
                "layers_sum": torch.stack(shares).sum(),
                "plain": a.mean(),
                "old": (a * old).sum() / old.sum(),
                "sum": (a * (1 - old)).sum(),
                "every": (a * (1 - old)).mean(),
            }
            judge.equal(asked(gates, protected), (a * (1 - old)).sum() / (1 - old).sum(), wrong, given="these gates")
    with judge.part("full"):
        gates, protected = [draw(5), draw(2)], [torch.ones(5).double(), draw(2, seed=9)]
        free = 1 - protected[1]
        got = asked(gates, protected)
        judge.must(math.isfinite(got), "full")
        judge.equal(got, (gates[1] * free).sum() / free.sum(), given="a first layer without free features")
    with judge.part("empty"):
        got = asked([draw(5), draw(2)], [torch.ones(5).double(), torch.ones(2).double()])
        judge.must(math.isfinite(got), "empty")
        judge.must(abs(got) < 1e-3, "price", got=f"{got:.3g}")


class Layer(nn.Module):
    """What the answer is given of a layer: what learns, each with its gradient, and the greatest old gates."""

    def __init__(self, inputs: int, features: int, reach: float) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(draw(features, inputs)), nn.Parameter(draw(features))
        self.embedding = nn.Parameter(reach * (2 * draw(features, seed=2) - 1))
        self.protected = draw(features, seed=5)
        for seed, parameter in enumerate(self.parameters()):
            parameter.grad = draw(*parameter.shape, seed=seed + 6) + 0.5


Grads = list[dict[str, Tensor]]
KINDS = ("weight", "bias", "embedding")


def grads(layers: list[Layer]) -> Grads:
    """Of each layer: by the name of what learns, its gradient."""
    return [{kind: getattr(layer, kind).grad.clone() for kind in KINDS} for layer in layers]


def factors(layers: list[Layer], spared: Callable[[Tensor, Tensor], Tensor]) -> list[Tensor]:
    """Of each layer's weights, the factor that some rule makes of the gates below and above."""
    below, found = torch.ones(layers[0].weight.shape[1], dtype=torch.double), []
    for layer in layers:
        above = layer.protected
        found.append(spared(above[:, None], below[None]).expand(layer.weight.shape))
        below = above
    return found


RULES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "right": lambda above, below: 1 - torch.minimum(above, below),
    "greater": lambda above, below: 1 - torch.maximum(above, below),
    "product": lambda above, below: 1 - above * below,
    "above": lambda above, below: 1 - above + 0 * below,
    "below": lambda above, below: 1 - below + 0 * above,
    "protected": torch.minimum,
}


def compensations(e: Tensor, s: float, s_max: float) -> dict[str, Tensor]:
    """The factor of an embedding's gradient, right and with one mistake."""
    steep, gentle = torch.cosh((s * e).clamp(-STEEPEST, STEEPEST)) + 1, torch.cosh(e) + 1
    return {
        "right": s_max / s * steep / gentle,
        "uncompensated": torch.ones_like(e),
        "upside_down": s * gentle / (s_max * steep),
        "unscaled": steep / gentle,
        "s_max": steep / gentle / s,
        "ones": s_max / s * (steep - 1) / (gentle - 1),
    }


@check
def check_hat_gradients(judge: Judge, after_backward: Any) -> None:
    """Chapter 11: ``after_backward(layers, s, s_max)`` changes the gradients of all layers in place as HAT does.

    A layer has ``weight`` (O, I), ``bias`` and ``embedding`` (O,), each with its ``grad``, and ``protected`` (O,), the
    greatest gates of old tasks. The first layer reads images.
    """

    def changed(*sizes: int, s: float, reach: float = 1.0) -> tuple[list[Layer], Grads, Grads]:
        layers = [Layer(inputs, features, reach) for inputs, features in pairwise(sizes)]
        before = grads(layers)
        after_backward(layers, s, 400.0)
        after = grads(layers)
        same = all(torch.equal(old[kind], new[kind]) for old, new in zip(before, after, strict=True) for kind in KINDS)
        judge.must(not same, "unwritten")
        return layers, before, after

    def spared(layers: list[Layer], before: Grads, after: Grads, k: int) -> None:
        wrong = {cause: before[k]["weight"] * factors(layers, rule)[k] for cause, rule in RULES.items()}
        judge.equal(after[k]["weight"], wrong.pop("right"), wrong, given=f"the weights of layer {k + 1}")

    with judge.part("ends"):
        for sizes in (4, 3, 5), (2, 6, 3, 4):
            layers, before, after = changed(*sizes, s=2.0)
            for k in range(1, len(layers)):
                spared(layers, before, after, k)
    with judge.part("images"):
        layers, before, after = changed(4, 3, 5, s=2.0)
        judge.must(not torch.equal(before[0]["weight"], after[0]["weight"]), "images")
        spared(layers, before, after, 0)
    with judge.part("biases"):
        layers, before, after = changed(4, 3, 5, s=2.0)
        for k, layer in enumerate(layers):
            old = before[k]["bias"]
            judge.must(not torch.equal(old, after[k]["bias"]), "bias")
            judge.equal(after[k]["bias"], old * (1 - layer.protected), given=f"the bias of layer {k + 1}")
    with judge.part("gentle"):
        for s in (2.0, 0.25):
            layers, before, after = changed(4, 3, 5, s=s)
            for k, layer in enumerate(layers):
                own = compensations(layer.embedding.detach(), s, 400.0)
                wrong = {cause: before[k]["embedding"] * factor for cause, factor in own.items()}
                judge.equal(after[k]["embedding"], wrong.pop("right"), wrong, given=f"embeddings at s = {s:g}")
    with judge.part("steep"):
        layers, before, after = changed(4, 3, 5, s=400.0, reach=6.0)
        for k, layer in enumerate(layers):
            got = after[k]["embedding"]
            judge.must(got.isfinite().all(), "overflow")
            right = compensations(layer.embedding.detach(), 400.0, 400.0)["right"]
            judge.equal(got, before[k]["embedding"] * right, cause="clamp")
