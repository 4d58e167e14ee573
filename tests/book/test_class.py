"""The edition for a class: nbgrader's marks, only the cells that an exercise needs, and a class that it marks."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from editions import for_class, parts, tried_out
from editions.exercises import exercises
from editions.labels import Book
from nbformat import NotebookNode
from test_plain import ONE, book
from test_student import ASKED

import tfm_lite.exercises
from tfm_lite.exercises.checks import outcome
from tfm_lite.exercises.grading.cell import points
from tfm_lite.exercises.judge import Wrong

ROOT = Path(__file__).parents[2]
BOOK = Book(ROOT)
COURSE = for_class.course(BOOK)
PAGE = "04_ternary_masks"
NEEDS = """
```{code-cell} ipython3
three = 3
slow = [i for i in range(3)]
```

```{code-cell} ipython3
four = three + 1
```

```{code-cell} ipython3
shown = 5
```

```{exercise-start} In words
:label: exercise-words
:points: 2
```
Why?
```{exercise-end}
```

```{solution} exercise-words
Because of the secret.
```
"""


def marks(made: NotebookNode) -> dict[str, NotebookNode]:
    return {cell.metadata.nbgrader.grade_id: cell for cell in made.cells if "nbgrader" in cell.metadata}


@pytest.mark.parametrize("page", COURSE)
def test_an_assignment_is_as_nbgrader_wants_it(page: str) -> None:
    made = COURSE[page]
    nbformat.validate(made)
    cells = [cell for cell in made.cells if "nbgrader" in cell.metadata]
    assert max(Counter(cell.metadata.nbgrader.grade_id for cell in cells).values()) == 1
    assert all(re.fullmatch(r"[\w-]+", cell.metadata.nbgrader.grade_id) for cell in cells)
    asked = [one for one in exercises(page, parts(BOOK.source(page))) if one.points]
    assert sum(cell.metadata.nbgrader.get("points", 0) for cell in cells) == sum(one.points for one in asked)
    for cell in cells:
        own = cell.metadata.nbgrader
        assert own.locked != own.solution and ("points" in own) == own.grade
    assert sum("-needs-" in cell.metadata.nbgrader.grade_id for cell in cells) <= 6  # of some fifty


def test_a_fault_is_in_an_assignment_as_it_is_given() -> None:
    source = marks(COURSE[PAGE])["exercise-masked-step"].source
    release = re.sub("### BEGIN SOLUTION.*?### END SOLUTION", "", source, flags=re.DOTALL)
    assert "gradient = gradient * learns" in release and "speed = speed * learns" not in release


@pytest.mark.parametrize("page", COURSE)
def test_what_a_class_is_given_names_every_answer_and_is_worth_nothing(page: str) -> None:
    """Also to one who answers the second question of a cell and not the first."""
    cells = marks(COURSE[page])
    for one in exercises(page, parts(BOOK.source(page))):
        if one.asks:
            given = re.sub(
                "### BEGIN SOLUTION.*?### END SOLUTION", for_class.OPEN, cells[one.label].source, flags=re.DOTALL
            )
            space: dict[str, object] = {}
            exec(f"{for_class.IMPORTS}\n{given}", space)
            assert [outcome(ask.check, space[ask.answer]).share for ask in one.asks] == [0] * len(one.asks)


@pytest.fixture
def modules_stay() -> Iterator[None]:
    """A cell that marks imports the checks anew; for all other tests they are what they were."""
    ours = {name: module for name, module in sys.modules.items() if name.startswith("tfm_lite.exercises")}
    package = tfm_lite.exercises
    yield
    for name in [name for name in sys.modules if name.startswith("tfm_lite.exercises")]:
        del sys.modules[name]
    sys.modules.update(ours)
    tfm_lite.exercises = package


@pytest.mark.usefixtures("modules_stay")
def test_an_assignment_has_what_an_exercise_needs_and_no_more(tmp_path: Path) -> None:
    asked = ASKED.replace("import math\n\nbits = math.log2(3)", "import math\n\nbits = math.log2(four - 1)")
    behind = (
        "```{code-cell} ipython3\nprint(shown)  # behind the check: nobody's answer needs it\n```\n\n````{solution-end}"
    )
    small = book(tmp_path, one=ONE + NEEDS + asked.replace("````{solution-end}", behind))
    made = for_class.assignment(small, "one")
    assert made is not None
    cells = marks(made)
    assert [cell.source for name, cell in cells.items() if "needs" in name] == [
        "three = 3\nslow = [i for i in range(3)]",
        "four = three + 1",
    ]
    assert cells["exercise-words"].cell_type == "markdown" and cells["exercise-words"].metadata.nbgrader.points == 2
    assert "secret" in cells["exercise-words"].source  # nbgrader takes it out
    assert cells["exercise-bits"].source.startswith("from tfm_lite.exercises import checks")
    assert [name for name in cells if name.endswith("check")] == [
        "exercise-bits-bits-check",
        "exercise-bits-overhead-check",
    ]
    space: dict[str, object] = {}
    for cell in made.cells:
        if cell.cell_type == "code" and "EDITION" not in cell.source:
            exec(re.sub(r"^points", "got = points", cell.source, flags=re.MULTILINE), space)
    assert space["got"] == 1.5
    assert for_class.assignment(small, "two") is None


def test_a_cell_that_marks(capsys: pytest.CaptureFixture[str]) -> None:
    right, half = (lambda f, t, b: f * t / 4 + 2 * b * f * (t - 1) / 8), (lambda f, t, b: f * t / 4 + 8 * f * (t - 1))
    assert points("overhead", "mine", 3, {"mine": right}) == 3 and not capsys.readouterr().out
    assert points("overhead", "mine", 3, {"mine": half}) == 2
    said = capsys.readouterr()
    assert "use `bits`" in said.out and "2 of 3 parts are right" in said.out and not said.err
    for space in {}, {"mine": lambda *_: None}:
        with pytest.raises(Wrong, match=r"there is no mine here|returned None"):
            points("overhead", "mine", 3, space)


# -- it is marked before it is given out


@pytest.fixture
def one_chapter(monkeypatch: pytest.MonkeyPatch) -> Book:
    some = Book(ROOT)
    monkeypatch.setattr(some, "pages", [PAGE])
    return some


def test_the_plain_grader_marks_the_book_s_own_answers(one_chapter: Book) -> None:
    assert list(tried_out.by_grader(one_chapter)) == []


@pytest.mark.parametrize(
    ("where", "what", "says"),
    [
        ("combined", lambda stub, solution: stub, "exercise-gradient-mask: its solution got"),
        ("raising", lambda stub: "from typical.gradient_mask import right as gradient_mask", "its stub got"),
        ("wrong_answers", lambda check, name: [("old", f"{name} = 1")], "a wrong answer (old) got 0 for"),
    ],
)
def test_what_would_be_marked_wrongly_is_named(
    one_chapter: Book, monkeypatch: pytest.MonkeyPatch, where: str, what: object, says: str
) -> None:
    monkeypatch.setattr(for_class if where == "combined" else tried_out, where, what)
    assert says in next(fault for fault in tried_out.by_grader(one_chapter) if says in fault)


def test_a_busy_machine_ends_none_of_the_book_s_own_answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What a student's cell may take, to import PyTorch alone may take where others work."""
    called: list[tuple[str, ...]] = []
    monkeypatch.setattr(tried_out, "_nbgrader", lambda folder, *words: called.append(words))
    (tmp_path / "marks.csv").write_text("student_id,score\nright,14\n")
    assert tried_out.nbgraded({PAGE: COURSE[PAGE]}, {}, tmp_path) == {"right": 14}
    (words,) = (words for words in called if words[0] == "autograde")
    students = re.search(r"Execute.timeout = (\d+)", for_class.CONFIG)
    own = re.search(r"Execute.timeout=(\d+)", " ".join(words))
    assert students and own and int(own[1]) >= 5 * int(students[1])


def test_nbgrader_marks_a_class(tmp_path: Path) -> None:
    """Four students through nbgrader itself: all right, half of it, all wrong, and a cheat."""
    pytest.importorskip("nbgrader", reason="nbgrader is not installed: pip install -e '.[class]'")
    source = COURSE[PAGE]
    handed_in = tried_out.submissions(source, BOOK, PAGE)
    got = tried_out.nbgraded({PAGE: source}, handed_in, tmp_path)
    assert got == {"right": 14, "half": pytest.approx(6, abs=4), "wrong": pytest.approx(0, abs=4), "cheat": 0}
    release = (tmp_path / "release" / PAGE / f"{PAGE}.ipynb").read_text()
    assert "BEGIN SOLUTION" not in release and for_class.OPEN in release and "torch.zeros(0, 0)" not in release
    assert (
        "gradient = gradient * learns" in release and "speed = speed * learns" not in release
    )  # a fault is there to be found
    said = (tmp_path / "feedback" / "cheat" / PAGE / f"{PAGE}.html").read_text()
    assert "your function returned None" in said or "not written yet" in said
    assert "tfm_lite/exercises/checks" not in said  # no line of a check
