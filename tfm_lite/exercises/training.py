"""A few steps of an optimizer that moves whatever it was given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


def learn(
    layer: Any, x: Tensor, target: Tensor, t: int, *, rate: float = 0.05, after_step: Callable[[], Any] | None = None
) -> None:
    """Five steps with momentum and weight decay that bring ``layer(x, t)`` nearer to the target, both (B, features)."""
    optimizer = torch.optim.SGD(layer.parameters(), lr=rate, momentum=0.9, weight_decay=5e-4)
    for _ in range(5):
        optimizer.zero_grad(set_to_none=False)
        (layer(x, t) - target).square().mean().backward()
        optimizer.step()
        if after_step:
            after_step()
