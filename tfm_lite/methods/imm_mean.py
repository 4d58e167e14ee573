from __future__ import annotations

import torch
from torch import Tensor

from tfm_lite.datasets.tasks import Task
from tfm_lite.methods.base import Method
from tfm_lite.methods.importance import squared_distance, values
from tfm_lite.nn.networks import Builder
from tfm_lite.options import NotNegative
from tfm_lite.train import Fit


class IMMMean(Method):
    """Incremental moment matching, mean (Lee et al., NIPS 2017): the networks of all tasks, averaged.

    A task starts at the old weights and is held to them by L2-transfer, ``lam / 2 * sum((weight - old) ** 2)``; then old
    and new are merged. ``lam`` is the default of HAT's code (Serra et al. 2018) for the mode, 0.01; there its grid's best is
    1, and for the mean 0.0001.

    Differences from the paper:

    1. Every task has the same share, 1 / (t + 1); the paper may tune the shares.
    2. Merging follows each task, and the next one starts at the merged weights and is held to them, as in HAT's code: so
       every task can be used at any time.
    3. Only the shared weights are merged; each head stays as learned.
    4. Of the paper's three transfers there are weight-transfer and L2-transfer, and no drop-transfer.
    """

    name = "imm_mean"
    paper = "lee2017overcoming"
    grid = {"lam": (0.01, 0.0001, 0.1, 1.0)}
    roles = {"old": "copies"}

    def __init__(self, build: Builder, *, lam: NotNegative = 0.01) -> None:
        super().__init__(build)
        self.lam = lam

    def start(self) -> None:
        super().start()
        self.old = values(self.net.stages)

    def shared(self) -> list[tuple[Tensor, Tensor]]:
        """Each shared weight with its old values."""
        old = dict(self.old.named_buffers())
        return [(weight, old[name]) for name, weight in self.net.stages.named_parameters()]

    def penalty(self, t: int) -> Tensor | float:
        if t == 0:
            return 0.0
        return self.lam / 2 * squared_distance(self.shared())

    def learn(self, task: Task, fit: Fit) -> None:
        fit()
        shares = self.shares(task, fit)
        with torch.no_grad():
            for (weight, old), share in zip(self.shared(), shares, strict=True):
                weight.copy_(old.lerp(weight, share))
                old.copy_(weight)

    def shares(self, task: Task, fit: Fit) -> list[Tensor]:
        """For each shared weight, how far the merged one is on the way from old to new (0 to 1)."""
        return [torch.full_like(weight, 1 / (task.index + 1)) for weight, _ in self.shared()]
