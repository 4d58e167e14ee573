"""What a question for a number knows: the right one, and the wrong ones by their causes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """A number, how far off an answer may be as a fraction of it, and wrong numbers by the cause that makes them."""

    right: float
    wrong: Mapping[str, float]
    within: float = 0.005


ANSWERS: dict[str, Callable[[], Answer]] = {}


def number(compute: Callable[[], Answer]) -> Callable[[], Answer]:
    """Let :func:`tfm_lite.exercises.checks.check_answer` ask for this one, by the function's name."""
    ANSWERS[compute.__name__] = compute
    return compute
