"""The numbers that exercises ask for: ``checks.check_answer("name", number)``.

Each is computed here, not typed, and knows the wrong numbers that students really find.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from tfm_lite import memory
from tfm_lite.exercises.judge import Judge, Outcome, told
from tfm_lite.nn import growth
from tfm_lite.nn.networks import stages_of
from tfm_lite.runs import results


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


# -- numbers that stand in the paper's tables


def cells(table: str, method: str, **where: str) -> list[tuple[float, float]]:
    """By task, accuracy and forgetting of a printed row, as fractions."""
    rows = (row for row in results.published(table) if row["method"] == method and row["task"] != "average")
    wanted = [row for row in rows if all(row[column] == value for column, value in where.items())]
    return [(float(row["accuracy"]) / 100, float(row["forgetting"]) / 100) for row in wanted]


def fine_new() -> Answer:
    """Chapter 14: what EWC had on task 2 of Birds when it was new: final minus forgetting."""
    (first, _), (final, lost), *_ = cells("table_3", "EWC", dataset="birds")
    right = final - lost
    wrong = {"final": final, "sign": final + lost, "lost": -lost, "percent": 100 * right, "task": first}
    return Answer(right, wrong)


def fine_rest() -> Answer:
    """Chapter 14: points by which TFM is above PackNet on Flowers, on tasks 2 to 4."""
    tfm, packnet = (cells("table_3", method, dataset="flowers") for method in ("TFM", "PackNet"))
    first, *rest = (100 * (a - b) for (a, _), (b, _) in zip(tfm, packnet, strict=True))
    right = sum(rest) / 3
    wrong = {"all": (first + sum(rest)) / 4, "sum": sum(rest), "first": first, "fraction": right / 100, "sign": -right}
    return Answer(right, wrong | {"absolute": sum(map(abs, rest)) / 3}, within=0.02)


def fine_errors() -> Answer:
    """Chapter 14: standard errors by which TFM is above PackNet on Flowers, as printed, on the whole test set."""
    rows = [row for row in results.published("table_3") if (row["dataset"], row["task"]) == ("flowers", "average")]
    averages = {row["method"]: float(row["accuracy"]) / 100 for row in rows}
    p, q = averages["TFM"], averages["PackNet"]
    (images,) = (row for row in results.published("table_2") if row["dataset"] == "Oxford Flowers")
    n, train = int(images["evaluation"]), int(images["train"])
    one, other = (math.sqrt(share * (1 - share)) for share in (p, q))
    right = (p - q) / math.hypot(one, other) * math.sqrt(n)
    wrong = {
        "one_mean": (p - q) / one * math.sqrt(n),
        "added": (p - q) / (one + other) * math.sqrt(n),
        "train": right * math.sqrt(train / n),
        "points": 100 * right,
        "one_image": right / math.sqrt(n),
        "inverse": 1 / right,
    }
    return Answer(right, wrong, within=0.02)


def tiny_least() -> Answer:
    """Chapter 15: points by which PackNet is above Freezing on the split where it gains least."""
    rows = results.published("table_4")
    of = {(row["method"], row["split"]): float(row["average"]) for row in rows}
    splits = dict.fromkeys(row["split"] for row in rows)
    packnet, tfm = ([of[name, s] - of["Freezing", s] for s in splits] for name in ("PackNet", "TFM"))
    right = min(packnet)
    wrong = {"mean": sum(packnet) / 3, "most": max(packnet), "tfm": min(tfm), "fraction": right / 100, "sign": -right}
    return Answer(right, wrong, within=0.02)


def overtakes() -> Answer:
    """Chapter 16: of how many tasks TFM's average is the first to be above PackNet's."""
    tfm, packnet = ([a for a, _ in cells("table_5", method)] for method in ("TFM", "PackNet"))
    ahead = [sum(tfm[:t]) > sum(packnet[:t]) for t in range(1, 11)]
    right = 1 + ahead.index(True)
    single = 1 + [a > b for a, b in zip(tfm, packnet, strict=True)].index(True)
    return Answer(right, {"single": single, "index": right - 1, "behind": single - 1, "end": 10})


def features_share() -> Answer:
    """Chapter 16: the share of AlexNet's weights that 55 % of its features have between them."""
    stages = stages_of("alexnet")
    widths = growth.features_at(stages, 0.55, of="features")
    fewer = [replace(stage, features=width) for stage, width in zip(stages, widths, strict=True)]
    right = memory.size_of(fewer).weights / memory.size_of(stages).weights
    wrong = {"given": 0.55, "root": math.sqrt(0.55), "percent": 100 * right, "rest": 1 - right, "widths": sum(widths)}
    return Answer(right, wrong)


ANSWERS: dict[str, Callable[[], Answer]] = {
    "joint_price": joint_price,
    "full_width": full_width,
    "mask_bits": mask_bits,
    "owner_bits": owner_bits,
    "vgg_masks": vgg_masks,
    "last_pruning": last_pruning,
    "seeds_needed": seeds_needed,
    "fine_new": fine_new,
    "fine_rest": fine_rest,
    "fine_errors": fine_errors,
    "tiny_least": tiny_least,
    "overtakes": overtakes,
    "features_share": features_share,
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
