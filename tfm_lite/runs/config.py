"""What to run, and the names that a run has by it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Annotated, Any, Literal

from tfm_lite import methods, train
from tfm_lite.datasets.names import OWN
from tfm_lite.datasets.tasks import TaskSequence
from tfm_lite.methods.base import Method
from tfm_lite.nn.networks import Builder, stages_of
from tfm_lite.options import Count, Positive, Range, check_fields, check_options
from tfm_lite.runs.results import Result
from tfm_lite.train import FULL, Protocol

# Fields of a configuration that came after the first records, with the value that leaving them out stands for.
LATER = {"precision": "fp32"}
OPEN = ("size", "network")  # fields that may be left open


@dataclass(frozen=True)
class Config:
    """What to run. ``size`` and ``network`` may be left open (None): the data set and the size of its images decide.

    ``width`` multiplies the features of every layer; ``options`` are the keyword arguments of the method; ``precision`` is
    that of :class:`~tfm_lite.datasets.inputs.Inputs`. Raises ``ValueError`` where the run could not be, before anything is
    loaded.

    >>> config = Config("alphabets", "tfm", options={"grow": "schedule"})
    >>> Config("alphabets", "freeze", options={"lam": 3.0})
    Traceback (most recent call last):
    ValueError: freeze has no option 'lam'; it has none
    """

    tasks: str
    method: str
    seed: Annotated[int, Range(least=0)] = 0
    network: str | None = None
    width: Positive = 1.0
    size: Count | None = None
    protocol: Protocol = FULL
    options: Mapping[str, Any] = field(default_factory=dict)
    precision: Literal["fp32", "bf16"] = "fp32"

    def __post_init__(self) -> None:
        check_fields(self, "a run's")
        if self.network is not None:
            stages_of(self.network)
        if self.method:  # a configuration that others are made of may have none yet
            check_options(methods.get(self.method), self.options)

    def resolved(self, tasks: TaskSequence) -> Config:
        """The same with nothing left open. One's own folder goes by the tasks' name, wherever it is: a record has no path."""
        name = tasks.name if self.tasks.startswith(OWN) else self.tasks
        return replace(self, tasks=name, size=tasks.size, network=self.network or default_network(tasks.size))

    def plain(self) -> dict[str, Any]:
        """The configuration as plain JSON, as records have it."""
        values = json.loads(json.dumps(asdict(self)))
        return {name: value for name, value in values.items() if (name, value) not in LATER.items()}

    def describes(self, result: Result) -> bool:
        """Whether a record is of this configuration; what is left open may be anything."""
        said = all(getattr(self, name) in (None, result.config[name]) for name in OPEN)
        return said and self.identity == identity(result.config)

    @cached_property
    def identity(self) -> str:
        """What :func:`identity` is of a record of this configuration."""
        return identity(self.plain())

    def key(self, fingerprint: str) -> str:
        """A name for this configuration on these data, at today's numerics."""
        text = json.dumps([self.plain(), fingerprint, train.NUMERICS], sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def identity(config: Mapping[str, Any], *, without: Sequence[str] = OPEN) -> str:
    """All of a plain configuration but what may be left open, as a text to look it up by: the same for 1 and 1.0."""
    values = {name: value for name, value in {**LATER, **config}.items() if name not in without}
    return json.dumps(json.loads(json.dumps(values), parse_int=float), sort_keys=True)


def default_network(size: int) -> str:
    """The network for images of this many pixels."""
    return "lenet" if size <= 32 else "alexnet_64" if size <= 96 else "alexnet"


def build_method(config: Config, tasks: TaskSequence) -> Method:
    """The method of a configuration, fresh."""
    config = config.resolved(tasks)
    stages = stages_of(str(config.network), width=config.width)
    shape: dict[str, Any] = {"channels": tasks.channels, "size": tasks.size, "tasks": len(tasks)}
    build = Builder(stages, **shape, seed=config.seed, dropout=config.protocol.dropout)
    return methods.get(config.method)(build, **config.options)
