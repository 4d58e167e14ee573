"""The notebooks of the chapters: plain Markdown that leads somewhere, solutions folded at the end, and nothing lost."""

from __future__ import annotations

import ast
import base64
import io
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import nbformat
import pytest
from editions import FOLDED, SOURCE, Part, parts
from editions.labels import Book, anchor
from editions.markup import PARSER, directive, heading
from nbformat import NotebookNode
from PIL import Image

from tfm_lite.exercises.grading import needed

ROOT = Path(__file__).parents[2]
BOOK = Book(ROOT)
NOTEBOOKS = [page for page in BOOK.pages if BOOK.is_notebook(page)]
# A role, a colon fence, a directive, a target, a comment, a break.
MYST = re.compile(r"\{[\w:+-]+\}`|^\s*(> )*(:{3,}|`{3,}\{)|^\([\w-]+\)=|^% |^\+\+\+", re.MULTILINE)


@cache
def notebook(page: str) -> NotebookNode:
    return nbformat.read(BOOK.folder / f"{page}.ipynb", as_version=4)


def prose(page: str) -> str:
    return "\n\n".join(cell.source for cell in notebook(page).cells if cell.cell_type == "markdown")


def inline(text: str, kind: str, name: str) -> Iterator[str]:
    """What the links (``link_open``, ``href``) or the pictures (``image``, ``src``) of a text lead to."""
    for token in PARSER.parse(text):
        yield from (str(child.attrs[name]) for child in token.children or [] if child.type == kind)


def headings(page: str) -> set[str]:
    """What a link can say after the #: as Jupyter names headings, from the words that it shows."""
    tokens = PARSER.parse(prose(page))
    heads = [i for i, token in enumerate(tokens) if token.type == "heading_open"]
    return {anchor(re.sub("<.*?>", "", heading(tokens, i))) for i in heads}


@pytest.mark.parametrize("page", NOTEBOOKS)
def test_no_myst_is_left(page: str) -> None:
    fences = re.compile(r"^(`{3,})\w*\n.*?^\1$", re.MULTILINE | re.DOTALL)
    assert not MYST.findall(fences.sub("", prose(page)))
    assert "jupytext" not in notebook(page).metadata


@pytest.mark.parametrize("page", NOTEBOOKS)
def test_a_notebook_is_valid_and_its_cells_have_names_of_their_own(page: str) -> None:
    nbformat.validate(notebook(page))
    names = [cell.id for cell in notebook(page).cells]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("page", NOTEBOOKS)
def test_links_lead_to_headings_and_to_notebooks_beside_it(page: str) -> None:
    links = list(inline(prose(page), "link_open", "href"))
    assert len(links) >= BOOK.source(page).count(".md)")
    for link in links:
        if not re.match("https?:", link):
            file, _, head = link.partition("#")
            assert not file or file.removesuffix(".ipynb") in NOTEBOOKS, link
            there = file.removesuffix(".ipynb") or page
            assert not head or head in headings(there), link  # for JupyterLab
            assert not head or f'<a id="{head}"></a>' in prose(there), link  # for VS Code


@pytest.mark.parametrize("page", NOTEBOOKS)
def test_pictures_are_within_the_notebook_and_have_words(page: str) -> None:
    pictures = list(inline(prose(page), "image", "src"))
    assert len(pictures) == BOOK.source(page).count("```{image}") + BOOK.source(page).count("```{figure}")
    for picture in pictures:
        kind, content = picture.split(";base64,")
        assert kind == "data:image/png"  # of what notebooks show, the one that Colab shows too
        image = Image.open(io.BytesIO(base64.b64decode(content)))
        assert image.width > 600 and image.getchannel("A").getextrema() >= (0, 250)  # something is drawn on nothing
    assert not re.search(r"!\[\s*\]", prose(page))


@pytest.mark.parametrize("page", NOTEBOOKS)
def test_a_method_s_code_stands_where_the_text_speaks_of_it(page: str) -> None:
    found = [directive(token) for token in PARSER.parse(BOOK.source(page))]
    for one in found:
        if one and one.name == "literalinclude":
            text = (BOOK.folder / one.argument).read_text()
            if start := one.options.get("start-at"):
                assert text[text.index(f"\n{start}") + 1 :].strip() in prose(page)
                continue
            within = ast.parse(text)
            for name in one.options["pyobject"].split("."):
                (within,) = [node for node in within.body if getattr(node, "name", "") == name]
            assert f"`{one.argument[3:]}`, `{one.options['pyobject']}`:\n\n```python" in prose(page)
            assert str(ast.get_source_segment(text, within)) in prose(page)


