"""The command line, ``tfm-lite`` or ``python -m tfm_lite``: ``list | run | select | show | data``.

What the words do is in :mod:`tfm_lite.runs.commands` and :mod:`tfm_lite.datasets.commands`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from tfm_lite.datasets.commands import add_to
from tfm_lite.datasets.inputs import PRECISIONS
from tfm_lite.runs import commands

MODULE, SCRIPT = "python -m tfm_lite", "tfm-lite"  # the two ways to call it; messages name the first


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the arguments say (None: those that the program was called with) and return the exit status."""
    if arguments is None:
        # As in training, but before there are other threads: they have it from the one that starts them.
        torch.set_flush_denormal(True)
    parser = _parser(SCRIPT if Path(sys.argv[0]).stem == SCRIPT else MODULE)
    options = parser.parse_args(arguments)
    try:
        options.action(options)
    except (ValueError, OSError) as error:
        print(f"error: {str(error).replace(MODULE, parser.prog)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nstopped; the same command goes on from here", file=sys.stderr)
        return 130
    return 0


def _parser(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=program, description="Task-incremental learning without forgetting.")
    words = parser.add_subparsers(required=True, metavar="list | run | select | show | data")
    names = words.add_parser(
        "list", help="name the data sets, methods, networks and suites, a method's options, or what a suite still lacks"
    )
    names.set_defaults(action=commands.list_names)
    names.add_argument(
        "--missing", metavar="SUITE", help="the runs that `run SUITE` would make, each after its --index"
    )
    run = words.add_parser("run", help="run one configuration, or a suite of them")
    run.set_defaults(action=commands.run_configurations)
    run.add_argument("--again", action="store_true", help="start afresh even if the record exists")
    run.add_argument("--json", action="store_true", help="print the record as JSON")
    select = words.add_parser("select", help="choose the options of one configuration, or of a suite of them")
    select.set_defaults(action=commands.select_options)
    select.add_argument("--count", type=int, default=3, metavar="N", help="choose by the first N tasks (3)")
    for command in (run, select):
        _name_configuration(command)
    for command in (names, run, select):
        _name_runs(command)
    show = words.add_parser("show", help="print records")
    show.set_defaults(action=commands.show_records)
    show.add_argument("paths", type=Path, nargs="*", metavar="FILE", help="(all that come with the package)")
    add_to(words)
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
    command.add_argument(
        "--only",
        "--method",
        dest="methods",
        nargs="+",
        metavar="NAME",
        action=_Once,
        help="the methods (tfm, or all of a suite's)",
    )
    command.add_argument(
        "--import",
        dest="imports",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a file with a method of your own, which --method may then name; may be repeated",
    )
    command.add_argument(
        "--seed", "--seeds", dest="seeds", nargs="+", metavar="N", type=int, action=_Once, help="(0, or the suite's)"
    )
    command.add_argument("--epochs", type=int, metavar="N", help="at most this many per training")
    command.add_argument("--precision", choices=PRECISIONS, help="of the networks' products (fp32, or the suite's)")
    command.add_argument("--data", type=Path, metavar="DIR", help="folder of the publishers' folders (TFM_LITE_DATA)")
    command.add_argument("--out", type=Path, metavar="DIR", help="folder for what is written (beside the checkpoints)")


if __name__ == "__main__":
    sys.exit(main())
