from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Literal

from tfm_lite.datasets.tasks import Task
from tfm_lite.methods.base import Method
from tfm_lite.nn import growth
from tfm_lite.nn.layers import Ternary
from tfm_lite.nn.networks import Builder, Network
from tfm_lite.nn.stages import Kit, Plain
from tfm_lite.options import Fraction, Positive, Share
from tfm_lite.train import Fit


class TFM(Method):
    """Ternary feature masks with task-specific feature normalization (Masana et al., CVPRW 2021, Eq. 3 to 9).

    The first task learns a network of ``start`` of the plain network's weights. Each later task adds features, learns
    them and the weights that join them to the old ones, and never moves an old weight.

    How many features: with ``grow="search"`` every growth of ``growths`` (shares of the plain network's weights) is
    trained from the same state, and the smallest whose validation accuracy is within ``margin`` (a fraction: 0.015 is 1.5
    points) of the best is kept; with ``grow="schedule"`` the network reaches full size in equal steps. Sizes are shares
    ``of`` "weights" or "features". ``norm``, ``which`` and ``norm_start`` are the options of
    :class:`~tfm_lite.nn.layers.Ternary` and :class:`~tfm_lite.nn.feature_norm.FeatureNorm`. ``boost`` multiplies the
    gradients of the features that a later task adds, to see whether it matters if they are weaker
    (:mod:`tfm_lite.methods.reach`).

    The grid's margins are the paper's two, for ImageNet and for fine-grained sets. A selection sees how much a growth gains
    on the tasks at hand, not what it takes from later ones below the cap; so it favours the smaller margin.
    """

    name = "tfm"
    paper = "masana2021ternary"
    zero_forgetting = True
    kit: Kit[Plain] = Ternary
    grid = {"start": (0.55, 0.3, 0.7), "margin": (0.015, 0.001)}

    net: Network[Ternary]

    def __init__(
        self,
        build: Builder,
        *,
        grow: Literal["search", "schedule"] = "search",
        start: Fraction = 0.55,
        growths: Sequence[Share] = (0.0, 0.025, 0.05, 0.1, 0.15),
        margin: Share = 0.015,
        of: Literal["weights", "features"] = "weights",
        norm: Literal["before", "after"] | None = "before",
        which: Literal["all", "old"] = "all",
        norm_start: Literal["identity", "previous"] = "identity",
        boost: Positive = 1.0,
    ) -> None:
        super().__init__(build)
        self.policy, self.first, self.growths, self.margin, self.of = grow, start, growths, margin, of
        self.boost = boost
        self.kit = partial(Ternary, norm=norm, which=which, start=norm_start)
        self.fractions: list[float] = []  # the network's size after each task

    def before_task(self, t: int, classes: int) -> None:
        """Nothing yet: how the network grows is part of learning the task."""

    def learn(self, task: Task, fit: Fit) -> None:
        before, fractions = self.net, self.candidates(task.index)

        def tried() -> Iterator[tuple[Network[Ternary], float]]:
            for i, fraction in enumerate(fractions):
                self.net = copy.deepcopy(before) if i < len(fractions) - 1 else before  # the last needs no copy
                self.grow(task.index, fraction)
                yield self.net, fit().accuracy

        best, self.net = growth.best_small(tried(), self.margin)
        self.fractions.append(fractions[best])

    def fits(self, t: int) -> int:
        return len(self.growths) if t and self.policy == "search" else 1

    def candidates(self, t: int) -> list[float]:
        """The sizes to try for task ``t``: one, or several to choose from."""
        if self.policy == "schedule":
            return [growth.schedule(self.build.tasks, start=self.first)[t]]
        return growth.candidates(self.fractions[-1], self.growths) if t else [self.first]

    def grow(self, t: int, fraction: float) -> None:
        """Grow the network to this fraction of the plain one (Eq. 8, 9), with a head for task ``t``."""
        features = growth.features_at(self.build.stages, fraction, of=self.of)
        inputs = self.build.channels
        for stage, count in zip(self.net.stages, features, strict=True):
            stage.grow(t, inputs, count)
            inputs = count
        self.net.add_head(t, self.classes[t], inputs)

    def after_backward(self, t: int) -> None:
        if t and self.boost != 1:
            own = (p for stage in self.net.stages for p in (stage.layer.rows, stage.layer.new_bias))
            for parameter in own:
                if parameter.grad is not None:  # a layer may have grown by nothing
                    parameter.grad.mul_(self.boost)

    def after_task(self, t: int) -> None:
        for stage in self.net.stages:
            stage.keep()
        self.net.heads.freeze(t)

    def storage(self) -> dict[str, int]:
        """As for every method, and the masks: per task and layer one boundary of four bytes."""
        return {**super().storage(), "masks": 4 * self.learned * len(self.net.stages)}

    def structure(self) -> dict[str, Any]:
        return {**super().structure(), "fractions": self.fractions}

    def reshape(self, t: int, structure: dict[str, Any]) -> None:
        """Without ``fractions`` in the structure, the network grows by schedule."""
        fractions = structure.get("fractions") or growth.schedule(self.build.tasks, start=self.first)
        self.fractions.append(fractions[t])
        self.grow(t, fractions[t])
