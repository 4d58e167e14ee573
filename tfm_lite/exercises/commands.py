"""The command line's ``grade``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tfm_lite.options import number, place, whole


def add_to(commands: Any) -> None:
    """Add ``grade`` to the command line."""
    about = "grade the notebooks of a class: a table of marks, and feedback for each student"
    grade = commands.add_parser("grade", help=about, description=about)
    grade.set_defaults(action=_grade)
    grade.add_argument("folder", type=place, metavar="FOLDER", help="of notebooks, or of a folder per student")
    grade.add_argument("--csv", type=place, required=True, metavar="FILE", help="the table of marks")
    grade.add_argument("--feedback", type=place, metavar="DIR", help="for the students (FILE's name, -feedback)")
    grade.add_argument("--chapter", nargs="+", default=[], metavar="NAME", help="(those that the notebooks are of)")
    grade.add_argument("--seconds", type=number, default=60.0, metavar="S", help="that an answer may take (60)")
    grade.add_argument("--megabytes", type=whole, default=2000, metavar="MB", help="of memory for an answer (2000)")
    grade.add_argument("--again", action="store_true", help="replace the marks and feedback that are there")


def _grade(options: argparse.Namespace) -> None:
    from tfm_lite.exercises.asked import asked
    from tfm_lite.exercises.grading import feedback
    from tfm_lite.exercises.grading.marks import Limits, graded

    file: Path = options.csv
    folder: Path = options.feedback or file.with_name(f"{file.stem}-feedback")
    for there in file, folder:
        if there.exists() and not options.again:
            raise ValueError(f"{there} is there already: name another, or --again to replace it")
    if options.seconds <= 0 or options.megabytes <= 0:
        raise ValueError(f"an answer needs some time and memory, not {options.seconds:g} s and {options.megabytes} MB")
    class_ = []
    for marks in graded(options.folder, asked(), Limits(options.seconds, options.megabytes), options.chapter):
        class_.append(marks)
        print(f"{marks.student:30} {feedback.total(marks)}{' *' if marks.remarks else ''}", flush=True)
    feedback.write(class_, file, folder)
    print(f"marks    {file}\nfeedback {folder}")
    if any(marks.remarks for marks in class_):
        print("*        see the remarks")
