"""The page for teachers: its minutes add up, its mistakes are those of the checks, the exam's answers are in no page."""

from __future__ import annotations

import doctest
import json
import math
import re
from pathlib import Path
from typing import Any

import guide
import pytest
import yaml
from _ext.front import reading
from built import ROOT, SITE
from editions import exam, minutes, parts
from editions.exercises import exercises
from editions.labels import Book
from editions.student import pages, squeezed
from test_plain import book

from tfm_lite.exercises import words

BOOK = Book(ROOT)
NOTEBOOKS = [page for page in BOOK.pages if BOOK.is_notebook(page)]
PAGE = BOOK.source("teaching")
WAYS = [match[1] for match in re.finditer(r"^```\{way\}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)]
SECONDS = json.loads((ROOT / "data" / "benchmarks" / "chapters.json").read_text())["chapters"]


# -- minutes


def practised(page: str) -> int:
    """What a chapter's box says, read without the book's own reader."""
    found = re.search(r"^:practise: (\d+)$", BOOK.source(page), re.MULTILINE)
    return int(found[1]) if found else 0


def said(label: str) -> int | None:
    """The minutes that an exercise says, read in the same way."""
    for page in NOTEBOOKS:
        found = re.search(rf"^:label: {label}\n(?:^:.*\n)*?:minutes: (\d+)$", BOOK.source(page), re.MULTILINE)
        if found:
            return int(found[1])
    return None


@pytest.mark.parametrize("way", WAYS)
def test_the_minutes_of_a_way_are_those_of_its_chapters(way: str) -> None:
    rows, steps = guide.steps(BOOK, way), yaml.safe_load(way)
    assert [row[0] for row in rows] == [*(step["step"] for step in steps), "in all"]
    for row, step in zip(rows, steps, strict=False):
        read, run, practise, total = map(int, row[2:])
        assert read == sum(reading(str(ROOT / "book" / f"{page}.md")) for page in step["chapters"])
        assert run == sum(math.ceil(SECONDS[page]["seconds"] / 60) for page in step["chapters"])
        if "exercises" not in step:
            assert practise == sum(map(practised, step["chapters"]))
        elif all(map(said, step["exercises"])):
            assert practise == sum(map(said, step["exercises"]))
        assert total == read + practise
    for column in range(2, 6):
        assert int(rows[-1][column]) == sum(int(row[column]) for row in rows[:-1])


def test_the_ways_are_four() -> None:
    assert len(WAYS) == 3 and PAGE.count("```{lesson}") == 1  # the fourth is that of the slides


def test_a_lesson_fits_into_ninety_minutes() -> None:
    *rows, whole = guide.lesson_rows(BOOK)
    assert [int(n) for n in whole[2:]] == [sum(int(row[k]) for row in rows) for k in (2, 3, 4)]
    assert 60 <= int(whole[-1]) <= 90
    for part in minutes.lesson(BOOK):
        for slide in part["slides"]:
            assert ("exercise" in slide) != ("minutes" in slide), "an exercise says itself how long it takes"
            if "exercise" in slide and said(slide["exercise"]):
                assert minutes.of_slide(BOOK, slide) == said(slide["exercise"])


@pytest.mark.parametrize("page", NOTEBOOKS)
def test_a_chapter_s_practice_is_the_sum_of_its_exercises(page: str) -> None:
    asked = [one.options.get("minutes") for one in parts(BOOK.source(page)) if one.kind == "exercise"]
    if asked and all(asked):  # where some say nothing, the chapter is being written
        assert practised(page) == sum(map(int, asked))


def test_a_wrong_name_is_named() -> None:
    step = "- step: one\n  chapters: [{}]\n  exercises: [{}]"
    with pytest.raises(ValueError, match="no chapter 'nowhere' whose time was measured; there are 00_reading"):
        guide.steps(BOOK, step.format("nowhere", ""))
    with pytest.raises(ValueError, match="no exercise of 01_forgetting is 'exercise-bits'"):
        guide.steps(BOOK, step.format("01_forgetting", "exercise-bits"))
    with pytest.raises(ValueError, match="no chapter has an exercise 'exercise-none'"):
        minutes.of_exercise(BOOK, "exercise-none")


# -- chapter by chapter


@pytest.mark.parametrize("page", NOTEBOOKS)
def test_a_chapter_s_mistakes_are_all_that_its_checks_know(page: str) -> None:
    checks = [ask.check for one in exercises(page, parts(BOOK.source(page))) for ask in one.asks]
    assert not checks or f"```{{mistakes}} {page}\n" in PAGE, "teaching.md says nothing of a chapter that has a check"
    shown = [text for texts in guide.mistakes(BOOK, page).values() for text in texts]
    for check in checks:
        for cause, text in words.read(words.HOME)["checks"][check].items():
            if cause not in ("parts", "not_it"):
                assert guide.without_fields(text) in shown
    assert not [text for text in shown if "{" in text]


def test_chapters_are_called_as_they_are() -> None:
    named = re.findall(r"^### \[(.*?)\]\((\w+)\.md\)$", PAGE, re.MULTILINE)
    assert len(named) > 18 and not [(words, page) for words, page in named if words != BOOK.titles[page]]


def test_six_projects_have_all_that_they_need() -> None:
    section = PAGE.split("(projects)=")[1].split("(exam)=")[0]
    found = re.split(r"^### ", section, flags=re.MULTILINE)[1:]
    assert len(found) == 6
    for project in found:
        assert [word in project for word in ("**Purpose.**", "**First step.**", "**Done**", "**Traps.**")] == [True] * 4
        assert sum(int(n) for n in re.findall(r"^\| (\d+) \|", project, re.MULTILINE)) == 20
    paths = re.findall(r"`(tfm_lite/[\w/]+\.py)`", section)
    assert len(paths) >= 6 and not [path for path in paths if not (ROOT / path).is_file()]


# -- the exam

HIDDEN = [
    squeezed(line)
    for text in exam.answers(ROOT).values()
    for line in text.splitlines()
    if len(squeezed(line)) > 24 and squeezed(line) not in squeezed(PAGE)
]


def leaked(texts: dict[str, str]) -> list[tuple[str, str]]:
    return [(name, line) for name, text in texts.items() for line in HIDDEN if line in squeezed(text)]


def read(folder: Path, *kinds: str) -> dict[str, str]:
    paths = [path for path in folder.rglob("*") if path.is_file() and path.suffix in kinds]
    return {str(path.relative_to(folder)): path.read_text(errors="ignore") for path in paths}


def test_the_exam_has_twelve_questions_and_as_many_answers() -> None:
    asked = exam.questions(BOOK)
    assert list(asked) == list(range(1, 13)) == list(exam.answers(ROOT))
    assert sum(points for points, _ in asked.values()) == 60 and "sixty points" in PAGE


def test_the_numbers_of_the_answers_are_computed() -> None:
    runner, parser = doctest.DocTestRunner(), doctest.DocTestParser()
    codes = re.findall(r"```python\n(.*?)```", (ROOT / "teaching" / "exam.md").read_text(), re.DOTALL)
    assert len(codes) >= 6
    for k, code in enumerate(codes):
        runner.run(parser.get_doctest(code, {}, f"answer {k}", "exam.md", 0))
    assert runner.tries >= 6 and not runner.failures


def test_a_teacher_gets_questions_and_answers(tmp_path: Path) -> None:
    exam.write(BOOK, tmp_path)
    asked, solved = ((tmp_path / name).read_text() for name in ("exam.md", "exam_answers.md"))
    assert asked.count("points)") == solved.count("points)") == 12 and "60 points" in asked
    assert len(HIDDEN) > 20 and not leaked({"exam.md": asked})
    assert {line for _, line in leaked({"exam_answers.md": solved})} == set(HIDDEN)


def test_no_answer_of_the_exam_is_in_the_book_or_with_students(tmp_path: Path) -> None:
    pages(BOOK, tmp_path)
    assert not leaked(read(tmp_path, ".md", ".py", ".json", ".yml", ".yaml", ".ipynb"))
    assert not leaked(read(ROOT / "book", ".md", ".py", ".ipynb", ".yaml"))
    assert not list(tmp_path.rglob("teaching*")) and not list(tmp_path.rglob("slides.*"))
    assert not [name for name, text in read(tmp_path, ".md", ".yml").items() if "teaching.md" in text]
    contents = (tmp_path / "_toc.yml").read_text()
    assert "book/teaching" not in contents and "book/notation" in contents


def test_no_answer_of_the_exam_is_in_a_built_page() -> None:
    if not SITE.is_dir():
        pytest.fail("the book is not built: run `make book` first")
    texts = read(SITE, ".html", ".md", ".txt", ".ipynb", ".js")
    assert "_sources/book/teaching.md" in texts
    assert not leaked({name: re.sub(r"<[^>]+>", "", text) for name, text in texts.items() if "mathjax" not in name})


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("1. (4 points) Why?", "Why?", "question 1 is not in both"),
        ("(exam)=", "(paper)=", r"teaching.md has no section \(exam\)="),
    ],
)
def test_an_exam_that_does_not_fit_together_is_named(tmp_path: Path, old: str, new: str, says: str) -> None:
    text = "# For teachers\n\n(exam)=\n## An exam\n\nSixty minutes.\n\n1. (4 points) Why?\n"
    some: Any = book(tmp_path, teaching=text.replace(old, new))
    (tmp_path / "teaching").mkdir()
    (tmp_path / "teaching" / "exam.md").write_text("# Answers\n\n## 1\n\nBecause.\n")
    with pytest.raises(ValueError, match=says):
        exam.write(some, tmp_path / "out")
