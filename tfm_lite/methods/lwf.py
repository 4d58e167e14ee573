from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from tfm_lite.methods.base import Method
from tfm_lite.methods.importance import twin
from tfm_lite.nn.networks import Builder, Network
from tfm_lite.nn.stages import Plain
from tfm_lite.options import NotNegative, Positive


class LwF(Method):
    """Learning without forgetting (Li and Hoiem, ECCV 2016 and TPAMI 2018): on the new images, each old head must go on
    saying what it said before the task began.

    The loss adds ``lam`` times, for each old head, the cross-entropy of its softmax with that of the network before the
    task, both of logits / ``temperature``. Defaults are the paper's, 1 and 2. HAT's code (Serra et al. 2018) uses 2 and 1.

    Differences from the paper:

    1. No warm-up, in which the new head learns alone first. HAT's code has none either.
    2. The old network's answers are computed again in every step, not recorded beforehand: it is a copy without dropout, so
       they are the same.
    3. No weight decay.

    Each head has its own softmax: one over all heads together would be another loss.
    """

    name = "lwf"
    paper = "li2018learning"
    grid = {"lam": (1.0, 2.0, 4.0), "temperature": (2.0, 1.0)}
    roles = {"old": "copies"}

    old: Network[Plain]  # before the task; there is none in the first

    def __init__(self, build: Builder, *, lam: NotNegative = 1.0, temperature: Positive = 2.0) -> None:
        super().__init__(build)
        self.lam, self.temperature = lam, temperature

    def before_task(self, t: int, classes: int) -> None:
        if t:
            self.old = twin(self.net)
        super().before_task(t, classes)

    def loss(self, x: Tensor, y: Tensor, t: int) -> tuple[Tensor, Tensor]:
        h = self.net.features(x, t)
        logits = self.net.head(h, t)
        loss = F.cross_entropy(logits, y)
        if t == 0:
            return loss, logits
        with torch.no_grad():
            if self.old.training:  # as it is after train(), once in an epoch
                self.old.eval()
            old = self.old.features(x, t)
        terms = [self.distillation(self.net.head(h, s), self.old.head(old, s)) for s in range(t)]
        return loss + self.lam * torch.stack(terms).sum(), logits

    def distillation(self, logits: Tensor, old: Tensor) -> Tensor:
        """Mean cross-entropy of two (B, classes) of logits, softened by the temperature."""
        return F.cross_entropy(logits / self.temperature, (old / self.temperature).softmax(1))
