"""Chapter 10: which weights PackNet keeps, and the gradient of Piggyback's mask."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from tfm_lite.exercises.judge import Judge, check, shown

WEIGHT = torch.tensor([[-0.1, 0.9, 0.5, -0.2], [-0.8, 0.95, 1.2, -0.6]])
FREE = torch.tensor([[True, True, True, True], [True, False, False, True]])


@check
def check_prune(judge: Judge, prune: Any) -> None:
    """Chapter 10: ``prune(weight, free, share)`` is which of the free weights PackNet keeps, bool as ``free``."""

    def kept(share: float) -> Tensor:
        given, mask = WEIGHT.clone(), FREE.clone()
        got = prune(given, mask, share)
        judge.must(got is not None, "none")
        judge.must(isinstance(got, Tensor), "kind", asked="a tensor of bool", kind=type(got).__name__)
        judge.must(got.shape == WEIGHT.shape, "shape", right=tuple(WEIGHT.shape), got=tuple(got.shape))
        judge.must(torch.equal(given, WEIGHT) and torch.equal(mask, FREE), "in_place")
        judge.must(got.dtype == torch.bool, "dtype", got=got.dtype)
        judge.must(not (got & ~FREE).any(), "owned")
        return got

    half = FREE & (WEIGHT.abs() > 0.5)  # 0.9, 0.8, 0.6 of the six that are free
    wrong = {
        "pruned": FREE & ~half,
        "signed": FREE & (WEIGHT[FREE].median() < WEIGHT),
        "among": FREE & (WEIGHT.abs() > WEIGHT.abs().median()),
        "nothing": FREE,
        "threshold": FREE & (WEIGHT.abs() > 0.5 * WEIGHT[FREE].abs().max()),
    }
    with judge.part("half"):
        given = f"the weights{shown(WEIGHT)}of which these are free{FREE.tolist()}, and a share of 0.5"
        judge.equal(kept(0.5), half, wrong, given=given)
    with judge.part("none_pruned"):
        judge.must(torch.equal(kept(0.0), FREE), "zero")
    with judge.part("most"):
        judge.must(torch.equal(kept(5 / 6), FREE & (WEIGHT == 0.9)), "most")


@check
def check_mask_gradient(judge: Judge, mask_gradient: Any) -> None:
    """Chapter 10: ``mask_gradient(x, weight, real, upstream)`` is Piggyback's straight-through gradient of ``real``."""
    for part, (images, inputs, outputs) in {"five": (5, 4, 3), "other": (8, 2, 6)}.items():
        generator = torch.Generator().manual_seed(0)
        x, weight, upstream = (
            torch.randn(n, m, generator=generator, dtype=torch.double)
            for n, m in ((images, inputs), (outputs, inputs), (images, outputs))
        )
        real = 2e-2 * torch.rand(outputs, inputs, generator=generator, dtype=torch.double)
        with judge.part(part):
            given = (one.clone() for one in (x, weight, real, upstream))
            got = judge.tensor(mask_gradient(*given), (outputs, inputs))
            product, mask = upstream.T @ x, (real > 5e-3).double()
            right = weight * product
            wrong = {
                "masked_weight": product,
                "masked": right * mask,
                "slope": right * real,
                "mean": right / images,
                "sign": -right,
                "through_mask": product * mask,
            }
            judge.equal(got, right, wrong, given="these numbers")
