"""A class of three students and a cheat through the plain grader: from a folder of notebooks to marks and feedback."""

from __future__ import annotations

import csv
import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import typical
from editions.labels import Book
from editions.student import student
from nbformat import NotebookNode

from tfm_lite.__main__ import main
from tfm_lite.exercises.asked import Asked, asked
from tfm_lite.exercises.grading import feedback, submitted, trial
from tfm_lite.exercises.grading.marks import Limits, Marks, graded
from tfm_lite.exercises.grading.trial import Verdict, tried

ROOT = Path(__file__).parents[2]
PAGE = "04_ternary_masks"
CHEATS = """
checks.check_gradient_mask = lambda answer: "Right."
print("Right.")
def check_ternary_linear(answer):
    return "Right."
checks.check_ternary_linear = check_ternary_linear
"""


def answered(**answers: str) -> NotebookNode:
    """The students' notebook with these answers, each in place of its stub."""
    made = student(Book(ROOT), PAGE)
    for cell in made.cells:
        for name, code in answers.items():
            if cell.cell_type == "code" and (f"def {name}(" in cell.source or f"class {name}(" in cell.source):
                cell.source = code
    return made


def typically(check: str, name: str, cause: str) -> str:
    return next(one.code(name) for one in typical.answers(check) if one.cause == cause)


def hand_in(folder: Path, name: str, made: Any) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(made))


