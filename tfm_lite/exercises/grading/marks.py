"""The marks of a class: each exercise of each student on trial, and the best of several tries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tfm_lite.exercises.asked import Asked, of_chapters
from tfm_lite.exercises.grading.needed import needed
from tfm_lite.exercises.grading.submitted import Notebook, Student, chapters_of, students
from tfm_lite.exercises.grading.trial import MEGABYTES, SECONDS, Verdict, tried
from tfm_lite.exercises.words import said

# A right answer and none, to see before a class is graded that the machine can tell them apart.
RIGHT, NOTHING = "from tfm_lite.metrics import forgetting", "def forgetting(matrix): ..."


@dataclass(frozen=True)
class Limits:
    """What each answer may take."""

    seconds: float = SECONDS
    megabytes: int = MEGABYTES


@dataclass
class Marks:
    """Of one student: a verdict for each exercise that was asked, and what a teacher should know."""

    student: str
    files: list[str]
    verdicts: list[tuple[Asked, Verdict]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    @property
    def points(self) -> float:
        return sum(points(asked, verdict) for asked, verdict in self.verdicts)

    @property
    def worth(self) -> float:
        return sum(asked.points for asked, _ in self.verdicts)


def points(asked: Asked, verdict: Verdict) -> float:
    """What an answer is worth, to a hundredth."""
    return round(asked.points * verdict.share, 2)


def graded(folder: Path, every: Sequence[Asked], limits: Limits, chapters: Sequence[str] = ()) -> Iterator[Marks]:
    """The marks of each student in a folder, one after the other.

    ``every`` are all exercises; asked are those of the ``chapters``, or else of the chapters that any notebook is of.
    Raises ``ValueError`` if nothing can be graded: there is no notebook, no exercise, or the grader does not work here.
    """
    class_ = students(folder, every)
    notebooks = [notebook for student in class_ for notebook in student.notebooks]
    of = {id(notebook): chapters_of(notebook, every) for notebook in notebooks}
    asked = of_chapters(every, chapters or set().union(*of.values()))
    if not asked:
        raise ValueError(f"no notebook in {folder} has an exercise with a check: name the chapters with --chapter")
    try_itself(limits)
    for student in class_:
        yield marks(student, asked, of, limits)


def marks(student: Student, asked: Sequence[Asked], of: dict[int, set[str]], limits: Limits) -> Marks:
    """The marks of one student; ``of`` are the chapters of each notebook."""
    found = Marks(student.name, student.files)
    for notebook in student.notebooks:
        found.remarks += notebook.remarks
        if notebook.replaced:
            found.remarks.append(said("grade", "changed", names=", ".join(notebook.replaced)))
    if not student.notebooks:
        found.remarks.append(said("grade", "empty"))
    for one in asked:
        have = [n for n in student.notebooks if one.answer in n.given and (one.chapter in of[id(n)] or not of[id(n)])]
        verdicts = [judged(one, notebook, limits) for notebook in have]
        best = max(verdicts, key=lambda verdict: verdict.share, default=None)
        if best is None:
            best = Verdict.nothing(one.check, said("grade", "absent", name=one.answer), "absent")
        elif len(have) > 1:
            file = have[verdicts.index(best)].file.name
            found.remarks.append(said("grade", "twice", name=one.answer, file=file))
        found.remarks += [f"{one.answer}: {remark}" for remark in best.remarks]
        found.verdicts.append((one, best))
    return found


def judged(asked: Asked, notebook: Notebook, limits: Limits) -> Verdict:
    """The verdict on the answer in a notebook, of which only what it needs is run."""
    pieces = notebook.statements
    code = "\n".join(pieces[i] for i in needed(pieces, [asked.answer]))
    return tried(asked.check, asked.answer, code, seconds=limits.seconds, megabytes=limits.megabytes)


def try_itself(limits: Limits) -> None:
    """Raises ``ValueError`` if a right answer is not found right here, or none is: then all marks would be worth nothing."""
    for code, share in (RIGHT, 1), (NOTHING, 0):
        verdict = tried("forgetting", "forgetting", code, seconds=limits.seconds, megabytes=limits.megabytes)
        if verdict.share != share:
            raise ValueError(
                f"the grader does not work on this machine: an answer worth {share} got {verdict.share:g} "
                f"({verdict.sentence}); give it more --seconds or --megabytes"
            )
