from __future__ import annotations

from torch import Tensor, nn

from tfm_lite.methods.base import Method
from tfm_lite.nn.growth import features_at
from tfm_lite.nn.networks import Builder
from tfm_lite.nn.stages import freeze
from tfm_lite.options import Fraction


class Single(Method):
    """A separate network per task: nothing is forgotten and nothing is shared.

    ``fraction`` is the size of each network, as a share of the plain network's weights. At 1 it is the ceiling for a
    method that shares nothing; at 1 / tasks all networks together have the plain network's weights.
    """

    name = "single"
    zero_forgetting = True

    def __init__(self, build: Builder, *, fraction: Fraction = 1.0) -> None:
        self.fraction = fraction
        super().__init__(build)

    def start(self) -> None:
        self.nets = nn.ModuleList()

    def features(self) -> list[int]:
        """Features per layer of one task's network."""
        return features_at(self.build.stages, self.fraction)

    def before_task(self, t: int, classes: int) -> None:
        net = self.build(self.kit, features=self.features())
        net.add_head(t, classes)
        self.nets.append(net)

    def after_task(self, t: int) -> None:
        freeze(self.nets[t])

    def forward(self, x: Tensor, t: int) -> Tensor:
        return self.nets[t](x, t)  # type: ignore[no-any-return]
