"""Of which runs of a suite there are records, which are missing, and at which scale they were made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tfm_lite.protocol import FULL, LATER, QUICK
from tfm_lite.runs.config import OPEN, Config, identity
from tfm_lite.runs.results import Result

SPLITS = {"semantic": "semantic", "larger": "larger first task"}  # by the word in a data set's name


def scale(records: Sequence[Result]) -> str:
    """At which scale these runs were made, in words: "64 pixels, alexnet_64, full protocol, seed 0"."""
    every: list[list[str]] = [[] for _ in range(6)]
    for config in (record.config for record in records):
        width = "" if config["width"] == 1 else f" at {config['width']:g} times its width"
        epochs = config["protocol"]["epochs"]
        protocol = {FULL.epochs: "full protocol", QUICK.epochs: "short protocol"}.get(
            epochs, f"at most {epochs} epochs"
        )
        for name in LATER.keys() & config["protocol"].keys():  # left out for the usual ones
            protocol += f", {name.replace('_', ' ')} {config['protocol'][name]}"
        part = " ".join(word for word in config["tasks"].split("+")[1:] if word not in SPLITS)
        precision = config.get("precision", "")  # left out for the usual one
        words = (
            part,
            f"{config['size']} pixels",
            f"{config['network']}{width}",
            protocol,
            precision,
            str(config["seed"]),
        )
        for found_so_far, word in zip(every, words, strict=True):
            found_so_far.append(word)
    *kinds, seeds = (sorted(set(words)) for words in every)
    shown = [" and ".join(kind) for kind in kinds if any(kind)]
    return ", ".join([*shown, f"seed{'s' if len(seeds) > 1 else ''} {', '.join(seeds)}"])


def by_scale(records: Iterable[Result]) -> dict[str, list[Result]]:
    """Records by the scale at which they were made, in short if this tells them apart: "64 pixels"."""
    found: dict[str, list[Result]] = {}
    for record in records:
        found.setdefault(scale([record]).rpartition(", ")[0], []).append(record)
    short = [f"{own[0].config['size']} pixels" for own in found.values()]
    return {
        name if short.count(name) == 1 else full: own for name, (full, own) in zip(short, found.items(), strict=True)
    }


def split_of(tasks: str) -> str:
    """How a data set of this name, such as "tiny_imagenet+semantic", is cut into tasks: a split of Table 4."""
    return next((SPLITS[word] for word in tasks.split("+")[1:] if word in SPLITS), "random")


def found(configs: Sequence[Config], records: Iterable[Result]) -> list[Result]:
    """The records of these configurations, under any seed."""
    of: dict[str, dict[tuple[Any, ...], Config]] = {}  # of all seeds one
    for config in configs:
        own = of.setdefault(_but_seed(config.plain()), {})
        own[tuple(getattr(config, name) for name in OPEN)] = config

    def wanted(record: Result) -> bool:
        alike = of.get(_but_seed(record.config), {}).values()
        return any(replace(config, seed=record.config["seed"]).describes(record) for config in alike)

    return [record for record in records if wanted(record)]


def _but_seed(plain: Mapping[str, Any]) -> str:
    """What all seeds of a plain configuration have alike."""
    return identity(plain, without=(*OPEN, "seed"))


def lacking(configs: Iterable[Config], records: Iterable[Result]) -> list[Config]:
    """Those of these configurations of which there is no record. Each record is looked at once, for there are thousands."""
    made: dict[str, list[Result]] = {}
    for record in records:
        made.setdefault(identity(record.config), []).append(record)
    return [config for config in configs if not any(map(config.describes, made.get(config.identity, ())))]


def done(configs: Sequence[Config], records: Sequence[Result]) -> str:
    """How many of these runs were made, in words."""
    return f"{len(configs) - len(lacking(configs, records))} of {len(configs)} runs"


def distinct(runs: Mapping[str, Sequence[Result]]) -> dict[str, Sequence[Result]]:
    """The same records by suite, largest first, without suites that are empty or whose records are all in another."""
    ordered = sorted(runs, key=lambda suite: -len(runs[suite]))
    keys = {suite: {record.key for record in runs[suite]} for suite in runs}
    return {
        suite: runs[suite]
        for i, suite in enumerate(ordered)
        if keys[suite] and not any(keys[suite] <= keys[other] for other in ordered[:i])
    }


def missing(suite: str, configs: Sequence[Config], records: Sequence[Result]) -> list[str]:
    """The commands that make the records of a suite that are not there, in the book's folder; one for all, if none is."""
    run, where = f"python -m tfm_lite run {suite}", "--data DIR --out data/results"
    left = lacking(configs, records)
    if left and len(left) == len(configs):
        return [f"{run} {where}"]
    seeds: dict[str, list[str]] = {}
    for config in left:
        seeds.setdefault(config.method, []).append(str(config.seed))
    same: dict[str, list[str]] = {}  # methods by the seeds that they lack
    for method, each in seeds.items():
        same.setdefault(" ".join(dict.fromkeys(each)), []).append(method)
    return [f"{run} --only {' '.join(names)} --seeds {each} {where}" for each, names in same.items()]
