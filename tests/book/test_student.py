"""The students' edition: no line of any solution, stubs that raise, live checks, and how an exercise is written."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import Any

import nbformat
import pytest
import yaml
from _ext import tasks
from editions import notebook, parts
from editions.exercises import CALL, exercises, of_book
from editions.labels import Book
from editions.stubs import UNWRITTEN, combined, marked, raising
from editions.student import leaks, pages, readable, secrets, student, without_solutions, write
from test_plain import ONE, book

from tfm_lite.exercises import judge
from tfm_lite.exercises.asked import asked

ROOT = Path(__file__).parents[2]
BOOK = Book(ROOT)
NOTEBOOKS = [page for page in BOOK.pages if BOOK.is_notebook(page)]
SECRETS = secrets(BOOK)
ASKED = """
```{exercise-start} Bits
:label: exercise-bits
:level: change
:minutes: 10
:points: 3
```

How many bits? And build it.

```{code-cell} ipython3
from tfm_lite.exercises import checks

bits = ...


def overhead(features, tasks, bits): ...


# checks.check_answer("mask_bits", bits)
# checks.check_overhead(overhead)
```

```{dropdown} Hint 1
States are **counted** by {cite}`one`.
```

```{dropdown} Hint 2
Take a logarithm.
```

```{exercise-end}
```

````{solution-start} exercise-bits
:class: dropdown
````

The logarithm of three states is what a secret sentence says.

```{code-cell} ipython3
import math

bits = math.log2(3)


def overhead(features, tasks, bits):
    masks = 2 * features * tasks
    return (masks + 2 * bits * features * (tasks - 1)) / 8


checks.check_answer("mask_bits", bits)
checks.check_overhead(overhead)
```

````{solution-end}
````

```{quiz} What is kept
- What may an optimizer move?
  - [x] Every parameter. It moves what it was given.
  - [ ] What has a gradient. Weight decay
    moves `others`, too.
```

