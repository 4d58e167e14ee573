"""The edition for a class that is marked with nbgrader: a course folder with an assignment for each chapter.

An assignment holds of its chapter the exercises that have a check or points, and of its other cells only those that an answer
needs, so that marking one takes seconds. Cells have nbgrader's marks: what must not change is locked, and an answer is marked
by a cell that imports the checks anew.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from editions import (
    Part,
    about,
    asks,
    code,
    first_cell,
    headline,
    markdown,
    number,
    parts,
    titled,
    written,
)
from editions.exercises import CALL, Ask, Exercise, exercises
from editions.labels import Book
from editions.plain import Plain
from editions.stubs import combined, marked
from tfm_lite.exercises.grading.needed import needed
from tfm_lite.files import written as written_file

IMPORTS = "import torch\nimport torch.nn.functional as F\nfrom torch import nn"  # what most answers need
FRESH = """import sys

for name in [n for n in sys.modules if n.startswith("tfm_lite.exercises")]:
    del sys.modules[name]  # whatever has been put in the place of a check
from tfm_lite.exercises.grading.cell import points

points("{check}", "{answer}", {points:g}, globals())"""
# Not what raises: outside of a function it would stop its cell, and take what stands behind it with it.
OPEN = "...  # write it here"
ANSWER = "Write your answer here. Where numbers are asked for, find them in the chapter's notebook."
CONFIG = f"""c = get_config()
c.CourseDirectory.course_id = "tfm_lite"
c.ClearSolutions.code_stub = {{"python": {OPEN!r}}}
c.ClearSolutions.text_stub = {ANSWER!r}
c.Execute.timeout = 120  # seconds that a cell may take
"""
README = """# A class on tfm_lite

Made by `make class`, which has graded its own solutions, stubs and wrong answers before it wrote this. In this folder:

1. `nbgrader generate_assignment {page}` makes of `source/{page}` what students get, in `release/{page}`.
2. Hand out `release/{page}/{page}.ipynb`, with `tfm_lite-*.whl` beside it, which `pip wheel --no-deps -w . PATH` makes of
   the book's folder, PATH: the notebook's first cell installs it.
3. Put what they hand in into `submitted/STUDENT/{page}/{page}.ipynb`.
4. `nbgrader autograde {page}` marks it. It runs the students' programs as you: do it in a container.
5. `nbgrader formgrader`, or `nbgrader export`, shows the marks; answers in words wait there for you.
6. `nbgrader generate_feedback {page}` writes a page for each student into `feedback/`.

Without nbgrader: `python -m tfm_lite grade FOLDER --csv marks.csv` takes the same notebooks, and the students' edition.

`exam.md` is an exam on paper, `exam_answers.md` its answers: keep that file to yourself.

Assignments, with their points: {assignments}.
"""


def assignment(book: Book, page: str) -> NotebookNode | None:
    """nbgrader's source of one chapter; None if nothing in it is marked."""
    chapter = parts(book.source(page))
    plain = Plain(book, page)
    asked = [one for one in exercises(page, chapter) if one.points]
    if not asked:
        return None
    cells = [
        markdown(f"# {book.titles[page]}"),
        locked(first_cell(book.root), "first"),
        locked(code(IMPORTS), "imports"),
    ]
    used: set[str] = set()  # cells of the chapter that are in already
    for one in asked:
        cells += exercise_cells(plain, chapter, one, used)
    for cell in cells:
        cell["id"] = (
            cell.metadata.nbgrader.grade_id if "nbgrader" in cell.metadata else "title"
        )
    metadata: dict[str, Any] = about([]) | {"tfm_lite": {"chapter": page}}
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata)


