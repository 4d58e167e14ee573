"""Write an edition of the book for others: ``python book/give.py student FOLDER`` or ``class FOLDER``.

For students: their notebooks, without any solution, as files and as student.zip, and in ``source`` what their pages are built
from. For a class: a course folder for nbgrader, once it has marked its own solutions, stubs and wrong answers as it should,
and an exam with its answers.
"""

from __future__ import annotations

import sys
from pathlib import Path

BOOK = Path(__file__).parent

# What is needed is imported late: each of the grader's processes imports this file first.


def give_to_students(folder: Path) -> str:
    from editions import student
    from editions.labels import Book

    book = Book(BOOK.parent)
    archive = student.write(book, folder)
    return f"{archive} has the students' notebooks, {folder / 'source'} what their pages are built from"


def give_to_class(folder: Path) -> str:
    from editions import exam, for_class, tried_out
    from editions.labels import Book

    book = Book(BOOK.parent)
    assignments = for_class.course(book)
    faults = list(tried_out.by_grader(book))
    if not faults and tried_out.has_nbgrader():
        faults = list(tried_out.by_nbgrader(assignments, book))
    if faults:
        raise ValueError(
            "the class's edition is not written, for it would be marked wrongly:\n"
            + "\n".join(faults)
        )
    for_class.write(assignments, folder)
    exam.write(book, folder)
    by = (
        "both graders"
        if tried_out.has_nbgrader()
        else "the plain grader (nbgrader is not installed)"
    )
    return f"{folder} is a course for nbgrader; {by} marked its own answers as expected"


def main(words: list[str]) -> int:
    give = {"student": give_to_students, "class": give_to_class}
    if len(words) != 2 or words[0] not in give:
        print("say for whom and where: python book/give.py student|class FOLDER")
        return 2
    try:
        print(give[words[0]](Path(words[1])))
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
