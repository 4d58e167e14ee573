"""The students' edition: the notebooks without any line of any solution, with stubs that say they are not written yet, checks
that are live, and a last cell that says what is done. And the same of the book's pages: their sources without solutions.
"""

from __future__ import annotations

import re
import shutil
import zipfile
from pathlib import Path
from typing import Any

import nbformat
import yaml
from nbformat import NotebookNode

from editions import (
    Cell,
    Part,
    about,
    asks,
    code,
    first_cell,
    headline,
    identify,
    joined,
    markdown,
    number,
    parts,
    titled,
    written,
)
from editions.exercises import CALL, Exercise, exercises, without_calls
from editions.labels import Book
from editions.markup import PARSER, directive, starts
from editions.plain import Plain
from editions.stubs import raising
from tfm_lite.files import make
from tfm_lite.files import written as written_file

GOES_ON = "raises-exception"  # a notebook that is run to its end does not stop at what is not solved yet
BUTTONS = (
    "launch_buttons",
    "use_repository_button",
)  # of a page, that lead to the notebook with its solutions
TEACHERS = ("teaching",)  # pages that students do not get, and links to them
TO_TEACHERS = re.compile(rf"\[([^\]]*)\]\((?:{'|'.join(TEACHERS)})\.md[^)]*\)")
UNWANTED = "*.ipynb", "__pycache__", "typical", "downloads", "cache", "runs"
UNWANTED += ("slides.*",)
SHORT = 12  # letters: what is shorter, such as `)` or `else:`, is nobody's secret
EPOCH = (
    1980,
    1,
    1,
    0,
    0,
    0,
)  # of files in the archive, so that the same notebooks make the same bytes


def student(book: Book, page: str) -> NotebookNode:
    """The notebook of a chapter for students."""
    chapter = parts(book.source(page))
    plain, asked = Plain(book, page), exercises(page, chapter)
    cells = [first_cell(book.root)]
    for one in chapter:
        if one.kind == "exercise":
            head = headline(number(book, one), one.title)
            cells += [markdown(titled(3, head)), *asks(one)]
        if one.kind != "solution":
            cells += [made for cell in one.cells for made in given(plain, one, cell)]
    if plain.inline.cited:
        cells.append(
            markdown(f"## References\n\n{book.references(list(plain.inline.cited))}")
        )
    cells += report(asked)
    cells = joined(cells)
    identify(cells)
    metadata: dict[str, Any] = about([]) | {"tfm_lite": {"chapter": page}}
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata)


def given(plain: Plain, part: Part, cell: Cell) -> list[NotebookNode]:
    """A cell as students get it: a stub that raises, and each of its checks in a cell of its own, for the first that is not
    right would keep those behind it from being heard."""
    if part.kind != "exercise" or not cell.code or not CALL.search(cell.source):
        return written(plain, cell)
    live = [code(match[2], (GOES_ON,)) for match in CALL.finditer(cell.source)]
    return [code(raising(without_calls(cell.source)), cell.tags), *live]


def report(asked: list[Exercise]) -> list[NotebookNode]:
    """The last cell, with the points of every check of the chapter."""
    points = [
        f"    {ask.check}={one.points / len(one.asks):g},"
        for one in asked
        for ask in one.asks
    ]
    if not points:
        return []
    table = "\n".join(["checks.report(", *points, ")"])
    return [
        markdown("## What is done"),
        code(f"from tfm_lite.exercises import checks\n\n{table}"),
    ]


# -- pages


def without_solutions(chapter: str) -> str:
    """A chapter's source without its solutions."""
    lines, kept, at, inside = starts(chapter), list[str](), 0, False
    for token in PARSER.parse(chapter):
        block = directive(token) if token.level == 0 else None
        kind, _, gate = block.name.partition("-") if block else ("", "", "")
        if kind != "solution":
            continue
        first, last = lines[token.map[0]], lines[token.map[1]]
        if not inside:
            kept.append(chapter[at:first])
        inside = gate == "start" or (inside and gate != "end")
        at = last
    kept.append(chapter[at:])
    return "\n\n".join(part.strip("\n") for part in kept) + "\n"