def exercise_cells(
    plain: Plain, chapter: list[Part], one: Exercise, used: set[str]
) -> list[NotebookNode]:
    """An exercise's question, the cells that it needs and that are not ``used`` yet, its answer, and what marks it."""
    head = headline(number(plain.book, one.part), one.part.title)
    text = [markdown(titled(2, head)), *asks(one.part)]
    text += [
        made
        for cell in one.part.cells
        if not cell.code
        for made in written(plain, cell)
    ]
    cells = [
        locked(markdown("\n\n".join(cell.source for cell in text)), f"{one.label}-text")
    ]
    if not one.asks:
        return [*cells, by_hand(plain, one)]
    for i, source in enumerate(context(chapter, one)):
        if source not in used:
            cells.append(locked(code(source), f"{one.label}-needs-{i}"))
            used.add(source)
    cells.append(graded(code(marked(one.stub, one.solved)), one.label, solution=True))
    return cells + [marking(ask, one) for ask in one.asks]


def context(chapter: list[Part], asked: Exercise) -> list[str]:
    """The chapter's code that an exercise's solution needs, from the cells before it."""
    before: list[str] = []
    for one in chapter:
        if one.label == asked.label and one.kind == "exercise":
            before += [
                cell.source
                for cell in one.cells
                if cell.code and not CALL.search(cell.source)
            ]
            break
        if one.kind == "text":
            before += [cell.source for cell in one.cells if cell.code]
    pieces = [*before, combined(asked.stub, asked.solved)]
    return [
        pieces[i]
        for i in needed(pieces, [ask.answer for ask in asked.asks], seeds=False)
        if i < len(before)
    ]


def answer_code(chapter: list[Part], asked: Exercise, answer: str) -> str:
    """What an assignment with this answer to one of its exercises runs."""
    return "\n\n\n".join([IMPORTS, *context(chapter, asked), answer])


# -- nbgrader's marks


def graded(
    cell: NotebookNode,
    grade_id: str,
    *,
    solution: bool = False,
    points: float | None = None,
) -> NotebookNode:
    """A cell with nbgrader's metadata: an answer to write (``solution``), a test (``points``), both, or neither."""
    cell.metadata["nbgrader"] = {
        "grade": points is not None,
        "grade_id": grade_id,
        "locked": not solution,
        "schema_version": 3,
        "solution": solution,
        "task": False,
    } | ({} if points is None else {"points": points})
    return cell


def locked(cell: NotebookNode, grade_id: str) -> NotebookNode:
    """A cell that nbgrader puts back as it was."""
    return graded(cell, grade_id)


def marking(ask: Ask, asked: Exercise) -> NotebookNode:
    """The cell that marks an answer."""
    points = asked.points / len(asked.asks)
    source = FRESH.format(check=ask.check, answer=ask.answer, points=points)
    return graded(code(source), test_id(ask, asked), points=points)


def test_id(ask: Ask, asked: Exercise) -> str:
    """What that cell is called."""
    return f"{asked.label}-{ask.answer}-check".replace("_", "-")


def by_hand(plain: Plain, asked: Exercise) -> NotebookNode:
    """A cell for an answer in words. The solution stands in the source; the release has a line in its place."""
    cells = asked.solution.cells if asked.solution else []
    text = [plain.markdown(cell.source) for cell in cells if not cell.code]
    return graded(
        markdown("\n\n".join(text) or "-"),
        asked.label,
        solution=True,
        points=asked.points,
    )


def course(book: Book) -> dict[str, NotebookNode]:
    """The assignments, by the chapter's name."""
    made = {
        page: assignment(book, page) for page in book.pages if book.is_notebook(page)
    }
    return {page: notebook for page, notebook in made.items() if notebook is not None}


def write(assignments: dict[str, NotebookNode], folder: Path) -> None:
    """Write a course folder for nbgrader."""
    for page, made in assignments.items():
        with written_file(folder / "source" / page / f"{page}.ipynb") as temporary:
            temporary.write_text(nbformat.writes(made) + "\n", encoding="utf-8")
    worth = {
        page: sum(
            cell.metadata.get("nbgrader", {}).get("points", 0) for cell in made.cells
        )
        for page, made in assignments.items()
    }
    listed = ", ".join(f"{page} ({points:g})" for page, points in worth.items())
    texts = {
        "nbgrader_config.py": CONFIG,
        "README.md": README.format(page=next(iter(assignments)), assignments=listed),
    }
    for name, text in texts.items():
        with written_file(folder / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
