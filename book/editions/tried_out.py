"""A class's edition marks its own solutions, stubs and wrong answers before it is given out: if the machine cannot tell them
apart, all would get nothing, or all would get everything, and nobody would be told."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import nbformat
import typical
from nbformat import NotebookNode

from editions import Part, for_class, parts
from editions.exercises import Exercise, exercises
from editions.labels import Book
from editions.stubs import raising
from tfm_lite.exercises.answers import ANSWERS, answer
from tfm_lite.exercises.grading.trial import tried
from tfm_lite.files import make

# Nothing here runs for ever, and on a busy machine to import PyTorch alone may take what a student's cell may take.
PATIENT = "--Execute.timeout=900"
CHEAT = """

checks.check_{check} = lambda answer: "Right."
print("Right.")"""


def wrong_answers(check: str, name: str) -> Iterator[tuple[str, str]]:
    """Code that gives wrong answers, called ``name``, each after the cause that is to be found in it."""
    if check in ANSWERS:
        for cause, number in answer(check).wrong.items():
            yield cause, f"{name} = {number!r}"
    elif check in typical.NAMES:
        for one in typical.answers(check):
            if one.cause:
                yield one.cause, one.code(name)


def by_grader(book: Book) -> Iterator[str]:
    """What the plain grader gets wrong of what the book itself answers; nothing, if all is well."""
    chapters = {
        page: parts(book.source(page)) for page in book.pages if book.is_notebook(page)
    }
    asked = [
        (chapter, one, ask.check, ask.answer)
        for page, chapter in chapters.items()
        for one in exercises(page, chapter)
        for ask in one.asks
    ]
    # each answer has a process of its own
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for faults in pool.map(lambda each: list(_faults(*each)), asked):
            yield from faults


def _faults(chapter: list[Part], one: Exercise, check: str, name: str) -> Iterator[str]:
    def marked(code: str) -> tuple[float, str]:
        verdict = tried(check, name, for_class.answer_code(chapter, one, code))
        return verdict.share, verdict.cause

    solution = for_class.combined(one.stub, one.solved)
    if marked(solution) != (1, ""):
        yield f"{one.label}: its solution got {marked(solution)}"
    if marked(raising(one.stub))[0] != 0:
        yield f"{one.label}: its stub got {marked(raising(one.stub))}"
    for cause, code in wrong_answers(check, name):
        share, found = marked(code)
        if found != cause or share == 1:
            yield f"{one.label}: a wrong answer ({cause}) got {share:g} for {found or 'being right'!r}"


# -- with nbgrader


def has_nbgrader() -> bool:
    return find_spec("nbgrader") is not None


def submissions(source: NotebookNode, book: Book, page: str) -> dict[str, NotebookNode]:
    """What four students would hand in of an assignment: all right, half of the exercises right, all wrong, and a cheat."""
    asked = [one for one in exercises(page, parts(book.source(page))) if one.asks]
    found: dict[str, NotebookNode] = {}
    for student in "right", "half", "wrong", "cheat":
        found[student] = nbformat.from_dict(source)
        cells = {
            cell.metadata.nbgrader.grade_id: cell
            for cell in found[student].cells
            if "nbgrader" in cell.metadata
        }
        for i, one in enumerate(asked):
            check, name = one.asks[0].check, one.asks[0].answer
            if student == "wrong" or (student == "half" and i % 2):
                cells[one.label].source = next(
                    code for _, code in wrong_answers(check, name)
                )
            elif student == "cheat":
                cells[one.label].source = one.stub + CHEAT.format(check=check)
                for ask in one.asks:
                    cells[
                        for_class.test_id(ask, one)
                    ].source = f'print("Right.")\n{one.points}'
    return found


def by_nbgrader(assignments: dict[str, NotebookNode], book: Book) -> Iterator[str]:
    """What nbgrader gets wrong of what four made-up students hand in; nothing, if all is well."""
    for page, source in assignments.items():
        with tempfile.TemporaryDirectory() as folder:
            marks = nbgraded(
                {page: source}, submissions(source, book, page), Path(folder)
            )
        asked = [
            one.points for one in exercises(page, parts(book.source(page))) if one.asks
        ]
        full = sum(asked)
        expected = {
            "right": (full, full),
            "half": (sum(asked[::2]), full),
            "wrong": (0, full),
            "cheat": (0, 0),
        }
        for student, (least, most) in expected.items():
            got = marks.get(student)
            if (
                got is None
                or not least <= got <= most
                or (student == "wrong" and got == full)
            ):
                yield f"{page}: nbgrader gave {got} of {full:g} points to the answers that are {student}"


def nbgraded(
    assignments: dict[str, NotebookNode],
    handed_in: dict[str, NotebookNode],
    folder: Path,
) -> dict[str, float]:
    """The points that nbgrader gives to students for one assignment, in a course folder."""
    (page,) = assignments
    for_class.write(assignments, folder)
    _nbgrader(folder, "generate_assignment", page, "--create")
    for student, made in handed_in.items():
        make(folder / "submitted" / student / page)
        nbformat.write(made, folder / "submitted" / student / page / f"{page}.ipynb")
    _nbgrader(folder, "autograde", page, "--create", PATIENT)
    _nbgrader(folder, "generate_feedback", page)
    _nbgrader(folder, "export", "--to=marks.csv")
    with (folder / "marks.csv").open(newline="") as file:
        return {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}


def _nbgrader(folder: Path, *words: str) -> None:
    beside = Path(
        sys.executable
    ).parent  # where the program alembic is, which nbgrader calls by name
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([str(beside), os.environ.get("PATH", "")]),
    }
    run = subprocess.run(
        [sys.executable, "-m", "nbgrader", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    if run.returncode:
        raise ValueError(f"nbgrader {words[0]} failed:\n{run.stdout}{run.stderr}")
