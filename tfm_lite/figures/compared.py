"""What methods came to on the same tasks, side by side: groups of records, costs, fronts, paired differences.

Nothing here trains, draws or reads files. Averages and differences are in percent and points, costs in bytes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import mean, stdev

from scipy.stats import t as student

from tfm_lite import metrics
from tfm_lite.datasets.tasks import TaskSequence
from tfm_lite.runs.config import Config
from tfm_lite.runs.results import Result

NETWORK = ("weights", "columns")  # roles of what a network is made of; the rest a method keeps beside it


@dataclass(frozen=True)
class Group:
    """The records of one method with one set of options.

    ``made`` are all, ``records`` those of which every task was learned.
    """

    label: str
    made: tuple[Result, ...]

    @cached_property
    def records(self) -> tuple[Result, ...]:
        return tuple(metrics.healthy(self.made))

    @property
    def method(self) -> str:
        return str(self.made[0].config["method"])

    @property
    def by_seed(self) -> dict[int, Result]:
        return {record.config["seed"]: record for record in self.records}

    @property
    def averages(self) -> list[float]:
        """Mean accuracy over the tasks at the end, in percent, of every record."""
        return [100 * record.average for record in self.records]

    @property
    def forgetting(self) -> list[float]:
        """In points, of every record; negative where something was lost."""
        return [100 * record.forgetting for record in self.records]

    @property
    def learned(self) -> list[float]:
        """Mean accuracy just after learning a task, in percent, of every record."""
        return [100 * mean(metrics.learned(record.accuracy)) for record in self.records]

    @property
    def average(self) -> float:
        return mean(self.averages)

    def matrix(self) -> list[list[float]]:
        """The accuracy matrix (fractions), the mean over the records."""
        tasks = range(len(self.records[0].accuracy))
        return [[mean(float(r.accuracy[t][s] or 0) for r in self.records) for s in range(t + 1)] for t in tasks]


def label_of(config: Config, *, chosen: bool = False) -> str:
    """A method by its name, with what tells its rows apart: "single 0.11", "wsn (new scores)"; "ewc (chosen)"."""
    told = [] if chosen else [config.options[name] for name in ("fraction", "prune") if name in config.options]
    share = "".join(f" {value}" for value in told)
    scores = f" ({config.options['scores']} scores)" if "scores" in config.options else ""
    return f"{config.method}{share}{scores}{' (chosen)' if chosen else ''}"


def grouped(suites: Mapping[str, Iterable[Config]], records: Sequence[Result]) -> tuple[dict[str, Group], list[str]]:
    """The records of these configurations by label, each once, and what has no record, in words."""
    found: dict[str, list[Result]] = {}
    absent = []
    for suite, configs in suites.items():
        for config in configs:
            label = label_of(config, chosen=suite == "selected")
            own = [record for record in records if config.describes(record)]
            group = found.setdefault(label, [])
            group += [record for record in own if record not in group]  # suites share runs
            absent += [] if own else [f"{label} (seed {config.seed})"]
    return {label: Group(label, tuple(own)) for label, own in found.items() if own}, absent


def trained(groups: Mapping[str, Group]) -> dict[str, Group]:
    """The groups of which a record counts."""
    return {label: group for label, group in groups.items() if group.records}


def old_images(tasks: TaskSequence) -> int:
    """Bytes of the images of all tasks but the last, training and validation: what joint training keeps."""
    each = tasks.channels * tasks.size**2
    return sum(each * (len(task.train) + len(task.valid)) for task in tasks[:-1])


def total(record: Result, *, images: int = 0) -> int:
    """Bytes of all that is kept but the heads, in use or while learning; ``images`` are those of the images, where kept."""
    kept = sum(record.memory.values()) - record.memory["heads"]
    return int(kept) + (images if record.config["method"] in metrics.RESTARTS else 0)


def beyond(record: Result, plain: int, *, images: int = 0) -> int:
    """Bytes beyond a plain network of ``plain`` bytes; a network that is smaller counts nothing, and earns nothing."""
    network = sum(int(record.memory.get(part, 0)) for part in NETWORK)
    return total(record, images=images) - min(network, plain)


@dataclass(frozen=True)
class Paired:
    """A difference seed by seed, in points: ``values`` in the order of ``seeds``."""

    seeds: tuple[int, ...]
    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        return mean(self.values)

    @property
    def half(self) -> float:
        """Half the 95 % interval of the mean by Student's t; infinite for one seed."""
        count = len(self.values)
        if count < 2:
            return math.inf
        return float(student.ppf(0.975, count - 1)) * stdev(self.values) / math.sqrt(count)

    @property
    def always_above(self) -> bool:
        return min(self.values) > 0

    @property
    def always_below(self) -> bool:
        return max(self.values) < 0

    def __str__(self) -> str:
        return f"{signed(self.mean)}{'' if math.isinf(self.half) else f' ± {self.half:.1f}'}"


def paired(one: Group, other: Group, what: str | Callable[[Result], float] = "averages") -> Paired | None:
    """``one`` less ``other``, for each seed that both have; None if there is none. ``what`` is a property of a group, or a
    number of a record."""

    def by_seed(group: Group) -> dict[int, float]:
        values = getattr(group, what) if isinstance(what, str) else map(what, group.records)
        return dict(zip(group.by_seed, values, strict=True))

    mine, theirs = by_seed(one), by_seed(other)
    seeds = tuple(sorted(mine.keys() & theirs.keys()))
    return Paired(seeds, tuple(mine[seed] - theirs[seed] for seed in seeds)) if seeds else None


def front(costs: Mapping[str, float], gains: Mapping[str, float]) -> list[str]:
    """Those that no other equals or beats in both, the cheapest first.

    >>> front({"a": 1, "b": 2, "c": 3}, {"a": 50, "b": 40, "c": 60})
    ['a', 'c']
    """
    places = {name: (costs[name], -gains[name]) for name in costs}
    return [
        name
        for name, mine in sorted(places.items(), key=lambda item: item[1])
        if not any(p != mine and p[0] <= mine[0] and p[1] <= mine[1] for p in places.values())
    ]


def signed(points: float, digits: int = 1) -> str:
    """A difference with its sign: "+4.4", "−0.3", "0.0".

    >>> signed(-0.31), signed(-0.01), signed(2)
    ('−0.3', '0.0', '+2.0')
    """
    text = f"{points:+.{digits}f}"
    return text[1:] if float(text) == 0 else text.replace("-", "−")


def listed(names: Sequence[str]) -> str:
    """Names as a sentence has them.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)
