from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from tfm_lite.methods.taught import Taught
from tfm_lite.nn.networks import Builder
from tfm_lite.options import NotNegative, Positive


class LwF(Taught):
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

    def __init__(self, build: Builder, *, lam: NotNegative = 1.0, temperature: Positive = 2.0) -> None:
        super().__init__(build)
        self.lam, self.temperature = lam, temperature

    def lesson(self, h: Tensor, old: Tensor, t: int) -> Tensor:
        terms = [self.distillation(self.net.head(h, s), self.old.head(old, s)) for s in range(t)]
        return self.lam * torch.stack(terms).sum()

    def distillation(self, logits: Tensor, old: Tensor) -> Tensor:
        """Mean cross-entropy of two (B, classes) of logits, softened by the temperature."""
        return F.cross_entropy(logits / self.temperature, (old / self.temperature).softmax(1))
