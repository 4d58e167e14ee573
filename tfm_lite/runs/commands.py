"""What the command line's words do, but for ``data``: that is in :mod:`tfm_lite.datasets.commands`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from tfm_lite import datasets, distributed, methods
from tfm_lite.devices import check_device, check_precision
from tfm_lite.faults import in_words
from tfm_lite.nn.networks import NETWORKS
from tfm_lite.options import Count, check, options_of, words
from tfm_lite.places import cache_folder
from tfm_lite.protocol import FULL, QUICK
from tfm_lite.runs import results, selection, trained
from tfm_lite.runs.config import Config
from tfm_lite.runs.progress import SuiteTable
from tfm_lite.runs.records import files, missing
from tfm_lite.runs.results import Result
from tfm_lite.runs.run import run_kept
from tfm_lite.runs.suites import SUITES
from tfm_lite.runs.undone import BUSY, Undone


def list_names(options: argparse.Namespace) -> None:
    """Name all there is, or a method's options, or what a suite still lacks."""
    _import(options)
    if options.missing is not None:
        configs = dict(_suite(options.missing, options))
        for i in missing(list(configs.values()), files(options.data, options.out)):
            place, config = list(configs.items())[i]
            print(place, config.tasks, config.method, f"seed {config.seed}", json.dumps(dict(config.options)))
        return
    if options.methods:
        for name in options.methods:
            print(name, *_options(name), sep="\n  ")
        return
    kinds: dict[str, Iterable[str]] = {"data sets": datasets.names(), "methods": methods.names()}
    kinds |= {"networks": NETWORKS, "suites": SUITES}
    for kind, names in kinds.items():
        print(f"{kind + ':':10} {', '.join(names)}")


def _options(method: str) -> Iterator[str]:
    """A line for each option of a method: its default, what it may be, what ``select`` tries."""
    grid = methods.get(method).grid
    for name, option in options_of(methods.get(method)).items():
        tried = f"; tried: {', '.join(map(str, grid[name]))}" if name in grid else ""
        yield f"{name:14} {option.default!s}: {words(option.annotation)}{tried}"


def _configs(options: argparse.Namespace) -> list[Config]:
    if (options.suite is None) == (options.tasks is None):
        raise ValueError("name either a suite or --tasks; `python -m tfm_lite list` shows both")
    check_device(options.device, "--device")
    if options.precision:
        check_precision(options.precision, options.device)
    return _of_a_suite(options) if options.tasks is None else _of_tasks(options)


def _of_a_suite(options: argparse.Namespace) -> list[Config]:
    given = {"--network": options.network is not None, "--width": options.width != 1.0}
    given |= {"--size": options.size is not None, "--quick": options.quick, "--option": options.option}
    if any(given.values()):
        names = ", ".join(name for name, value in given.items() if value)
        raise ValueError(f"{names} cannot change the runs of a suite: leave it out, or name a data set with --tasks")
    configs = dict(_suite(options.suite, options))
    if not configs:
        raise ValueError(f"{options.suite} has no runs: the options that it is of were not chosen yet, see `select`")
    if options.index is None:
        return list(configs.values())
    if options.index not in configs:
        those = ", ".join(map(str, configs))
        raise ValueError(f"{options.suite} has no run {options.index} by these options; its runs are {those}")
    return [configs[options.index]]


def _of_tasks(options: argparse.Namespace) -> list[Config]:
    if options.index is not None:
        raise ValueError(f"--index {options.index} picks a run of a suite: name the suite instead of --tasks")
    base = Config(
        options.tasks,
        "",
        network=options.network,
        width=options.width,
        size=options.size,
        protocol=QUICK if options.quick else FULL,
        options=dict(_option(text) for text in options.option),
    )
    chosen = [methods.get(name).name for name in options.methods or ["tfm"]]
    return _capped([replace(base, method=name, seed=seed) for seed in options.seeds or [0] for name in chosen], options)


def _suite(name: str, options: argparse.Namespace) -> list[tuple[int, Config]]:
    """A suite's runs that the options leave, each with its place in the suite."""
    if name not in SUITES:
        raise ValueError(f"there is no suite {name!r}; the suites are {', '.join(SUITES)}")
    suite = list(SUITES[name](**({"seeds": tuple(options.seeds)} if options.seeds else {})))
    known = list(dict.fromkeys(config.method for config in suite))
    for method in options.methods or []:
        if method not in known:
            raise ValueError(f"{name} has no runs of {method!r}; its methods are {', '.join(known)}")
    return [(i, c) for i, c in enumerate(_capped(suite, options)) if c.method in (options.methods or known)]


