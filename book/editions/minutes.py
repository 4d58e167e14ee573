"""How long things take, from what stands in the chapters: nothing here is typed twice.

Reading is counted from a chapter's source, running was measured (``data/benchmarks/chapters.json``), practising is what the
chapter's box and its exercises say. What a lesson's slides take is in ``slides.yaml``.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml
from _ext.front import reading

from editions import parts
from editions.labels import Book
from editions.markup import PARSER, directive


@dataclass(frozen=True)
class Minutes:
    """Of one chapter, or of several."""

    read: int = 0
    run: int = 0
    practise: int = 0

    def __add__(self, other: Minutes) -> Minutes:
        return Minutes(
            self.read + other.read,
            self.run + other.run,
            self.practise + other.practise,
        )

    @property
    def total(self) -> int:
        """Of one who reads and practises. A chapter runs while it is read."""
        return self.read + self.practise


def of_chapter(book: Book, page: str) -> Minutes:
    """Raises ``ValueError`` for a page that is no chapter which was measured."""
    if page not in book.pages or page not in measured():
        raise ValueError(
            f"there is no chapter {page!r} whose time was measured; there are {', '.join(measured())}"
        )
    read = reading(str(book.folder / f"{page}.md"))
    return Minutes(read, math.ceil(measured()[page] / 60), practise(book, page))


@cache
def measured() -> dict[str, float]:
    """Seconds to run each chapter, on two cores."""
    from tfm_lite.places import shipped

    content = json.loads((shipped("benchmarks") / "chapters.json").read_text())
    return {page: one["seconds"] for page, one in content["chapters"].items()}


def practise(book: Book, page: str) -> int:
    """What the box of a chapter says; 0 if there is none."""
    for token in PARSER.parse(book.source(page)):
        found = directive(token)
        if found is not None and found.name == "front":
            return int(found.options.get("practise", 0))
    return 0


def of_exercises(book: Book, page: str) -> dict[str, int]:
    """By label. One that says nothing takes its share of the chapter's."""
    asked = [one for one in parts(book.source(page)) if one.kind == "exercise"]
    share = math.ceil(practise(book, page) / max(1, len(asked)))
    return {one.label: int(one.options.get("minutes", share)) for one in asked}


def of_exercise(book: Book, label: str) -> int:
    """Raises ``ValueError`` for a label that no exercise has."""
    target = book.targets.get(label)
    found = of_exercises(book, target.page) if target else {}
    if label not in found:
        raise ValueError(f"no chapter has an exercise {label!r}: look at its :label:")
    return found[label]


# -- the lesson that the slides are of


def lesson(book: Book) -> list[dict[str, Any]]:
    """The parts of the lesson, each with its slides."""
    text = (book.folder / "slides.yaml").read_text(encoding="utf-8")
    return list(yaml.safe_load(text))


def of_slide(book: Book, slide: dict[str, Any]) -> int:
    """What it says, or what its exercise takes."""
    if "exercise" in slide:
        return of_exercise(book, slide["exercise"])
    return int(slide["minutes"])


def of_part(book: Book, part: dict[str, Any]) -> tuple[int, int]:
    """Minutes in which the teacher shows, and in which the class practises."""
    shown, practised = 0, 0
    for slide in part["slides"]:
        if "exercise" in slide:
            practised += of_slide(book, slide)
        else:
            shown += of_slide(book, slide)
    return shown, practised
