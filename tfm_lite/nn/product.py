"""The product of a layer of which some weights learn and others never do again."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from tfm_lite.nn.stages import Weighted


class BlockProduct(torch.autograd.Function):
    """The product with a weight of which only two blocks learn (Eq. 4 and 5).

        weight = | old   columns |   old features: their new inputs may be learned, for no older task sees them
                 | rows  rows    |   new features

    The input gradient needs the whole weight; gradients of the weight are computed for the two blocks only.

    With a ``scale`` and a ``shift`` per feature (Eq. 7) the product is that of the weight times the scale (:func:`folded`),
    so that no pass over the features is added. Their gradients need the product without them, which is what comes out less
    the shift, divided by the scale; for that, a scale below 1e-6 counts as 1e-6.
    """

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        weight: Tensor,
        bias: Tensor,
        rows: Tensor,
        columns: Tensor,
        new_bias: Tensor,
        scale: Tensor | None,
        shift: Tensor | None,
        stage: Weighted,
    ) -> Tensor:
        if scale is not None and shift is not None:
            weight, bias = folded(weight, bias, scale, shift)
        if kind := lower(weight):  # here, and not in the product: the way back needs both so, too
            x, weight = x.to(kind), weight.to(kind)
        out = stage.product(x, weight, bias)
        ctx.save_for_backward(x, weight, scale, shift)
        # Kept past autograd's watch: a ReLU may write its own output here, and where it cut there is no gradient.
        ctx.out = None if scale is None else out.detach()
        ctx.stage = stage
        ctx.rows_shape, ctx.columns_shape, ctx.type = rows.shape, columns.shape, rows.dtype
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, scale, shift = ctx.saved_tensors
        shape, out = x.shape, ctx.out
        if grad.dim() > 2 and not ctx.stage.kernel:  # of tokens (B, ..., features): each is as good as an image
            x, grad = x.flatten(0, -2), grad.flatten(0, -2)
            out = out if out is None else out.flatten(0, -2)
        old, new_inputs = ctx.columns_shape[:2]
        old_grad, new_grad = grad[:, :old], grad[:, old:]
        grad_x = rows = columns = new_bias = grad_scale = grad_shift = None
        if ctx.needs_input_grad[0]:
            grad_x = _input_gradient(ctx.stage, x, weight, grad).view(shape)
        if ctx.needs_input_grad[3] and new_grad.shape[1]:
            rows = _weight_gradient(ctx.stage, x, ctx.rows_shape, new_grad).to(ctx.type)
            new_bias = new_grad.sum([0, *range(2, grad.dim())]).to(ctx.type)
        if ctx.needs_input_grad[4] and old and new_inputs:
            new_x = (x if ctx.stage.kernel else x.flatten(1))[:, -new_inputs:]
            columns = _weight_gradient(ctx.stage, new_x, ctx.columns_shape, old_grad).to(ctx.type)
        if scale is not None:
            grad_scale, grad_shift = _affine_gradients(grad, out, scale, shift)
            for part, factor in (rows, scale[old:]), (columns, scale[:old]), (new_bias, scale[old:]):
                if part is not None:
                    part.mul_(factor.view(-1, *[1] * (part.dim() - 1)))
        return grad_x, None, None, rows, columns, new_bias, grad_scale, grad_shift, None


def lower(weight: Tensor) -> torch.dtype | None:
    """The type in which autocast multiplies these weights; None where it leaves them alone."""
    kind = weight.device.type
    known = torch.amp.is_autocast_available(kind)  # the meta device has shapes alone
    casts = known and torch.is_autocast_enabled(kind) and weight.dtype != torch.float64
    return torch.get_autocast_dtype(kind) if casts else None


def folded(weight: Tensor, bias: Tensor, scale: Tensor, shift: Tensor) -> tuple[Tensor, Tensor]:
    """The weights and biases whose product is ``scale * (weight x + bias) + shift``, feature by feature."""
    return weight * scale.view(-1, *[1] * (weight.dim() - 1)), bias * scale + shift


def _affine_gradients(grad: Tensor, out: Tensor, scale: Tensor, shift: Tensor) -> tuple[Tensor, Tensor]:
    """Gradients of a scale and a shift, from what came out of ``scale * z + shift`` and its gradient."""
    # The sums of grad * out and of grad over all but the features, in one pass: those of a batch normalization that does
    # nothing.
    still, one, none = torch.zeros_like(scale), torch.ones_like(scale), scale.new_empty(0)
    how: Any = one, still, one, none, none, False, 0.0, [False, True, True]  # on CUDA none is empty, and not None
    _, product, total = torch.ops.aten.native_batch_norm_backward(grad, out, *how)
    size = scale.abs().clamp(min=1e-6)
    return (product - shift * total) / torch.where(scale < 0, -size, size), total


def _input_gradient(stage: Weighted, x: Tensor, weight: Tensor, grad: Tensor) -> Tensor:
    if stage.kernel:
        return _convolution_backward(stage, x, weight, grad, 0)
    return (grad @ weight).view(x.shape)


def _weight_gradient(stage: Weighted, x: Tensor, shape: torch.Size, grad: Tensor) -> Tensor:
    if stage.kernel:
        weight = grad.new_empty(1).expand(shape)  # only its shape counts
        return _convolution_backward(stage, stage.seen(x, shape[0]), weight, grad, 1)
    return grad.T @ x.flatten(1)


def _convolution_backward(stage: Weighted, x: Tensor, weight: Tensor, grad: Tensor, which: int) -> Tensor:
    """The gradient of the input (``which`` 0) or of the weight (1). As torch.nn.grad has it, but x keeps its layout."""
    stride, padding, dilation, groups = stage.geometry(x.shape[1])
    if which and set(weight.shape[2:]) == {1} and not any(padding):
        # What a kernel of one place steps over has no part in it. And oneDNN would write past its memory, where few channels
        # come in, one beside the other (github.com/uxlfoundation/oneDNN, issue 6035).
        x, stride = x[..., :: stride[0], :: stride[1]], [1, 1]
    how: Any = stride, padding, dilation, False, [0, 0], groups, [which == 0, which == 1, False]
    return torch.ops.aten.convolution_backward(grad, x, weight, None, *how)[which]  # type: ignore[no-any-return]
