from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tfm_lite.methods.base import Method
from tfm_lite.nn.networks import Builder, Network
from tfm_lite.nn.per_task import PerTask
from tfm_lite.nn.stages import BatchNorm, Plain, Stage, initial
from tfm_lite.options import Positive
from tfm_lite.seeds import torch_stream


class Column(nn.Module):
    """What one task adds to a stage: weights over its own column, and an adapter over the older ones.

    The adapter scales each older column by a learned number, projects them all to the width of its own (1x1), and joins
    them, after a ReLU, by weights of their own (Rusu et al. 2016, Eq. 2).
    """

    SCALE = 0.01  # an older column's first scale: small, as the paper says

    def __init__(self, stage: Stage, width: int, area: int, older: int, generator: torch.Generator) -> None:
        super().__init__()
        self.stage, self.width, self.area, self.older = stage, width, area, older

        def weights(outputs: int, inputs: int, kernel: int) -> nn.Parameter:
            shape = (outputs, inputs, kernel, kernel) if kernel else (outputs, inputs)
            return nn.Parameter(initial(shape, inputs * max(1, kernel) ** 2, generator))

        self.weight = weights(stage.features, width * area, stage.kernel)
        self.bias = nn.Parameter(torch.zeros(stage.features))
        if older:
            self.scale = nn.Parameter(torch.full((older,), self.SCALE))
            self.project = weights(width, older * width, 1 if stage.kernel else 0)
            self.lateral = weights(stage.features, width * area, stage.kernel)
        if stage.norm:
            self.batch_norm = BatchNorm(stage.features)

    def forward(self, x: Tensor) -> Tensor:
        """``x`` holds this column's inputs after those of all older ones."""
        own, split = self.width, self.older * self.width
        if x.dim() == 2 and not self.stage.kernel:  # a linear stage on flattened maps: back to (B, features, area)
            x = x.unflatten(1, (-1, self.area))
        y = self.stage.product(x[:, split : split + own].contiguous(), self.weight, self.bias)
        if self.older:
            y = y + self.laterals(x[:, :split])
        return self.batch_norm(y) if self.stage.norm else y

    def laterals(self, x: Tensor) -> Tensor:
        """What the older columns' features contribute."""
        own, split = self.width, self.older * self.width
        old = x * self.scale.repeat_interleave(own).view(1, -1, *[1] * (x.dim() - 2))
        project = self.project.view(own, split, *[1] * (x.dim() - 2))
        mixed = F.conv2d(old, project) if x.dim() == 4 else F.conv1d(old, project.view(own, split, 1))
        return self.stage.product(F.relu(mixed), self.lateral, None)


class Columns(Plain):
    """A stage of columns; task t runs the columns of tasks 0 to t, side by side."""

    roles = {"columns": "columns"}

    def make(self, inputs: int) -> None:
        self.inputs = inputs
        self.columns: PerTask[Column] = PerTask()

    def begin(self, t: int, *, first: bool) -> None:
        """Add the column of task ``t``; the first stage looks at the image and has no adapters."""
        generator = torch_stream(self.seed, "weights", self.name, t)
        self.columns[t] = Column(self.stage, self.inputs, self.area, 0 if first else t, generator)

    def product(self, x: Tensor, t: int) -> Tensor:
        if not self.stage.kernel:
            x = x.flatten(1)
        return torch.cat([self.columns[s](x) for s in range(t + 1)], 1)

    def before_activation(self, x: Tensor, t: int) -> Tensor:
        return x  # each column has its own batch normalization


class PNN(Method):
    """Progressive neural networks (Rusu et al. 2016): a column per task, which also sees all older columns.

    Every column has ``width`` / number of tasks of the plain network's features; 1.117 is the HAT authors' choice. It must
    know the number of tasks, and the more there are the smaller is the whole: all columns together have about as many weights
    as LeNet-5 for two tasks, and half as many for six.

    1. The head of a task is linear over all columns up to its own; the paper puts an adapter there too.
    2. Initialisation and protocol are this package's.
    """

    name = "pnn"
    paper = "rusu2016progressive"
    zero_forgetting = True
    kit = Columns

    net: Network[Columns]

    def __init__(self, build: Builder, *, width: Positive = 1.117) -> None:
        super().__init__(build)
        self.width = width

    def start(self) -> None:
        share = self.width / self.build.tasks
        features = [max(1, round(stage.features * share)) for stage in self.build.stages]
        self.net = self.build(self.kit, features=features)

    def before_task(self, t: int, classes: int) -> None:
        for i, stage in enumerate(self.net.stages):
            stage.begin(t, first=i == 0)
        self.net.add_head(t, classes, (t + 1) * self.net.stages[-1].stage.features)

    def after_task(self, t: int) -> None:
        for stage in self.net.stages:
            stage.columns.freeze(t)
        self.net.heads.freeze(t)
