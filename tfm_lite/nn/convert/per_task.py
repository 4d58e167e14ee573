"""What every task has of its own in a module that is ternary: batch norms and a head."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from tfm_lite.nn.convert.features import Features
from tfm_lite.nn.convert.parts import check_width, fill, in_order, nothing_like, now, spread_of
from tfm_lite.nn.per_task import PerTask
from tfm_lite.nn.stages import BatchNorm, freeze, initial
from tfm_lite.seeds import torch_stream


class TaskNorm(nn.Module):
    """Batch normalization in a ternary module: every task has one of its own over all that it sees.

    Its scale and shift are the task's feature normalization, so it has them even where the layer that it replaces has none.
    """

    like: Tensor

    def __init__(self, old: nn.BatchNorm1d | nn.BatchNorm2d, *, name: str, features: Features, still: bool) -> None:
        super().__init__()
        self.name, self.features, self.kind, self.still = name, features, type(old), still
        self.settings: Any = {"momentum": old.momentum, "eps": old.eps}
        self.register_buffer("like", nothing_like(old.running_mean), persistent=False)
        self.tasks: PerTask[BatchNorm] = PerTask()
        self.inputs: list[list[int]] = []

    def grow(self, stage: int, widths: Mapping[str, int]) -> None:
        """Begin a stage with these widths; if it is ``still``, from the values of the stage before."""
        self.inputs.append([run.size(widths) for run in self.features.runs])
        norm = BatchNorm(sum(self.inputs[-1]), **self.settings).to(self.like)
        if self.still and stage > 0:
            old = in_order(self.inputs[-2:])[: sum(self.inputs[-2])]
            for name in ("scale", "shift", "mean", "variance"):
                getattr(norm, name).data[old] = getattr(self.tasks[stage - 1], name)
        self.tasks[stage] = norm

    def take(self, old: Any) -> None:
        """The values of an ordinary layer, as what was learned first."""
        values = {"scale": old.weight, "shift": old.bias, "mean": old.running_mean, "variance": old.running_var}
        for name, value in values.items():
            if value is not None:
                getattr(self.tasks[0], name).data.copy_(value)

    def keep(self) -> None:
        freeze(self.tasks)

    def forward(self, input: Tensor) -> Tensor:
        stage = now()
        check_width(self.name, input, 1, sum(self.inputs[stage]))
        return self.tasks[stage](input)  # type: ignore[no-any-return]

    def plain(self, widths: Mapping[str, int], device: Any) -> Any:
        how = {"device": device, "dtype": self.like.dtype, **self.settings}
        return nn.utils.skip_init(self.kind, self.features.size(widths), **how)

    def extract(self, stage: int, widths: Mapping[str, int]) -> nn.Module:
        norm, plain = self.tasks[stage], self.plain(widths, self.like.device)
        fill(plain, weight=norm.scale, bias=norm.shift)
        plain.running_mean, plain.running_var = norm.mean.detach().clone(), norm.variance.detach().clone()
        plain.num_batches_tracked.zero_()
        return plain  # type: ignore[no-any-return]


class TaskHead(nn.Module):
    """The heads of a ternary module: an ordinary linear layer for every task."""

    like: Tensor

    def __init__(self, old: nn.Linear, *, name: str, features: Features, seed: int) -> None:
        super().__init__()
        self.name, self.features, self.seed, self.bias = name, features, seed, old.bias is not None
        self.spread = spread_of(old.weight)
        self.register_buffer("like", nothing_like(old.weight), persistent=False)
        self.tasks: PerTask[nn.Linear] = PerTask()

    def grow(self, stage: int, widths: Mapping[str, int]) -> None:
        head = self.plain(widths, self.like.device)
        shape = head.weight.shape
        head.weight.data.copy_(initial(shape, shape[1], torch_stream(self.seed, "head", stage)) * self.spread)
        if self.bias:
            nn.init.zeros_(head.bias)
        self.tasks[stage] = head

    def keep(self) -> None:
        freeze(self.tasks)

    def forward(self, input: Tensor) -> Tensor:
        return self.tasks[now()](input)  # type: ignore[no-any-return]

    def plain(self, widths: Mapping[str, int], device: Any) -> Any:
        how: Any = {"bias": self.bias, "device": device, "dtype": self.like.dtype}
        return nn.utils.skip_init(nn.Linear, self.features.size(widths), widths[self.name], **how)

    def extract(self, stage: int, widths: Mapping[str, int]) -> nn.Module:
        head, plain = self.tasks[stage], self.plain(widths, self.like.device)
        fill(plain, weight=head.weight, bias=head.bias)
        return plain  # type: ignore[no-any-return]