The end.
"""


# -- the whole book


@pytest.mark.parametrize("page", NOTEBOOKS)
def test_no_line_of_any_solution_is_in_a_student_s_notebook(page: str) -> None:
    made = student(BOOK, page)
    nbformat.validate(made)
    assert not leaks(SECRETS, readable(made))
    assert not re.search("Solution|Its solution", readable(made))
    assert leaks(SECRETS, readable(notebook(BOOK, page))) or not any(
        one.kind == "solution" for one in parts(BOOK.source(page))
    )


@pytest.mark.parametrize("page", BOOK.pages)
def test_no_line_of_any_solution_is_in_a_student_s_page(page: str) -> None:
    text = without_solutions(BOOK.source(page))
    assert not leaks(SECRETS, text)
    assert "{solution" not in text and text.count("{exercise-start}") == text.count("{exercise-end}")
    kept = [cell for one in parts(BOOK.source(page)) if one.kind != "solution" for cell in one.cells if cell.code]
    assert [cell for one in parts(text) for cell in one.cells if cell.code] == kept


def test_most_lines_of_solutions_are_secret() -> None:
    """What stands in the text by right is none: the search would be blind if it left out too much."""
    lines = {
        " ".join(line.split())
        for page in NOTEBOOKS
        for one in parts(BOOK.source(page))
        if one.kind == "solution"
        for cell in one.cells
        for line in CALL.sub("", cell.source).splitlines()  # that a check is called is no secret
        if len(" ".join(line.split())) >= 12
    }
    asks = of_book(BOOK)
    given = {" ".join(line.split()) for one in asks for stub in one.stubs for line in raising(stub).splitlines()}
    lines -= given | {ask.call for one in asks for ask in one.asks}  # a stub's head, and the check, are no secrets
    assert len(SECRETS) > 0.85 * len(lines) > 300


def test_what_is_given_to_students(tmp_path: Path) -> None:
    archive = write(BOOK, tmp_path)
    with zipfile.ZipFile(io.BytesIO(archive.read_bytes())) as packed:
        assert sorted(packed.namelist()) == sorted(f"{page}.ipynb" for page in NOTEBOOKS)
        assert all(packed.read(f"{page}.ipynb") == (tmp_path / f"{page}.ipynb").read_bytes() for page in NOTEBOOKS)
    first = archive.read_bytes()
    assert write(BOOK, tmp_path).read_bytes() == first  # the same bytes every time
    texts = [path for path in (tmp_path / "source" / "book").rglob("*") if path.suffix in (".md", ".ipynb", ".py")]
    assert len(texts) > len(NOTEBOOKS)
    assert not [leak for path in texts for leak in leaks(SECRETS, path.read_text())]
    assert not list((tmp_path / "source").rglob("typical")) and not list((tmp_path / "source").rglob("*.ipynb"))


def test_the_index_of_exercises_is_the_book_s() -> None:
    ours = [(one.page, one.label, ask.check, ask.answer) for one in of_book(BOOK) for ask in one.asks]
    assert [(one.chapter, one.label, one.check, one.answer) for one in asked()] == ours


# -- a small one


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Book:
    return book(tmp_path_factory.mktemp("asked"), one=ONE + ASKED)


def test_a_student_s_notebook(small: Book) -> None:
    cells = student(small, "one").cells
    exercise, stub, number, check, hints = cells[4:9]
    assert exercise.source.endswith("*Change, about 10 minutes, 3 points*\n\nHow many bits? And build it.")
    assert stub.source.endswith(
        'bits = ...\n\n\ndef overhead(features, tasks, bits):\n    raise NotImplementedError("write it here")'
    )
    assert (
        number.source == 'checks.check_answer("mask_bits", bits)'
    )  # if it is wrong, what is below is heard all the same
    assert check.source == "checks.check_overhead(overhead)"
    assert number.metadata.tags == check.metadata.tags == ["raises-exception"]
    assert "<summary>Hint 1</summary>\n\nStates are **counted** by (Adams, 2001).\n\n</details>" in hints.source
    assert "<summary>Every parameter.</summary>\n\n**Right.** It moves what it was given." in hints.source
    assert "**Not so.** Weight decay moves `others`, too." in hints.source
    assert cells[-1].source.endswith("checks.report(\n    mask_bits=1.5,\n    overhead=1.5,\n)")
    assert student(small, "one").metadata.tfm_lite.chapter == "one"
    found = readable(student(small, "one"))
    assert "log2" not in found and "secret sentence" not in found and "The end." in found


def test_the_report_of_a_student_s_notebook_runs(small: Book) -> None:
    judge.TRIED.clear()
    space: dict[str, Any] = {}
    for cell in student(small, "one").cells:
        if cell.cell_type == "code" and "EDITION" not in cell.source:
            source = cell.source.replace("checks.report(", "done = checks.report(")
            if "raises-exception" in cell.metadata.get("tags", []):
                with pytest.raises(judge.Wrong, match="not written yet"):
                    exec(source, space)
            else:
                exec(source, space)
    assert (space["done"].points, space["done"].worth) == (0, 3)


def test_pages_of_a_small_book(small: Book, tmp_path: Path) -> None:
    for name in "_config.yml", "data/x.csv":
        (small.root / name).parent.mkdir(exist_ok=True)
        (small.root / name).write_text("launch_buttons: {colab: x}\nhtml: {use_repository_button: true, favicon: y}")
    pages(small, tmp_path)
    text = (tmp_path / "book" / "one.md").read_text()
    assert text == without_solutions(ONE + ASKED) and "Hint 2" in text and "secret" not in text and "The end." in text
    assert yaml.safe_load((tmp_path / "_config.yml").read_text()) == {"html": {"favicon": "y"}}  # no way to solutions
    assert (tmp_path / "tfm_lite" / "some.py").exists() and (tmp_path / "data" / "x.csv").exists()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (":level: change", ":level: hard", "has no level 'hard': write look, change or build"),
        (":minutes: 10", ":minutes: ten", "whole numbers from 1 on, not 'ten'"),
        (":points: 3", ":points: 0", "whole numbers from 1 on, not '0'"),
        ("check_overhead", "check_nothing", "exercise-bits calls a check 'nothing', of which words.json has no word"),
        (
            "\n\nchecks.check_overhead(overhead)",
            "\n\nprint()",
            r"the solution of exercise-bits does not call checks.check_overhead\(overhead\): end it",
        ),
        ('"mask_bits", bits', '"mask", bits', "calls a check 'mask'"),
    ],
)
def test_an_exercise_that_is_written_wrongly_is_named(old: str, new: str, says: str) -> None:
    text = ASKED.replace(old, new) if "print" not in new else ASKED.replace("\nchecks.check_overhead", "\nprint")
    with pytest.raises(ValueError, match=says):
        exercises("one", parts(text))


@pytest.mark.parametrize(
    ("quiz", "says"),
    [
        ("- A?\n  - [x] Yes. Because.", "has 1 choices, 1 of them right"),
        ("- A?\n  - [x] Yes. B.\n  - [x] No. C.", "has 2 choices, 2 of them right"),
        ("- A?\n  - [ ] Yes. B.\n  - [ ] No. C.", "has 2 choices, 0 of them right"),
        ("- A?\n  - [x] Yes.\n  - [ ] No. C.", r"the choice '\[x\] Yes.' says not why"),
        ("What?\n- A?", "a quiz begins with '- ' and its first question"),
    ],
)
def test_a_quiz_that_is_written_wrongly_is_named(quiz: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        tasks.questions(quiz)


# -- stubs

STUBS = {
    "def f(x): ...": 'def f(x):\n    raise NotImplementedError("write it here")',
    'def f(x):\n    """Say."""\n    ...': 'def f(x):\n    """Say."""\n    raise NotImplementedError("write it here")',
    "class A:\n    def f(self): ...": 'class A:\n    def f(self):\n        raise NotImplementedError("write it here")',
    "class A: ...": "class A: ...",
    "a = ...": "a = ...",
    "def f(x):\n    return ...": "def f(x):\n    return ...",
}


# A stub with a fault: what runs and is wrong.
FAULTY = "import math\n\n\ndef half(x):\n    return x // 2\n\n\ndef same(x):\n    return x"
MENDED = "def half(x):\n    return x / 2"


def test_a_fault_stays_for_students_and_in_a_class() -> None:
    """It is theirs to find: the stub is kept whole, and the mended one is written below it."""
    assert raising(FAULTY) == FAULTY
    assert combined(FAULTY, MENDED) == f"{FAULTY}\n\n\n{MENDED}"
    made = marked(FAULTY, MENDED)
    release = re.sub(r"### BEGIN SOLUTION.*?### END SOLUTION", UNWRITTEN, made, flags=re.DOTALL)
    assert release == f"{FAULTY}\n\n\n{UNWRITTEN}"
    space: dict[str, Any] = {}
    exec(made, space)
    assert space["half"](3) == 1.5 and space["same"](3) == 3


def test_what_a_solution_repeats_is_no_fault() -> None:
    assert combined(FAULTY, FAULTY).count("def half") == 1


@pytest.mark.parametrize("stub", STUBS)
def test_a_stub_raises(stub: str) -> None:
    assert raising(stub) == STUBS[stub]


MARKED = {
    "a function": ("def f(x): ...", "def f(x):\n    return x", "def f(x):\n    ###\n"),
    "a number": ("a = ...", "b = 1\na = b", "a = ...\n\n\n###\n"),
    "an import that stays": (
        "import os\n\n\ndef f(): ...",
        "def f():\n    return os",
        "import os\n\n\ndef f():\n    ###\n",
    ),
    "a class": ("class A(B): ...", "class A(B):\n    def f(self):\n        pass", "class A(B):\n    ###\n"),
    "a method": (
        "class A:\n    def f(self):\n        return 1\n\n    def g(self): ...",
        "class A:\n    def f(self):\n        return 1\n\n    def g(self):\n        return 2",
        "class A:\n    def f(self):\n        return 1\n\n    def g(self):\n        ###\n",
    ),
    "a helper": (
        "def f(): ...",
        "def h():\n    return 1\n\n\ndef f():\n    return h()",
        "###\n\n\ndef f():\n    ###\n",
    ),
    "a decorator": ("def f(): ...", "@cache\ndef f():\n    return 1", "@cache\ndef f():\n    ###\n"),
}


@pytest.mark.parametrize("what", MARKED)
def test_a_solution_is_marked_where_the_stub_has_nothing(what: str) -> None:
    stub, solution, release = MARKED[what]
    made = marked(stub, solution)
    assert re.sub(r"### BEGIN SOLUTION.*?### END SOLUTION\n?", "###\n", made + "\n", flags=re.DOTALL) == release
    plain = re.sub(r" *### (BEGIN|END) SOLUTION\n?", "", made)
    assert plain.strip() == combined(stub, solution).strip()
    compile(made, "cell", "exec")
