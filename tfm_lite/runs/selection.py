"""Hyper-parameters, chosen on validation images and without looking ahead.

A method names the values to try, its ``grid``. Each combination learns the first few tasks of a sequence, under several
seeds; the one with the best mean validation accuracy over these tasks, after the last of them, then serves the whole sequence
under every seed. Neither a later task nor a test image has a say. One seed is not enough: a penalty just below where training
diverges may be the best under one seed, and destroy the network under the next.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, fields, replace
from itertools import product
from pathlib import Path
from statistics import mean
from typing import Any

from tfm_lite import datasets, methods, train
from tfm_lite.checkpoint import Checkpoint
from tfm_lite.datasets.inputs import Inputs
from tfm_lite.datasets.tasks import TaskSequence
from tfm_lite.files import read_json, written
from tfm_lite.options import check_fields, options_of
from tfm_lite.places import shipped
from tfm_lite.reproducible import reproducible
from tfm_lite.runs import results
from tfm_lite.runs.config import Config, Run, default_network, identity
from tfm_lite.runs.run import held

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
        c, end = self.config, hashlib.blake2b(family(self.config).encode(), digest_size=4).hexdigest()
        return f"{c['tasks']}-{c['size']}-{c['network']}-{c['method']}-{end}"

    def serves(self, config: Config) -> bool:
        """Whether it was made for such runs: see :func:`chosen`."""
        size = config.size or self.config["size"]
        whole = replace(config, size=size, network=config.network or default_network(size))
        return family(whole.plain()) == family(self.config)


def family(config: Mapping[str, Any]) -> str:
    """What one choice is for, as a text: all of a plain configuration but seed, precision and the options in the grid."""
    grid = methods.get(config["method"]).grid
    others = {name: value for name, value in config["options"].items() if name not in grid}
    return identity({**config, "options": others}, without=("seed", "precision"))


def chosen(config: Config, *, folder: Path | None = None) -> dict[str, Any]:
    """The options that were chosen for runs like this one; {} if none were. ``folder`` as in :func:`load_all`.

    A choice is for one data set, size, network, width, protocol and method, and for the options that its grid leaves alone.
    It serves every seed and every precision, and a method that names this one as ``chosen_with``.
    """
    method = methods.get(config.method).chosen_with or config.method
    found = [choice for choice in load_all(folder, tasks=config.tasks) if choice.serves(replace(config, method=method))]
    if len(found) > 1:
        names = ", ".join(choice.name for choice in found)
        raise ValueError(
            f"several choices serve {config.method} on {config.tasks} ({names}): give the size of the images"
        )
    return dict(found[0].options) if found else {}


def combinations(method: str) -> list[dict[str, Any]]:
    """Every combination of the values in a method's grid; the first value of each is the default."""
    grid, other = methods.get(method).grid, methods.get(method).chosen_with
    if not grid:
        instead = f"it takes what is chosen for {other}" if other else "give its class one, as that of ewc"
        raise ValueError(f"{method} has no grid of options to choose from; {instead}")
    return [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]


def select(
    config: Config,
    *,
    seeds: Sequence[int] = (0, 1, 2),
    count: int = 3,
    data: Path | None = None,
    device: str = "cpu",
    folder: Path | None = None,
    on_tried: OnTried | None = None,
) -> Choice:
    """Try the grid of the configuration's method on the first ``count`` tasks and choose. Ties go to what is tried first.

    ``folder`` is where it keeps what was tried; called again after a stop it goes on there. None: nothing is kept.
    """
    grid = combinations(config.method)
    sequences = {
        seed: datasets.load(config.tasks, seed=seed, size=config.size, data=data) for seed in dict.fromkeys(seeds)
    }
    (seed, tasks), *_ = sequences.items()
    if not 1 <= count <= len(tasks):
        raise ValueError(
            f"{config.tasks} has {len(tasks)} tasks; choose by the first 1 to {len(tasks)}, not by {count}"
        )
    config = replace(config.resolved(tasks), seed=seed)
    tried: list[dict[str, Any]] = []
    for options in grid:
        candidate = replace(config, options={**config.options, **options})
        every = [
            validation(replace(candidate, seed=s), own, count, device=device, folder=folder)
            for s, own in sequences.items()
        ]
        tried.append({"options": options, "accuracy": every})
        if on_tried:
            on_tried(tried[-1])
    best = max(tried, key=score)
    return Choice(
        config=config.plain(),
        seeds=list(sequences),
        tasks=[task.name for task in tasks[:count]],
        tried=tried,
        options=_unusual(config.method, {**config.options, **best["options"]}),
        fingerprint=tasks.fingerprint,
        numerics=train.NUMERICS,
    )


