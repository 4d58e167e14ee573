"""A run from its configuration to its record, continued where it stopped."""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

import tfm_lite
from tfm_lite import datasets, distributed, methods, metrics, train
from tfm_lite.checkpoint import Checkpoint
from tfm_lite.methods.base import Method
from tfm_lite.networks import Builder, stages_of
from tfm_lite.results import Result
from tfm_lite.tasks import TaskSequence
from tfm_lite.train import FULL, OnEpoch, Protocol

# Fields of a configuration that came after the first records, with the value that leaving them out stands for.
LATER = {"precision": "fp32"}


@dataclass(frozen=True)
class Config:
    """What to run. ``size`` and ``network`` may be left open (None): the data set and the size of its images decide.

    ``width`` multiplies the features of every layer; ``options`` are the keyword arguments of the method; ``precision`` is
    that of :class:`~tfm_lite.inputs.Inputs`.
    """

    tasks: str
    method: str
    seed: int = 0
    network: str | None = None
    width: float = 1.0
    size: int | None = None
    protocol: Protocol = FULL
    options: Mapping[str, Any] = field(default_factory=dict)
    precision: str = "fp32"

    def resolved(self, tasks: TaskSequence) -> Config:
        """The same with nothing left open."""
        return replace(self, size=tasks.size, network=self.network or default_network(tasks.size))

    def plain(self) -> dict[str, Any]:
        """The configuration as plain JSON, as records have it."""
        values = json.loads(json.dumps(asdict(self)))
        return {name: value for name, value in values.items() if (name, value) not in LATER.items()}

    def describes(self, result: Result) -> bool:
        """Whether a record is of this configuration; what is left open may be anything."""
        ours, theirs = LATER | self.plain(), LATER | result.config
        return all(theirs[name] == value for name, value in ours.items() if value is not None)

    def key(self, fingerprint: str) -> str:
        """A name for this configuration on these data, at today's numerics."""
        text = json.dumps([self.plain(), fingerprint, train.NUMERICS], sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def default_network(size: int) -> str:
    """The network for images of this many pixels."""
    return "lenet" if size <= 32 else "alexnet_64" if size <= 96 else "alexnet"


def build_method(config: Config, tasks: TaskSequence) -> Method:
    """The method of a configuration, fresh."""
    config = config.resolved(tasks)
    stages = stages_of(str(config.network), width=config.width)
    shape: dict[str, Any] = {"channels": tasks.channels, "size": tasks.size, "tasks": len(tasks)}
    build = Builder(stages, **shape, seed=config.seed, dropout=config.protocol.dropout)
    method = methods.get(config.method)
    known = options_of(method)
    for name, value in config.options.items():
        if name not in known:
            choices = f"its options are {', '.join(known)}" if known else "it has none"
            raise ValueError(f"{config.method} has no option {name!r}; {choices}")
        usual = known[name].default
        if isinstance(usual, int | float) and not isinstance(value, int | float):
            raise ValueError(f"{config.method}'s option {name} is a number such as {usual}, not {value!r}")
    return method(build, **config.options)


def run_experiment(
    config: Config,
    *,
    data: Path | None = None,
    folder: Path | None = None,
    device: str = "cpu",
    on_epoch: OnEpoch | None = None,
    tasks: TaskSequence | None = None,
) -> Result:
    """Run a configuration and return its record.

    ``folder`` is where checkpoints are kept while it runs, in a folder of the run's own name: called again after a stop
    it goes on there, to the same bits. None: none are kept. ``tasks`` replaces the data set of the configuration's name.
    """
    tasks = tasks or datasets.load(config.tasks, seed=config.seed, size=config.size, data=data)
    config = config.resolved(tasks)
    method, key = build_method(config, tasks), config.key(tasks.fingerprint)
    if torch.device(device).type == "cuda":
        _deterministic_cuda()
    how: dict[str, Any] = {"protocol": config.protocol, "seed": config.seed, "device": device, "on_epoch": on_epoch}
    history = train.run(method, tasks, **how, precision=config.precision, checkpoint=Checkpoint(folder))
    count = len(tasks)
    return Result(
        key=key,
        config=config.plain(),
        accuracy=[[*row, *[None] * (count - len(row))] for row in history.matrix],
        average=metrics.average(history.matrix),
        forgetting=metrics.forgetting(history.matrix),
        memory=method.storage(),
        structure=method.structure(),
        fits=[[asdict(outcome) for outcome in outcomes] for outcomes in history.fits],
        tasks=[task.name for task in tasks],
        images=[len(task.test) for task in tasks],
        seconds=round(sum(outcome.seconds for outcomes in history.fits for outcome in outcomes), 1),
        fingerprint=tasks.fingerprint,
        numerics=train.NUMERICS,
        environment=_environment(device),
    )


def options_of(method: type[Method]) -> dict[str, inspect.Parameter]:
    """The constructor's keyword arguments by name, through ``**options`` to the base class's."""
    found: dict[str, inspect.Parameter] = {}
    for cls in method.__mro__:
        if "__init__" in vars(cls) and issubclass(cls, Method):
            parameters = inspect.signature(cls.__init__).parameters.values()
            found = {p.name: p for p in parameters if p.kind is p.KEYWORD_ONLY} | found
            if all(p.kind is not p.VAR_KEYWORD for p in parameters):
                break
    return found


def _deterministic_cuda() -> None:
    """Ask CUDA for the same bits every time: deterministic algorithms, no benchmark mode, no TF32."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False


def _environment(device: str) -> dict[str, Any]:
    name = torch.cuda.get_device_name(device) if torch.device(device).type == "cuda" else platform.machine()
    # Asked of the installed package: to import torchvision takes as long as all the rest.
    versions = {"tfm_lite": tfm_lite.__version__, "torch": torch.__version__, "torchvision": version("torchvision")}
    where = {"device": name, "threads": torch.get_num_threads(), "processes": distributed.processes()}
    return {**versions, "python": platform.python_version(), **where}
