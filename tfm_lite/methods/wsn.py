from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from typing import Any, Literal

import torch
from torch import Tensor, nn

from tfm_lite import huffman
from tfm_lite.methods.base import Method
from tfm_lite.methods.packnet import smallest
from tfm_lite.methods.piggyback import pack, unpack
from tfm_lite.nn.networks import Builder, Network
from tfm_lite.nn.stages import Plain, freeze, initial
from tfm_lite.options import Fraction, Positive
from tfm_lite.protocol import Protocol
from tfm_lite.seeds import torch_stream


class Greatest(torch.autograd.Function):
    """1 for the ``count`` greatest scores, and for what equals the least of them, else 0; the gradient passes straight
    through."""

    @staticmethod
    def forward(ctx: Any, score: Tensor, count: int) -> Tensor:
        least = smallest(score.flatten(), score.numel() - count + 1)
        return torch.ge(score, least, out=torch.empty_like(score))

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        return grad, None


class Winning(Plain):
    """A stage of weights and scores: a task uses the weights of the greatest scores, and what a task uses never moves again.

    Between tasks ``kept`` has all weights. While a task is learned it has those that are taken, and 0 elsewhere; the
    parameter ``weight`` counts only where ``factor`` is 1, which is where no finished task uses it. So whatever an optimizer
    does to the parameter, taken weights are what they were, while the task learns and after it.
    """

    roles = {"kept": "weights", "score": "scores", "masks": "masks"}

    kept: Tensor
    score: Tensor
    factor: Tensor

    def make(self, inputs: int) -> None:
        super().make(inputs)
        self.register_buffer("kept", self.weight.detach())
        del self.weight
        self.masks = nn.Module()  # of finished tasks, as bits
        self.learning: int | None = None
        self.register_load_state_dict_post_hook(_claim)

    def begin(self, t: int, *, share: float, fresh: bool) -> None:
        """Let task ``t`` learn which ``share`` of the weights it uses; ``fresh`` scores, or those of the task before."""
        self.learning, self.fresh = t, fresh
        self.count = max(1, round(share * self.kept.numel()))
        self.weight = nn.Parameter(self.kept.clone())
        if fresh or not t:
            generator = torch_stream(self.seed, "scores", self.name, t)
            score = initial(tuple(self.kept.shape), 3 * self.kept[0].numel(), generator)
            self.score = nn.Parameter(score.to(self.kept))
        else:
            self.score = nn.Parameter(self.score.clone())
        self.claim()

    def claim(self) -> None:
        """Say which weights are taken: those in the mask of a finished task."""
        taken = self.taken()
        self.kept = torch.where(taken, self.kept, 0)
        self.register_buffer("factor", (~taken).to(self.kept), persistent=False)

    def mask(self, t: int) -> Tensor:
        """Which weights a finished task uses, bool of their shape."""
        return unpack(self.masks.get_buffer(f"bits_{t}"), self.kept.shape)

    def taken(self) -> Tensor:
        """Which weights any finished task uses, bool of their shape."""
        bits = list(self.masks.buffers())
        if not bits:
            return torch.zeros_like(self.kept, dtype=torch.bool)
        return unpack(reduce(torch.bitwise_or, bits), self.kept.shape)

    def keep(self) -> None:
        """End the task: what it uses is taken."""
        chosen = Greatest.apply(self.score.detach(), self.count).bool()
        self.kept = torch.where(self.factor == 0, self.kept, self.weight.detach())
        self.masks.register_buffer(f"bits_{self.learning}", pack(chosen))
        self.learning = None
        del self.weight, self.factor
        if self.fresh:
            del self.score
        freeze(self)  # the scores; with the first task the bias, too

    def used(self, t: int) -> tuple[Tensor, Tensor]:
        if t == self.learning:
            weight = torch.addcmul(self.kept, self.factor, self.weight)
            return weight * Greatest.apply(self.score, self.count), self.bias
        return self.kept * self.mask(t), self.bias


def _claim(stage: Winning, _: Any) -> None:
    """Other masks were loaded: other weights are taken."""
    if stage.learning is not None:
        stage.claim()


class WSN(Method):
    """Winning subnetworks (Kang et al., ICML 2022): every weight has a score, a task uses the ``share`` of each layer's
    weights with the greatest scores, and moves those of them that no older task uses.

    Weights and scores learn together, by Adam at ``lr`` as in the authors' code; the loop divides it as it divides any
    learning rate. ``scores`` are "kept" from task to task, as in the paper's algorithm, or drawn anew for each ("new"): then
    none are stored, and masks of different tasks resemble each other less, which makes their code longer.

    1. The authors' networks have no biases and, where they normalize, do so by the batch at hand. Here biases and batch
       normalization learn with the first task only, as PackNet's do.
    2. The authors' code ranks scores by magnitude, the paper's equations by value, and so does this.
    3. Scores are drawn from a normal distribution, of the variance of the authors' uniform one.
    4. When the rate falls and when to stop is this package's protocol, not the authors'.
    5. A taken weight is held by a buffer. The authors set its gradient to 0, which holds it under an optimizer that has no
       weight decay and is made anew for each task.
    """

    name = "wsn"
    paper = "kang2022forget"
    zero_forgetting = True
    kit = Winning
    grid = {"share": (0.5, 0.3, 0.7), "lr": (1e-3, 3e-3)}

    net: Network[Winning]

    TOGETHER = 7  # tasks whose masks are coded together, as in the authors' code

    def __init__(
        self,
        build: Builder,
        *,
        share: Fraction = 0.5,
        lr: Positive = 1e-3,
        scores: Literal["kept", "new"] = "kept",
    ) -> None:
        super().__init__(build)
        self.share, self.lr, self.fresh = share, lr, scores == "new"

    def before_task(self, t: int, classes: int) -> None:
        super().before_task(t, classes)
        for stage in self.net.stages:
            stage.begin(t, share=self.share, fresh=self.fresh)

    def optimizer(self, parameters: Iterable[nn.Parameter], t: int, protocol: Protocol) -> torch.optim.Optimizer:
        return torch.optim.Adam(parameters, self.lr, fused=True)

    def after_task(self, t: int) -> None:
        for stage in self.net.stages:
            stage.keep()
        self.net.heads.freeze(t)

    def symbols(self) -> list[Tensor]:
        """The masks of all finished tasks, layer by layer, of up to seven tasks at a time: uint8, in the weights' shape.

        The bits that a weight has in these masks are one number, the first task's the lowest.
        """
        found = []
        for stage in self.net.stages:
            for first in range(0, self.learned, self.TOGETHER):
                masks = [stage.mask(t) for t in range(first, min(first + self.TOGETHER, self.learned))]
                found.append(
                    sum((mask.to(torch.uint8) << k for k, mask in enumerate(masks)), torch.zeros_like(masks[0]))
                )
        return found

    def coded(self) -> list[bytes]:
        """The same as the paper compresses them, each Huffman coded (:func:`tfm_lite.huffman.encode`)."""
        return [huffman.encode(each, min(self.learned, self.TOGETHER)) for each in self.symbols()]

    def needed(self) -> dict[str, int]:
        """Bytes without which the finished tasks could not be answered, by what they are for; no task is to come.

        These are the weights that some mask has, one after the other, since the masks say where they belong; the masks,
        coded; and biases, batch normalization and heads. :meth:`storage` has besides what the next task starts from.
        """
        kept = self.storage()
        spare = sum(int((~stage.taken()).sum()) * stage.kept.element_size() for stage in self.net.stages)
        return {"weights": kept["weights"] - spare, "heads": kept["heads"], "masks": sum(map(len, self.coded()))}
