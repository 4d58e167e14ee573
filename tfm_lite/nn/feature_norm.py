"""Feature normalization (Eq. 7): what a task may do to features that never change."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tfm_lite.nn.per_task import PerTask
from tfm_lite.nn.stages import freeze


class Affine(nn.Module):
    """A scale and a shift per feature: one task's feature normalization."""

    def __init__(self, scale: Tensor, shift: Tensor) -> None:
        super().__init__()
        self.scale, self.shift = nn.Parameter(scale), nn.Parameter(shift)

    def values(self, features: int) -> tuple[Tensor, Tensor]:
        """Scale and shift of so many features: those that it does not know are left alone."""
        missing = features - self.scale.numel()
        return F.pad(self.scale, (0, missing), value=1.0), F.pad(self.shift, (0, missing))

    def padded(self, features: int) -> Affine:
        """The same for more features, as a start for another task."""
        return Affine(*(value.detach() for value in self.values(features)))

    def forward(self, x: Tensor) -> Tensor:
        known = self.scale.numel()
        if known < x.shape[1]:
            return torch.cat([self(x[:, :known]), x[:, known:]], 1)
        # scale * x + shift in one pass: batch normalization with mean 0, variance 1 and no epsilon is just that.
        mean, variance = torch.zeros_like(self.scale), torch.ones_like(self.scale)
        return F.batch_norm(x, mean, variance, self.scale, self.shift, training=False, eps=0.0)


class FeatureNorm(nn.Module):
    """Task-specific feature normalization (Eq. 7): a scale and a shift per task and feature, and no statistics.

    A task for which none was begun passes unchanged; the paper's count of bytes shows that task 1 has none. The paper
    does not say over which features it runs or where it starts: ``which`` is "all" visible features or only the "old"
    ones, ``start`` is the "identity" or the "previous" task's values.

    >>> norm, x = FeatureNorm(), torch.randn(2, 5)
    >>> norm.grow(1, 3, 5, x)
    >>> [name for name, _ in norm.named_parameters()]
    ['tasks.1.scale', 'tasks.1.shift']
    """

    def __init__(self, *, which: str = "all", start: str = "identity") -> None:
        super().__init__()
        for value, choices in (which, ("all", "old")), (start, ("identity", "previous")):
            if value not in choices:
                raise ValueError(f"feature normalization knows {' and '.join(choices)}, not {value!r}")
        self.which, self.start = which, start
        self.tasks: PerTask[Affine] = PerTask()

    def grow(self, t: int, old: int, features: int, like: Tensor) -> None:
        """Begin task ``t``; ``old`` of the layer's ``features`` features existed before it."""
        count = features if self.which == "all" else old
        if self.start == "previous" and t - 1 in self.tasks:
            self.tasks[t] = self.tasks[t - 1].padded(count)
        else:
            self.tasks[t] = Affine(like.new_ones(count), like.new_zeros(count))

    def keep(self) -> None:
        freeze(self)

    def of(self, t: int, features: int) -> Affine:
        """The affine step of task ``t`` over all of the layer's ``features``."""
        return self.tasks[t].padded(features)

    def affine(self, t: int, features: int) -> tuple[Tensor, Tensor] | None:
        """Scale and shift of task ``t`` for all of the layer's ``features``; None where it has none."""
        return self.tasks[t].values(features) if t in self.tasks else None

    def forward(self, x: Tensor, t: int) -> Tensor:
        return self.tasks[t](x) if t in self.tasks else x  # type: ignore[no-any-return]
