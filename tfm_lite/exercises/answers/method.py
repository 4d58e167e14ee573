"""Chapters 5 to 7: scale and shift, growth, slices."""

from __future__ import annotations

from dataclasses import replace

from tfm_lite import memory
from tfm_lite.exercises.answers.number import Answer, number
from tfm_lite.nn import growth
from tfm_lite.nn.networks import stages_of


@number
def wakes_at() -> Answer:
    """Chapter 5: from where on a feature answers whose scale and shift before the ReLU are 2 and -3: -shift / scale."""
    scale, shift = 2, -3
    return Answer(-shift / scale, {"sign": shift / scale, "undivided": -shift, "turned": -scale / shift, "unmoved": 0})


@number
def masked_value() -> Answer:
    """Chapter 5: what is left of a masked feature of 2 where the shift, 0.5, comes after the mask; the scale is 3."""
    feature, scale, shift = 2, 3, 0.5
    return Answer(shift, {"meant": 0, "seen": scale * feature + shift, "scaled": scale * feature, "feature": feature})


@number
def letters_needed() -> Answer:
    """Chapter 6: letters until the standard error at an accuracy of 0.7 is a margin of 0.03: a (1 - a) / margin**2."""
    spread, margin = 0.7 * 0.3, 0.03
    right = spread / margin**2
    return Answer(right, {"unsquared": spread / margin, "deviation": right**0.5, "one": 1 / margin, "twice": 4 * right})


@number
def last_growth() -> Answer:
    """Chapter 6: features that task 10 adds to AlexNet by the paper's schedule."""
    alexnet = stages_of("alexnet")
    *_, before, last = totals = [sum(growth.features_at(alexnet, share)) for share in growth.schedule(10)]
    wrong = {"all": last, "share": 0.05 * last, "root": 0.05**0.5 * last, "second": totals[1] - totals[0]}
    return Answer(last - before, wrong)


@number
def still_numbers() -> Answer:
    """Chapter 6: what moves of a layer that grows from 4 to 6 features of 3 inputs after its optimizer was made: nothing."""
    inputs, old, new = 3, 4, 2
    wrong = {
        "new": new * (inputs + 1),
        "old": old * (inputs + 1),
        "all": (old + new) * (inputs + 1),
        "rows": new * inputs,
    }
    return Answer(0, wrong)


@number
def flat_inputs() -> Answer:
    """Chapter 7: inputs of a linear layer that a task sees which sees 192 of 256 channels of 6 by 6 positions."""
    seen, channels, side = 192, 256, 6
    wrong = {"channels": seen, "all": channels * side**2, "side": seen * side, "positions": side**2}
    return Answer(seen * side**2, wrong)


@number
def copies_ratio() -> Answer:
    """Chapter 7: bytes of the slices of AlexNet's nine older tasks, divided by those of its weights."""
    alexnet, shares = stages_of("alexnet"), growth.schedule(10)

    def weights(share: float) -> int:
        pairs = zip(alexnet, growth.features_at(alexnet, share), strict=True)
        return memory.size_of([replace(stage, features=features) for stage, features in pairs]).weights

    each = [weights(share) / weights(1) for share in shares]
    right = sum(each[:-1])
    wrong = {"with_last": sum(each), "latest": each[-2], "inverse": 1 / right, "mean": right / 9}
    return Answer(right, wrong | {"squared": sum(share**2 for share in shares[:-1])})


@number
def blind_drift() -> Answer:
    """Chapter 7: what a test finds that compares a view with itself, where each of six numbers moved by 0.5: nothing."""
    numbers, step = 6, 0.5
    return Answer(0, {"meant": step, "sum": numbers * step, "sign": -step, "squared": step**2})