def _capped(configs: list[Config], options: argparse.Namespace) -> list[Config]:
    """The same with the options' epochs and precision."""
    if (cap := options.epochs) is not None:
        check("--epochs", cap, Count)
    shorter = [replace(c.protocol, epochs=min(cap or c.protocol.epochs, c.protocol.epochs)) for c in configs]
    return [
        replace(c, protocol=p, precision=options.precision or c.precision)
        for c, p in zip(configs, shorter, strict=True)
    ]


def _option(text: str) -> tuple[str, Any]:
    name, found, value = text.partition("=")
    if not found:
        raise ValueError(f"--option {text!r} has no value; write NAME=VALUE")
    value = {"None": "null", "True": "true", "False": "false"}.get(value, value)
    try:
        return name, json.loads(value)
    except (ValueError, RecursionError):  # no JSON, or lists in lists without end
        return name, value


def run_configurations(options: argparse.Namespace) -> int:
    """Run one configuration, or those of a suite, unless their records are there; say what came of each."""
    _import(options)
    configs = _configs(options)
    device = distributed.start(options.device)
    try:
        return _run_all(configs, options, device)
    finally:
        distributed.stop()


def _run_all(configs: list[Config], options: argparse.Namespace, device: str) -> int:
    table, found, first = None, list[Result](), distributed.first()
    undone = Undone(configs, own=options.imports)

    def tell(text: str) -> None:
        if first and not options.json:
            print(text, flush=True)

    if several := len(configs) > 1:
        configs = undone.without_data(options.data)
        table = SuiteTable(configs)
        tell(table.header())
    bar = first and sys.stderr.isatty()
    how: dict[str, Any] = {
        "data": options.data,
        "out": options.out,
        "device": device,
        "again": options.again,
        "bar": bar,
    }
    for config in configs:
        try:
            result, path = run_kept(config, table=table, **how)
            line = table.row(result) if table else f"{result}\nrecord      {path}"
            found.append(result)
        except Exception as error:
            if not table:
                raise
            line = table.row(None, undone.note(config, error))
        tell(line)
    if options.json and first:
        records = [results.plain(result) for result in found]
        print(json.dumps(records if several else records[0], indent=1, allow_nan=False))
    return undone.end()


def select_options(options: argparse.Namespace) -> int:
    """Choose options for every configuration whose method has a grid, on its first tasks; one choice for all seeds."""
    check("--count", options.count, Count)
    _import(options)
    configs = [c for c in _configs(options) if options.suite is None or methods.get(c.method).grid]
    if not configs:
        raise ValueError(f"no method of {options.suite} has a grid of options to choose from: name another suite")
    undone, seeds = Undone(configs, own=options.imports), dict[str, list[Config]]()
    for config in undone.without_data(options.data) if len(configs) > 1 else configs:
        seeds.setdefault(selection.family(config.plain()), []).append(config)
    for family in seeds.values():
        try:
            _select(family, options)
        except Exception as error:
            if len(seeds) == 1:
                raise
            if undone.note(family[0], error, runs=len(family)) == BUSY:
                print(family[0].method, error, flush=True)
    return undone.end()


def _select(family: list[Config], options: argparse.Namespace) -> None:
    """Choose for configurations that differ in their seed alone."""
    config, folder = family[0], cache_folder(options.data, "selection")
    choice = selection.select(
        config,
        seeds=[other.seed for other in family],
        count=options.count,
        data=options.data,
        device=options.device,
        folder=folder,
        on_tried=partial(print, config.method, flush=True),
    )
    path = selection.save(choice, options.out or folder)
    print(f"{config.method}: {choice.options or 'its defaults'}\nrecord      {path}", flush=True)


def show_records(options: argparse.Namespace) -> None:
    """Print the records in these files, or all that come with the package. What is none is named after the others."""
    records, errors = [] if options.paths else results.load_all(), list[str]()
    for path in options.paths:
        try:
            records.append(results.load(path))
        except (ValueError, OSError) as error:
            errors.append(in_words(error)[0])
    if records:
        print("\n\n".join(map(str, records)))
    if errors:
        raise ValueError("\n".join(errors))


def keep_weights(options: argparse.Namespace) -> None:
    """Keep the trained networks of finished runs with their records."""
    for path in options.paths:
        kept = trained.keep(path, data=options.data, half=options.half)
        print(f"{kept}, {kept.stat().st_size / 1e6:.1f} MB")


def _import(options: argparse.Namespace) -> None:
    """Make the methods in the user's own files known."""
    for file in options.imports:
        methods.load_file(file)
