"""MyST as plain Markdown: every directive and role that a chapter may use, in a small book of two pages."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from _ext.tasks import number_by_chapter
from editions import notebook
from editions.blocks import quoted
from editions.labels import Book
from editions.plain import Plain
from PIL import Image

ONE = """---
jupytext: {}
---

# One

## A section

Before.

```{exercise-start} First
:label: exercise-first
```
```{exercise-end}
```
"""
TWO = """---
jupytext: {}
---

# Two

(here)=
## A part with `code` and 5 %

$$a = b$$ (sum)

```{exercise-start} Second
:label: exercise-second
```
```{exercise-end}
```

```{prf:theorem} Small
:label: small
True.
```
"""
BIB = """@article{one, author={Adams, Ann}, title={First {A}}, journal={J}, year={2001}}
@article{two, author={Adams, Ann and de la Cruz, Bo}, title={Second}, journal={J}, year={2002}}
@article{three, author={Adams, Ann and Brown, Bo and Clark, Cy}, title={Third}, journal={J}, year={2003}}
"""


def book(folder: Path, **pages: str) -> Book:
    (folder / "book" / "editions").mkdir(parents=True, exist_ok=True)
    (folder / "tfm_lite").mkdir(exist_ok=True)
    (folder / "_toc.yml").write_text("root: book/index\nparts:\n- chapters:\n  - file: book/one\n  - file: book/two\n")
    for name, text in {"index": "# Start\n", "one": ONE, "two": TWO, **pages}.items():
        (folder / "book" / f"{name}.md").write_text(text)
    (folder / "book" / "references.bib").write_text(BIB)
    (folder / "book" / "dot.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="4" height="2"/>')
    (folder / "book" / "editions" / "first_cell.py").write_text('EDITION = "?"')
    (folder / "tfm_lite" / "__init__.py").write_text('__version__ = "7.8"\n')
    (folder / "tfm_lite" / "some.py").write_text("A = 1\n\n\ndef some():\n    return 1\n")
    return Book(folder)


PART = "A-part-with-code-and-5-%25"


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Plain:
    return Plain(book(tmp_path_factory.mktemp("small")), "one")


INLINE = {
    "{cite}`one`": "(Adams, 2001)",
    "{cite:p}`two`": "(Adams and de la Cruz, 2002)",
    "{cite}`one, three`": "(Adams, 2001; Adams et al., 2003)",
    "{cite:t}`three`": "Adams et al. (2003)",
    "{cite:author}`two` in {cite:year}`two`": "Adams and de la Cruz in 2002",
    "{ref}`here`": f"[A part with code and 5 %](two.ipynb#{PART})",
    "{ref}`words <here>`": f"[words](two.ipynb#{PART})",
    "{numref}`exercise-second`": "[Exercise 2](two.ipynb#Exercise-2:-Second)",
    "{ref}`exercise-first`": "[Exercise 1](#Exercise-1:-First)",
    "{prf:ref}`small`": "[Theorem 1](two.ipynb#Exercise-2:-Second)",
    "{eq}`sum`": f"[(1)](two.ipynb#{PART})",
    "{doc}`two`": "[Two](two.ipynb)",
    "{doc}`it <two>`": "[it](two.ipynb)",
    "{term}`task`": "*task*",
    "{term}`tasks <task>`": "*tasks*",
    "{math}`x + y`": "$x + y$",
    "H{sub}`2`O": "H<sub>2</sub>O",
    "{abbr}`HAT (hard attention)`": "HAT (hard attention)",
    "{py:func}`~torch.equal`": "`torch.equal`",
    "[words](two.md)": "[words](two.ipynb)",
    "[](two.md)": "[Two](two.ipynb)",
    "[words](#here)": f"[words](two.ipynb#{PART})",
    "[words](here)": f"[words](two.ipynb#{PART})",
    "[](#exercise-second)": "[Exercise 2](two.ipynb#Exercise-2:-Second)",
    "[the start](index.md)": "the start",  # no notebook
    "[away](https://example.org/a.md)": "[away](https://example.org/a.md)",
    "as `{cite}` and `[x](two.md)` say": "as `{cite}` and `[x](two.md)` say",
    "| a | b |\n|---|---|\n| {cite}`one` | {cite}`one` |": "| a | b |\n|---|---|\n| (Adams, 2001) | (Adams, 2001) |",
    "> old {cite}`one`\n> and [x](two.md)": "> old (Adams, 2001)\n> and [x](two.ipynb)",
    "- a\n  - {cite}`one`\n    [x](two.md)": "- a\n  - (Adams, 2001)\n    [x](two.ipynb)",
}


@pytest.mark.parametrize("text", INLINE)
def test_roles_and_links_become_text_and_links(plain: Plain, text: str) -> None:
    assert plain.markdown(text) == INLINE[text]


BLOCKS = {
    "```{note}\nSay {cite}`one`.\n```": "> **Note.** Say (Adams, 2001).",
    "```{tip} At once\nand more.\n```": "> **Tip.** At once\n> and more.",
    ":::{warning}\nA\n\nB\n:::": "> **Warning.** A\n>\n> B",
    "````{admonition} Title $x$\n:class: tip\n```{note}\nin\n```\n````": "> **Title $x$**\n>\n> > **Note.** in",
    "```{dropdown} More\ntext\n```": "> **More**\n>\n> text",
    "```{margin}\nbeside\n```": "> beside",
    "```{prf:proof}\nSee $a =\nb$.\n```": "> **Proof.** See $a = b$.",
    "```{prf:theorem} Small\n:label: small\n$$\na\n= b\n$$\n```": "> **Theorem 1 (Small).**\n>\n> $$a = b$$",
    "```{prf:algorithm} Learn\n:label: small\n1. a\n2. b\n```": "> **Theorem 1 (Learn).**\n>\n> 1. a\n> 2. b",
    "````{tab-set}\n```{tab-item} Left\na\n```\n```{tab-item} Right\nb\n```\n````": "**Left**\n\na\n\n**Right**\n\nb",
    "```{math}\na = b\n```": "$$\na = b\n$$",
    "```{math}\n:label: sum\na = b\n```": "$$\na = b \\tag{1}\n$$",
    "$$a = b$$ (sum)": "$$\na = b \\tag{1}\n$$",
    "$$a = b$$": "$$a = b$$",
    "```{math}\na &= b \\\\\n&= c\n```": "$$\n\\begin{aligned}\na &= b \\\\\n&= c\n\\end{aligned}\n$$",
    "```{code-block} bash\nmake book\n```": "```bash\nmake book\n```",
    "```{literalinclude} ../tfm_lite/some.py\n:pyobject: some\n```": (
        "`tfm_lite/some.py`, `some`:\n\n```python\ndef some():\n    return 1\n```"
    ),
    "```{literalinclude} ../tfm_lite/some.py\n:lines: 1\n```": "`tfm_lite/some.py`:\n\n```python\nA = 1\n```",
    "```{list-table}\n:header-rows: 1\n\n* - a\n  - b\n* - {cite}`one`\n  - d|e\n```": (
        "| a | b |\n| --- | --- |\n| (Adams, 2001) | d\\|e |"
    ),
    '```{csv-table}\n:header: a, b\n"1, 2", 3\n```': "| a | b |\n| --- | --- |\n| 1, 2 | 3 |",
    "```{csv-table}\n1, 2\n```": "|  |  |\n| --- | --- |\n| 1 | 2 |",
    "```{glossary}\ntask\n  A problem,\n  {cite}`one`.\n\nhead\n  A layer.\n```": (
        "- **task**: A problem, (Adams, 2001).\n- **head**: A layer."
    ),
    "```{toctree}\none\n```\n\nAfter.": "After.",
    "% a comment\n\n(label)=\n\nText.\n\n+++\n\nMore.": "Text.\n\nMore.",
    "- a\n\n  ```{note}\n  b\n\n  c\n  ```\n- d": "- a\n\n  > **Note.** b\n  >\n  > c\n- d",
}


@pytest.mark.parametrize("text", BLOCKS)
def test_directives_become_plain_markdown(plain: Plain, text: str) -> None:
    assert plain.markdown(text) == BLOCKS[text]


def test_a_heading_that_a_label_stands_for_has_a_mark(tmp_path: Path) -> None:
    cells = notebook(book(tmp_path), "two").cells
    assert [cell.source.split("\n")[0] for cell in cells[1:3]] == [
        "# Two",
        f'## <a id="{PART}"></a>A part with `code` and 5 %',
    ]


@pytest.mark.parametrize(
    "text",
    ["```{image} dot.svg\n:alt: A [dot]\n```", "![A [dot]](dot.svg)", "```{figure} dot.svg\n:alt: A [dot]\n```"],
)
@pytest.mark.parametrize(("kind", "mime"), [("svg", "png"), ("png", "png"), ("jpg", "jpeg"), ("gif", "gif")])
def test_pictures_are_embedded(tmp_path: Path, text: str, kind: str, mime: str) -> None:
    plain = Plain(book(tmp_path), "one")
    path = tmp_path / "book" / f"dot.{kind}"
    if kind != "svg":
        Image.new("RGB", (3, 2)).save(path)
    made = plain.markdown(text.replace("svg", kind))
    content = made.partition(";base64,")[2].rstrip(")")
    assert made == f"![A (dot)](data:image/{mime};base64,{content})"
    if kind == "svg":
        assert base64.b64decode(content).startswith(b"\x89PNG")
    else:
        assert base64.b64decode(content) == path.read_bytes()


def test_a_figure_has_its_number_and_its_caption(tmp_path: Path) -> None:
    figure = "```{figure} dot.svg\n:name: dot\n:alt: A dot\nOf {cite}`one`.\n```\n"
    made = Plain(book(tmp_path, index="# Start\n" + figure, one=ONE), "index").markdown(figure)
    assert made.startswith("![A dot](data:image/png") and made.endswith(")\n\n**Fig. 1.** Of (Adams, 2001).")


WRONG = {
    "```{dance}\n```": "{dance}, which book/editions/plain.py does not know",
    "{dance}`a`": "{dance}, which book/editions/inline.py does not know",
    "{cite}`nobody`": "references.bib has no entry 'nobody'",
    "{ref}`nowhere`": "no page has a label 'nowhere'",
    "{doc}`three`": "the book has no page 'three'",
    "[x](three.md)": "'three.md', which is neither a page nor a label",
    "[x](../README)": "'../README', which is neither a page nor a label",
    "[x][y]\n\n[y]: two.md": "write the link '[x][y]' as [words](where)",
    "Text[^1].\n\n[^1]: Note.": "has a footnote, which notebooks do not know",
    "| a |\n|---|\n| {cite}`one` \\| b |": "write the table as a list-table",
    "```{image} dot.tif\n```": "dot.tif is no picture that a notebook can hold",
    "```{literalinclude} ../tfm_lite/some.py\n:pyobject: none\n```": "none",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_has_no_plain_form_is_named(plain: Plain, text: str) -> None:
    with pytest.raises(ValueError, match=r".") as raised:
        plain.markdown(text)
    assert WRONG[text] in str(raised.value)


def test_a_picture_too_large_is_named(tmp_path: Path) -> None:
    plain = Plain(book(tmp_path), "one")
    (tmp_path / "book" / "dot.png").write_bytes(bytes(600 * 1024))
    with pytest.raises(ValueError, match=r"dot\.png is 600 KiB: a notebook holds up to 512"):
        plain.markdown("![a dot](dot.png)")


@pytest.mark.parametrize(
    "text",
    [
        "```{exercise-start} Third\n```\n```{exercise-end}\n```\n",
        "```{figure} dot.svg\nCaption.\n```\n",
        "```{prf:lemma} Small\nTrue.\n```\n",
        "```{list-table} Title\n* - a\n```\n",
    ],
)
def test_what_has_a_number_needs_a_label(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValueError, match=r"one\.md: .* has a number but no label"):
        book(tmp_path, one=ONE + text)


def test_a_label_is_given_once(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"'here' stands in two\.md and again in two\.md"):
        book(tmp_path, two=TWO + "\n(here)=\n## Again\n")


def test_formulas_in_a_quotation_take_one_line() -> None:
    assert quoted("$$\na\n= b\n$$\n\nand $c\n= d$") == "> $$a = b$$\n>\n> and $c = d$"


def test_a_chapter_must_be_in_the_table_of_contents(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"_toc\.yml does not name book/three: add it"):
        notebook(book(tmp_path, three=ONE), "three")


def test_a_solution_is_of_an_exercise_of_its_page(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"one\.md solves what it does not ask: .*exercise-second"):
        notebook(book(tmp_path, one=ONE + "```{solution} exercise-second\nYes.\n```\n"), "one")


SOLVED = """
```{code-cell} ipython3
:tags: [hide-cell]

a = 1
```

