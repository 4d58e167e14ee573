"""The ternary layers, and the kit that makes networks of them.

Features are ordered by the task that added them, so that for task t those of a layer fall into three runs,

    [0, O(t-1)) forward-only      [O(t-1), O(t)) normal      [O(t), ...) masked

and a layer's ternary mask is nothing but its boundaries O(1), O(2), ... Using task t means using the slice
``W[:O(t), :I(t)]``, where I are the boundaries of the layer below.

**A tensor that learns is a parameter; one that must never change again is a buffer.** That is the whole argument for zero
forgetting: an optimizer cannot be given, and therefore cannot move, what an old task uses.
"""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from tfm_lite.seeds import torch_stream
from tfm_lite.stages import BatchNorm, Plain, Stage, freeze, initial

MASKED, FORWARD_ONLY, NORMAL = 0, 1, 2  # the three states of a feature


class BlockProduct(torch.autograd.Function):
    """The product with a weight of which only two blocks learn (Eq. 4 and 5).

        weight = | old   columns |   old features: their new inputs may be learned, for no older task sees them
                 | rows  rows    |   new features

    The input gradient needs the whole weight; gradients of the weight are computed for the two blocks only.
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, rows: Tensor, columns: Tensor, new_bias: Tensor, stage: Stage
    ) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.stage = stage
        ctx.rows_shape, ctx.columns_shape, ctx.type = rows.shape, columns.shape, rows.dtype
        return stage.product(x, weight, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        # Under autocast the gradient comes in low precision.
        x, weight = (saved.to(grad.dtype) for saved in ctx.saved_tensors)
        old, new_inputs = ctx.columns_shape[:2]
        old_grad, new_grad = grad[:, :old], grad[:, old:]
        grad_x = rows = columns = new_bias = None
        if ctx.needs_input_grad[0]:
            grad_x = _input_gradient(ctx.stage, x, weight, grad)
        if ctx.needs_input_grad[3] and new_grad.shape[1]:
            rows = _weight_gradient(ctx.stage, x, ctx.rows_shape, new_grad).to(ctx.type)
            new_bias = new_grad.sum([0, *range(2, grad.dim())]).to(ctx.type)
        if ctx.needs_input_grad[4] and old and new_inputs:
            new_x = (x if ctx.stage.kernel else x.flatten(1))[:, -new_inputs:]
            columns = _weight_gradient(ctx.stage, new_x, ctx.columns_shape, old_grad).to(ctx.type)
        return grad_x, None, None, rows, columns, new_bias, None


def _input_gradient(stage: Stage, x: Tensor, weight: Tensor, grad: Tensor) -> Tensor:
    if stage.kernel:
        return _convolution_backward(stage, x, weight, grad, 0)
    return (grad @ weight).view(x.shape)


def _weight_gradient(stage: Stage, x: Tensor, shape: torch.Size, grad: Tensor) -> Tensor:
    if stage.kernel:
        return _convolution_backward(
            stage, x, grad.new_empty(1).expand(shape), grad, 1
        )  # only the weight's shape counts
    return grad.T @ x.flatten(1)


def _convolution_backward(stage: Stage, x: Tensor, weight: Tensor, grad: Tensor, which: int) -> Tensor:
    """The gradient of the input (``which`` 0) or of the weight (1). As torch.nn.grad has it, but x keeps its layout."""
    how: Any = [stage.stride] * 2, [stage.padding] * 2, [1, 1], False, [0, 0], 1, [which == 0, which == 1, False]
    return torch.ops.aten.convolution_backward(grad, x, weight, None, *how)[which]  # type: ignore[no-any-return]


class TernaryLayer(nn.Module):
    """A linear or convolutional layer that grows task by task and never changes what an older task uses.

    ``boundaries[t]`` is (I(t), O(t)): how many inputs and outputs task t uses. The weights of all tasks but the one being
    learned are the buffers ``weight`` and ``bias``; those being learned are the parameters ``rows``, ``columns`` and
    ``new_bias`` (see :class:`BlockProduct`). The bias of an old feature is frozen with it.
    """

    weight: Tensor
    bias: Tensor

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.stage = stage
        self.boundaries: list[tuple[int, int]] = []
        self.learning = False
        self.register_buffer("weight", torch.zeros(stage.weight_shape(0, 0)))
        self.register_buffer("bias", torch.zeros(0))
        self._slices: dict[int, tuple[Tensor, Tensor]] = {}
        self.register_load_state_dict_post_hook(lambda layer, _: layer._slices.clear())

    def grow(self, inputs: int, outputs: int, generator: torch.Generator) -> None:
        """Begin the next task, which uses ``inputs`` and ``outputs`` features; what they add to the layer will learn."""
        old_inputs, old_outputs = self.boundaries[-1] if self.boundaries else (inputs, 0)
        if self.learning:
            raise ValueError("the layer is still learning a task; call keep() before it grows for the next")
        if inputs < old_inputs or outputs < old_outputs:
            raise ValueError(
                f"a layer only grows: it has {old_inputs} inputs and {old_outputs} outputs, not {inputs}, {outputs}"
            )
        self.boundaries.append((inputs, outputs))
        self.learning = True
        fan_in = math.prod(self.stage.weight_shape(1, inputs))
        shapes = (outputs - old_outputs, inputs), (old_outputs, inputs - old_inputs)
        rows, columns = (initial(self.stage.weight_shape(*s), fan_in, generator).to(self.weight) for s in shapes)
        self.rows, self.columns = nn.Parameter(rows), nn.Parameter(columns)
        self.new_bias = nn.Parameter(self.bias.new_zeros(outputs - old_outputs))
        self._slices.clear()

    def keep(self) -> None:
        """End the task: what it learned joins the buffers and is never a parameter again."""
        self.weight, self.bias = (part.clone() for part in self.used(len(self.boundaries) - 1))
        del self.rows, self.columns, self.new_bias
        self.learning = False
        self._slices.clear()

    def learns(self, t: int) -> bool:
        """Whether ``t`` is the task being learned."""
        return self.learning and t == len(self.boundaries) - 1

    @torch.no_grad()
    def used(self, t: int) -> tuple[Tensor, Tensor]:
        """The weights and biases that task ``t`` uses, each one contiguous slice, cached until the layer grows.

        What the slice holds of older tasks is a copy, and what learns a window into the slice.
        """
        if t not in self._slices:
            self._slices[t] = self._slice(t)
        weight, bias = self._slices[t]
        if self.learns(t):
            old_outputs, new_inputs = self.columns.shape[:2]
            windows = weight[old_outputs:], weight[:old_outputs, weight.shape[1] - new_inputs :], bias[old_outputs:]
            for learned, window in zip((self.rows, self.columns, self.new_bias), windows, strict=True):
                if learned.data_ptr() != window.data_ptr():  # a new slice, or a parameter whose tensor was replaced
                    window.copy_(learned)
                    learned.data = window  # now an optimizer's step changes the slice itself: nothing is copied again
        return weight, bias

    def _slice(self, t: int) -> tuple[Tensor, Tensor]:
        inputs, outputs = self.boundaries[t]
        if self.weight.shape[:2] == (outputs, inputs) and not self.learns(t):
            return self.weight, self.bias
        old = self.weight[:outputs, :inputs]
        weight, bias = self.weight.new_zeros(self.stage.weight_shape(outputs, inputs)), self.bias.new_zeros(outputs)
        weight[: old.shape[0], : old.shape[1]] = old
        bias[: old.shape[0]] = self.bias[:outputs]
        return weight, bias

    def forward(self, x: Tensor, t: int) -> Tensor:
        weight, bias = self.used(t)
        if self.learns(t):
            blocks = self.rows, self.columns, self.new_bias
            return BlockProduct.apply(x, weight, bias, *blocks, self.stage)  # type: ignore[no-any-return]
        return self.stage.product(x, weight, bias)

    def mask(self, t: int) -> Tensor:
        """The ternary mask of the layer's outputs for task ``t``, int8 (features,): a view for readers.

        Nothing computes with it; the boundaries say the same in one number per task.
        """
        mask = torch.full((self.boundaries[-1][1],), MASKED, dtype=torch.int8)
        mask[: self.boundaries[t][1]] = NORMAL
        mask[: self.boundaries[t - 1][1] if t else 0] = FORWARD_ONLY
        return mask

    def _apply(self, fn: Any, recurse: bool = True) -> TernaryLayer:
        self._slices.clear()  # the cache would stay on the old device
        return super()._apply(fn, recurse)


class Affine(nn.Module):
    """A scale and a shift per feature: one task's feature normalization."""

    def __init__(self, scale: Tensor, shift: Tensor) -> None:
        super().__init__()
        self.scale, self.shift = nn.Parameter(scale), nn.Parameter(shift)

    def padded(self, features: int) -> Affine:
        """The same for more features: those that it does not know are left alone."""
        missing = features - self.scale.numel()
        return Affine(F.pad(self.scale, (0, missing), value=1.0).detach(), F.pad(self.shift, (0, missing)).detach())

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
    """

    def __init__(self, *, which: str = "all", start: str = "identity") -> None:
        super().__init__()
        for value, choices in (which, ("all", "old")), (start, ("identity", "previous")):
            if value not in choices:
                raise ValueError(f"feature normalization knows {' and '.join(choices)}, not {value!r}")
        self.which, self.start = which, start
        self.tasks = nn.ModuleDict()

    def grow(self, t: int, old: int, features: int, like: Tensor) -> None:
        """Begin task ``t``; ``old`` of the layer's ``features`` features existed before it."""
        count = features if self.which == "all" else old
        before: Any = self.tasks[str(t - 1)] if self.start == "previous" and str(t - 1) in self.tasks else None
        affine = before.padded(count) if before else Affine(like.new_ones(count), like.new_zeros(count))
        self.tasks[str(t)] = affine

    def keep(self) -> None:
        freeze(self)

    def of(self, t: int, features: int) -> Affine:
        """The affine step of task ``t`` over all of the layer's ``features``."""
        return self.tasks[str(t)].padded(features)  # type: ignore[operator,no-any-return]

    def forward(self, x: Tensor, t: int) -> Tensor:
        return self.tasks[str(t)](x) if str(t) in self.tasks else x  # type: ignore[operator]


