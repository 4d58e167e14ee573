"""Chapter 9: a loss that distils every old head."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from tfm_lite.exercises.judge import Judge, check


def cross_entropy(now: Tensor, before: Tensor, scale: float, other: float | None = None) -> float:
    """Of logits (B, classes), with a temperature for the new and, if it is another, one for the old."""
    targets = (before / (other or scale)).softmax(1)
    return float(-(targets * (now / scale).log_softmax(1)).sum(1).mean())


@check
def check_distillation(judge: Judge, distillation: Any) -> None:
    """Chapter 9: ``distillation(new, old, temperature)`` of two lists of logits (B, classes), one per old head."""
    for part, (sizes, images, scale) in {"two": ((3, 5), 5, 2.0), "other": ((2, 7, 4), 6, 3.0)}.items():
        generator = torch.Generator().manual_seed(0)
        new, old = (
            [3 * torch.randn(images, n, generator=generator, dtype=torch.double) for n in sizes] for _ in range(2)
        )
        with judge.part(part):
            got = judge.number(distillation([z.clone() for z in new], [z.clone() for z in old], scale))
            right = sum(cross_entropy(n, o, scale) for n, o in zip(new, old, strict=True))
            judge.equal(got, right, causes(new, old, scale), given="these logits")


def causes(new: list[Tensor], old: list[Tensor], scale: float) -> dict[str, float]:
    """What the loss is to those who make one mistake."""
    pairs = list(zip(new, old, strict=True))
    right = sum(cross_entropy(n, o, scale) for n, o in pairs)
    entropy = sum(cross_entropy(o, o, scale) for o in old)
    square = scale**2
    return {
        "cold": sum(cross_entropy(n, o, 1.0) for n, o in pairs),
        "joined": cross_entropy(torch.cat(new, 1), torch.cat(old, 1), scale),
        "exchanged": sum(cross_entropy(o, n, scale) for n, o in pairs),
        "square": square * right,
        "divergence": right - entropy,
        "divergence_square": square * (right - entropy),
        "mean": right / len(new),
        "images": right * len(new[0]),
        "hard": float(sum(torch.nn.functional.cross_entropy(n / scale, o.argmax(1)) for n, o in pairs)),
        "hard_cold": float(sum(torch.nn.functional.cross_entropy(n, o.argmax(1)) for n, o in pairs)),
        "twice": sum(cross_entropy((n / scale).softmax(1), o, 1.0, scale) for n, o in pairs),
        "old_only": sum(cross_entropy(n, o, 1.0, scale) for n, o in pairs),
        "new_only": sum(cross_entropy(n, o, scale, 1.0) for n, o in pairs),
        "sign": -right,
    }
