from __future__ import annotations

import torch

from tfm_lite.datasets.tasks import Task
from tfm_lite.methods.importance import Anchored, mean_of_gradients
from tfm_lite.nn.networks import Builder
from tfm_lite.options import NotNegative, Share
from tfm_lite.train import Fit


class MAS(Anchored):
    """Memory aware synapses (Aljundi et al., ECCV 2018): importance is how much the outputs depend on a weight.

    It is the mean over images of the absolute gradient of the squared norm of the logits; it needs no labels. ``lam``
    weighs the penalty. The paper's 1 overshoots under this protocol, and only the clip holds it: a step of SGD on the penalty
    needs ``lr * lam * importance < 1``, the learning rate is 0.05, and importances pass 50 on alphabets. Hence 0.1. Old and
    new importances are merged as ``alpha * old + (1 - alpha) * new``, 1/2 in the code of FACIL; ``alpha=None`` sums them,
    as the paper does.

    Differences from the paper:

    1. The merge by ``alpha``, so that the penalty does not grow with the number of tasks. Task 1 is taken whole.
    2. The logits are those of the task's own head.
    3. FACIL takes one gradient per batch, of the norm. Ours is per image and of the square: in this the paper is kept.
    """

    name = "mas"
    paper = "aljundi2018memory"
    grid = {"lam": (0.1, 0.03, 0.3, 1.0)}

    def __init__(self, build: Builder, *, lam: NotNegative = 0.1, alpha: Share | None = 0.5) -> None:
        super().__init__(build)
        self.strength, self.alpha = lam, alpha

    def learn(self, task: Task, fit: Fit) -> None:
        fit()
        news = mean_of_gradients(self, task, fit, lambda x, y: self(x, task.index).square().sum(1), torch.abs)
        with torch.no_grad():
            for (weight, old, importance), new in zip(self.shared(), news, strict=True):
                old.copy_(weight)
                if self.alpha is None or task.index == 0:
                    importance += new
                else:
                    importance.lerp_(new, 1 - self.alpha)
