from __future__ import annotations

import torch

from tfm_lite.datasets.tasks import Task
from tfm_lite.methods.importance import Anchored, fisher
from tfm_lite.nn.networks import Builder
from tfm_lite.options import Count, NotNegative
from tfm_lite.train import Fit


class EWC(Anchored):
    """Elastic weight consolidation (Kirkpatrick et al., PNAS 2017, Eq. 3): importance is the diagonal of the Fisher.

    ``lam`` weighs the penalty, which has the paper's factor 1/2; the paper gives 400 for Atari games, and no value for
    images. HAT's code (Serra et al. 2018) uses 5000, for a Fisher that squares the *mean* gradient of 20 images: that is
    ``batch=20, lam=5000``. Near an optimum such a Fisher is about 1/20 of the one per image, so 250 is the same strength
    for ``batch=1``.

    Differences from the paper:

    1. One penalty, not one per old task: the Fishers are merged to their mean over tasks, (F + t * merged) / (t + 1), and
       the anchor is where the last task ended, as in HAT's code.
    2. The labels are the data's, as in HAT's code: the empirical Fisher. The true one draws them from the model.
    3. HAT's code computes its Fisher with dropout, ours has none.
    """

    name = "ewc"
    paper = "kirkpatrick2017overcoming"
    grid = {"lam": (250.0, 1000.0, 5000.0, 25000.0)}

    def __init__(self, build: Builder, *, lam: NotNegative = 250.0, batch: Count = 1) -> None:
        super().__init__(build)
        self.strength, self.batch = lam / 2, batch

    def learn(self, task: Task, fit: Fit) -> None:
        fit()
        news = fisher(self, task, fit, batch=self.batch)
        with torch.no_grad():
            for (weight, old, merged), new in zip(self.shared(), news, strict=True):
                old.copy_(weight)
                merged.mul_(task.index).add_(new).div_(task.index + 1)