def score(one: Mapping[str, Any]) -> float:
    """What a combination is chosen by: its mean accuracy over tasks and seeds."""
    return float(mean(mean(tasks) for tasks in one["accuracy"]))


def validation(
    config: Config, tasks: TaskSequence, count: int, *, device: str = "cpu", folder: Path | None = None
) -> list[float]:
    """Validation accuracy of each of the first ``count`` tasks, after learning them one after the other."""
    run = Run(config, tasks)
    own = folder / f"{config.tasks}-{config.method}-seed{config.seed}-first{count}-{run.key}" if folder else None
    with held(own) if own else nullcontext():
        checkpoint = Checkpoint(own, of=run.key)
        checkpoint.tidy()
        if (found := checkpoint.load("accuracy")) is not None:
            with checkpoint.understood("accuracy"):
                accuracy = [float(value) for _, value in zip(range(count), found["accuracy"], strict=True)]
        else:
            accuracy = _validation(run, count, device, checkpoint)
            checkpoint.save("accuracy", {"accuracy": accuracy})
        checkpoint.drop("task")
        return accuracy


def _validation(run: Run, count: int, device: str, checkpoint: Checkpoint) -> list[float]:
    method, config = run.method(), run.resolved  # the method may know how many tasks there will be, as its paper says
    seen = replace(run.tasks, tasks=run.tasks.tasks[:count])
    train.run(
        method,
        seen,
        protocol=config.protocol,
        seed=config.seed,
        device=device,
        precision=config.precision,
        checkpoint=checkpoint,
    )
    inputs = Inputs(seen, device, precision=config.precision)
    with reproducible(device, precision=config.precision):
        return [train.accuracy(method, task, inputs, split="valid") for task in seen]


def save(choice: Choice, folder: Path) -> Path:
    """Write the choice into ``folder`` and return its path."""
    path = folder / f"{choice.name}.json"
    with written(path) as temporary:
        temporary.write_text(json.dumps(asdict(choice), indent=1) + "\n", encoding="utf-8")
    return path


def load_all(folder: Path | None = None, *, tasks: str | None = None) -> list[Choice]:
    """All choices of a folder (None: those that come with the package), by name; or those for one data set."""
    start = f"{tasks}-" if tasks else ""
    paths = [path for path in sorted((folder or shipped("selection")).glob("*.json")) if path.name.startswith(start)]
    return [choice for _, choice in results.readable(paths, load)]


def load(path: Path) -> Choice:
    """Read a choice. Raises ``ValueError`` if the file is something else."""
    try:
        content = read_json(path)
        choice = Choice(**{field.name: content[field.name] for field in fields(Choice)})
        check_fields(choice, "a choice's")
        _ = choice.name  # a configuration that is none gives none
        return choice
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise ValueError(
            f"{path} is not a choice as it was written ({type(error).__name__}: {error}); `python -m tfm_lite select` makes "
            "it again"
        ) from error


def _unusual(method: str, options: dict[str, Any]) -> dict[str, Any]:
    """Those of the options that differ from the method's defaults."""
    defaults = options_of(methods.get(method))
    return {name: value for name, value in options.items() if value != defaults[name].default}
