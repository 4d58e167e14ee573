"""What the methods that learn from their own past have in common: a copy of the network before the task."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from tfm_lite.methods.base import Method
from tfm_lite.methods.importance import twin
from tfm_lite.nn.networks import Network
from tfm_lite.nn.stages import Plain


class Taught(Method):
    """What LwF and LfL share: the network as it was before the task says what the new images should still look like."""

    roles = {"old": "copies"}

    old: Network[Plain]  # before the task; there is none in the first

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
        return loss + self.lesson(h, old, t), logits

    def lesson(self, h: Tensor, old: Tensor, t: int) -> Tensor:
        """What holds the last hidden layer's features ``h``, (B, features), to the ``old`` network's of the same images."""
        raise NotImplementedError
