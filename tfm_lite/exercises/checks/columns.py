"""Chapters 11 and 12: HAT's rule for the gradients, and what older columns add."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from tfm_lite.exercises.judge import Judge, check


@check
def check_hat_mask(judge: Judge, hat_mask: Any) -> None:
    """Chapter 11: ``hat_mask(below, above)`` of all old tasks' gates, (T, I) and (T, O), is the factor of each weight's
    gradient, (O, I)."""
    small = (
        torch.tensor([[1.0, 0.5, 0.0], [0.0, 0.0, 0.75]]),
        torch.tensor([[1.0, 0.0, 0.25, 0.0], [0.0, 0.5, 0.5, 0.0]]),
    )
    generator = torch.Generator().manual_seed(0)
    other = torch.rand(3, 7, generator=generator), torch.rand(3, 4, generator=generator)
    for part, (below, above) in {"gates": small, "other": other}.items():
        with judge.part(part):
            got = judge.tensor(hat_mask(below.clone(), above.clone()), (above.shape[1], below.shape[1]))
            lower, upper = below.amax(0)[None], above.amax(0)[:, None]
            both = torch.minimum(upper, lower)
            wrong = {
                "protected": both,
                "greater": 1 - torch.maximum(upper, lower),
                "product": 1 - upper * lower,
                "hard": (both < 0.5).double(),
                "above": (1 - upper).expand(both.shape),
                "by_task": 1 - torch.minimum(above[:, :, None], below[:, None]).amax(0),
                "last": 1 - torch.minimum(above[-1, :, None], below[-1]),
                "mean": 1 - torch.minimum(above.mean(0)[:, None], below.mean(0)),
            }
            judge.equal(got, 1 - both, wrong, given=f"gates {below.tolist()} and {above.tolist()}")


@check
def check_lateral(judge: Judge, lateral: Any) -> None:
    """Chapter 12: ``lateral(older, scales, project, weight)`` is what the older columns add to a new column's product.

    ``older`` are the columns' features, each (B, width); ``scales`` one number per column; ``project`` (width, all older
    features) and ``weight`` (features, width).
    """
    for part, (columns, width, features) in {"two": (2, 3, 4), "three": (3, 2, 5)}.items():
        generator = torch.Generator().manual_seed(columns)

        def draw(*shape: int, generator: torch.Generator = generator) -> Tensor:
            return torch.randn(*shape, generator=generator, dtype=torch.float64)

        older = [draw(5, width).abs() for _ in range(columns)]
        project, weight = draw(width, columns * width), draw(features, width)
        scales = torch.tensor([2.0, -1.0, 0.5], dtype=torch.float64)[:columns]

        def by(
            scaled: list[Tensor],
            activation: Callable[[Tensor], Tensor] = torch.relu,
            project: Tensor = project,
            weight: Tensor = weight,
        ) -> Tensor:
            return activation(torch.cat(scaled, 1) @ project.T) @ weight.T

        scaled = [scale * column for scale, column in zip(scales, older, strict=True)]
        with judge.part(part):
            given = [column.clone() for column in older], scales.clone(), project.clone(), weight.clone()
            got = judge.tensor(lateral(*given), (5, features))
            wrong = {
                "linear": by(scaled, lambda x: x),
                "unscaled": by(older),
                "order": by(scaled[::-1]),
                "outside": by(scaled).relu(),
                "swapped": by([s * column for s, column in zip(scales.flip(0), older, strict=True)]),
                "first_scale": by([scales[0] * column for column in older]),
            }
            judge.equal(got, by(scaled), wrong, cause="adapter")
