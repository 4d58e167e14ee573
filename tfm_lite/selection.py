"""Hyper-parameters, chosen on validation images and without looking ahead.

A method names the values to try, its ``grid``. Each combination learns the first few tasks of a sequence, under several
seeds; the one with the best mean validation accuracy over these tasks, after the last of them, then serves the whole sequence
under every seed. Neither a later task nor a test image has a say. One seed is not enough: a penalty just below where training
diverges may be the best under one seed, and destroy the network under the next.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from itertools import product
from pathlib import Path
from statistics import mean
from typing import Any

from tfm_lite import datasets, methods, train
from tfm_lite.experiment import Config, build_method, options_of
from tfm_lite.files import written
from tfm_lite.results import shipped
from tfm_lite.tasks import TaskSequence
from tfm_lite.train import Inputs

OnTried = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Choice:
    """What was tried and what was chosen.

    ``tried`` holds, for each combination, its ``options`` and, for each of the ``seeds``, the validation ``accuracy``
    (fractions) of the ``tasks`` seen, after the last of them. ``options`` are the chosen ones, as far as they are not the
    method's defaults anyway.
    """

    config: dict[str, Any]
    seeds: list[int]
    tasks: list[str]
    tried: list[dict[str, Any]]
    options: dict[str, Any]
    fingerprint: str
    numerics: int

    @property
    def name(self) -> str:
        """The file's name, without its ending."""
        c = self.config
        return f"{c['tasks']}-{c['size']}-{c['network']}-{c['method']}"


def combinations(method: str) -> list[dict[str, Any]]:
    """Every combination of the values in a method's grid; the first value of each is the default."""
    grid = methods.get(method).grid
    if not grid:
        raise ValueError(f"{method} has no grid of options to choose from; give its class one, as that of ewc")
    return [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]


def select(
    config: Config,
    *,
    seeds: Sequence[int] = (0, 1, 2),
    count: int = 3,
    data: Path | None = None,
    device: str = "cpu",
    on_tried: OnTried | None = None,
) -> Choice:
    """Try the grid of the configuration's method on the first ``count`` tasks and choose. Ties go to what is tried first."""
    load = partial(datasets.load, config.tasks, size=config.size, data=data)
    sequences = {seed: load(seed=seed) for seed in seeds}
    tasks = sequences[seeds[0]]
    config = replace(config.resolved(tasks), seed=seeds[0])
    tried: list[dict[str, Any]] = []
    for options in combinations(config.method):
        candidate = replace(config, options={**config.options, **options})
        every = [validation(replace(candidate, seed=s), own, count, device=device) for s, own in sequences.items()]
        tried.append({"options": options, "accuracy": every})
        if on_tried:
            on_tried(tried[-1])
    best = max(tried, key=score)
    return Choice(
        config=json.loads(json.dumps(asdict(config))),
        seeds=list(seeds),
        tasks=[task.name for task in tasks[:count]],
        tried=tried,
        options={**config.options, **_changed(config.method, best["options"])},
        fingerprint=tasks.fingerprint,
        numerics=train.NUMERICS,
    )


def score(one: Mapping[str, Any]) -> float:
    """What a combination is chosen by: its mean accuracy over tasks and seeds."""
    return mean(mean(tasks) for tasks in one["accuracy"])


def validation(config: Config, tasks: TaskSequence, count: int, *, device: str = "cpu") -> list[float]:
    """Validation accuracy of each of the first ``count`` tasks, after learning them one after the other."""
    method = build_method(config, tasks)  # which may know how many tasks there will be, as its paper says
    seen = replace(tasks, tasks=tasks.tasks[:count])
    train.run(method, seen, protocol=config.protocol, seed=config.seed, device=device)
    return [train.accuracy(method, task, Inputs(seen, device), split="valid") for task in seen]


def save(choice: Choice, folder: Path) -> Path:
    """Write the choice into ``folder`` and return its path."""
    path = folder / f"{choice.name}.json"
    with written(path) as temporary:
        temporary.write_text(json.dumps(asdict(choice), indent=1) + "\n")
    return path


def load_all(folder: Path | None = None) -> list[Choice]:
    """All choices of a folder (None: those that come with the package), by name."""
    contents = [json.loads(path.read_text()) for path in sorted((folder or shipped("selection")).glob("*.json"))]
    return [Choice(**{field.name: content[field.name] for field in fields(Choice)}) for content in contents]


def _changed(method: str, options: dict[str, Any]) -> dict[str, Any]:
    """Those of the options that differ from the method's defaults."""
    defaults = options_of(methods.get(method))
    return {name: value for name, value in options.items() if value != defaults[name].default}
