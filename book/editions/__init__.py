"""The editions of a chapter that are made from its one source. Here: the notebook, a book of its own, in which nothing is
left for Sphinx to do, and which shows and runs the same wherever it is opened alone. For students: :mod:`editions.student`;
for a class that is marked: :mod:`editions.for_class`.

The page folds a solution under its exercise; the notebook folds all of them under one last heading.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import nbformat
from _ext.tasks import line
from nbformat import NotebookNode

from editions.labels import Book, anchor, headline, mark, numbered
from editions.markup import PARSER, Directive, directive, starts
from editions.plain import Plain

SOURCE, OUTPUTS = "source_hidden", "outputs_hidden"
# What the page hides, a notebook folds: the cell's metadata that JupyterLab knows.
FOLDED = {
    "hide-input": (SOURCE,),
    "remove-input": (SOURCE,),
    "hide-output": (OUTPUTS,),
    "remove-output": (OUTPUTS,),
    "hide-cell": (SOURCE, OUTPUTS),
    "remove-cell": (SOURCE, OUTPUTS),
}
# Colab hides the code of a cell with a title, and shows the title instead.
TITLE = "# @title Folded code"
FIRST = "# @title This chapter uses tfm_lite: run this cell first"
SOLUTIONS = "Solutions"


@dataclass(frozen=True)
class Cell:
    """Some MyST, or some code with its tags."""

    source: str
    code: bool = False
    tags: tuple[str, ...] = ()


@dataclass
class Part:
    """A stretch of a chapter: of its own text (no label), an exercise, or the solution of the exercise with that label."""

    kind: str = "text"
    label: str = ""
    title: str = ""
    counted: bool = False
    options: dict[str, str] = field(default_factory=dict)
    cells: list[Cell] = field(default_factory=list)


def parts(chapter: str) -> list[Part]:
    """The parts of a chapter's source, in its order."""
    found, lines, last = [Part()], starts(chapter), 0

    def text(until: int) -> None:
        if chapter[last:until].strip():
            found[-1].cells.append(Cell(chapter[last:until]))

    for token in PARSER.parse(chapter):
        block = directive(token) if token.level == 0 else None
        kind, _, gate = block.name.partition("-") if block else ("", "", "")
        if token.type == "front_matter":
            last = lines[token.map[1]]
        elif block and block.name == "code-cell":
            text(lines[token.map[0]])
            found[-1].cells.append(Cell(block.content, True, tuple(block.tags())))
            last = lines[token.map[1]]
        elif block and kind in ("exercise", "solution"):
            text(lines[token.map[0]])
            found.append(Part() if gate == "end" else part(block, kind))
            if not gate:  # it is whole: its content stands within it
                found[-1].cells += [c for p in parts(block.content) for c in p.cells]
                found.append(Part())
            last = lines[token.map[1]]
    text(len(chapter))
    return [one for one in found if one.cells or one.kind != "text"]


def part(block: Directive, kind: str) -> Part:
    if kind == "solution":
        return Part(kind, block.argument)
    counted = numbered(block) is not None
    return Part(kind, block.label, block.argument, counted, block.options)


def notebook(book: Book, page: str) -> NotebookNode:
    """The notebook of one chapter."""
    if page not in book.pages:
        raise ValueError(f"_toc.yml does not name book/{page}: add it")
    plain = Plain(book, page)
    body, answers = arranged(plain, parts(book.source(page)))
    cells = [first_cell(book.root), *body]
    if plain.inline.cited:
        cited = book.references(list(plain.inline.cited))
        cells.append(markdown(f"## References\n\n{cited}"))
    if answers:
        cells += [folded_heading(SOLUTIONS), *answers]
    cells = joined(cells)
    identify(cells)
    return nbformat.v4.new_notebook(cells=cells, metadata=about(answers))


def arranged(
    plain: Plain, chapter: list[Part]
) -> tuple[list[NotebookNode], list[NotebookNode]]:
    """The cells of a chapter without its solutions, and those of the solutions."""
    solved = {one.label for one in chapter if one.kind == "solution"}
    heads = {
        one.label: headline(number(plain.book, one), one.title)
        for one in chapter
        if one.kind == "exercise"
    }
    if lost := solved - set(heads):
        raise ValueError(f"{plain.page}.md solves what it does not ask: {lost}")
    body, answers = list[NotebookNode](), list[NotebookNode]()
    for one in chapter:
        own = [made for cell in one.cells for made in written(plain, cell)]
        head = heads.get(one.label, "")
        if one.kind == "text":
            body += own
        elif one.kind == "exercise":
            body += [markdown(titled(3, head)), *asks(one), *own]
            body += [markdown(pointer(head))] if one.label in solved else []
        else:
            back = link("To the exercise", head)
            answers += [markdown(f"{titled(3, answer(head))}\n\n{back}"), *own]
    return body, answers


