"""The numbers that exercises ask for: ``checks.check_answer("name", number)``.

Each is computed here, not typed, and knows the wrong numbers that students really find.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from tfm_lite import memory
from tfm_lite.exercises.judge import Judge, Outcome, told
from tfm_lite.nn.networks import stages_of


@dataclass(frozen=True)
class Answer:
    """A number, how far off an answer may be as a fraction of it, and wrong numbers by the cause that makes them."""

    right: float
    wrong: Mapping[str, float]
    within: float = 0.005


def joint_price() -> Answer:
    """Chapter 2: images that joint training of ten tasks shows, divided by those of fine-tuning: (T + 1) / 2."""
    return Answer(5.5, {"last": 10, "less_one": 4.5, "sum": 55, "inverse": 1 / 5.5})


def full_width() -> Answer:
    """Chapter 3: of a dense network with a full network for each of six tasks, the share of weights that is used: 1 / T."""
    return Answer(1 / 6, {"allocated": 36, "times": 6, "squared": 1 / 36, "percent": 100 / 6})


def mask_bits() -> Answer:
    """Chapter 4: bits that three states need at least: log2 3."""
    return Answer(math.log2(3), {"two": 2, "natural": math.log(3), "decimal": math.log10(3), "states": 3})


def owner_bits() -> Answer:
    """Chapter 10: bits per weight of PackNet's owner index for ten tasks, one of them "nobody": log2 (T + 1), rounded up."""
    return Answer(4, {"fraction": math.log2(11), "masks": 10, "ternary": 20, "floor": 3})


def last_pruning() -> Answer:
    """Chapter 16: the share to prune so that the last of ten tasks owns most; (1 - p) p**9 is greatest at 9/10."""
    return Answer(0.9, {"kept": 0.1, "percent": 90, "tasks": 10 / 11, "half": 0.5})


def vgg_masks() -> Answer:
    """Chapter 13: bytes of the ternary masks of VGG-16 at 64 pixels for ten tasks, at two bits."""
    features = memory.size_of(stages_of("vgg16"), size=64).features
    right = 2 * features * 10 / 8
    return Answer(right, {"bits": 8 * right, "one_bit": right / 2, "one_task": right / 10, "floats": 16 * right})


def seeds_needed() -> Answer:
    """Chapter 15: seeds until a difference of 0.4 is twice its standard error, at a deviation of 0.5."""
    return Answer(13, {"one_mean": 7, "once": 4, "rounded": 12, "unsquared": 4 / 3})


ANSWERS: dict[str, Callable[[], Answer]] = {
    "joint_price": joint_price,
    "full_width": full_width,
    "mask_bits": mask_bits,
    "owner_bits": owner_bits,
    "vgg_masks": vgg_masks,
    "last_pruning": last_pruning,
    "seeds_needed": seeds_needed,
}


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
