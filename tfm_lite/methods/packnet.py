from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor, nn

from tfm_lite.datasets.tasks import Task
from tfm_lite.methods.base import Method
from tfm_lite.nn.networks import Builder, Network
from tfm_lite.nn.stages import Plain, freeze
from tfm_lite.options import Range
from tfm_lite.train import Fit


class Packed(Plain):
    """A stage whose weights are shared out among the tasks: a task uses its own and those of older tasks.

    Owned weights are a buffer, ``kept``, and ``owner`` says whose they are (0: nobody's, t + 1: task t's). The parameter
    ``weight`` exists only while a task is learned: a copy of ``kept`` in which the task's own weights learn. What momentum
    or weight decay moves elsewhere is put back after every step, and never kept.
    """

    roles = {"kept": "weights", "owner": "masks"}

    kept: Tensor
    owner: Tensor
    factor: Tensor

    def make(self, inputs: int) -> None:
        super().make(inputs)
        self.register_buffer("kept", torch.zeros_like(self.weight))
        self.register_buffer("owner", torch.zeros_like(self.weight, dtype=torch.uint8))
        self.learning: int | None = None

    def begin(self, t: int) -> None:
        """Give task ``t`` all weights that nobody owns; what pruning freed starts at 0."""
        self.learning = t
        self.claim(self.owner == 0)
        if t:
            self.weight = nn.Parameter(self.kept.clone())

    def claim(self, mine: Tensor) -> None:
        """Say which weights the task may move."""
        self.mine = mine
        # The same as 0 and 1: a product with them is several times faster than a choice by truth values.
        self.register_buffer("factor", mine.to(self.kept), persistent=False)

    @torch.no_grad()
    def restore(self) -> None:
        """Put back what is not the task's own."""
        torch.addcmul(self.kept, self.factor, self.weight, out=self.weight)  # kept is 0 where the factor is 1

    @torch.no_grad()
    def prune(self, share: float) -> None:
        """Set this share of the task's weights to 0, those of the smallest magnitude, and leave them to later tasks."""
        sizes = self.weight.abs()
        count = round(share * int(self.mine.sum()))
        if count:
            self.claim(self.mine & (sizes > smallest(sizes[self.mine], count)))
        self.restore()

    def keep(self) -> None:
        """End the task: what it moved is its own, for good."""
        assert self.learning is not None
        self.kept = torch.where(self.mine, self.weight.detach(), self.kept)
        self.owner = self.owner.masked_fill(self.mine, self.learning + 1)
        self.learning = None
        del self.weight, self.mine, self.factor
        freeze(self)  # the bias: it learns with the first task only

    def used(self, t: int) -> tuple[Tensor, Tensor]:
        if t == self.learning:
            return self.weight, self.bias
        return self.kept * ((self.owner > 0) & (self.owner <= t + 1)), self.bias


def smallest(sizes: Tensor, count: int) -> Tensor:
    """The ``count``-th smallest. To find it alone is faster on a processor; on a GPU some versions of PyTorch refuse to when
    the same bits are asked for every time."""
    return sizes.kthvalue(count).values if sizes.is_cpu else sizes.sort().values[count - 1]


class PackNet(Method):
    """PackNet (Mallya and Lazebnik 2018): learn a task with all free weights, prune, and learn again with what is left.

    ``prune`` is the share of a task's weights in each layer that pruning frees for later tasks: .5 to .75 from scratch.

    1. The owners take one byte per weight, for up to 255 tasks; the paper of TFM counts a bit per weight and task.
    2. Both trainings follow this package's protocol; the authors' second one is shorter.
    """

    name = "packnet"
    paper = "mallya2018packnet"
    zero_forgetting = True
    kit = Packed
    grid = {"prune": (0.75, 0.5, 0.9)}

    net: Network[Packed]

    def __init__(self, build: Builder, *, prune: Annotated[float, Range(least=0, below=1)] = 0.75) -> None:
        super().__init__(build)
        self.share = prune

    def before_task(self, t: int, classes: int) -> None:
        if t > 254:
            raise ValueError(f"task index {t} is beyond what a byte can own: PackNet learns up to 255 tasks here")
        super().before_task(t, classes)
        for stage in self.net.stages:
            stage.begin(t)

    def after_backward(self, t: int) -> None:
        for stage in self.net.stages:
            if stage.weight.grad is not None:
                stage.weight.grad.mul_(stage.factor)

    def after_step(self, t: int) -> None:
        for stage in self.net.stages:
            stage.restore()

    def learn(self, task: Task, fit: Fit) -> None:
        fit()
        for stage in self.net.stages:
            stage.prune(self.share)
        fit()

    def fits(self, t: int) -> int:
        return 2

    def after_task(self, t: int) -> None:
        for stage in self.net.stages:
            stage.keep()
        self.net.heads.freeze(t)
