"""The exercises' checks: each passes the right answer, and names of a wrong one its cause."""

from __future__ import annotations

import inspect
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jupytext
import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell
from typical import NAMES, Typical, answers

from tfm_lite.exercises import answers as numbers
from tfm_lite.exercises import checks, judge, words
from tfm_lite.exercises.report import Report
from tfm_lite.methods import get, names

ROOT = Path(__file__).parents[2]
BOOK = ROOT / "book"
ALL = [one for name in NAMES for one in answers(name)]
WRONG = [one for one in ALL if one.cause]
ENGLISH = words.read(words.HOME)


def check(name: str) -> Any:
    return getattr(checks, f"check_{name}")


@pytest.fixture(autouse=True)
def nothing_tried() -> None:
    judge.TRIED.clear()


def test_every_check_is_tried_with_four_wrong_answers_at_least() -> None:
    own = {name.removeprefix("check_") for name, _ in inspect.getmembers(checks) if name.startswith("check_")}
    assert own - {"answer"} == set(NAMES) == set(judge.HEARD)
    assert all(len({one.cause for one in answers(name)}) >= 5 for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_right_answer_passes(name: str) -> None:
    assert check(name)(answers(name)[0].value) == checks.RIGHT
    assert judge.TRIED[name][-1].share == 1


@pytest.mark.parametrize("one", WRONG, ids=lambda one: f"{one.check}-{one.name}")
def test_a_wrong_answer_is_met_by_the_sentence_for_its_cause(one: Typical) -> None:
    with pytest.raises(checks.Wrong) as raised:
        check(one.check)(one.value)
    outcome = raised.value.outcome
    assert outcome.cause == one.cause and str(raised.value).startswith(outcome.sentence)
    assert 0 <= outcome.share < 1


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("stub", ["def stub(*_): ...", "def stub(*_):\n    raise NotImplementedError('write it here')"])
def test_a_stub_is_told_that_nothing_is_there(name: str, stub: str) -> None:
    space: dict[str, Any] = {}
    exec(stub, space)
    with pytest.raises(checks.Wrong) as raised:
        check(name)(space["stub"])
    assert raised.value.outcome.cause in ("none", "unwritten", "class") and raised.value.outcome.share == 0
    for nothing in None, ...:
        with pytest.raises(checks.Wrong):
            check(name)(nothing)


@pytest.mark.parametrize("name", ["masked_linear", "packnet_linear", "pnn_column"])
def test_a_module_of_dots_is_told_that_nothing_is_there(name: str) -> None:
    """A student who runs the stub of a class."""
    with pytest.raises(checks.Wrong, match="this is not written yet"):
        check(name)(type("Stub", (torch.nn.Module,), {}))


def test_a_layer_that_forgets_has_no_point_for_forgetting_nothing() -> None:
    """Its parameters are too many; what they do to old tasks is a part of its own."""
    (hooked,) = (one for one in answers("masked_linear") if one.name == "wrong_all_2")
    with pytest.raises(checks.Wrong, match=r"1 of 3 parts are right; still open: .*; old tasks keep their outputs"):
        checks.check_masked_linear(hooked.value)


@pytest.mark.parametrize("name", NAMES)
def test_every_cause_that_a_check_knows_is_met(name: str) -> None:
    """A cause that no answer has could be a sentence that is never said."""
    known = set(ENGLISH["checks"][name]) - {"parts"}
    assert known <= {one.cause for one in answers(name)}


@pytest.mark.parametrize("name", [name for name in names() if get(name).zero_forgetting])
def test_every_method_without_forgetting_passes(name: str) -> None:
    assert checks.check_zero_forgetting(get(name)) == checks.RIGHT


# -- numbers


@pytest.mark.parametrize("name", numbers.ANSWERS)
def test_a_number_is_judged(name: str) -> None:
    asked = numbers.answer(name)
    assert checks.check_answer(name, asked.right) == checks.RIGHT
    assert checks.check_answer(name, torch.tensor(asked.right * 1.001)) == checks.RIGHT
    wrong = {"unwritten": ..., "kind": "many", "not_it": 123.456, **asked.wrong}
    assert set(ENGLISH["checks"][name]) == {"parts", "not_it", *asked.wrong} and len(asked.wrong) >= 4
    for cause, value in wrong.items():
        with pytest.raises(checks.Wrong) as raised:
            checks.check_answer(name, value)
        assert raised.value.outcome.cause == cause


def test_a_question_that_nobody_asks_is_named() -> None:
    with pytest.raises(ValueError, match=r"no exercise asks for 'ages'; there are .*joint_price"):
        checks.check_answer("ages", 3)


# -- what a reader sees


def half_right(inputs: torch.Tensor, outputs: torch.Tensor) -> torch.Tensor:
    return answers("gradient_mask")[0].value(inputs, outputs) & (outputs == 1)[:, None]


def test_half_of_an_answer_counts() -> None:
    (columns,) = (one for one in answers("gradient_mask") if one.cause == "columns")
    with pytest.raises(checks.Wrong, match="4 of 5 parts are right; still open: old features learn their weights"):
        checks.check_gradient_mask(columns.value)
    done = checks.report(gradient_mask=10)
    assert (done.points, done.worth) == (8, 10)
    checks.check_gradient_mask(answers("gradient_mask")[0].value)
    with pytest.raises(checks.Wrong):  # the best of several tries counts
        checks.check_gradient_mask(columns.value)
    done = checks.report(gradient_mask=10, accuracy=2)
    assert (done.points, done.worth, [line.tries for line in done.lines]) == (10, 12, [3, 0])


def test_a_report_is_text_and_a_table() -> None:
    assert repr(checks.report()) == ENGLISH["report"]["none"] and "<p>" in checks.report()._repr_html_()
    checks.check_forgetting(answers("forgetting")[0].value)
    done = checks.report()
    assert isinstance(done, Report) and (done.points, done.worth) == (2, 2)
    assert re.search(r"forgetting +\[x\] four tasks; \[x\] two tasks +2 / 2 +1\nin all", repr(done))
    assert '<th scope="row">forgetting</th>' in done._repr_html_()
    with pytest.raises(KeyError):
        checks.report(nonsense=1)


CODE = """
from tfm_lite.exercises import checks
def forgetting(matrix):
    return 1 + unknown
checks.check_forgetting(forgetting)
"""


def said_by(arguments: list[str], code: str) -> str:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(BOOK)])}
    run = subprocess.run([sys.executable, *arguments], input=code, capture_output=True, text=True, env=environment)
    return run.stderr


