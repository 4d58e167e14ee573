"""The networks, each written once as a list of stages; a kit (see :mod:`tfm_lite.nn.stages`) makes the stages' layers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, ClassVar, Generic, Protocol, cast

import torch
from torch import Tensor, nn

from tfm_lite.nn.per_task import PerTask
from tfm_lite.nn.stages import Kit, Plain, S, Stage, initial
from tfm_lite.seeds import torch_stream

NETWORKS: dict[str, tuple[Stage, ...]] = {
    # Two hidden layers, for anything small.
    "mlp": (Stage(200, dropout=True), Stage(200, dropout=True)),
    # LeNet-5 (LeCun et al. 1998) with ReLU and max pool, for 28 to 32 pixels: 226 features.
    "lenet": (
        Stage(6, 5, padding=2, pool=(2, 2)),
        Stage(16, 5, pool=(2, 2)),
        Stage(120, dropout=True),
        Stage(84),
    ),
    # The same with batch normalization after the convolutions, where what it does to old tasks is shown.
    "lenet_bn": (
        Stage(6, 5, padding=2, norm=True, pool=(2, 2)),
        Stage(16, 5, norm=True, pool=(2, 2)),
        Stage(120, dropout=True),
        Stage(84),
    ),
    # torchvision's AlexNet (Krizhevsky 2014) for 224 pixels: 9,344 features.
    "alexnet": (
        Stage(64, 11, stride=4, padding=2, pool=(3, 2)),
        Stage(192, 5, padding=2, pool=(3, 2)),
        Stage(384, 3, padding=1),
        Stage(256, 3, padding=1),
        Stage(256, 3, padding=1, pool=(3, 2), dropout=True),
        Stage(4096, dropout=True),
        Stage(4096),
    ),
    # AlexNet at half the convolutions' and a quarter of the linear layers' width, with strides for 64 pixels.
    "alexnet_64": (
        Stage(32, 5, stride=2, padding=2, pool=(3, 2)),
        Stage(96, 5, padding=2, pool=(3, 2)),
        Stage(192, 3, padding=1),
        Stage(128, 3, padding=1),
        Stage(128, 3, padding=1, pool=(3, 2), dropout=True),
        Stage(1024, dropout=True),
        Stage(1024),
    ),
    # VGG-16 (Simonyan and Zisserman 2015) without its last three convolutions and last pool, for 64 pixels, as the paper
    # cuts it: 10,880 features.
    "vgg16": (
        *(Stage(64, 3, padding=1), Stage(64, 3, padding=1, pool=(2, 2))),
        *(Stage(128, 3, padding=1), Stage(128, 3, padding=1, pool=(2, 2))),
        *(Stage(256, 3, padding=1), Stage(256, 3, padding=1), Stage(256, 3, padding=1, pool=(2, 2))),
        *(Stage(512, 3, padding=1), Stage(512, 3, padding=1), Stage(512, 3, padding=1, pool=(2, 2))),
        *(Stage(4096, dropout=True), Stage(4096, dropout=True)),
    ),
}


MOST_FEATURES = 10**7  # of a layer: the bytes of its weights can still be counted, though no machine has them


def stages_of(network: str | Sequence[Stage], *, width: float = 1.0) -> tuple[Stage, ...]:
    """The stages of a network, by name or as they are, every layer's features times ``width``."""
    if isinstance(network, str) and network not in NETWORKS:
        raise ValueError(f"there is no network {network!r}; the networks are {', '.join(NETWORKS)}")
    if width <= 0:
        raise ValueError(f"the width of a network is a factor above 0, not {width}")
    stages = NETWORKS[network] if isinstance(network, str) else network
    if (most := width * max(stage.features for stage in stages)) > MOST_FEATURES:
        raise ValueError(
            f"a network of width {width:g} has {most:.3g} features in a layer; a layer has {MOST_FEATURES:,} at most: take a "
            "smaller width"
        )
    return tuple(replace(stage, features=max(1, round(stage.features * width))) for stage in stages)


class Stages(nn.ModuleList, Generic[S]):
    """The stages of a network, in order: an ordinary ``ModuleList`` that is known to hold stages of one kit."""

    def __iter__(self) -> Iterator[S]:
        return cast(Iterator[S], super().__iter__())

    def __getitem__(self, i: int) -> S:  # type: ignore[override]
        return cast(S, super().__getitem__(i))


