"""What to run, and the names that a run has by it: a configuration, and with its tasks a run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from tfm_lite import methods, protocol, train
from tfm_lite.datasets.names import OWN
from tfm_lite.datasets.tasks import TaskSequence
from tfm_lite.methods.base import Method
from tfm_lite.nn.networks import Builder, stages_of
from tfm_lite.options import Pixels, Positive, Range, check_fields, check_options
from tfm_lite.places import caches
from tfm_lite.protocol import FULL, Protocol
from tfm_lite.runs.results import Result

# Fields of a configuration that came after the first records, with the value that leaving them out stands for.
LATER = {"precision": "fp32"}
OPEN = ("size", "network")  # fields that may be left open
TOLD = ("tasks", "method", "seed")  # fields that tell most runs apart, and are compared at no cost


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
    size: Pixels | None = None
    protocol: Protocol = FULL
    options: Mapping[str, Any] = field(default_factory=dict)
    precision: Literal["fp32", "tf32", "bf16"] = "fp32"

    def __post_init__(self) -> None:
        check_fields(self, "a run's")
        if self.network is not None:
            stages_of(self.network, width=self.width)
        if self.method:  # a configuration that others are made of may have none yet
            check_options(methods.get(self.method), self.options)

    def resolved(self, tasks: TaskSequence) -> Config:
        """The same with nothing left open. One's own folder goes by the tasks' name, wherever it is: a record has no path."""
        name = tasks.name if self.tasks.startswith(OWN) else self.tasks
        return replace(self, tasks=name, size=tasks.size, network=self.network or default_network(tasks.size))

    def plain(self) -> dict[str, Any]:
        """The configuration as plain JSON, as records have it."""
        return json.loads(json.dumps(_as_told(asdict(self))))  # type: ignore[no-any-return]

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Self:
        """The configuration that a record has as plain JSON."""
        return cls(**{**plain, "protocol": Protocol(**plain["protocol"])})

    def describes(self, result: Result) -> bool:
        """Whether a record is of this configuration; what is left open may be anything."""
        said = all(getattr(self, name) in (None, result.config[name]) for name in OPEN)
        alike = said and all(getattr(self, name) == result.config[name] for name in TOLD)
        return alike and self.identity == identity(result.config)

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
    return json.dumps(
        {name: _as_read(value) for name, value in _as_told(config).items() if name not in without}, sort_keys=True
    )


def _as_read(value: Any) -> Any:
    """A plain value with every integer a float. In one walk: it is done for every record of thousands."""
    if type(value) is int:
        return float(str(value))  # of one too large, infinity and no error
    if isinstance(value, dict):
        return {name: _as_read(each) for name, each in value.items()}
    return [_as_read(each) for each in value] if isinstance(value, list | tuple) else value


def _as_told(plain: Mapping[str, Any]) -> dict[str, Any]:
    """A plain configuration without what came later, where that says what leaving it out stands for."""

    def told(values: Mapping[str, Any], later: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in values.items() if (name, value) not in later.items()}

    return told({**plain, "protocol": told(plain.get("protocol", {}), protocol.LATER)}, LATER)


def default_network(size: int) -> str:
    """The network for images of this many pixels."""
    return "lenet" if size <= 32 else "alexnet_64" if size <= 96 else "alexnet"


@dataclass(frozen=True, eq=False)
class Run:
    """A configuration and the tasks that its data set is cut into: all that a run depends on."""

    config: Config
    tasks: TaskSequence

    def __post_init__(self) -> None:
        if not isinstance(self.tasks, TaskSequence):
            raise ValueError(f"a run's tasks are a TaskSequence, not a {type(self.tasks).__name__}")

    @cached_property
    def resolved(self) -> Config:
        """The configuration with nothing left open."""
        return self.config.resolved(self.tasks)

    @cached_property
    def key(self) -> str:
        """Configuration, data and numerics in one word, as records have it."""
        return self.resolved.key(self.tasks.fingerprint)

    @cached_property
    def name(self) -> str:
        """That of the folder in which it is kept."""
        c = self.resolved
        return f"{c.tasks}-{c.method}-seed{c.seed}-{self.key}"

    def folder(self, data: Path | None) -> Path:
        """Where it is kept, beside this data folder's other runs."""
        return self.folders(data)[0]

    def folders(self, data: Path | None) -> list[Path]:
        """Where it is kept and, where that is the user's own cache, also where others may have made it."""
        return caches(data, f"runs/{self.name}")

    def method(self) -> Method:
        """The method, fresh."""
        c = self.resolved
        build = Builder.of(str(c.network), tasks=self.tasks, width=c.width, seed=c.seed, dropout=c.protocol.dropout)
        return methods.get(c.method)(build, **c.options)


def build_method(config: Config, tasks: TaskSequence) -> Method:
    """The method of a configuration, fresh."""
    return Run(config, tasks).method()
