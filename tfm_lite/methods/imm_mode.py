from __future__ import annotations

import torch
from torch import Tensor

from tfm_lite.datasets.tasks import Task
from tfm_lite.methods.imm_mean import IMMMean
from tfm_lite.methods.importance import fisher, values
from tfm_lite.nn.networks import Builder
from tfm_lite.options import NotNegative
from tfm_lite.train import Fit


class IMMMode(IMMMean):
    """Incremental moment matching, mode (Lee et al., NIPS 2017): the average is weighted by Fisher.

    ``merged = (sum of old F * old + F * new) / (sum of old F + F)``, weight by weight. Everything else is as for the mean.

    In HAT's code this merge assigns to a variable of the loop and changes no weight (found by running it: parameters move by
    0.0). What is left is learning with L2-transfer; ``merge=False`` gives that, and keeps no Fisher.

    Further differences from the paper:

    5. The Fisher is the empirical one of :func:`~tfm_lite.methods.importance.fisher`.
    6. A weight that matters to no task so far (F = 0) goes the way of the plain mean; the formula has no value there.
    """

    name = "imm_mode"
    roles = {"importance": "importances"}

    def __init__(self, build: Builder, *, lam: NotNegative = 0.01, merge: bool = True) -> None:
        super().__init__(build, lam=lam)
        self.merge = merge

    def start(self) -> None:
        super().start()
        if self.merge:
            self.importance = values(self.net.stages, zero=True)

    def shares(self, task: Task, fit: Fit) -> list[Tensor]:
        if not self.merge:
            return [torch.ones_like(weight) for weight, _ in self.shared()]
        shares = []
        importance = dict(self.importance.named_buffers())
        names = [name for name, _ in self.net.stages.named_parameters()]
        for name, new in zip(names, fisher(self, task, fit), strict=True):
            importance[name] += new
            shares.append((new / importance[name]).nan_to_num(nan=1 / (task.index + 1)))
        return shares