class Network(nn.Module, Generic[S]):
    """Stages of a kit, and a head per task.

    ``features(x, t)`` gives the last hidden layer (B, features), ``head(h, t)`` the logits (B, classes of task t), and
    ``net(x, t)`` both. Which task is meant is always said: a network has no current task.

    Methods rely on this, and a subclass must keep to it:

    1. every parameter lies in one of ``stages`` or of ``heads``;
    2. ``stages`` are a chain, in order: what one gives is all that goes into the next;
    3. each is a :class:`~tfm_lite.nn.stages.Plain`: it has a ``stage`` (what it is), an ``area``, a ``name`` and a ``seed``,
       and what the plain kit makes also ``weight`` and ``bias``.

    A method that claims zero forgetting refuses a network that breaks the first rule, at the end of a task.

    >>> import torch
    >>> net = Builder.of("lenet", tasks=2, channels=1, size=28)()
    >>> net.add_head(0, classes=5)
    >>> tuple(net(torch.zeros(3, 1, 28, 28), 0).shape)
    (3, 5)
    """

    roles: ClassVar[Mapping[str, str]] = {"heads": "heads"}

    def __init__(
        self, stages: Sequence[Stage], kit: Kit[S], *, channels: int, size: int, dropout: float, seed: int
    ) -> None:
        super().__init__()
        self.seed = seed
        self.stages: Stages[S] = Stages()
        self.heads: PerTask[nn.Linear] = PerTask()
        inputs, map_size, area = channels, size, 1
        for i, stage in enumerate(stages):
            area = 1 if stage.kernel else map_size**2
            map_size = stage.map_size(map_size)
            if map_size < 1:
                raise ValueError(
                    f"images of {size} pixels are too small: nothing is left after stage {i + 1}; take larger ones, or a "
                    "network of fewer stages"
                )
            self.stages.append(kit(stage, inputs=inputs, area=area, dropout=dropout, name=f"stage {i + 1}", seed=seed))
            inputs = stage.features

    def add_head(self, t: int, classes: int, features: int = 0) -> None:
        """A linear head for task ``t`` on the first ``features`` of the last stage (0: all of the plain kit's)."""
        features = features or self.stages[-1].stage.features
        head = nn.Linear(features, classes, device="meta")  # its own initial values would only be thrown away
        head.weight = nn.Parameter(initial((classes, features), features, torch_stream(self.seed, "head", t)))
        head.bias = nn.Parameter(torch.zeros(classes))
        self.heads[t] = head.to(next(chain[Tensor](self.stages.parameters(), self.stages.buffers())))

    def features(self, x: Tensor, t: int) -> Tensor:
        for stage in self.stages:
            x = stage(x, t)
        return x.flatten(1)

    def head(self, h: Tensor, t: int) -> Tensor:
        return self.heads[t](h)

    def forward(self, x: Tensor, t: int) -> Tensor:
        return self.head(self.features(x, t), t)


class Images(Protocol):
    """What a network must know of the tasks it is made for; a sequence of tasks says it."""

    @property
    def channels(self) -> int: ...

    @property
    def size(self) -> int: ...

    def __len__(self) -> int: ...


@dataclass(frozen=True)
class Builder:
    """Makes networks of one architecture, always from the same initial weights.

    ``tasks`` is the number of tasks to come, for methods whose paper knows it.

    >>> half = stages_of("lenet", width=0.5)
    >>> build = Builder(half, channels=1, size=28, tasks=2, seed=1)
    >>> [stage.features for stage in build.stages]
    [3, 8, 60, 42]
    """

    stages: tuple[Stage, ...]
    channels: int
    size: int
    tasks: int
    seed: int = 0
    dropout: float = 0.5

    @classmethod
    def of(
        cls,
        network: str | Sequence[Stage],
        *,
        tasks: Images | int,
        channels: int | None = None,
        size: int | None = None,
        width: float = 1.0,
        seed: int = 0,
        dropout: float = 0.5,
    ) -> Builder:
        """A network, by name or as stages, for these ``tasks``; or for a number of them, with the channels and the pixels of
        their images.

        ``width`` multiplies the features of every layer. Raises ``ValueError`` if the shape of the images is not said.
        """
        if not isinstance(tasks, int):
            channels, size, tasks = channels or tasks.channels, size or tasks.size, len(tasks)
        if channels is None or size is None:
            raise ValueError(
                f"tasks={tasks} does not say what the images are: give channels and size as well, or the tasks themselves"
            )
        return cls(stages_of(network, width=width), channels, size, tasks, seed, dropout)

    def __call__(self, kit: Kit[Plain] = Plain, *, features: Sequence[int] | None = None) -> Network[Any]:
        """A network of this kit; ``features`` replaces the number of features of every stage."""
        stages = self.stages
        if features is not None:
            stages = tuple(replace(s, features=n) for s, n in zip(stages, features, strict=True))
        return Network(stages, kit, channels=self.channels, size=self.size, dropout=self.dropout, seed=self.seed)
