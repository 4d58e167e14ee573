from __future__ import annotations

from typing import Annotated, Any

import torch
from torch import Tensor, nn

from tfm_lite.methods.base import Method
from tfm_lite.nn.networks import Builder, Network
from tfm_lite.nn.per_task import PerTask
from tfm_lite.nn.stages import Plain
from tfm_lite.options import NotNegative, Range
from tfm_lite.seeds import torch_stream


def scale_gradient(parameter: Tensor, by: Tensor) -> None:
    """Multiply a parameter's gradient, in place."""
    assert parameter.grad is not None  # backward has just been here
    parameter.grad *= by


class Embedding(nn.Module):
    """One task's embedding of a stage's features; its gate is sigmoid(s * embedding)."""

    def __init__(self, values: Tensor) -> None:
        super().__init__()
        self.values = nn.Parameter(values)


class Gated(Plain):
    """A stage whose features pass a gate per task, after non-linearity and pool (HAT, Eq. 1)."""

    roles = {"tasks": "embeddings", "protected": "masks"}

    s = 1.0  # steepness of the gates while training; in use it is s_max
    s_max = 400.0

    protected: Tensor  # the greatest gate of any finished task, (features,)

    def make(self, inputs: int) -> None:
        super().make(inputs)
        self.tasks: PerTask[Embedding] = PerTask()
        self.register_buffer("protected", torch.zeros(self.stage.features))

    def gate(self, t: int) -> Tensor:
        """The attention of task ``t`` over the features, (features,) between 0 and 1."""
        return torch.sigmoid((self.s if self.training else self.s_max) * self.tasks[t].values)

    def after_pool(self, x: Tensor, t: int) -> Tensor:
        return x * self.gate(t).view(1, -1, *[1] * (x.dim() - 2))


class HAT(Method):
    """Hard attention to the task (Serra et al. 2018): gates, learned with the task, that protect what old tasks attend to.

    ``regularization`` is its lambda and ``s_max`` the greatest steepness of a gate. Values as in the authors' code, and:

    1. dropout comes after the gate, as everywhere in this package, not before the pool;
    2. the steepness rises with the share of the epoch's batches that are done, s = (s_max - 1/s_max) i/N + 1/s_max.

    Gates are never quite 0 or 1, so old tasks can be forgotten, a little; it claims no zero forgetting. Batch normalization
    has its scale and shift spared as a bias is; nothing spares its running statistics.
    """

    name = "hat"
    paper = "serra2018overcoming"
    kit = Gated
    grid = {"regularization": (0.75, 0.25, 2.5), "s_max": (400.0, 50.0)}

    net: Network[Gated]

    CLAMP, STEEPEST = 6.0, 50.0  # bounds of an embedding, and of the exponents in the compensation

    def __init__(
        self,
        build: Builder,
        *,
        regularization: NotNegative = 0.75,
        s_max: Annotated[float, Range(least=1)] = 400.0,
    ) -> None:
        super().__init__(build)
        self.regularization, self.s_max = regularization, s_max

    def start(self) -> None:
        super().start()
        for stage in self.net.stages:
            stage.s_max = self.s_max

    def before_task(self, t: int, classes: int) -> None:
        super().before_task(t, classes)
        for stage in self.net.stages:
            generator = torch_stream(self.build.seed, "hat", stage.name, t)
            values = torch.randn(stage.stage.features, generator=generator, device="cpu")
            stage.tasks[t] = Embedding(values.to(stage.protected))

    def before_batch(self, t: int, progress: float) -> None:
        for stage in self.net.stages:
            stage.s = (self.s_max - 1 / self.s_max) * progress + 1 / self.s_max

    def penalty(self, t: int) -> Tensor:
        """The share of the free features that the gates use (HAT, Eq. 5)."""
        used = sum((stage.gate(t) * (1 - stage.protected)).sum() for stage in self.net.stages)
        free: Any = sum((1 - stage.protected).sum() for stage in self.net.stages)
        return self.regularization * used / free.clamp(min=1e-6)

    @torch.no_grad()
    def after_backward(self, t: int) -> None:
        """Spare the weights that old tasks attend to at both ends (HAT, Eq. 2), and undo the annealing (section 2.5)."""
        below: Tensor | None = None
        for stage in self.net.stages:
            free = 1 - stage.protected
            post = free.view(-1, *[1] * (stage.weight.dim() - 1))
            pre = post if below is None else below.repeat_interleave(stage.area).view(1, -1, *post.shape[2:])
            scale_gradient(stage.weight, torch.maximum(post, pre))  # 1 - min(protected, protected below)
            for parameter in (stage.bias, *(stage.batch_norm.parameters() if stage.stage.norm else [])):
                scale_gradient(parameter, free)
            below = free
            embedding = stage.tasks[t].values
            steep = torch.cosh((stage.s * embedding).clamp(-self.STEEPEST, self.STEEPEST)) + 1
            scale_gradient(embedding, self.s_max / stage.s * steep / (torch.cosh(embedding) + 1))

    @torch.no_grad()
    def after_step(self, t: int) -> None:
        for stage in self.net.stages:
            stage.tasks[t].values.clamp_(-self.CLAMP, self.CLAMP)

    @torch.no_grad()
    def after_task(self, t: int) -> None:
        self.eval()
        for stage in self.net.stages:
            stage.protected = torch.maximum(stage.protected, stage.gate(t))
            stage.tasks.freeze(t)
        self.net.heads.freeze(t)