@pytest.mark.parametrize("options", [[], ["-O"], ["-OO"]])
@pytest.mark.long
def test_python_shows_the_sentence_alone(options: list[str], tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(CODE)
    said = said_by([*options, str(file)], "")
    line = "return 1 + unknown"
    assert said == f"your code stopped with NameError (name 'unknown' is not defined), here: {line}\n"


@pytest.mark.long
def test_other_errors_are_shown_as_ever() -> None:
    said = said_by(["-c", CODE.replace("1 + unknown", "None") + "\n"], "")
    assert said == "your function returned None: it must return its result\n"
    assert "Traceback" in said_by(["-"], "from tfm_lite.exercises import checks, judge\njudge.show_sentences()\n1 / 0")


@pytest.mark.parametrize("one", WRONG[::7], ids=lambda one: f"{one.check}-{one.name}")
def test_jupyter_shows_the_sentence_alone(one: Typical, capsys: pytest.CaptureFixture[str]) -> None:
    shell = InteractiveShell()
    shell.user_ns.update(one=one, check=check(one.check))
    done = shell.run_cell("check(one.value)")
    assert isinstance(done.error_in_exec, checks.Wrong)
    assert capsys.readouterr().out.strip() == str(done.error_in_exec).strip()


@pytest.mark.parametrize("one", WRONG[::7], ids=lambda one: f"{one.check}-{one.name}")
def test_no_frame_of_a_check_is_in_the_traceback(one: Typical) -> None:
    """Whatever prints it: a debugger, a log, another front end."""
    with pytest.raises(checks.Wrong) as raised:
        check(one.check)(one.value)
    assert raised.value.__context__ is None and raised.value.__cause__ is None
    assert {Path(entry.path).stem for entry in raised.traceback[1:]} == {"judge"}


@pytest.mark.long
def test_a_wrong_answer_is_refused_without_assertions_too() -> None:
    """Under ``python -O``, which leaves ``assert`` out."""
    code = """
import sys
from typical import NAMES, answers
from tfm_lite.exercises import checks, judge
assert False, "assertions are on"
wrong = [one for name in NAMES for one in answers(name) if judge.HEARD[name](one.value).cause != one.cause]
print(wrong, file=sys.stderr)
"""
    assert said_by(["-O", "-"], code) == "[]\n"


# -- the words


def test_words_are_short() -> None:
    long = {key: text for key, text in words.flat(ENGLISH).items() if len(text) > 180}
    assert not long


def test_every_word_of_any_is_used() -> None:
    home = Path(judge.__file__).parent
    source = "".join(path.read_text() for path in home.rglob("*.py"))
    assert not [key for room in ("any", "report") for key in ENGLISH[room] if f'"{key}"' not in source]


@pytest.mark.long
def test_a_translation_is_spoken(tmp_path: Path) -> None:
    loud = {key: text for key, text in ENGLISH.items()}
    loud = json.loads(json.dumps(loud).replace("your function returned None", "NICHTS"))
    (tmp_path / "de.json").write_text(json.dumps(loud))
    code = "from tfm_lite.exercises import checks\nchecks.check_accuracy(lambda *_: None)"
    environment = {**os.environ, words.NAMED: str(tmp_path / "de.json")}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert run.stderr == "NICHTS: it must return its result\n"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda w: w["any"].pop("none"), "has no any.none: translate 'your function returned None"),
        (lambda w: w["checks"].pop("prune"), "has no checks.prune.parts.half: translate"),
        (lambda w: w["any"].update(kind="{sort}"), r"has \{sort\} in any.kind, which nothing fills in"),
        (lambda w: w.update(any=[]), "has no any.none|cannot be read"),
    ],
)
def test_what_a_translation_lacks_is_named(tmp_path: Path, change: Any, says: str) -> None:
    other = words.read(words.HOME)
    change(other)
    (tmp_path / "other.json").write_text(json.dumps(other))
    with pytest.raises(ValueError, match=says):
        words.translated(ENGLISH, tmp_path / "other.json")
    with pytest.raises(ValueError, match=r"TFM_LITE_WORDS names .*none.json, which cannot be read"):
        words.translated(ENGLISH, tmp_path / "none.json")