@pytest.fixture(scope="module")
def class_(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("class")
    right = {
        "gradient_mask": typically("gradient_mask", "gradient_mask", ""),
        "TernaryLinear": typically("ternary_linear", "TernaryLinear", ""),
    }
    half = {**right, "gradient_mask": typically("gradient_mask", "gradient_mask", "columns")}
    del half["TernaryLinear"]
    hand_in(folder, f"ada_{PAGE}.ipynb", answered(**right))  # a flat folder
    hand_in(folder, f"Bo Lee_123_assignsubmission_file/{PAGE}.ipynb", answered(**half))  # Moodle's
    hand_in(folder, "=cmd/work.ipynb", answered(gradient_mask=typically("gradient_mask", "gradient_mask", "turned")))
    cheat = answered()
    for cell in cheat.cells:
        if "checks.check_" in cell.source or "checks.report" in cell.source:
            cell.source = CHEATS  # in place of each check
    hand_in(folder, "eve/late/work.ipynb", cheat)
    hand_in(folder, "gus/broken.ipynb", "no notebook")
    (folder / "hal").mkdir()
    hand_in(folder, "eve/.ipynb_checkpoints/work.ipynb", answered(**right))  # nobody handed that in
    return folder


@pytest.mark.long
def test_a_class_is_marked(class_: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    marks = tmp_path / "marks.csv"
    assert main(["grade", str(class_), "--csv", str(marks)]) == 0
    with marks.open(newline="", encoding="utf-8-sig") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    assert list(rows) == ["'=cmd", "Bo Lee", "ada", "eve", "gus", "hal"]
    points = {name: row["in all"] for name, row in rows.items()}
    assert points == {"'=cmd": "0", "Bo Lee": "4", "ada": "8", "eve": "0", "gus": "0", "hal": "0"}
    assert rows["Bo Lee"]["gradient_mask (5)"] == "4" and rows["Bo Lee"]["ternary_linear (3)"] == "0"
    assert "cannot be read" in rows["gus"]["remarks"] and rows["hal"]["remarks"] == "there is no notebook"
    said = capsys.readouterr().out
    assert "ada                            8 of 14 points\n" in said and "*        see the remarks" in said
    folder = tmp_path / "marks-feedback"
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        f"{name}{ending}" for name in ("cmd", "Bo_Lee", "ada", "eve", "gus", "hal") for ending in (".html", ".txt")
    )
    text = (folder / "Bo_Lee.txt").read_text()
    assert "the weight from a new input to an old feature learns as well" in text and "[ ] old features learn" in text
    assert "TernaryLinear): 0 of 3 points\n  your class has no grow() yet" in text
    assert "turn it round" in (folder / "cmd.txt").read_text()
    assert "this is not written yet" in (folder / "eve.txt").read_text()
    assert "puts its own in the place of checks.check_gradient_mask, checks.check_ternary" in rows["eve"]["remarks"]
    assert not rows["ada"]["remarks"] and not rows["Bo Lee"]["remarks"]
    # nothing is lost
    before = marks.read_bytes()
    assert main(["grade", str(class_), "--csv", str(marks)]) == 2 and marks.read_bytes() == before
    assert "is there already: name another, or --again" in capsys.readouterr().err


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.said = ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.said += data


def test_feedback_is_a_page_that_no_answer_can_break() -> None:
    one = Asked(PAGE, "exercise-x", "A <title>", "gradient_mask", "mask", 4)
    evil = "<script>alert(1)</script> & {braces}"
    marks = Marks(evil, ["a.ipynb"], [(one, Verdict("gradient_mask", {"a": True, "b": False}, evil, "old"))], [evil])
    page = Reader()
    page.feed(feedback.as_html(marks))
    assert not page.open and page.said.count(evil) == 4 and "2 of 4 points" in page.said
    assert evil in feedback.as_text(marks)


# -- one answer on trial

STOPPED = {
    "while True: pass": ("late", "not done after 3 seconds"),
    "import os\nos._exit(3)": ("died", "status 3"),
    "big = [1] * 10**10": ("raised", "MemoryError"),
    "import socket\nsocket.create_connection(('127.0.0.1', 9))": ("raised", "not allowed while this is graded"),
    "import subprocess\nsubprocess.run(['ls'])": ("raised", "subprocess.Popen is not allowed"),
    "open('written', 'w')": ("raised", "writing written is not allowed"),
    "import os\nos.remove('x')": ("raised", "os.remove is not allowed"),
    "raise SystemExit": ("raised", "SystemExit"),
    "raise NotImplementedError": ("unwritten", "not written"),
    "other = 1": ("missing", "there is no forgetting here"),
    "print('Right.')\ndef forgetting(m): ...": ("none", "returned None"),
}


@pytest.mark.parametrize(
    "code", [pytest.param(code, marks=pytest.mark.long) if STOPPED[code][0] == "late" else code for code in STOPPED]
)
def test_what_an_answer_may_not_do(code: str) -> None:
    verdict = tried("forgetting", "forgetting", code, seconds=3, megabytes=1000)
    cause, words = STOPPED[code]
    assert verdict.cause == cause and words in verdict.sentence and verdict.share == 0


TRICKS = [
    "from tfm_lite.exercises import checks\nchecks.outcome = checks.check_forgetting = lambda *a: 'Right.'",
    "from tfm_lite.exercises import judge\njudge.Judge.equal = judge.Judge.must = lambda *a, **k: None",
    "from tfm_lite.exercises import judge\njudge.HEARD['forgetting'] = lambda answer: 1",
    "from tfm_lite.exercises import judge\njudge.close = lambda *a: True",
    "import torch\ntorch.allclose = lambda *a, **k: True",
    "import builtins\nbuiltins.sum = lambda *a: 1",
]


@pytest.mark.parametrize("trick", TRICKS)
def test_what_is_put_in_the_place_of_a_check_is_put_back_and_told(trick: str) -> None:
    code = f"{trick}\ndef forgetting(matrix): return 7"
    verdict = tried("forgetting", "forgetting", code)
    assert verdict.cause == "value" and verdict.share == 0
    assert "puts its own in the place of" in verdict.remarks[0]


@pytest.mark.parametrize(
    ("check", "name"), [("ternary_linear", "Mine"), ("zero_forgetting", "Mine"), ("prune", "mine")]
)
def test_what_trains_is_right_in_a_process_of_its_own(check: str, name: str) -> None:
    """PyTorch imports things late, and asks for a place for temporary files."""
    verdict = tried(check, name, typically(check, name, ""))
    assert verdict.share == 1, verdict.sentence


def test_the_next_answer_knows_nothing_of_the_last() -> None:
    tried("forgetting", "forgetting", "import torch\ntorch.mark = 1\ndef forgetting(m): ...")
    found = tried("forgetting", "forgetting", "import torch\nforgetting = lambda m: torch.mark")
    assert "AttributeError" in found.sentence


def test_a_machine_that_cannot_grade_says_so(tmp_path: Path) -> None:
    """And does not give nothing to all."""
    hand_in(tmp_path, f"a_{PAGE}.ipynb", answered())
    with pytest.raises(
        ValueError, match=r"the grader does not work on this machine: an answer worth 1 got 0 .*--seconds"
    ):
        list(graded(tmp_path, asked(), Limits(seconds=1e-4)))


# -- what was handed in


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("%matplotlib inline\na = 1", "\na = 1"),
        ("!pip install x\na = 1\nlen?", "\na = 1\n"),
        ("%%time\na = 1", "a = 1"),
        ("%%bash\nls", ""),
        ("a = 5\n% b", "a = 5\n"),
        ("a = 7 \\\n% 2", "a = 7 \\\n% 2"),
    ],
)
def test_what_only_jupyter_understands_is_left_out(cell: str, code: str) -> None:
    assert submitted.python(cell) == code


