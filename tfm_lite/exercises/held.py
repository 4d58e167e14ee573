"""Chapter 2's question of what moves a weight that should be held, in small: Table 2.3 for one parameter."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import nn

Maker = Callable[[Any], torch.optim.Optimizer]
SGD, Adam = torch.optim.SGD, torch.optim.Adam
# Each optimizer, and whether a new one is made when the weight is held.
OPTIMIZERS: list[tuple[Maker, bool]] = [
    (partial(SGD, lr=0.05), False),
    (partial(SGD, lr=0.05, momentum=0.9), True),
    (partial(SGD, lr=0.05, momentum=0.9), False),
    (partial(SGD, lr=0.05, weight_decay=5e-4), False),
    (partial(Adam, lr=0.05), False),
]
GRADIENTS = "none", "zeros", "left over"  # what stands in the gradient of the held weight


def shared_memory_moves(zero: str, make: Maker, fresh: bool) -> bool:
    """Whether a buffer that was made without a copy moves in five steps: the optimizer still has the parameter."""
    weight = nn.Parameter(torch.ones(3))
    optimizer = make([weight])
    for _ in range(5):
        optimizer.zero_grad()
        weight.square().mean().backward()
        optimizer.step()
    buffer = weight.detach()  # the same memory
    before = buffer.clone()
    optimizer = make([weight]) if fresh else optimizer
    for _ in range(5):
        if zero != "left over":
            optimizer.zero_grad(set_to_none=zero == "none")
        optimizer.step()
    return not torch.equal(buffer, before)
