"""The exam: its questions stand on the page for teachers, its answers in ``teaching/exam.md``, of which no page is built."""

from __future__ import annotations

import re
from pathlib import Path

from editions.labels import Book
from tfm_lite.files import written

SECTION = re.compile(r"^\(exam\)=\n## .*?\n(.*?)(?=^## |^\([\w-]+\)=|\Z)", re.M | re.S)
QUESTION = re.compile(r"^(\d+)\. \((\d+) points\) (.*?)(?=^\d+\. |\Z)", re.M | re.S)
ANSWER = re.compile(r"^## (\d+)\n(.*?)(?=^## |\Z)", re.M | re.S)
HEAD = "# An exam\n\nNinety minutes, on paper, {points} points."


def questions(book: Book) -> dict[int, tuple[int, str]]:
    """By number, the points of a question and its words."""
    found = SECTION.search(book.source("teaching"))
    if not found:
        raise ValueError("teaching.md has no section (exam)=: give it its questions")
    return {
        int(number): (int(points), " ".join(words.split()))
        for number, points, words in QUESTION.findall(found[1])
    }


def answers(root: Path) -> dict[int, str]:
    """By number, the answer in words, with the code that computes its numbers."""
    text = (root / "teaching" / "exam.md").read_text(encoding="utf-8")
    return {int(number): words.strip() for number, words in ANSWER.findall(text)}


def write(book: Book, folder: Path) -> None:
    """Write ``exam.md`` and ``exam_answers.md``.

    Raises ``ValueError`` for a question without an answer, and an answer without a question.
    """
    asked, solved = questions(book), answers(book.root)
    if odd := asked.keys() ^ solved.keys():
        raise ValueError(
            f"the exam's question {min(odd)} is not in both teaching.md and teaching/exam.md"
        )
    head = HEAD.format(points=sum(points for points, _ in asked.values()))
    texts = {"exam.md": [head], "exam_answers.md": [f"{head} For teachers alone."]}
    for number, (points, words) in asked.items():
        question = f"**{number}.** ({points} points) {words}"
        texts["exam.md"].append(question)
        texts["exam_answers.md"] += [question, solved[number]]
    for name, blocks in texts.items():
        with written(folder / name) as temporary:
            temporary.write_text("\n\n".join(blocks) + "\n", encoding="utf-8")
