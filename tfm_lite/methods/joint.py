from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from tfm_lite.datasets.tasks import Task
from tfm_lite.devices import send
from tfm_lite.methods.base import Method
from tfm_lite.train import Fit


class Joint(Method):
    """Joint training: at every task, learn all tasks so far from the initial weights (paper, section 4.1).

    It breaks the rule that old data are gone, and so bounds what can be hoped for. A batch mixes the images of all tasks, as
    in HAT's code (Serra et al. 2018): with batches of one task each, every step would pull the features to another task.
    """

    name = "joint"

    def before_task(self, t: int, classes: int) -> None:
        self.net = self.build(self.kit)
        for s, count in enumerate(self.classes):
            self.net.add_head(s, count)

    def learn(self, task: Task, fit: Fit) -> None:
        fit(seen=True)

    def loss(self, x: Tensor, y: Tensor, t: Any) -> tuple[Tensor, Tensor]:
        """In a mixed batch ``t`` is the task of each image, (B,): the features are computed once, and each image's loss is
        that of its own head. It has no logits that could stand in one tensor; its features are returned for them."""
        if isinstance(t, int):
            return super().loss(x, y, t)
        h = self.net.features(x, t)
        # Of every head, also where the batch has no image for it: of several processes all have the same gradients to add.
        rows = [send((t == s).nonzero()[:, 0], h.device) for s in range(len(self.net.heads))]
        losses = [F.cross_entropy(self.net.head(h[r], s), y[r], reduction="sum") for s, r in enumerate(rows)]
        return torch.stack(losses).sum() / len(y), h