class Ternary(Plain):
    """A stage of the ternary kit. It has no features until it grows.

    ``norm`` says where feature normalization stands: "before" the non-linearity, "after" it (and its pool), or None. In a
    stage with batch normalization every task has one of its own instead: its scale and shift do what FN's do.
    """

    def __init__(
        self, stage: Stage, *, norm: str | None = "before", which: str = "all", start: str = "identity", **plain: Any
    ) -> None:
        if norm not in ("before", "after", None):
            raise ValueError(f"feature normalization is 'before' or 'after' the non-linearity or None, not {norm!r}")
        super().__init__(stage, **plain)
        self.place = None if stage.norm else norm
        self.norm = FeatureNorm(which=which, start=start)
        self.batch_norms = nn.ModuleDict()

    def make(self, inputs: int) -> None:
        self.layer = TernaryLayer(self.stage)

    def grow(self, t: int, inputs: int, features: int) -> None:
        """Begin task ``t``, which uses ``inputs`` features of the stage below and ``features`` of this one."""
        old = self.layer.bias.numel()
        self.layer.grow(inputs * self.area, features, torch_stream(self.seed, "weights", self.name, t))
        if self.place and t > 0:
            self.norm.grow(t, old, features, like=self.layer.bias)
        if self.stage.norm:
            self.batch_norms[str(t)] = BatchNorm(features).to(self.layer.bias)

    def keep(self) -> None:
        self.layer.keep()
        self.norm.keep()
        freeze(self.batch_norms)

    def used(self, t: int) -> tuple[Tensor, Tensor]:
        return self.layer.used(t)

    def product(self, x: Tensor, t: int) -> Tensor:
        return self.layer(x, t)  # type: ignore[no-any-return]

    def before_activation(self, x: Tensor, t: int) -> Tensor:
        if self.stage.norm:
            return self.batch_norms[str(t)](x)  # type: ignore[no-any-return]
        return self.norm(x, t) if self.place == "before" else x

    def after_pool(self, x: Tensor, t: int) -> Tensor:
        return self.norm(x, t) if self.place == "after" else x
