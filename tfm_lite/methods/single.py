from __future__ import annotations

from torch import Tensor

from tfm_lite.methods.base import Method
from tfm_lite.nn.growth import features_at
from tfm_lite.nn.networks import Builder, Network
from tfm_lite.nn.per_task import PerTask
from tfm_lite.nn.stages import Plain
from tfm_lite.options import Fraction


class Single(Method):
    """A separate network per task: nothing is forgotten and nothing is shared.

    ``fraction`` is the size of each network, as a share of the plain network's weights. At 1 it is the ceiling for a
    method that shares nothing; at 1 / tasks all networks together have the plain network's weights.
    """

    name = "single"
    zero_forgetting = True

    def __init__(self, build: Builder, *, fraction: Fraction = 1.0) -> None:
        super().__init__(build)
        self.fraction = fraction

    def start(self) -> None:
        self.nets: PerTask[Network[Plain]] = PerTask()

    def widths(self) -> list[int]:
        """Features per layer of one task's network."""
        return features_at(self.build.stages, self.fraction)

    def before_task(self, t: int, classes: int) -> None:
        net = self.build(self.kit, features=self.widths())
        net.add_head(t, classes)
        self.nets[t] = net

    def after_task(self, t: int) -> None:
        self.nets.freeze(t)

    def forward(self, x: Tensor, t: int) -> Tensor:
        return self.nets[t](x, t)
