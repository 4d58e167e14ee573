"""The command line: ``python -m tfm_lite list | run | select | show | data``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from tfm_lite import datasets, distributed, methods, metrics
from tfm_lite.datasets.commands import add_to
from tfm_lite.datasets.inputs import PRECISIONS
from tfm_lite.files import InUse
from tfm_lite.nn.networks import NETWORKS
from tfm_lite.options import options_of, words
from tfm_lite.places import cache_folder
from tfm_lite.runs import results, selection
from tfm_lite.runs.config import Config
from tfm_lite.runs.progress import Suite
from tfm_lite.runs.records import kept, missing
from tfm_lite.runs.results import Result
from tfm_lite.runs.run import run_kept
from tfm_lite.runs.suites import SUITES
from tfm_lite.train import FULL, QUICK


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        options.action(options)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nstopped; the same command goes on from here", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tfm_lite", description="Task-incremental learning without forgetting."
    )
    commands = parser.add_subparsers(required=True, metavar="list | run | select | show | data")
    names = commands.add_parser(
        "list", help="name the data sets, methods, networks and suites, a method's options, or what a suite still lacks"
    )
    names.set_defaults(action=_list)
    names.add_argument(
        "--missing", metavar="SUITE", help="the runs that `run SUITE` would make, each after its --index"
    )
    run = commands.add_parser("run", help="run one configuration, or a suite of them")
    run.set_defaults(action=_run)
    run.add_argument("--again", action="store_true", help="start afresh even if the record exists")
    run.add_argument("--json", action="store_true", help="print the record as JSON")
    select = commands.add_parser("select", help="choose the options of one configuration, or of a suite of them")
    select.set_defaults(action=_select)
    select.add_argument("--count", type=int, default=3, metavar="N", help="choose by the first N tasks (3)")
    for command in (run, select):
        _name_configuration(command)
    for command in (names, run, select):
        _name_runs(command)
    show = commands.add_parser("show", help="print records")
    show.set_defaults(action=_show)
    show.add_argument("paths", type=Path, nargs="*", metavar="FILE", help="(all that come with the package)")
    add_to(commands)
    return parser


def _name_configuration(command: argparse.ArgumentParser) -> None:
    """The options that name one configuration, or one of a suite."""
    command.add_argument("suite", nargs="?", help="a suite, instead of --tasks")
    command.add_argument("--tasks", metavar="NAME", help="the data set, or folder:PATH+3tasks for your own images")
    command.add_argument("--index", type=int, metavar="I", help="with a suite, only its run number I, from 0")
    command.add_argument("--network", metavar="NAME", help="(by the size of the images)")
    command.add_argument("--width", type=float, default=1.0, metavar="FACTOR", help="of every layer (1)")
    command.add_argument("--size", type=int, metavar="PIXELS", help="of the images (the data set's own)")
    command.add_argument("--quick", action="store_true", help="the short protocol of the book's chapters")
    command.add_argument(
        "--option", action="append", default=[], metavar="NAME=VALUE", help="of the method; may be repeated"
    )
    command.add_argument("--device", default="cpu", help="cpu or cuda (cpu)")


class _Once(argparse.Action):
    """Several values, each counted once."""

    def __call__(self, parser: Any, namespace: argparse.Namespace, values: Any, option: str | None = None) -> None:
        setattr(namespace, self.dest, list(dict.fromkeys(values)))


def _name_runs(command: argparse.ArgumentParser) -> None:
    """The options that say which of several runs, and how."""
    names: dict[str, Any] = {"dest": "methods", "nargs": "+", "metavar": "NAME", "action": _Once}
    command.add_argument("--only", "--method", **names, help="the methods (tfm, or all of a suite's)")
    seeds: dict[str, Any] = {"dest": "seeds", "nargs": "+", "metavar": "N", "type": int, "action": _Once}
    command.add_argument("--seed", "--seeds", **seeds, help="(0, or the suite's)")
    command.add_argument("--epochs", type=int, metavar="N", help="at most this many per training")
    command.add_argument("--precision", choices=PRECISIONS, help="of the networks' products (fp32, or the suite's)")
    command.add_argument("--data", type=Path, metavar="DIR", help="folder of the publishers' folders (TFM_LITE_DATA)")
    command.add_argument("--out", type=Path, metavar="DIR", help="folder for what is written (beside the checkpoints)")


def _list(options: argparse.Namespace) -> None:
    if options.missing is not None:
        configs = dict(_suite(options.missing, options))
        for i in missing(list(configs.values()), kept(options.data, options.out)):
            place, config = list(configs.items())[i]
            print(place, config.tasks, config.method, f"seed {config.seed}", json.dumps(dict(config.options)))
        return
    if options.methods:
        for name in options.methods:
            print(name, *_options(name), sep="\n  ")
        return
    kinds: dict[str, Iterable[str]] = {
        "data sets": datasets.names(),
        "methods": methods.names(),
        "networks": NETWORKS,
        "suites": SUITES,
    }
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
    _check_device(options.device)
    if options.suite is not None:
        given = {"--network": options.network is not None, "--width": options.width != 1.0}
        given |= {"--size": options.size is not None}
        given |= {"--quick": options.quick, "--option": options.option}
        if any(given.values()):
            names = ", ".join(name for name, value in given.items() if value)
            raise ValueError(
                f"{names} cannot change the runs of a suite: leave it out, or name a data set with --tasks"
            )
        configs = dict(_suite(options.suite, options))
        if options.index is None:
            return list(configs.values())
        if options.index not in configs:
            those = ", ".join(map(str, configs))
            raise ValueError(f"{options.suite} has no run {options.index} by these options; its runs are {those}")
        return [configs[options.index]]
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


def _check_device(name: str) -> None:
    try:
        kind = torch.device(name).type
    except RuntimeError:
        raise ValueError(f"there is no device {name!r}; write cpu or cuda") from None
    if kind not in ("cpu", "cuda"):
        raise ValueError(f"{name!r} is no device that runs are made for; write cpu or cuda")
    if kind == "cuda" and not torch.cuda.is_available():
        raise ValueError(f"--device {name}: PyTorch finds no GPU here; leave --device out, or install the GPU's driver")


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
    cap = options.epochs
    if cap is not None and cap < 1:
        raise ValueError(f"--epochs is at least 1, not {cap}")
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
    except json.JSONDecodeError:
        return name, value


def _run(options: argparse.Namespace) -> None:
    configs = _configs(options)
    device = distributed.start(options.device)
    try:
        _run_all(configs, options, device)
    finally:
        distributed.stop()


def _run_all(configs: list[Config], options: argparse.Namespace, device: str) -> None:
    how = {"data": options.data, "out": options.out, "device": device, "again": options.again}
    how["bar"] = distributed.first() and sys.stderr.isatty()
    tell = print if distributed.first() and not options.json else lambda *_, **__: None
    suite, found = Suite(configs) if len(configs) > 1 else None, []
    tell(suite.header() if suite else "", end="\n" if suite else "")
    for config in configs:
        try:
            result, path = run_kept(config, **how, suite=suite)
        except InUse:
            if not suite:
                raise
            tell(suite.row(None))
            continue
        found.append(result)
        tell(suite.row(result) if suite else f"{_describe(result)}\nrecord      {path}", flush=True)
    if options.json and distributed.first():
        records = [results.plain(result) for result in found]
        print(json.dumps(records if len(configs) > 1 else records[0], indent=1, allow_nan=False))


def _select(options: argparse.Namespace) -> None:
    """Choose options for every configuration whose method has a grid, on its first tasks; one choice for all seeds."""
    seeds: dict[str, list[Config]] = {}
    for config in _configs(options):
        if options.suite is None or methods.get(config.method).grid:
            seeds.setdefault(selection.family(config.plain()), []).append(config)
    folder = cache_folder(options.data) / "selection"
    how = {"count": options.count, "data": options.data, "device": options.device, "folder": folder}
    for configs in seeds.values():
        config, tell = configs[0], partial(print, configs[0].method, flush=True)
        try:
            choice = selection.select(config, seeds=[other.seed for other in configs], **how, on_tried=tell)
        except InUse as error:
            if len(seeds) == 1:
                raise
            tell(error)
            continue
        path = selection.save(choice, options.out or folder)
        print(f"{config.method}: {choice.options or 'its defaults'}\nrecord      {path}", flush=True)


def _show(options: argparse.Namespace) -> None:
    records = [results.load(path) for path in options.paths] or results.load_all()
    print("\n\n".join(_describe(result) for result in records))


def _describe(result: Result) -> str:
    """A record as text: the accuracy matrix in percent, a row per task learned, and the sums."""
    c = result.config
    lines = [
        f"{c['method']} on {c['tasks']}, {c['size']} pixels, {c['network']}, seed {c['seed']}",
        "accuracy in % on task",
    ]
    lines.append(" " * 12 + "".join(f"{s + 1:7}" for s in range(len(result.tasks))))
    for t, row in enumerate(result.accuracy):
        lines.append(f"after {t + 1:<6}" + "".join("      -" if v is None else f"{100 * v:7.1f}" for v in row))
    lines.append(f"average     {100 * result.average:.1f}")
    lines.append(f"forgetting  {100 * result.forgetting:.1f}")
    memory = ", ".join(f"{kind} {count / 1e6:.3f} MB" for kind, count in result.memory.items())
    lines += [f"memory      {memory}", f"time        {result.seconds:.0f} s"]
    return "\n".join([*lines, *(f"did not train: {why}" for why in metrics.failures(result).values())])


if __name__ == "__main__":
    # As in training, but before there are other threads: they have it from the one that starts them.
    torch.set_flush_denormal(True)
    sys.exit(main())