# -- in the chapters


def exercises() -> list[tuple[str, str, str]]:
    """Of every exercise with a check: its chapter, the stub's cell, the solution's cell."""
    found = []
    for chapter in sorted(BOOK.glob("[0-9]*.md")):
        cells = [cell.source for cell in jupytext.read(chapter).cells if cell.cell_type == "code"]
        for stub in cells:
            call = re.search(r"^# (checks\.check_\w+\(.*\))$", stub, re.MULTILINE)
            if call:
                (solution,) = [cell for cell in cells if re.search(rf"^{re.escape(call[1])}$", cell, re.MULTILINE)]
                found.append((chapter.stem, stub, solution))
    return found


@pytest.mark.parametrize(("chapter", "stub", "solution"), exercises(), ids=lambda text: text[:20])
def test_an_exercise_fails_on_its_stub_and_passes_on_its_solution(chapter: str, stub: str, solution: str) -> None:
    space: dict[str, object] = {"torch": torch}
    with pytest.raises(checks.Wrong):
        exec(re.sub(r"^# (checks\.)", r"\1", stub, flags=re.MULTILINE), space)
    exec(solution, space)


def test_every_concept_chapter_has_an_exercise_of_code() -> None:
    chapters = {path.stem for path in BOOK.glob("0[0-7]_*.md")}
    assert {chapter for chapter, _, _ in exercises()} >= chapters