@pytest.mark.parametrize("page", NOTEBOOKS)
def test_every_cell_of_the_chapter_is_there_and_what_the_page_hides_is_folded(page: str) -> None:
    chapter = sorted((cell.source, cell.tags) for one in parts(BOOK.source(page)) for cell in one.cells if cell.code)
    first, *cells = [cell for cell in notebook(page).cells if cell.cell_type == "code"]
    title = re.compile(r"# @title .*\n")
    assert chapter == sorted((title.sub("", cell.source), tuple(cell.metadata.get("tags", []))) for cell in cells)
    for cell in [first, *cells]:
        folded = any(SOURCE in FOLDED.get(tag, ()) for tag in cell.metadata.get("tags", []))
        assert folded == bool(title.match(cell.source)) == (cell.metadata.get("cellView") == "form")  # Colab
        assert folded == cell.metadata.get("jupyter", {}).get("source_hidden", False)  # JupyterLab
    assert "@title" not in BOOK.source(page)


def written(page: str, kind: str) -> list[Part]:
    return [one for one in parts(BOOK.source(page)) if one.kind == kind]


@pytest.mark.parametrize("page", [page for page in NOTEBOOKS if written(page, "solution")])
def test_solutions_are_folded_at_the_end_and_linked_both_ways(page: str) -> None:
    cells = notebook(page).cells
    (at,) = [i for i, cell in enumerate(cells) if re.match("## .*Solutions$", cell.source)]
    assert cells[at].metadata["jp-MarkdownHeadingCollapsed"] is True
    assert notebook(page).metadata.colab.collapsed_sections == [cells[at].metadata["id"]]
    before, after = ("\n".join(cell.source for cell in some) for some in (cells[:at], cells[at + 1 :]))
    heads = [cell.source for cell in cells[at + 1 :] if cell.cell_type == "markdown"]
    assert not [head for head in heads if re.match("##? ", head)]  # nothing follows them
    exercises = written(page, "exercise")
    assert (
        len(exercises)
        == len(re.findall("^### .*>Exercise ", before, re.M))
        == len(re.findall("^### .*>Solution to exercise ", after, re.M))
    )
    for one in written(page, "solution"):
        head = BOOK.target(one.label).anchor
        back = head.replace("Exercise", "Solution-to-exercise", 1)
        assert f"](#{back})" in before and f"](#{head})" in after
        for cell in one.cells:
            if cell.code:
                assert cell.source in after and cell.source not in before


def names(code: str) -> tuple[set[str], set[str], set[str]]:
    """The names that some code gives, those that it imports, and those that it uses."""
    found = needed.names(code)
    return (
        {*found.given - found.imported},
        {*found.imported},
        {*found.used | found.later | found.changed | found.called},
    )


def tangled(chapter: str) -> list[tuple[str, set[str]]]:
    """The names through which a solution, and what follows it outside of solutions, depend on each other's order."""
    found, cells = (
        list[tuple[str, set[str]]](),
        [(one, cell) for one in parts(chapter) for cell in one.cells if cell.code],
    )
    for i, (solution, cell) in enumerate(cells):
        if solution.kind == "solution":
            given, imported, used = names(cell.source)
            for other, later in cells[i + 1 :]:
                if other.kind != "solution":
                    gives, imports, uses = names(later.source)  # what is imported again is what it was
                    found.append((solution.label, (given | imported) & (uses - gives - imports) | used & gives))
    return [(label, shared) for label, shared in found if shared]


@pytest.mark.parametrize("page", NOTEBOOKS)
def test_a_chapter_runs_the_same_with_its_solutions_at_the_end(page: str) -> None:
    assert not tangled(BOOK.source(page))


@pytest.mark.parametrize("later", ["print(answer)", "given = 2", "def given(): ..."])
def test_a_solution_that_cannot_move_is_found(later: str) -> None:
    start, end = "```{solution-start} exercise-x\n```\n", "```{solution-end}\n```\n"
    chapter = f"{start}\n```{{code-cell}}\nanswer = given\n```\n\n{end}\n```{{code-cell}}\n{later}\n```\n"
    assert tangled(chapter) == [("exercise-x", {"answer" if "answer" in later else "given"})]
    assert not tangled(chapter.replace(later, "answer = 3"))
    assert not tangled(chapter.replace(later, "def other(given): return given"))  # its own