def pages(book: Book, folder: Path) -> None:
    """Write to ``folder`` what the students' pages are built from: all that the book is built from, but no solution."""
    make(folder)
    contents = (book.root / "_toc.yml").read_text(encoding="utf-8")
    without = re.sub(
        rf"^ *- file: book/({'|'.join(TEACHERS)})\n", "", contents, flags=re.M
    )
    (folder / "_toc.yml").write_text(without, encoding="utf-8")
    config = yaml.safe_load((book.root / "_config.yml").read_text(encoding="utf-8"))
    for button in BUTTONS:
        config.get("html", {}).pop(button, None)
        config.pop(button, None)
    (folder / "_config.yml").write_text(
        yaml.safe_dump(config, sort_keys=False, allow_unicode=True), encoding="utf-8"
    )
    unwanted = shutil.ignore_patterns(*UNWANTED, *(f"{page}.md" for page in TEACHERS))
    for name in "book", "tfm_lite", "data":
        shutil.copytree(
            book.root / name, folder / name, ignore=unwanted, dirs_exist_ok=True
        )
    for path in (folder / "book").glob("*.md"):
        text = without_solutions(path.read_text(encoding="utf-8"))
        path.write_text(TO_TEACHERS.sub(r"\1", text), encoding="utf-8")


# -- nothing leaks


def secrets(book: Book) -> dict[str, str]:
    """Every line of every solution that stands in no text that all may read, with the exercise that it solves."""
    every = [
        (page, parts(book.source(page)))
        for page in book.pages
        if book.is_notebook(page)
    ]
    shown, hidden = list[str](), dict[str, str]()
    for page, chapter in every:
        shown += [
            raising(stub)
            for one in exercises(page, chapter)
            if one.asks
            for stub in one.stubs
        ]
        for one in chapter:
            text = "\n".join(cell.source for cell in one.cells)
            if one.kind == "solution":
                hidden |= {squeezed(line): one.label for line in text.splitlines()}
            else:
                shown += [text, *(match[2] for match in CALL.finditer(text))]
    open_ = squeezed("\n".join(shown))
    return {
        line: label
        for line, label in hidden.items()
        if len(line) >= SHORT and line not in open_
    }


def squeezed(text: str) -> str:
    """With one space where there are many, so that a wrapped line is found."""
    return " ".join(text.split())


def leaks(secret: dict[str, str], text: str) -> list[str]:
    """The lines of solutions that a text has."""
    found = squeezed(text)
    return [f"{line} ({label})" for line, label in secret.items() if line in found]


def readable(notebook: NotebookNode) -> str:
    """All that a notebook says and runs."""
    return "\n".join(cell.source for cell in notebook.cells)


def write(book: Book, folder: Path) -> Path:
    """Write the students' notebooks, their archive and the sources of their pages.

    Raises ``ValueError`` that names a line of a solution, if one is left.
    """
    secret = secrets(book)
    notebooks = {
        page: student(book, page) for page in book.pages if book.is_notebook(page)
    }
    found = [
        (page, leak)
        for page, made in notebooks.items()
        for leak in leaks(secret, readable(made))
    ]
    if found:
        page, leak = found[0]
        raise ValueError(
            f"the students' {page}.ipynb has {len(found)} lines of solutions, the first: {leak}"
        )
    for page, made in notebooks.items():
        with written_file(folder / f"{page}.ipynb") as temporary:
            temporary.write_text(nbformat.writes(made) + "\n", encoding="utf-8")
    archive = folder / "student.zip"
    with (
        written_file(archive) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for page in notebooks:
            packed.writestr(
                zipfile.ZipInfo(f"{page}.ipynb", EPOCH),
                (folder / f"{page}.ipynb").read_bytes(),
            )
    pages(book, folder / "source")
    return archive
