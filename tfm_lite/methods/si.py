from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from tfm_lite.methods.importance import Anchored, blocks, values
from tfm_lite.nn.networks import Builder
from tfm_lite.options import NotNegative, Positive


class SI(Anchored):
    """Synaptic intelligence (Zenke et al., ICML 2017): importance is how much a weight's way lowered the loss.

    While a task is learned, each step adds ``-gradient * movement`` to a weight's path integral (Eq. 3); at its end
    ``path / ((weight - old) ** 2 + damping)`` is added to the importance (Eq. 5). ``c`` and ``damping`` are 0.1, the paper's
    for permuted MNIST; for split MNIST its damping is 0.001.

    Differences from the paper:

    1. An importance below zero is set to zero, as in the authors' code: such a penalty would have no minimum.
    2. The authors use Adam; here it is the optimizer of all methods. The movement is what it really did, clipped or not.
    3. The path ends where the best weights were found, because those are kept.

    Importances add up over the tasks, so that the same ``c`` holds harder with each. That is why the grid ends at 10: a
    strength that suits the tasks of the selection can be too much for those to come.

    The gradient is that of the data term alone. So backward sees the data term alone, too; the penalty's gradient, which is
    known in closed form, joins after it.
    """

    name = "si"
    paper = "zenke2017continual"
    grid = {"c": (0.1, 1.0, 10.0)}
    roles = {"path": "path integrals"}

    def __init__(self, build: Builder, *, c: NotNegative = 0.1, damping: Positive = 0.1) -> None:
        super().__init__(build)
        self.strength, self.damping = c, damping

    def start(self) -> None:
        super().start()
        self.path = values(self.net.stages, zero=True)
        self.work: list[tuple[Tensor, Tensor]] = []  # the whole gradient and the weight before a step: room, no state
        self.gradients: list[Any] = []  # the data term's

    def penalty(self, t: int) -> Tensor | float:
        with torch.no_grad():
            return super().penalty(t)

    @torch.no_grad()
    def after_backward(self, t: int) -> None:
        """Add the penalty's gradient; what backward left is the data's, and is kept as it is."""
        self.work = self.work or [(torch.empty_like(weight), torch.empty_like(weight)) for weight, *_ in self.shared()]
        self.gradients = []
        for triple, (total, start) in zip(self.shared(), self.work, strict=True):
            weight: Any = triple[0]
            self.gradients.append(weight.grad)
            parts = blocks(*triple, weight.grad, total, start)
            for now, old, importance, gradient, both, before in parts:
                before.copy_(now)
                torch.addcmul(gradient, importance, now - old, value=2 * self.strength, out=both)
            weight.grad = total  # to be clipped, and given to the optimizer

    @torch.no_grad()
    def after_step(self, t: int) -> None:
        parts = zip(self.shared(), self.gradients, self.work, self.path.buffers(), strict=True)
        for (shared, *_), grad, (_, start), integral in parts:
            for weight, gradient, before, path in blocks(shared, grad, start, integral):
                path.addcmul_(gradient, weight - before, value=-1)

    @torch.no_grad()
    def after_task(self, t: int) -> None:
        for (weight, old, importance), path in zip(self.shared(), self.path.buffers(), strict=True):
            importance.add_(path / ((weight - old).square() + self.damping)).clamp_(min=0)
            old.copy_(weight)
            path.zero_()
        self.work, self.gradients = [], []
