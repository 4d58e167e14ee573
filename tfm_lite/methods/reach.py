"""What reaches the features of a network that grows: do new features get weaker gradients than old ones?

*On the Stability of Growth in Structural Plasticity* (arXiv 2605.15435) finds that units that are added to a trained network
are "forward-active but backward-starved": they take part in the forward pass, and much weaker gradients come back to them
than to the units that were there. In TFM old features never learn, so nothing outruns the new ones; but while they are weak,
the new task is learned by its columns, FN and head on old features. Here both halves of the sentence are measured.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import torch
from torch import Tensor
from torch.nn.grad import conv2d_weight

from tfm_lite.datasets.inputs import Inputs
from tfm_lite.datasets.tasks import Task
from tfm_lite.nn.layers import Ternary
from tfm_lite.protocol import Epoch


@dataclass(frozen=True)
class Reach:
    """A stage's features at one moment, the mean over its old ones and over its new ones; NaN where there are none.

    ``active``: what comes out of a feature's product, the root of its mean square over images and positions.
    ``gradient``: the norm of the loss's gradient for the feature's row of weights, also where that row may not learn.
    """

    active: tuple[float, float]
    gradient: tuple[float, float]

    @property
    def weaker(self) -> float:
        """A new feature's gradient as a share of an old one's: below 1 it is weaker."""
        return self.gradient[1] / self.gradient[0]


def reach(method: Any, x: Tensor, y: Tensor, t: int) -> list[Reach]:
    """What reaches the old and the new features of each stage when ``method``, a TFM, meets images and labels of task ``t``.

    ``x`` (B, channels, size, size) and ``y`` (B,) are as training has them. The method is left as it is. Raises
    ``ValueError`` for a task that has no old features, or is not being learned.
    """
    if not 0 < t == len(method.classes) - 1 or method.learned > t:
        raise ValueError(
            f"task index {t} is not being learned after another; ask in on_epoch of a later task's training"
        )
    method = copy.deepcopy(method)  # backward passes add to gradients
    seen: list[Callable[[], Reach]] = []
    with torch.enable_grad():
        for stage in method.net.stages:
            stage.layer.register_forward_hook(_Watch(stage, t, seen))
        loss, _ = method.loss(x, y, t)
        loss.backward()
    return [measured() for measured in seen]


class _Watch:
    """Looks at what goes into a layer, what comes out of it, and what comes back."""

    def __init__(self, stage: Ternary, t: int, seen: list[Callable[[], Reach]]) -> None:
        self.stage, self.t, self.seen = stage, t, seen
        self.grad = torch.empty(0)

    def __call__(self, layer: Any, inputs: tuple[Any, ...], out: Tensor) -> None:
        x, active = inputs[0].detach(), out.detach().transpose(0, 1).flatten(1).square().mean(1).sqrt()
        out.register_hook(self.keep)  # now, for the ReLU is about to write over it
        old = layer.boundaries[self.t - 1][1]
        self.seen.append(lambda: Reach(_halves(active, old), _halves(self.norms(x), old)))

    def keep(self, grad: Tensor) -> None:
        self.grad = grad

    def norms(self, x: Tensor) -> Tensor:
        """The norm of the gradient for each row of weights, (features,)."""
        stage = self.stage.stage
        weight, _ = self.stage.layer.used(self.t)
        if stage.kernel:
            rows = conv2d_weight(x, weight.shape, self.grad, stage.stride, stage.padding)
        else:
            rows = self.grad.T @ x.flatten(1)
        affine = self.stage._affine(self.t)  # what came out has the scale in it, the weights do not
        return rows.flatten(1).norm(dim=1) * (affine[0].abs() if affine else 1)


def _halves(values: Tensor, old: int) -> tuple[float, float]:
    """Means over the old and over the new features."""
    before, after = values[:old].mean().item(), values[old:].mean().item()
    return before, after


class Log:
    """Give it to a run as ``on_epoch``: after every epoch of a later task it notes what reaches that task's features, on
    ``IMAGES`` of its training images, in ``epochs``, a list for each epoch, of a :class:`Reach` for each stage."""

    IMAGES = 256

    def __init__(self, tasks: Any, inputs: Inputs) -> None:
        self.tasks, self.inputs = tasks, inputs
        self.epochs: list[list[Reach]] = []

    def __call__(self, method: Any, epoch: Epoch) -> None:
        if epoch.task:
            task: Task = self.tasks[epoch.task]
            apart = -(-len(task.train) // self.IMAGES)  # of every class some
            x, y = self.inputs.of(task.train, torch.arange(0, len(task.train), apart))
            self.epochs.append(reach(method, x, y, epoch.task))


def weaker(epochs: list[list[Reach]]) -> float:
    """A new feature's gradient as a share of an old one's, the mean over epochs and stages that have both."""
    return fmean(one.weaker for stages in epochs for one in stages if one.weaker == one.weaker)
