"""The words of the command line: ``list | run | select | show | keep | data | grade``.

What they do is in :mod:`tfm_lite.runs.commands`, :mod:`tfm_lite.datasets.commands` and :mod:`tfm_lite.exercises.commands`;
what becomes of an error, or of a signal, in :mod:`tfm_lite.__main__`.
"""

from __future__ import annotations

import argparse
from typing import Any, NoReturn

from tfm_lite.datasets import commands as of_data
from tfm_lite.devices import PRECISIONS
from tfm_lite.exercises import commands as of_classes
from tfm_lite.faults import REFUSED
from tfm_lite.options import number, place, whole
from tfm_lite.runs import commands


class Parser(argparse.ArgumentParser):
    """One that says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        line = " ".join(message.split())
        self.exit(REFUSED, f"error: {line}; `{self.prog} --help` says what there is\n")


def parser(program: str) -> Parser:
    """The parser of a program that is called by this name."""
    parser = Parser(prog=program, description="Task-incremental learning without forgetting.")
    words = parser.add_subparsers(required=True, metavar="list | run | select | show | keep | data | grade")
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
    select.add_argument("--count", type=whole, default=3, metavar="N", help="choose by the first N tasks (3)")
    for command in (run, select):
        _name_configuration(command)
    for command in (names, run, select):
        _name_runs(command)
    show = words.add_parser("show", help="print records")
    show.set_defaults(action=commands.show_records)
    show.add_argument("paths", type=place, nargs="*", metavar="FILE", help="(all that come with the package)")
    keep = words.add_parser("keep", help="keep the trained network of a finished run with its record")
    keep.set_defaults(action=commands.keep_weights)
    keep.add_argument("paths", type=place, nargs="+", metavar="FILE", help="the records")
    keep.add_argument("--half", action="store_true", help="in half precision")
    keep.add_argument("--data", type=place, metavar="DIR", help="folder in which it was run (TFM_LITE_DATA)")
    of_data.add_to(words)
    of_classes.add_to(words)
    return parser


def _name_configuration(command: argparse.ArgumentParser) -> None:
    """The options that name one configuration, or one of a suite."""
    command.add_argument("suite", nargs="?", help="a suite, instead of --tasks")
    command.add_argument("--tasks", metavar="NAME", help="the data set, or folder:PATH+3tasks for your own images")
    command.add_argument("--index", type=whole, metavar="I", help="with a suite, only its run number I, from 0")
    command.add_argument("--network", metavar="NAME", help="(by the size of the images)")
    command.add_argument("--width", type=number, default=1.0, metavar="FACTOR", help="of every layer (1)")
    command.add_argument("--size", type=whole, metavar="PIXELS", help="of the images (the data set's own)")
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
        type=place,
        action="append",
        default=[],
        metavar="FILE",
        help="a file with a method of your own, which --method may then name; may be repeated",
    )
    command.add_argument(
        "--seed", "--seeds", dest="seeds", nargs="+", metavar="N", type=whole, action=_Once, help="(0, or the suite's)"
    )
    command.add_argument("--epochs", type=whole, metavar="N", help="at most this many per training")
    command.add_argument("--precision", choices=PRECISIONS, help="of the networks' products (fp32, or the suite's)")
    command.add_argument("--data", type=place, metavar="DIR", help="folder of the publishers' folders (TFM_LITE_DATA)")
    command.add_argument("--out", type=place, metavar="DIR", help="folder for what is written (beside the checkpoints)")
