"""What there is to be asked: a table that the paper prints, or the runs of one data set at one scale. Nothing here trains or
reads files.

Methods are compared on the seeds that they share, and on no others. What was not run, or did not train, is named instead of
an answer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import mean
from typing import Any

from tfm_lite.figures.compared import Group, Paired, listed, paired
from tfm_lite.figures.scores import Line, Untrained, measured, name_of
from tfm_lite.figures.tables import answer
from tfm_lite.runs.config import Config, identity
from tfm_lite.runs.coverage import found, scale
from tfm_lite.runs.results import Result

KEEPS_IMAGES = ("joint",)  # old images, which the other methods may not


@dataclass(frozen=True)
class Source:
    """A printed table, or (with ``records``) runs of one data set at one scale.

    ``lines`` are the rows by method, ``chosen`` those of methods that were run again with options chosen on these data.
    """

    title: str
    lines: Mapping[str, Line]
    records: tuple[Result, ...] = ()
    chosen: Mapping[str, Line] = field(default_factory=dict)

    @property
    def seeds(self) -> list[int]:
        """Those under which anything was run; none of a printed table."""
        return sorted({record.config["seed"] for record in self.records})

    def under(self, seed: int) -> Source:
        """What was run under this seed alone."""
        return _source(self.title, [record for record in self.records if record.config["seed"] == seed])

    def of(self, *methods: str) -> Mapping[str, Line]:
        """The rows of these methods, of the seeds that all of them were run under.

        Raises ``KeyError`` with a method that was not run, :class:`~tfm_lite.figures.scores.Untrained` if they share no seed.
        """
        lines = {method: self.lines[method] for method in methods}
        if not self.records:
            return lines
        by_method = [{r.config["seed"] for r in self.records if r.config["method"] == m} for m in methods]
        shared = set[int].intersection(*by_method)
        if not shared:
            raise Untrained(f"{listed([name_of(m) for m in methods])} share no seed yet")
        own = (r for r in self.records if r.config["method"] in methods and r.config["seed"] in shared)
        return measured(own)

    def above(self, one: str, *others: str) -> float:
        """By how many points the average of ``one`` is above that of each of the others, at the least."""
        self._need(one, *others)
        least = math.inf
        for other in others:
            lines = self.of(one, other)
            least = min(least, 100 * (lines[one].average - lines[other].average))
        return least

    def less(self, one: str, other: str) -> Paired | float:
        """The difference of two averages, in points: seed by seed, or of two printed numbers."""
        self._need(one, other)
        lines = self.of(one, other)
        difference = 100 * (lines[one].average - lines[other].average)
        if not self.records:
            return difference
        return paired(self.group(one), self.group(other)) or difference

    def _need(self, *methods: str) -> None:
        """What did not train is named before what was not run."""
        for method in methods:
            if method in self.lines:
                _ = self.lines[method].average

    def group(self, method: str) -> Group:
        """The records of a method."""
        return Group(method, tuple(r for r in self.records if r.config["method"] == method))

    def ranked(self, *, without: Collection[str] = KEEPS_IMAGES) -> list[str]:
        """The methods whose average counts, the best first."""
        counting = [m for m, line in self.lines.items() if line.whole.counts and m not in without]
        return sorted(counting, key=lambda method: -self.lines[method].average)


def sources(title: str, configs: Iterable[Config], records: Iterable[Result], *, tasks: int) -> list[Source]:
    """The records of these configurations, all of one data set, by the scale at which they were made; the most rows first.

    Of configurations that differ in nothing but the method's options, the first is the method's row, and those after it are
    rows of chosen options. Records of another number of ``tasks`` are left out.
    """
    usual: dict[str, Config] = {}
    later: list[Config] = []
    for config in configs:
        first = usual.setdefault(identity(config.plain(), without=("network", "options")), config)
        later += [config] if first.identity != config.identity else []
    every = [r for r in records if len(r.accuracy) == tasks]
    rows, chosen = (_by_scale(found(list(of), every)) for of in (usual.values(), later))
    names = _short(list(rows))
    made = [
        replace(_source(f"{title}, {names[place]}", own), chosen=_chosen(chosen.get(place, [])))
        for place, own in rows.items()
    ]
    return sorted(made, key=lambda source: -len(source.lines))


def _source(title: str, records: Sequence[Result]) -> Source:
    return Source(title, measured(records), tuple(records))


def _chosen(records: Sequence[Result]) -> dict[str, Line]:
    return {f"{name_of(method)}, chosen": line for method, line in measured(records).items()}


Place = tuple[str, int, str]  # the words for a scale, the size of its images, its precision


def _by_scale(records: Iterable[Result]) -> dict[Place, list[Result]]:
    """Records by the scale at which they were made."""
    places: dict[Place, list[Result]] = {}
    for r in records:
        words = scale([r]).rpartition(", ")[0]  # without the seed
        places.setdefault((words, r.config["size"], r.config.get("precision", "fp32")), []).append(r)
    return places


def _short(places: Sequence[Place]) -> dict[Place, str]:
    """The scales in a word or two, as far as these tell them apart."""
    sizes = [f"{size} px" for _, size, _ in places]
    precise = [f"{size} px, {precision}" for _, size, precision in places]
    names = next((n for n in (sizes, precise) if len(set(n)) == len(n)), [words for words, *_ in places])
    return dict(zip(places, names, strict=True))


def asked(question: Callable[[Source], Any], source: Source) -> Any:
    """What a question comes to of a source, or why it cannot be said: a method was not run (or printed), or did not train."""
    said: Any = answer(question, source)
    missing = isinstance(said, str) and not source.records
    return said.replace("not run:", "not printed:") if missing else said


def ways(source: Source) -> tuple[list[str], list[float | None], list[float | None]]:
    """Methods, their mean accuracy just learned and in the end, over all tasks but the last; None where it does not count."""
    names = list[str]()
    learned, final = list[float | None](), list[float | None]()
    for method, line in source.lines.items():
        names.append(name_of(method))
        for of, values in ((learned, line.learned), (final, line.accuracy)):
            try:
                of.append(mean(values[:-1]))
            except Untrained:
                of.append(None)
    return names, learned, final