```{exercise} Third
:label: exercise-third
Why {cite}`one`?
```

````{solution} exercise-third
Because {cite}`two`.

```{code-cell} ipython3
assert a == 1
```
````

## The end

+++

Last.
"""


CAPTIONS = {"one": "8a", "two": "C"}


def test_exercises_are_numbered_by_chapter(tmp_path: Path) -> None:
    pages = {"one": ONE + '\n"**Figure 8a.1.** A picture."\n' + SOLVED, "two": TWO + "\n**Table C.1.** A table.\n"}
    small = book(tmp_path, **pages)
    counted = {label: one.words for label, one in small.targets.items() if label.startswith("exercise")}
    assert counted == {
        "exercise-first": "Exercise 8a.1",
        "exercise-third": "Exercise 8a.2",
        "exercise-second": "Exercise C.1",
    }
    ids = {page: {label: (n,) for n, label in enumerate(counted, 7)} for page in CAPTIONS}
    env = SimpleNamespace(
        toc_fignumbers={page: {"exercise": ids[page], "figure": {"a": (1,)}} for page in ids} | {"index": {}},
        doc2path=lambda page: str(small.folder / f"{page}.md"),
    )
    assert number_by_chapter(None, env) == []
    for page, own in CAPTIONS.items():
        numbers = {label: (own, n) for n, label in enumerate(counted, 1)}
        assert env.toc_fignumbers[page] == {"exercise": numbers, "figure": {"a": (1,)}}
    assert env.toc_fignumbers["index"] == {}


def test_a_notebook_of_a_chapter(tmp_path: Path) -> None:
    cells = notebook(book(tmp_path, one=ONE + SOLVED), "one").cells
    heads = [re.sub("<.*?>", "", cell.source.split("\n")[0]) for cell in cells]
    assert heads == [
        "# @title This chapter uses tfm_lite: run this cell first",
        "# One",
        "## A section",
        "### Exercise 1: First",
        "# @title Folded code",
        "### Exercise 2: Third",
        "## The end",
        "## References",
        "## Solutions",
        "### Solution to exercise 2: Third",
        "assert a == 1",
    ]
    assert 'EDITION = "7.8"' in cells[0].source
    assert cells[4].metadata.jupyter == {"source_hidden": True, "outputs_hidden": True}
    assert "[Its solution](#Solution-to-exercise-2:-Third) is folded under [Solutions](#Solutions)." in cells[5].source
    assert cells[6].source == "## The end\n\nLast."
    assert "Ann Adams. First A. *J*, 2001." in cells[7].source and "Bo de la Cruz. Second." in cells[7].source
    assert "[To the exercise](#Exercise-2:-Third)\n\nBecause (Adams and de la Cruz, 2002)." in cells[9].source
    assert [cell.id for cell in cells[5:8]] == ["exercise-2-third", "the-end", "references"]
