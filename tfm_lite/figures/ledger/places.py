"""Where the paper's claims are asked: its own tables, the letters, and our runs on each data set at each scale."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from tfm_lite.figures.evidence import Source, sources
from tfm_lite.figures.ledger.questions import Place
from tfm_lite.figures.scores import printed
from tfm_lite.figures.tiny_imagenet import LARGER, SPLITS
from tfm_lite.runs import coverage, results
from tfm_lite.runs.config import Config
from tfm_lite.runs.results import Result
from tfm_lite.runs.suites import SUITES

FINE = {"flowers": "Flowers", "birds": "Birds", "actions": "Actions"}
TINY = {"random": "random", "semantic": "semantic", "larger": LARGER}
LETTERS, PHOTOGRAPHS = ("alphabets", "methods"), ("table_", "flowers_64", "evidence")

Places = dict[str, list[Place]]


def in_print() -> Places:
    """Tables 3, 4 and 5 by data set, or split; "tiny" has the three splits of Table 4 together."""
    found = {name: (title, printed(results.published("table_3"), dataset=name)) for name, title in FINE.items()}
    tiny = {split: printed(results.published("table_4"), split=split) for split in SPLITS}
    found |= {name: (f"tiny ImageNet {split}", tiny[split]) for name, split in TINY.items()}
    found["imagenet"] = "ImageNet", printed(results.published("table_5"))
    places = {name: [Place(title, {0: Source(title, lines)}, printed=True)] for name, (title, lines) in found.items()}
    return places | {"tiny": [Place("Table 4", {0: tiny}, printed=True)]}


def in_ours(records: Sequence[Result]) -> Places:
    """The same of our runs, by scale, and "letters"."""
    configs = [config for suite in LETTERS for config in SUITES[suite]()]
    places = {"letters": [_place(source) for source in _sources("letters", configs, records)]}
    shown = [config for suite, make in SUITES.items() if suite.startswith(PHOTOGRAPHS) for config in make()]
    for name, title in FINE.items():
        own = [config for config in shown if config.tasks == name]
        places[name] = [_place(source) for source in _sources(title, own, records)]
    imagenet = [config for config in shown if config.tasks == "imagenet"]
    places["imagenet"] = [_place(source) for source in _sources("ImageNet", imagenet, records)]
    tiny: dict[str, dict[int, dict[str, Any]]] = {}
    for name, split in TINY.items():
        own = [c for c in shown if c.tasks.startswith("tiny_imagenet") and coverage.split_of(c.tasks) == split]
        places[name] = []
        for source in _sources("tiny ImageNet", own, records):
            title = source.title.replace("ImageNet", f"ImageNet {split}")
            places[name].append(_place(source, title=title))
            for seed in source.seeds:
                tiny.setdefault(source.title, {}).setdefault(seed, {})[split] = source.under(seed).lines
    return places | {"tiny": [Place(title, of) for title, of in tiny.items()]}


def everywhere(records: Sequence[Result]) -> Places:
    """Both: the printed tables first."""
    tables_, ours = in_print(), in_ours(records)
    return {kind: [*tables_.get(kind, []), *ours.get(kind, [])] for kind in {**tables_, **ours}}


def _sources(title: str, configs: Sequence[Config], records: Iterable[Result]) -> Iterator[Source]:
    """The runs of these configurations by scale, those of another number of tasks apart."""
    names, different = (
        {config.tasks for config in configs},
        list({config.identity: config for config in configs}.values()),
    )
    own = coverage.found(different, [record for record in records if record.config["tasks"] in names])
    for tasks in sorted({len(record.accuracy) for record in own}):
        named = f"{title}, {tasks} tasks" if title.startswith("tiny") else title
        yield from sources(named, different, own, tasks=tasks)


def _place(source: Source, *, title: str = "") -> Place:
    return Place(title or source.title, {seed: source.under(seed) for seed in source.seeds})
