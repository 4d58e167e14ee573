from __future__ import annotations

from dataclasses import replace

from torch import Tensor

from tfm_lite.methods.taught import Taught
from tfm_lite.nn.networks import Builder
from tfm_lite.options import Count, NotNegative


class LfL(Taught):
    """Less-forgetting learning (Jung et al., 2016): on the new images, the last hidden layer must stay where it was.

    The loss adds ``lam / 2`` times the squared distance between the features (the input of the head) and those of the network
    before the task, summed over the features and over a batch of ``batch`` images: 64, as in HAT's code (Serra et al. 2018).
    Its ``lam`` is 0.05, from a grid of 0.1 to 0.00005, with the remark that none really works. Under this protocol 0.05
    overshoots, for the features of alphabets are too large for a step of its learning rate; the clip holds it, and nothing
    new is learned. Hence 0.0001, chosen on its validation images.

    Differences from the paper:

    1. HAT's code sums over the images of a batch, so that its loss changes with the batch's size. Here the sum is ``batch``
       times the mean: the same for a whole batch, and for any other as strong.
    2. Each task has its own head; old ones stay as they are. The paper has one classifier, and freezes it.
    3. The last hidden layer has no dropout, as in HAT's code: its noise would count as distance. Where the plain network has
       dropout there, the first task is learned without it.
    """

    name = "lfl"
    paper = "jung2016less"
    grid = {"lam": (0.0001, 0.00001, 0.001, 0.01)}

    def __init__(self, build: Builder, *, lam: NotNegative = 0.0001, batch: Count = 64) -> None:
        *stages, last = build.stages
        super().__init__(replace(build, stages=(*stages, replace(last, dropout=False))))
        self.lam, self.batch = lam, batch

    def lesson(self, h: Tensor, old: Tensor, t: int) -> Tensor:
        return self.lam / 2 * self.batch * (h - old).square().sum(1).mean()
