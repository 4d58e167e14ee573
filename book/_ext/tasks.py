"""What an exercise asks of its reader, and quizzes.

    ```{exercise-start} Which weights learn
    :label: exercise-gradient-mask
    :level: change
    :minutes: 10
    :points: 5
    ```

The level is *look* (at what is there), *change* (a few lines) or *build* (something of one's own). A quiz is a list of
questions, each with its choices; behind each choice stands why it is right or not:

    ```{quiz} What is kept
    - What may an optimizer move?
      - [x] Every parameter. It moves what it was given, whatever its gradient.
      - [ ] What has a gradient that is not 0. Weight decay moves the others too.
    ```

A choice is folded; who opens it reads the verdict.

Exercises are numbered by chapter, as figures and tables are: the third of chapter 8a is Exercise 8a.3.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective
from sphinx_exercise.directive import ExerciseDirective, ExerciseStartDirective

CAPTION = re.compile(r"\*\*(?:Figure|Table) (\w+)\.1\.\*\*")
LEVELS = {"look": "Look", "change": "Change", "build": "Build"}
RIGHT, WRONG = "Right.", "Not so."


def line(options: Mapping[str, Any]) -> str:
    """The line below an exercise's title; nothing, if nothing is said of it.

    >>> line({"level": "build", "minutes": "20", "points": "3"})
    'Build, about 20 minutes, 3 points'
    """
    found = []
    if level := options.get("level"):
        found.append(LEVELS[known(level)])
    if minutes := options.get("minutes"):
        found.append(f"about {count(minutes)} minutes")
    if points := options.get("points"):
        found.append("1 point" if count(points) == 1 else f"{count(points)} points")
    text = ", ".join(found)
    return text[:1].upper() + text[1:]


def chapter(source: str) -> str:
    """What a page's exercises are numbered by, as its first figure or table is; nothing if it has none.

    >>> chapter('caption="**Figure 8a.1.** Two weights."')
    '8a'
    """
    found = CAPTION.search(source)
    return found[1] if found else ""


def number_by_chapter(app: Any, env: Any) -> list[str]:
    """Exercises have been counted through the whole book: count each page's own. No other page changes by it."""
    for page, kinds in env.toc_fignumbers.items():
        if own := chapter(Path(env.doc2path(page)).read_text(encoding="utf-8")):
            counted = enumerate(kinds.get("exercise", {}), 1)
            kinds["exercise"] = {label: (own, n) for n, label in counted}
    return []


def known(level: str) -> str:
    """A level. Raises ``ValueError`` for what is none."""
    if level not in LEVELS:
        raise ValueError(
            f"an exercise has no level {level!r}: write look, change or build"
        )
    return level


def count(text: str) -> int:
    """A whole number above 0, as minutes and points are."""
    if not str(text).isdecimal() or int(text) < 1:
        raise ValueError(
            f"minutes and points of an exercise are whole numbers from 1 on, not {text!r}"
        )
    return int(text)


@dataclass(frozen=True)
class Choice:
    words: str
    right: bool
    reason: str


@dataclass(frozen=True)
class Question:
    words: str
    choices: tuple[Choice, ...]


def questions(content: str) -> list[Question]:
    """The questions of a quiz. Raises ``ValueError`` if one has not exactly one right choice, or a choice no reason."""
    found: list[tuple[str, list[str]]] = []
    for text in content.splitlines():
        if text.startswith("- "):
            found.append((text[2:].strip(), []))
        elif re.match(r"\s+- \[[ xX]\] ", text) and found:
            found[-1][1].append(text.strip()[2:])
        elif text.strip() and found and found[-1][1]:
            found[-1][1][-1] += f" {text.strip()}"
        elif text.strip() and found:
            found[-1] = f"{found[-1][0]} {text.strip()}", []
        elif text.strip():
            raise ValueError(
                f"a quiz begins with '- ' and its first question, not with {text!r}"
            )
    return [
        Question(words, tuple(map(choice, choices)))
        for words, choices in map(checked, found)
    ]


def checked(question: tuple[str, list[str]]) -> tuple[str, list[str]]:
    words, choices = question
    right = sum(text[1] in "xX" for text in choices)
    if len(choices) < 2 or right != 1:
        raise ValueError(
            f"the question {words!r} has {len(choices)} choices, {right} of them right: it takes two or more, and one right"
        )
    return question


def choice(text: str) -> Choice:
    words, reason = re.fullmatch(r"\[.\] (.*?[.?!])?(?:\s|$)(.*)", text).groups("")
    if not words or not reason:
        raise ValueError(
            f"the choice {text!r} says not why: a sentence, and behind it the reason"
        )
    return Choice(words.strip(), text[1] in "xX", reason.strip())


class Described:
    """An exercise that says what it asks."""

    option_spec: ClassVar[dict[str, Any]] = {
        **ExerciseDirective.option_spec,
        "level": known,
        "minutes": count,
        "points": count,
    }

    def run(self) -> list[nodes.Node]:
        found = super().run()
        if found and (text := line(self.options)):
            words = nodes.paragraph("", "", nodes.emphasis("", text))
            words["classes"].append("asks")
            found[0].children[-1].insert(0, words)
        return found


class Exercise(Described, ExerciseDirective):
    pass


class ExerciseStart(Described, ExerciseStartDirective):
    pass


class Quiz(SphinxDirective):
    """Questions, each with choices that open on what is to be said of them."""

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[dict[str, Any]] = {"name": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        box = nodes.admonition(classes=["quiz"])
        box += nodes.title(
            "", *self.parse_inline(self.arguments[0] if self.arguments else "Quiz")[0]
        )
        for question in questions("\n".join(self.content)):
            box += nodes.paragraph("", "", *self.parse_inline(question.words)[0])
            for one in question.choices:
                box += self.folded(one)
        return [box]

    def folded(self, one: Choice) -> list[nodes.Node]:
        def raw(html: str) -> nodes.Node:
            return nodes.raw("", html, format="html")

        verdict = nodes.strong("", RIGHT if one.right else WRONG)
        reason = nodes.paragraph(
            "", "", verdict, nodes.Text(" "), *self.parse_inline(one.reason)[0]
        )
        kind = "right" if one.right else "wrong"
        words = nodes.inline("", "", *self.parse_inline(one.words)[0])
        return [
            raw(f'<details class="choice {kind}"><summary>'),
            words,
            raw("</summary>"),
            reason,
            raw("</details>"),
        ]


def as_details(summary: str, content: str) -> str:
    """What is folded, for Markdown: its summary, and what it opens on."""
    return f"<details>\n<summary>{summary}</summary>\n\n{content}\n\n</details>"


def setup(app: Any) -> dict[str, bool]:
    app.setup_extension("sphinx_exercise")
    app.add_directive("exercise", Exercise, override=True)
    app.add_directive("exercise-start", ExerciseStart, override=True)
    app.add_directive("quiz", Quiz)
    # after Sphinx, which counts at this event, too
    app.connect("env-get-updated", number_by_chapter, priority=900)
    return {"parallel_read_safe": True}
