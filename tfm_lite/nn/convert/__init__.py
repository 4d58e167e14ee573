"""Anybody's own network: :func:`ternary` makes a module's layers ternary and leaves its forward as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from tfm_lite.nn.convert.features import CannotGrow
from tfm_lite.nn.convert.follow import Flow, follow
from tfm_lite.nn.convert.net import TernaryNet
from tfm_lite.nn.convert.refusals import parts_of

__all__ = ["CannotGrow", "TernaryNet", "ternary"]
SIZES = 224, 64, 32, 28, 96, 128, 299, 512, 16, 8  # of images on which a forward is tried


def ternary(
    module: nn.Module, head: str, *, pretrained: bool = False, example: Any = None, seed: int = 0
) -> TernaryNet:
    """A network whose forward is ``module``'s and whose layers are ternary; its last layer ``head`` becomes one per task::

        net = ternary(torchvision.models.resnet18(), head="fc")
        for t, (loader, classes) in enumerate(my_tasks):
            net.grow(classes=classes, fraction=schedule(len(my_tasks))[t])
            optimizer = torch.optim.AdamW(net.parameters())  # only what may learn is a parameter
            my_training(lambda x: net(x, t), loader, optimizer)
            net.keep()

    ``Linear``, ``Conv2d`` (dense or depth-wise) and ``BatchNorm1d`` and ``2d`` are known, and around them what leaves
    features whole: element-wise functions, sums, concatenations, pools, flattening. Anything else that holds parameters or
    buffers, or would mix features, is a ``ValueError`` that names it. This is found out by a run of the forward on shapes
    alone; ``example``, a tensor (B, ...) like those to come, on the module's device, is needed only where no size of image
    is found that fits, or the forward looks at values. The module itself stays untouched.

    Without ``pretrained`` new weights start at random, drawn by ``seed`` and as widely spread, for their fan-in, as the
    module's own, whose values do not matter otherwise; biases start at zero. With ``pretrained`` what is there is
    forward-only for *every* task, the first too, and never changes, nor do the statistics of its batch norms. A task then
    learns what it adds: new features, which see all others; weights from them into old features; feature normalization or
    batch normalization of its own; and a head. The weights into old features begin at zero and normalization where the task
    before left it, so that the first task starts from exactly what the pretrained network computes, and each later one from
    what the task before does. The module's old head is dropped.
    """
    parts = parts_of(module, head)
    flow, example = _followed(module, parts, head, example)
    return TernaryNet(module, parts, flow, example, head=head, pretrained=pretrained, seed=seed)


def _followed(module: nn.Module, parts: Mapping[str, Any], head: str, example: Any) -> tuple[Flow, Any]:
    """One run followed, and the example of the run: two inputs at least, so that a batch is not taken for a feature."""
    if example is not None:
        if isinstance(example, Tensor):
            example = example[:1].detach().repeat(2, *[1] * (example.dim() - 1))
        return follow(module, parts, head, example), example
    failed: Exception | None = None
    for shape in _shapes(next(iter(parts.values()))):
        example = torch.empty(shape, device="meta", dtype=next(module.parameters()).dtype)
        try:
            return follow(module, parts, head, example), example
        except CannotGrow:
            raise
        except Exception as error:  # whatever a foreign forward says of a shape that does not fit
            failed = failed or error
    raise CannotGrow(
        "the forward could not be tried on shapes alone; give example=, a tensor (B, ...) like those to come. "
        f"The first try ended with: {failed}"
    ) from failed


def _shapes(first: Any) -> list[tuple[int, ...]]:
    """Shapes of inputs to try, by the module's first layer."""
    inputs: int = getattr(first, "in_channels", 0) or getattr(first, "in_features", 0) or first.num_features
    if isinstance(first, nn.Conv2d | nn.BatchNorm2d):
        return [(2, inputs, size, size) for size in SIZES]
    return [(2, inputs)]
