"""The gradients of single images, of many images in one backward pass.

A backward pass brings to the output of every product one gradient per image; only its last step, to the weight, adds the
images up. Here that step is taken for each image by itself, and what is added up is what importances are made of: the
square of each gradient (Fisher), or its absolute value (MAS).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from tfm_lite.nn.stages import Plain, Stage

# Numbers: so much of the images' gradients of a weight is held at a time, or one of them if it is larger. A processor is to
# keep them in its cache; a GPU has more room, and waits for each order.
AT_ONCE, ON_A_GPU = 2**20, 2**26


class EachGradient:
    """Inside ``with EachGradient(stages, of) as each``, every backward pass adds ``of(gradient)`` of each image to
    ``each.sums``, which has a tensor for each parameter of the stages.

    ``of`` must be multiplicative, of(a b) = of(a) of(b), as squares and absolute values are. The stages must be in eval
    mode: where batch normalization mixes the images, none has a gradient of its own.
    """

    @staticmethod
    def knows(stages: Iterable[Any]) -> bool:
        """Whether all of these stages are of the plain kit; what others do with their weights is not known here."""
        return all(type(stage) is Plain for stage in stages)

    def __init__(self, stages: Iterable[Any], of: Callable[[Tensor], Tensor]) -> None:
        self.stages, self.of = list(stages), of
        self.sums: dict[Any, Tensor] = {p: torch.zeros_like(p) for stage in self.stages for p in stage.parameters()}
        self.hooks: list[Any] = []

    def __enter__(self) -> EachGradient:
        for stage in self.stages:
            stage.product = partial(self.product, stage)
            if stage.stage.norm:
                self.hooks.append(stage.batch_norm.register_forward_hook(self.normalized))
        return self

    def __exit__(self, *_: object) -> None:
        for stage in self.stages:
            del stage.product
        for hook in self.hooks:
            hook.remove()

    def product(self, stage: Plain, x: Tensor, t: int) -> Tensor:
        """The stage's product. Its weight has no ordinary gradient; of its bias that is cheap, and leads backward to here."""
        weight, bias = stage.used(t)
        y = stage.stage.product(x, weight.detach(), bias)

        def add(grad: Tensor) -> None:
            self.sums[weight] += self.of_product(stage.stage, x, grad, weight.shape)
            self.sums[bias] += self.of_features(grad)

        y.register_hook(add)
        return y

    def normalized(self, norm: Any, inputs: tuple[Tensor], y: Tensor) -> None:
        """Called after batch normalization: its scale and shift act feature by feature."""
        z = F.batch_norm(inputs[0].detach(), norm.mean, norm.variance, eps=norm.eps)

        def add(grad: Tensor) -> None:
            self.sums[norm.scale] += self.of_features(grad * z)
            self.sums[norm.shift] += self.of_features(grad)

        y.register_hook(add)

    def of_features(self, grad: Tensor) -> Tensor:
        """(B, features, ...), to be added up over positions, to the sum over images: (features,)."""
        return self.of(grad.reshape(*grad.shape[:2], -1).sum(2)).sum(0)

    def of_product(self, stage: Stage, x: Tensor, grad: Tensor, shape: torch.Size) -> Tensor:
        """Input and output's gradient to the sum over images for the weight, which has this shape."""
        if not stage.kernel:
            # One image's gradient is an outer product, of() of it is one too, and their sum is a product of matrices.
            return self.of(grad).T @ self.of(x.flatten(1))
        total = grad.new_zeros(shape[0], shape[1:].numel())
        positions = grad[0, 0].numel()
        size = max(1, (AT_ONCE if x.is_cpu else ON_A_GPU) // (total.shape[1] * max(shape[0], positions)))
        for some, some_grad in zip(x.split(size), grad.split(size), strict=True):
            windows = F.unfold(some, stage.kernel, padding=stage.padding, stride=stage.stride)
            total += self.of(some_grad.flatten(2) @ windows.mT).sum(0)
        return total.view(shape)
