"""The command line: ``python -m tfm_lite list | run | show``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from tfm_lite import datasets, methods, results
from tfm_lite.checkpoint import Checkpoint
from tfm_lite.datasets import _commands
from tfm_lite.datasets._store import cache_folder
from tfm_lite.experiment import Config, run_experiment
from tfm_lite.networks import NETWORKS
from tfm_lite.progress import Progress
from tfm_lite.results import Result
from tfm_lite.suites import SUITES
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
    commands = parser.add_subparsers(required=True, metavar="list | run | show | data")
    _commands.add_to(commands)
    commands.add_parser("list", help="name the data sets, methods, networks and suites").set_defaults(action=_list)

    run = commands.add_parser("run", help="run one configuration, or a suite of them")
    run.set_defaults(action=_run)
    run.add_argument("suite", nargs="?", help="a suite, instead of --tasks")
    run.add_argument("--tasks", metavar="NAME", help="the data set")
    run.add_argument("--method", "--only", metavar="NAME", help="the method (tfm); with a suite, only this one's runs")
    run.add_argument("--seed", "--seeds", dest="seeds", type=int, nargs="+", metavar="N", help="(0)")
    run.add_argument("--network", metavar="NAME", help="(by the size of the images)")
    run.add_argument("--width", type=float, default=1.0, metavar="FACTOR", help="of every layer (1)")
    run.add_argument("--size", type=int, metavar="PIXELS", help="of the images (the data set's own)")
    run.add_argument("--epochs", type=int, metavar="N", help="at most this many per training")
    run.add_argument("--quick", action="store_true", help="the short form of the protocol that the book's chapters use")
    run.add_argument(
        "--option", action="append", default=[], metavar="NAME=VALUE", help="of the method; may be repeated"
    )
    run.add_argument("--data", type=Path, metavar="DIR", help="folder of the publishers' folders (TFM_LITE_DATA)")
    run.add_argument("--out", type=Path, metavar="DIR", help="folder for the record (beside the checkpoints)")
    run.add_argument("--device", default="cpu", help="(cpu)")
    run.add_argument("--again", action="store_true", help="start afresh even if the record exists")
    run.add_argument("--json", action="store_true", help="print the record as JSON")

    show = commands.add_parser("show", help="print records")
    show.set_defaults(action=_show)
    show.add_argument("paths", type=Path, nargs="*", metavar="FILE", help="(all that come with the package)")
    return parser


def _list(options: argparse.Namespace) -> None:
    kinds: dict[str, Iterable[str]] = {
        "data sets": datasets.names(),
        "methods": methods.names(),
        "networks": NETWORKS,
        "suites": SUITES,
    }
    for kind, names in kinds.items():
        print(f"{kind + ':':10} {', '.join(names)}")


def _configs(options: argparse.Namespace) -> list[Config]:
    if (options.suite is None) == (options.tasks is None):
        raise ValueError("name either a suite or --tasks; `python -m tfm_lite list` shows both")
    if options.suite is None:
        base = Config(
            options.tasks,
            options.method or "tfm",
            network=options.network,
            width=options.width,
            size=options.size,
            protocol=QUICK if options.quick else FULL,
            options=dict(_option(text) for text in options.option),
        )
        methods.get(base.method)
        configs = [replace(base, seed=seed) for seed in options.seeds or [0]]
    else:
        if options.suite not in SUITES:
            raise ValueError(f"there is no suite {options.suite!r}; the suites are {', '.join(SUITES)}")
        suite = SUITES[options.suite](**({"seeds": tuple(options.seeds)} if options.seeds else {}))
        configs = [config for config in suite if options.method in (None, config.method)]
    if options.epochs is not None:
        if options.epochs < 1:
            raise ValueError(f"--epochs is at least 1, not {options.epochs}")
        cap = options.epochs
        configs = [replace(c, protocol=replace(c.protocol, epochs=min(cap, c.protocol.epochs))) for c in configs]
    return configs


def _option(text: str) -> tuple[str, Any]:
    name, found, value = text.partition("=")
    if not found:
        raise ValueError(f"--option {text!r} has no value; write NAME=VALUE")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value


def _run(options: argparse.Namespace) -> None:
    found = []
    for config in _configs(options):
        result, path = _run_one(config, options)
        found.append(result)
        if not options.json:
            print(_describe(result), f"record      {path}", sep="\n")
    if options.json:
        print(json.dumps([asdict(r) for r in found] if options.suite else asdict(found[0]), indent=1))


def _run_one(config: Config, options: argparse.Namespace) -> tuple[Result, Path]:
    """Run a configuration, unless its record is there already."""
    tasks = datasets.load(config.tasks, seed=config.seed, size=config.size, data=options.data)
    config = config.resolved(tasks)
    key = config.key(tasks.fingerprint)
    folder = cache_folder(options.data) / "runs" / f"{config.tasks}-{config.method}-seed{config.seed}-{key}"
    out = options.out or folder
    if options.again:
        Checkpoint(folder).drop("*")
    else:
        for path in out.glob(f"*-{key[:8]}.json"):
            if (result := results.load(path)).key == key:
                return result, path
    folder.mkdir(parents=True, exist_ok=True)
    progress = Progress(tasks, config.protocol, log=folder / "log.txt", bar=sys.stderr.isatty())
    try:
        result = run_experiment(config, tasks=tasks, folder=folder, device=options.device, on_epoch=progress)
    finally:
        progress.close()
    return result, results.save(result, out)


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
    return "\n".join([*lines, f"memory      {memory}", f"time        {result.seconds:.0f} s"])


if __name__ == "__main__":
    sys.exit(main())
