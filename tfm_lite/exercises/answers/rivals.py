"""Chapters 9 to 12: distillation, weight masks, gates, columns."""

from __future__ import annotations

import math

from tfm_lite import memory
from tfm_lite.exercises.answers.number import Answer, number
from tfm_lite.nn.networks import Builder


@number
def owner_bits() -> Answer:
    """Chapter 10: bits per weight of PackNet's owner index for ten tasks, one of them "nobody": log2 (T + 1), rounded up."""
    return Answer(4, {"fraction": math.log2(11), "masks": 10, "ternary": 20, "floor": 3})


@number
def temperature_price() -> Answer:
    """Chapter 9: the lambda at a temperature of 8 that pulls as hard as 1 at 4, where the gradient goes with 1 / T**2."""
    return Answer((8 / 4) ** 2, {"once": 8 / 4, "inverse": (4 / 8) ** 2, "same": 1, "cubed": (8 / 4) ** 3})


@number
def distillation_floor() -> Answer:
    """Chapter 9: the distillation of a head of 16 classes that says the same of all, while nothing has changed: log 16."""
    return Answer(math.log(16), {"zero": 0, "bits": math.log2(16), "decimal": math.log10(16), "share": 1 / 16})


@number
def packnet_tasks() -> Answer:
    """Chapter 10: tasks after which less than 1 % of the weights is free, if each keeps a quarter of what is."""

    def until(free: float, left: float = 0.75) -> float:
        return math.log(free) / math.log(left)

    wrong = {"floor": int(until(0.01)), "fixed": math.ceil(0.99 / 0.25), "tenth": until(0.1), "half": until(0.01, 0.5)}
    return Answer(math.ceil(until(0.01)), {cause: math.ceil(tasks) for cause, tasks in wrong.items()})


@number
def equal_share() -> Answer:
    """Chapter 10: the share that the third of six tasks prunes, if all are to own as many weights: 1 - 1 / 4."""
    return Answer(1 - 1 / 4, {"kept": 1 / 4, "first": 1 - 1 / 6, "next": 1 - 1 / 3, "percent": 75})


@number
def soft_gates() -> Answer:
    """Chapter 11: how wide the embeddings are whose gate is between .01 and .99, at a steepness of 400."""
    right = 2 * math.log(99) / 400
    narrow = 2 * math.log(9) / 400
    return Answer(
        right, {"half": right / 2, "gentle": 400 * right, "decimal": 2 * math.log10(99) / 400, "tenth": narrow}
    )


@number
def hat_free() -> Answer:
    """Chapter 11: the share of the features that is free after six tasks which each open half of the gates by chance."""
    return Answer(0.5**6, {"used": 1 - 0.5**6, "percent": 100 * 0.5**6, "once": 1 / 12, "less_one": 0.5**5})


@number
def adapters_ten() -> Answer:
    """Chapter 12: parameters of the adapters of ten columns in a layer of 100 inputs and 100 features per column."""
    project, lateral, pairs = 1 + 100**2, 100 * 100, 10 * 9 // 2
    right = pairs * project + 9 * lateral
    wrong = {
        "first": (pairs + 10) * project + 10 * lateral,
        "once": 9 * (project + lateral),
        "each": pairs * (project + lateral),
        "projected": pairs * project,
        "columns": right + 10 * 100 * (100 + 1),
    }
    return Answer(right, wrong)


@number
def columns_twice() -> Answer:
    """Chapter 12: from how many tasks on columns as wide as AlexNet have more than twice the parameters of separate ones."""

    def ratio(tasks: int) -> float:
        build = Builder.of("alexnet", channels=3, size=224, tasks=tasks)
        plain = memory.kept("finetune", build, [10])["weights"]
        return memory.kept("pnn", build, [10] * tasks, width=tasks)["columns"] / plain / tasks

    twice = next(tasks for tasks in range(2, 99) if ratio(tasks) > 2)
    return Answer(twice, {"two": 2, "before": twice - 1, "more": twice + 1, "times": 2 * twice})
