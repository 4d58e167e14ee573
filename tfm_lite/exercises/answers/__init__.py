"""The numbers that exercises ask for: ``checks.check_answer("name", number)``.

Each is computed here, not typed, and knows the wrong numbers that students really find.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

from tfm_lite.exercises.answers import (  # noqa: F401 - they have the numbers
    beyond,
    forgetting,
    importance,
    masks,
    method,
    pays,
    rivals,
    tables,
)
from tfm_lite.exercises.answers.number import ANSWERS, Answer
from tfm_lite.exercises.judge import Judge, Outcome, told

__all__ = ["ANSWERS", "Answer", "answer", "check_answer", "heard"]


@cache
def answer(name: str) -> Answer:
    """The answer to the question of this name. Raises ``ValueError`` if there is none."""
    if name not in ANSWERS:
        raise ValueError(f"no exercise asks for {name!r}; there are {', '.join(ANSWERS)}")
    return ANSWERS[name]()


def heard(name: str, number: Any) -> Outcome:
    """What comes of a number that is given to the question of this name."""
    asked, judge = answer(name), Judge(name)
    with judge.part("number"):
        judge.must(number is not Ellipsis and number is not None, "unwritten")
        got = judge.number(number)
        if not math.isclose(got, asked.right, rel_tol=asked.within, abs_tol=1e-12):
            for cause, value in asked.wrong.items():
                judge.must(not math.isclose(got, value, rel_tol=asked.within), cause)
            judge.must(False, "not_it", got=f"{got:.6g}")
    return judge.outcome()


def check_answer(name: str, number: Any) -> str:
    """Whether ``number`` is what the exercise of this name asks for, to half a percent. It is not said what that is."""
    return told(heard(name, number))
