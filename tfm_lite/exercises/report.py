"""What is done: the exercises that were checked since Python began, part by part, with their points."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from tfm_lite.exercises.judge import TRIED, Outcome
from tfm_lite.exercises.words import part_names, said


@dataclass(frozen=True)
class Line:
    """One exercise: by name whether a part is right, what it is worth, and how often it was tried."""

    name: str
    parts: dict[str, bool]
    worth: float
    tries: int

    @property
    def points(self) -> float:
        return self.worth * sum(self.parts.values()) / len(self.parts)


class Report:
    """A table that a notebook shows as one, and that reads well as text."""

    def __init__(self, lines: list[Line]) -> None:
        self.lines = lines

    @property
    def points(self) -> float:
        return sum(line.points for line in self.lines)

    @property
    def worth(self) -> float:
        return sum(line.worth for line in self.lines)

    def rows(self) -> list[list[str]]:
        """The table's cells: a head, a row for each exercise, and the sum."""
        head = [said("report", word) for word in ("exercise", "parts", "points", "tries")]
        rows = [
            [
                line.name,
                "; ".join(f"{'[x]' if right else '[ ]'} {part}" for part, right in line.parts.items()),
                f"{line.points:.3g} / {line.worth:.3g}",
                str(line.tries),
            ]
            for line in self.lines
        ]
        return [head, *rows, [said("report", "total"), "", f"{self.points:.3g} / {self.worth:.3g}", ""]]

    def __repr__(self) -> str:
        if not self.lines:
            return said("report", "none")
        rows = self.rows()
        widths = [max(len(row[i]) for row in rows) for i in range(4)]
        return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows)

    def _repr_html_(self) -> str:
        if not self.lines:
            return f"<p>{escape(said('report', 'none'))}</p>"
        head, *rows = ([escape(cell) for cell in row] for row in self.rows())
        body = "".join(f'<tr><th scope="row">{name}</th><td>{"</td><td>".join(rest)}</td></tr>' for name, *rest in rows)
        return f'<table><thead><tr><th scope="col">{"</th><th scope=col>".join(head)}</th></tr></thead>{body}</table>'


def report(**points: float) -> Report:
    """What is done of these exercises, named as their checks are: ``report(accuracy=2)`` is of ``check_accuracy``, for 2.

    Without names, what was tried; then each part counts a point. Of several tries the best counts.
    """
    names = points or {name: float(len(part_names(name))) for name in TRIED}
    return Report([line(name, worth) for name, worth in names.items()])


def line(name: str, worth: float) -> Line:
    """The exercise of this name, as far as it is done."""
    tries = TRIED.get(name, [])
    parts = dict(best(tries).parts) if tries else dict.fromkeys(part_names(name).values(), False)
    return Line(name, parts, worth, len(tries))


def best(tries: list[Outcome]) -> Outcome:
    """The try that has most."""
    return max(tries, key=lambda outcome: outcome.share)
