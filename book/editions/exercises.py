"""What the exercises of a chapter ask: which check hears which answer, for how many points, and what stands in its stub.

In the source an exercise with a check has a code cell that ends in the call, as a comment: ``# checks.check_x(answer)``, or
``# checks.check_answer("name", number)``. Its solution ends in the same call.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass

from _ext.tasks import line

from editions import Part, parts
from editions.labels import Book
from tfm_lite.exercises.asked import Asked
from tfm_lite.exercises.words import part_names

CALL = re.compile(
    r'^(# )?(checks\.check_(?:answer\("(\w+)", (\w+)\)|(\w+)\((\w+)\)))$',
    re.MULTILINE,
)


@dataclass(frozen=True)
class Ask:
    """A call of a check: the check's name (or the question's), and what the answer is called."""

    check: str
    answer: str
    call: str


@dataclass
class Exercise:
    """One exercise: its question, its solution, and what is checked of it. Points are 0 if nothing is said of them."""

    page: str
    part: Part
    asks: list[Ask]
    solution: Part | None = None
    points: float = 0

    @property
    def label(self) -> str:
        return self.part.label

    @property
    def stub(self) -> str:
        """The code of the cells with the calls, without them."""
        cells = [
            cell.source
            for cell in self.part.cells
            if cell.code and CALL.search(cell.source)
        ]
        return "\n\n\n".join(map(without_calls, cells))

    @property
    def stubs(self) -> list[str]:
        """The code of its cells, without the calls."""
        return [without_calls(cell.source) for cell in self.part.cells if cell.code]

    @property
    def solved(self) -> str:
        """The code of its solution, without the calls, to the last cell that has one: what follows only shows something."""
        cells = self.solution.cells if self.solution else []
        every = [cell.source for cell in cells if cell.code]
        last = max((i for i, one in enumerate(every) if CALL.search(one)), default=-1)
        return "\n\n\n".join(map(without_calls, every[: last + 1]))


def calls(code: str) -> list[Ask]:
    """The calls of checks in some code, commented out or not."""
    return [Ask(m[3] or m[5], m[4] or m[6], m[2]) for m in CALL.finditer(code)]


def without_calls(code: str) -> str:
    return CALL.sub("", code).strip()


def exercises(page: str, chapter: list[Part]) -> list[Exercise]:
    """The exercises of a chapter, in its order.

    Raises ``ValueError`` for a check that the package does not have, a solution that does not call its check, and a level,
    minutes or points that are none.
    """
    found: dict[str, Exercise] = {}
    for one in chapter:
        if one.kind == "exercise":
            line(one.options)
            code = "\n".join(cell.source for cell in one.cells if cell.code)
            found[one.label] = exercise(page, one, calls(code))
        elif one.kind == "solution" and one.label in found:
            found[one.label].solution = one
    for each in found.values():
        solved = [
            cell.source
            for cell in (each.solution.cells if each.solution else [])
            if cell.code
        ]
        for ask in each.asks:
            if not any(f"\n{ask.call}" in f"\n{code}" for code in solved):
                raise ValueError(
                    f"{page}.md: the solution of {each.label} does not call {ask.call}: end it with that line"
                )
    return list(found.values())


def exercise(page: str, part: Part, asks: list[Ask]) -> Exercise:
    """An exercise with its points: what it says, or one for each part of its checks."""
    try:
        own = sum(len(part_names(ask.check)) for ask in asks)
    except KeyError as error:
        raise ValueError(
            f"{page}.md: {part.label} calls a check {error}, of which words.json has no word: write it there"
        ) from None
    return Exercise(page, part, asks, points=float(part.options.get("points", own)))


def of_book(book: Book) -> list[Exercise]:
    """All exercises of all chapters."""
    pages = [page for page in book.pages if book.is_notebook(page)]
    return [one for page in pages for one in exercises(page, parts(book.source(page)))]


def index(book: Book) -> list[dict[str, object]]:
    """What ``asked.json`` holds: every check that a chapter calls."""
    return [
        asdict(
            Asked(
                one.page,
                one.label,
                one.part.title,
                ask.check,
                ask.answer,
                one.points / len(one.asks),
            )
        )
        for one in of_book(book)
        for ask in one.asks
    ]