@pytest.mark.parametrize(
    ("stem", "student"),
    [
        (f"ada_{PAGE}", "ada"),
        (f"{PAGE} - Bo Lee", "Bo Lee"),
        (f"leebo_LATE_123_456_{PAGE}-1", "leebo"),
        (f"leebo_123_456_{PAGE} (2)", "leebo"),
        (PAGE, PAGE),
        ("Zoë", "Zoë"),
    ],
)
def test_a_student_is_known_by_the_file(stem: str, student: str) -> None:
    assert submitted.owner(stem, {PAGE, "06_growth"}) == student


def notebook(*cells: str, name: str = "x.ipynb", **metadata: Any) -> dict[str, Any]:
    return {"cells": [{"cell_type": "code", "source": list(cell)} for cell in cells], "metadata": metadata}


@pytest.mark.parametrize(
    ("name", "made", "chapters"),
    [
        ("x.ipynb", notebook("a = 1", tfm_lite={"chapter": PAGE}), {PAGE}),
        (f"{PAGE}.ipynb", notebook("used = 1"), {PAGE}),
        ("x.ipynb", notebook("checks.check_prune(prune)"), {"10_weight_masks"}),
        ("x.ipynb", notebook("def gradient_mask(): ...", "def TernaryLinear(): ...", "used = 1"), {PAGE}),
        ("x.ipynb", notebook("a = 1"), set()),
        ("x.ipynb", notebook("a = 1", tfm_lite=["?"]), set()),
    ],
)
def test_a_notebook_is_known_by_what_is_left_of_it(tmp_path: Path, name: str, made: Any, chapters: set[str]) -> None:
    hand_in(tmp_path, name, made)
    assert submitted.chapters_of(submitted.Notebook.read(tmp_path / name, name), asked()) == chapters


def test_a_broken_cell_is_named_and_the_rest_counts(tmp_path: Path) -> None:
    hand_in(
        tmp_path,
        "ann/a.ipynb",
        notebook("def f(:", "from tfm_lite.metrics import forgetting", "checks.check_forgetting(1)"),
    )
    hand_in(tmp_path, "ann/b.ipynb", notebook("def forgetting(m): ...", "checks.check_forgetting(1)"))
    (marks,) = graded(tmp_path, asked(), Limits())
    assert marks.points == 2  # of the one exercise that both have
    assert marks.remarks[0].startswith("cell 1 is no Python (invalid syntax")
    assert marks.remarks[1] == "several notebooks have forgetting: the best counts, of a.ipynb"


def test_only_what_an_answer_needs_is_run(tmp_path: Path) -> None:
    slow = notebook(
        "import time\ntime.sleep(600)",
        "half = 0.5",
        "def forgetting(m):\n    return half",
        "raise ValueError",
        "checks.check_forgetting(1)",
    )
    hand_in(tmp_path, "a/x.ipynb", slow)
    (marks,) = graded(tmp_path, asked(), Limits(seconds=20))
    (found,) = (verdict for one, verdict in marks.verdicts if one.check == "forgetting")
    assert found.cause == "value"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["none"], "is no folder: name the one that holds the notebooks"),
        (["."], "has no notebook (.ipynb): unpack what the platform gave you"),
        ([".", "--seconds", "0"], "an answer needs some time and memory"),
        (["books", "--chapter", "99"], "no exercise of the chapter '99' has a check; there are 00_reading"),
        (["books"], "no notebook in"),
    ],
)
def test_what_cannot_be_graded_is_named(
    tmp_path: Path, words: list[str], says: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if words[0] == "books":
        hand_in(tmp_path, "books/a.ipynb", notebook("a = 1"))
    assert main(["grade", *words, "--csv", "marks.csv"]) == 2
    assert says in capsys.readouterr().err and not Path("marks.csv").exists()


@pytest.mark.long
def test_on_a_system_without_copies_of_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows, each process begins anew."""
    monkeypatch.setattr(trial.multiprocessing, "get_all_start_methods", lambda: ["spawn"])
    assert tried("forgetting", "forgetting", "from tfm_lite.metrics import forgetting").share == 1
