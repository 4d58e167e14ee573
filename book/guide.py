"""What the page for teachers is made of: tables of minutes, and what the checks know of typical mistakes.

    ```{way}
    - step: Monday
      chapters: [00_reading, 01_forgetting]
      exercises: [exercise-forgetting]
    ```

Without ``exercises`` a step has all of its chapters'. ``{lesson}`` is a table of the slides' parts, ``{mistakes} CHAPTER`` a
list of the sentences that the chapter's checks say. Nothing of it is typed, so nothing can drift.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import yaml
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).parents[1]
HEAD = "step", "chapters", "to read", "to run", "to practise", "minutes"


# -- plain values


def steps(book: Any, content: str) -> list[list[str]]:
    """The rows of a way, and their sum. Raises ``ValueError`` for an exercise of another chapter."""
    from editions import minutes

    rows, whole = [], minutes.Minutes()
    for step in yaml.safe_load(content):
        pages = step["chapters"]
        time = sum((minutes.of_chapter(book, p) for p in pages), minutes.Minutes())
        if "exercises" in step:
            own = {k for p in pages for k in minutes.of_exercises(book, p)}
            if odd := [label for label in step["exercises"] if label not in own]:
                raise ValueError(f"no exercise of {', '.join(pages)} is {odd[0]!r}")
            chosen = sum(minutes.of_exercise(book, k) for k in step["exercises"])
            time = minutes.Minutes(time.read, time.run, chosen)
        rows.append([step["step"], ", ".join(pages), *numbers(time)])
        whole += time
    return [*rows, ["in all", "", *numbers(whole)]]


def numbers(time: Any) -> list[str]:
    return [str(n) for n in (time.read, time.run, time.practise, time.total)]


def lesson_rows(book: Any) -> list[list[str]]:
    """Of each part of the lesson: its chapters, and minutes to show, to practise, and in all."""
    from editions import minutes

    rows, shown, practised = [], 0, 0
    for part in minutes.lesson(book):
        one, other = minutes.of_part(book, part)
        pages = dict.fromkeys(slide["page"] for slide in part["slides"])
        rows.append([part["part"], ", ".join(pages), str(one), str(other)])
        shown, practised = shown + one, practised + other
    rows.append(["in all", "", str(shown), str(practised)])
    return [[*row, str(int(row[2]) + int(row[3]))] for row in rows]


def mistakes(book: Any, page: str) -> dict[str, list[str]]:
    """After each exercise of a chapter that has a check, what the check says of wrong answers."""
    from editions import parts
    from editions.exercises import exercises

    from tfm_lite.exercises.words import words

    found: dict[str, list[str]] = {}
    for one in exercises(page, parts(book.source(page))):
        for ask in one.asks:
            said = words()["checks"][ask.check]
            texts = [t for cause, t in said.items() if cause not in ("parts", "not_it")]
            found.setdefault(one.part.title, []).extend(map(without_fields, texts))
    return found


def without_fields(text: str) -> str:
    """A sentence with dots for what a check fills in.

    >>> without_fields("of {given} it is {right}.")
    'of … it is ….'
    """
    return re.sub(r"\{\w+\}", "…", text)


# -- as directives


@cache
def the_book() -> Any:
    from editions.labels import Book

    return Book(ROOT)


class Teaching(SphinxDirective):
    """A directive that knows the book."""

    has_content = True
    optional_arguments = 1
    option_spec: ClassVar[dict[str, Any]] = {}

    @property
    def book(self) -> Any:
        return the_book()

    def table(self, head: tuple[str, ...], rows: list[list[str]]) -> list[nodes.Node]:
        """Chapters are links; the last row is the sum."""
        table, group = nodes.table(), nodes.tgroup(cols=len(head))
        group += [nodes.colspec(colwidth=1) for _ in head]
        top, body = nodes.thead(), nodes.tbody()
        top += self.row([[nodes.Text(word)] for word in head])
        for one in rows:
            texts = [one[0], linked(self.book, one[1]), *one[2:]]
            cells = [self.parse_inline(text)[0] if text else [] for text in texts]
            body += self.row(cells)
        table += group
        group += [top, body]
        return [table]

    def row(self, cells: list[Any]) -> nodes.row:
        row = nodes.row()
        for cell in cells:
            entry, words = nodes.entry(), nodes.paragraph()
            words += cell
            entry += words
            row += entry
        return row


class Way(Teaching):
    def run(self) -> list[nodes.Node]:
        return self.table(HEAD, steps(self.book, "\n".join(self.content)))


class Lesson(Teaching):
    def run(self) -> list[nodes.Node]:
        head = "part", "chapters", "to show", "to practise", "minutes"
        return self.table(head, lesson_rows(self.book))


class Mistakes(Teaching):
    """Folded: one who teaches opens it, and nobody reads it by accident."""

    def run(self) -> list[nodes.Node]:
        found = mistakes(self.book, self.arguments[0])
        if not found:  # no exercise of this chapter has a check
            return []
        box = nodes.admonition(classes=["dropdown"])
        box += nodes.title("", "What goes wrong, as the checks say it")
        for title, texts in found.items():
            words = nodes.paragraph()
            words += nodes.strong("", title)
            each = nodes.bullet_list()
            for text in dict.fromkeys(texts):
                item = nodes.list_item()
                item += nodes.paragraph("", "", *self.parse_inline(text)[0])
                each += item
            box += [words, each]
        return [box]


def linked(book: Any, text: str) -> str:
    """The names of chapters in a text as links with their titles."""

    def link(match: re.Match[str]) -> str:
        page = match[0]
        return f"[{book.titles[page]}]({page}.md)" if page in book.titles else page

    return re.sub(r"\b\w+\b", link, text)


def setup(app: Any) -> dict[str, bool]:
    app.add_directive("way", Way)
    app.add_directive("lesson", Lesson)
    app.add_directive("mistakes", Mistakes)
    return {"parallel_read_safe": True}
