"""What is written about a class: a table of marks for the teacher, and a page for each student."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from html import escape
from pathlib import Path

from tfm_lite.exercises.grading.marks import Marks, points
from tfm_lite.exercises.words import said, words
from tfm_lite.files import written

PAGE = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>
<style>
body {{ font: 1rem/1.5 sans-serif; max-width: 45rem; margin: 2rem auto; padding: 0 1rem; color: #222; background: #fff }}
pre {{ white-space: pre-wrap; font: inherit }} li.open::marker {{ color: #b00 }}
@media (prefers-color-scheme: dark) {{ body {{ color: #ddd; background: #111 }} }}
</style>
</head>
<body>
<h1>{title}</h1>
<p>{total}</p>
{body}
</body>
</html>
"""


def table(class_: Sequence[Marks]) -> str:
    """The marks as comma-separated values: a row per student, a column per exercise with its points in the head."""
    asked = [one for one, _ in class_[0].verdicts] if class_ else []
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    words_ = [said("grade", word) for word in ("files", "remarks")]
    heads = [f"{one.check} ({one.points:g})" for one in asked]
    rows.writerow([said("grade", "student"), *heads, said("report", "total"), *words_])
    for marks in class_:
        own = [f"{points(one, verdict):g}" for one, verdict in marks.verdicts]
        rows.writerow(
            [
                safe(marks.student),
                *own,
                f"{marks.points:g}",
                *(safe(" | ".join(some)) for some in (marks.files, marks.remarks)),
            ]
        )
    return text.getvalue()


def safe(cell: str) -> str:
    """What a student wrote, so that no spreadsheet takes it for a formula."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def as_text(marks: Marks) -> str:
    """A student's feedback as plain text."""
    lines = [said("grade", "feedback", student=marks.student), total(marks), ""]
    for one, verdict in marks.verdicts:
        lines.append(f"{one.title} ({one.answer}): {worth(points(one, verdict), one.points)}")
        if verdict.cause:
            lines += [f"  {line}" for line in verdict.sentence.splitlines()]
        lines += [f"  [{'x' if right else ' '}] {part}" for part, right in verdict.parts.items()] + [""]
    return "\n".join([*lines, *marks.remarks]).rstrip() + "\n"


def as_html(marks: Marks) -> str:
    """A student's feedback as a page that needs nothing else."""
    title = escape(said("grade", "feedback", student=marks.student))
    body = []
    for one, verdict in marks.verdicts:
        body.append(f"<h2>{escape(one.title)} <code>{escape(one.answer)}</code></h2>")
        body.append(f"<p><strong>{escape(worth(points(one, verdict), one.points))}</strong></p>")
        if verdict.cause:
            body.append(f"<pre>{escape(verdict.sentence)}</pre>")
        states = [(part, "done" if right else "open") for part, right in verdict.parts.items()]
        parts = [f'<li class="{is_}">{escape(part)}: {escape(said("grade", is_))}</li>' for part, is_ in states]
        body.append(f"<ul>{''.join(parts)}</ul>")
    body += [f"<p>{escape(remark)}</p>" for remark in marks.remarks]
    return PAGE.format(
        language=escape(words()["language"]), title=title, total=escape(total(marks)), body="\n".join(body)
    )


def total(marks: Marks) -> str:
    """A student's points, in words."""
    return worth(marks.points, marks.worth)


def worth(points: float, of: float) -> str:
    """Some points of others, in words."""
    return said("grade", "points", points=f"{points:g}", worth=f"{of:g}")


def write(class_: Sequence[Marks], file: Path, folder: Path) -> None:
    """Write the table to ``file``, and into ``folder`` a page and a text for each student."""
    used: set[str] = set()
    for marks in class_:
        stem = name = re.sub(r"[^\w.-]+", "_", marks.student).strip("._") or "student"
        count = 1
        while name.lower() in used:
            count += 1
            name = f"{stem}_{count}"
        used.add(name.lower())
        for ending, text in ((".html", as_html(marks)), (".txt", as_text(marks))):
            with written(folder / f"{name}{ending}") as temporary:
                temporary.write_text(text, encoding="utf-8")
    with written(file) as temporary:
        temporary.write_text(table(class_), encoding="utf-8-sig", newline="")  # spreadsheets know it by that mark
