"""Chapters 3 and 4: which weights are used, and which learn."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from tfm_lite.exercises.judge import Judge, check
from tfm_lite.nn.layers import FORWARD_ONLY, MASKED, NORMAL


@check
def check_weight_mask(judge: Judge, weight_mask: Any) -> None:
    """Chapter 3: ``weight_mask(inputs, outputs)`` of two binary feature masks (I,) and (O,) is the mask (O, I) of Eq. 2."""
    small = torch.tensor([1, 0, 1]), torch.tensor([1, 1, 0, 0])
    generator = torch.Generator().manual_seed(0)
    other = torch.randint(2, (9,), generator=generator), torch.randint(2, (5,), generator=generator)
    for part, (inputs, outputs) in {"mask": small, "other": other}.items():
        with judge.part(part):
            shape = len(outputs), len(inputs)
            got = judge.tensor(weight_mask(inputs.clone(), outputs.clone()), shape)
            either = outputs[:, None] + inputs
            wrong = {
                "all": torch.ones(shape),
                "either": either > 0,
                "sum": either,
                "outputs": outputs[:, None].expand(shape),
                "inputs": inputs.expand(shape),
            }
            given = f"inputs {inputs.tolist()} and outputs {outputs.tolist()}"
            judge.equal(got, torch.outer(outputs, inputs), wrong, given=given)


@check
def check_gradient_mask(judge: Judge, gradient_mask: Any) -> None:
    """Chapter 4: ``gradient_mask(inputs, outputs)`` of two ternary masks (I,), (O,) says which weights (O, I) may learn."""
    inputs = torch.tensor([FORWARD_ONLY, FORWARD_ONLY, NORMAL, MASKED])
    outputs = torch.tensor([FORWARD_ONLY, NORMAL, MASKED])
    got = judge.tensor(gradient_mask(inputs.clone(), outputs.clone()), (3, 4))
    judge.must(bool(((got == 0) | (got == 1)).all()), "binary")
    asked: dict[str, tuple[Tensor, int]] = {
        "old": (got[0, :2], 0),
        "masked": (torch.cat([got[:, 3], got[2]]), 0),
        "new": (got[1, 2], 1),
        "reuse": (got[1, :2], 1),
        "columns": (got[0, 2], 1),
    }
    for part, (weights, learn) in asked.items():
        with judge.part(part):
            judge.must(bool((weights == learn).all()), part)
