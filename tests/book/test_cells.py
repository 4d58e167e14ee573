"""What a reader sees of the code: short cells, as wide as a page, about the idea; what draws is in the package."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from built import NOTEBOOKS, ROOT
from sync import CELL, COLUMNS

LINES = 15
FOLDED = re.compile(r"^:tags:.*(hide|remove)-(cell|input)", re.MULTILINE)
SOLUTION = re.compile(r"^`{3,}\{solution-start\}.*?^`{3,}\{solution-end\}", re.MULTILINE | re.DOTALL)
HTML = re.compile(r"\bHTML\(|</?(div|span|table|tr|td|th|p|b|svg|path|rect|img|style|script)\b[^\n]*?>")


def faults(text: str) -> Iterator[str]:
    """What is wrong with a chapter's cells. Solutions are folded, and as long as their exercise asks."""
    solved = [match.span() for match in SOLUTION.finditer(text)]
    for cell in CELL.finditer(text):
        code, line = cell[2], text.count("\n", 0, cell.start()) + 1
        if found := HTML.search(code):
            yield f"line {line}: builds HTML, {found[0]!r}; let tfm_lite.figures do it"
        if FOLDED.search(cell[1]) or any(start <= cell.start() < end for start, end in solved):
            continue
        lines = code.split("\n")
        if len(lines) > LINES:
            yield f"line {line}: {len(lines)} lines, more than {LINES}"
        yield from (f"line {line}: {len(one)} columns, {one!r}" for one in lines if len(one) > COLUMNS)


def source(page: str) -> str:
    return (ROOT / page).with_suffix(".md").read_text()


@pytest.mark.parametrize("page", NOTEBOOKS)
def test_visible_code_is_about_the_idea(page: str) -> None:
    assert not list(faults(source(page)))


LONG = "\n".join(["a = 1"] * 16)


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (LONG, "16 lines"),
        (f"# {'x' * 67}", "69 columns"),
        ('print(HTML("<b>a</b>"))', "builds HTML"),
        ('row = f"<td>{a}</td>"', "builds HTML"),
        (f':tags: [hide-input]\n\nrow = f"<td>{{a}}</td>"\n{LONG}', "builds HTML"),
    ],
)
def test_a_fault_is_found(cell: str, words: str) -> None:
    (found,) = faults(f"Text.\n\n```{{code-cell}} ipython3\n{cell}\n```\n")
    assert words in found


@pytest.mark.parametrize(
    "cell", ["\n".join(["a = 1"] * 15), f":tags: [hide-input]\n\n{LONG}", f"# {'x' * 66}", "a = b < c > d"]
)
def test_what_is_short_or_folded_passes(cell: str) -> None:
    assert not list(faults(f"```{{code-cell}} ipython3\n{cell}\n```\n"))


def test_a_solution_may_be_long() -> None:
    cell = f"```{{code-cell}} ipython3\n{LONG}\n```"
    assert not list(faults(f"```{{solution-start}} a\n```\n\n{cell}\n\n```{{solution-end}}\n```\n"))