# -- what a reader sees


def asks(exercise: Part) -> list[NotebookNode]:
    """The line on its level, its minutes and its points."""
    text = line(exercise.options)
    return [markdown(f"*{text}*")] if text else []


def number(book: Book, exercise: Part) -> str:
    return book.target(exercise.label).words if exercise.counted else "Exercise"


def answer(head: str) -> str:
    """The heading of an exercise's solution."""
    return f"Solution to {head[0].lower()}{head[1:]}"


def titled(level: int, head: str) -> str:
    return f"{'#' * level} {mark(head)}{head}"


def link(words: str, head: str) -> str:
    return f"[{words}](#{anchor(head)})"


def pointer(head: str) -> str:
    """From an exercise to its solution. Jupyter finds no heading in a folded section, but finds the section's own."""
    return f"{link('Its solution', answer(head))} is folded under {link(SOLUTIONS, SOLUTIONS)}."


def folded_heading(head: str) -> NotebookNode:
    """A heading whose section is folded when the notebook is opened: in JupyterLab by the first key, in Colab by the second,
    which the notebook's own metadata names."""
    cell = markdown(titled(2, head))
    cell.metadata.update({"jp-MarkdownHeadingCollapsed": True, "id": anchor(head)})
    return cell


# -- cells


def written(plain: Plain, cell: Cell) -> list[NotebookNode]:
    """A cell of the chapter as cells of a notebook: text begins a new one at each heading, so that it can be folded there."""
    if cell.code:
        return [code(cell.source, cell.tags)]
    text = plain.markdown(cell.source)
    lines = starts(text)
    heads = [
        lines[t.map[0]]
        for t in PARSER.parse(text)
        if t.type == "heading_open" and t.level == 0
    ]
    cuts = [0, *heads, len(text)]
    return [markdown(own) for a, b in pairwise(cuts) if (own := text[a:b].strip())]


def markdown(text: str) -> NotebookNode:
    return nbformat.v4.new_markdown_cell(text)


def code(source: str, tags: tuple[str, ...] = (), title: str = TITLE) -> NotebookNode:
    """A code cell; what the page hides is folded in it."""
    metadata: dict[str, Any] = {"tags": list(tags)} if tags else {}
    hidden = {key for tag in tags for key in FOLDED.get(tag, ())}
    if hidden:
        metadata["jupyter"] = dict.fromkeys(sorted(hidden), True)
    if SOURCE in hidden:
        metadata["cellView"] = "form"
        source = f"{title}\n{source}"
    return nbformat.v4.new_code_cell(source, metadata=metadata)


def first_cell(root: Path) -> NotebookNode:
    """The code that makes sure of the package, and knows the version of this edition."""
    package = (root / "tfm_lite" / "__init__.py").read_text()
    version = re.search(r'^__version__ = "(.+)"$', package, re.MULTILINE)[1]
    source = (root / "book" / "editions" / "first_cell.py").read_text().strip()
    return code(source.replace('"?"', f'"{version}"'), ("hide-input",), FIRST)


def joined(cells: list[NotebookNode]) -> list[NotebookNode]:
    """The same cells, with text that has no heading of its own at the end of the text before it."""
    found: list[NotebookNode] = []
    for cell in cells:
        follows = found and found[-1].cell_type == cell.cell_type == "markdown"
        if follows and not cell.source.startswith("#"):
            found[-1].source += f"\n\n{cell.source}"
        else:
            found.append(cell)
    return found


def identify(cells: list[NotebookNode]) -> None:
    """Name each cell after its section, so that only what changed in a chapter changes in its notebook."""
    section, used = "start", Counter[str]()
    for cell in cells:
        head = (
            re.match(r"#+ (?:<a .*?></a>)?(.*)", cell.source)
            if cell.cell_type == "markdown"
            else None
        )
        if head:
            section = (
                re.sub(r"[^a-z0-9]+", "-", head[1].lower()).strip("-")[:50] or "section"
            )
        used[section] += 1
        cell["id"] = section if used[section] == 1 else f"{section}-{used[section]}"


def about(answers: list[NotebookNode]) -> dict[str, Any]:
    """A notebook's own metadata."""
    return {
        "kernelspec": {
            "display_name": "Python 3",
            "language": "python",
            "name": "python3",
        },
        "language_info": {"name": "python"},
        "colab": {
            "collapsed_sections": [SOLUTIONS] if answers else [],
            "toc_visible": True,
        },
    }
