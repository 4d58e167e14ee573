"""Chapters 5 to 7: feature normalization, the search for a growth, and the slice of a task."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from tfm_lite.exercises.judge import Judge, check
from tfm_lite.nn import growth


@check
def check_feature_norm(judge: Judge, feature_norm: Any) -> None:
    """Chapter 5: ``feature_norm(x, scale, shift)`` is Eq. 7, for x (B, features) and for maps (B, features, H, W)."""
    scale, shift = torch.tensor([2.0, -1.0, 0.0]), torch.tensor([1.0, 0.5, 3.0])
    rows, maps = torch.arange(6.0).view(2, 3) - 2, torch.arange(54.0).view(2, 3, 3, 3) - 9
    for part, x in {"features": rows, "maps": maps}.items():
        with judge.part(part):
            given = x.clone()
            got = judge.tensor(feature_norm(given, scale.clone(), shift.clone()), x.shape)
            a, b = (one.view(-1, *[1] * (x.dim() - 2)) for one in (scale, shift))
            normal = (x - x.mean(0)) / (x.std(0) + 1e-5)
            wrong = {
                "order": a * (x + b),
                "scale": a * x,
                "shift": x + b,
                "relu": (a * x + b).relu(),
                "normalized": a * normal + b,
                "exchanged": b * x + a,
            }
            if x is maps:
                wrong = {"column": scale * x + shift, "row": scale[:, None] * x + shift[:, None]} | wrong
            judge.equal(got, a * x + b, wrong, given=f"x {x.tolist()}")
            judge.must(torch.equal(given, x), "in_place")


@check
def check_smallest_within(judge: Judge, choose: Any) -> None:
    """Chapter 6: ``choose(accuracies, margin)`` is the index of the lowest growth within the margin of the best."""
    cases = {
        "within": [([0.60, 0.70, 0.71], 0.02), ([0.5, 0.7, 0.5], 0.3), ([0.60, 0.70, 0.71, 0.705], 0.02)],
        "best": [([0.60, 0.70, 0.71], 0.0), ([0.71, 0.70, 0.71], 0.0)],
        "absolute": [([0.3, 0.42, 0.47, 0.5], 0.1), ([0.71, 0.70, 0.60], 0.02)],
    }
    for part, some in cases.items():
        with judge.part(part):
            got = [index(judge, choose(list(accuracies), margin), accuracies) for accuracies, margin in some]
            wrong = {
                "first": [0 for _ in some],
                "last": [max(i for i, a in enumerate(each) if a >= max(each) - margin) for each, margin in some],
                "most": [each.index(max(each)) for each, _ in some],
                "relative": [next(i for i, a in enumerate(each) if a >= max(each) * (1 - m)) for each, m in some],
            }
            right = [growth.smallest_within(accuracies, margin) for accuracies, margin in some]
            judge.equal(got, right, wrong, given="; ".join(f"{each} and a margin of {m}" for each, m in some))


def index(judge: Judge, got: Any, accuracies: list[float]) -> int:
    """What was returned as an index, and not the accuracy that it has."""
    number = judge.number(got)
    judge.must(number == int(number) or number not in accuracies, "accuracy", got=number)
    judge.must(number == int(number), "kind", asked="an index", kind=type(got).__name__)
    return int(number)


@check
def check_used_slice(judge: Judge, used: Any) -> None:
    """Chapter 7: ``used(weight, inputs, outputs)`` is the contiguous block of ``weight`` that a task uses."""
    whole = torch.arange(30.0).view(5, 6)
    with judge.part("block"):
        got = judge.tensor(used(whole.clone(), 4, 3), (3, 4))
        wrong = {"end": whole[-3:, -4:], "exchanged": whole[:4, :3].T}
        judge.equal(got, whole[:3, :4], wrong, given="a weight of 5 outputs by 6 inputs, 4 inputs and 3 outputs")
    for part, (inputs, outputs) in {"strided": (4, 3), "copied": (6, 3)}.items():
        with judge.part(part):
            weight = whole.clone()
            slice_ = used(weight, inputs, outputs)
            judge.must(slice_ is not None, "none")
            judge.must(isinstance(slice_, Tensor), "kind", asked="a tensor", kind=type(slice_).__name__)
            judge.tensor(slice_, (outputs, inputs))
            judge.must(slice_.is_contiguous(), "strided")
            kept = slice_.clone()
            weight += 1
            judge.must(torch.equal(slice_, kept), "shared", inputs=inputs)
