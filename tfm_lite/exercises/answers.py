"""The numbers that exercises ask for: ``checks.check_answer("name", number)``.

Each is computed here, not typed, and knows the wrong numbers that students really find.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from torch import nn

from tfm_lite import memory, metrics
from tfm_lite.exercises.careless import careless_split
from tfm_lite.exercises.held import GRADIENTS, OPTIMIZERS, shared_memory_moves
from tfm_lite.exercises.judge import Judge, Outcome, told
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


def mean_chance() -> Answer:
    """Chapter 0: the average accuracy of one who guesses on the six alphabets: the mean of 1 / classes."""
    from tfm_lite.datasets.sets.alphabets import ALPHABETS  # with what draws them, which takes long to import

    classes = [len(letters) for letters in ALPHABETS.values()]
    count, every = len(classes), sum(classes)
    right = sum(1 / n for n in classes) / count
    return Answer(
        right, {"mean_classes": count / every, "all": 1 / every, "first": 1 / classes[0], "percent": 100 * right}
    )


def record_trainings() -> Answer:
    """Chapter 0: how many trainings the run of TFM on the alphabets needed that has the smallest average, seed 0."""
    found = results.select(results.load_all(), tasks="alphabets", method="tfm", seed=0)
    worst, best = (choose(found, key=lambda record: record.average) for choose in (min, max))
    right, most, *_ = counts = [sum(map(len, record.fits)) for record in (worst, best, *found)]
    epochs = sum(fit["epochs"] for fits in worst.fits for fit in fits)
    return Answer(right, {"best": most, "epochs": epochs, "records": len(found), "every": sum(counts[2:])})


def batch_weight() -> Answer:
    """Chapter 0: of 70 images in batches of 32, how many times as much one of the last counts in a mean of means."""
    first, last = 32, 70 % 32
    return Answer(first / last, {"inverse": last / first, "same": 1, "batches": 3, "images": 70 / last})


def leaked_share() -> Answer:
    """Chapter 0: of the test images of a careless split, the share that training or validation has seen."""
    images, _ = careless_split()
    keys = {name: [image.tobytes() for image in part] for name, part in images.items()}
    seen = {key for name in ("train", "valid") for key in keys[name]}
    test, train = keys["test"], set(keys["train"])
    count = sum(key in seen for key in test)
    right = count / len(test)
    of_train = sum(key in train for key in test) / len(test)
    every = sum(map(len, keys.values()))
    return Answer(right, {"count": count, "percent": 100 * right, "train_only": of_train, "of_all": count / every})


def transfer() -> Answer:
    """Chapter 1: the mean forward transfer of TFM over the second to the last alphabet, from the records of seed 0."""
    records = results.load_all()
    options: list[tuple[str, dict[str, float]]] = [("tfm", {"start": 0.3, "margin": 0.03}), ("single", {})]
    shared, alone = (
        metrics.learned(found[0].accuracy)
        for found in (
            results.select(records, tasks="alphabets", method=method, seed=0, options=own) for method, own in options
        )
    )
    gains = [a - b for a, b in zip(shared, alone, strict=True)]
    later = gains[1:]
    right = sum(later) / len(later)
    wrong = {"first": sum(gains) / len(gains), "sum": sum(later), "sign": -right, "percent": 100 * right}
    return Answer(right, wrong)


def matrix_tests() -> Answer:
    """Chapter 1: how many tests an accuracy matrix of six tasks takes: T (T + 1) / 2."""
    count = 6
    wrong = {"once": count, "all": count**2, "old": count * (count - 1) // 2, "ends": 2 * count - 1}
    return Answer(count * (count + 1) // 2, wrong)


def shared_moves() -> Answer:
    """Chapter 2: in how many of the fifteen cases of Table 2.3 a buffer moves that shares its memory with a parameter."""
    moves = {zero: sum(shared_memory_moves(zero, *each) for each in OPTIMIZERS) for zero in GRADIENTS}
    wrong = {"none": 0, "zeros": moves["zeros"], "left_over": moves["left over"], "all": len(moves) * len(OPTIMIZERS)}
    return Answer(sum(moves.values()), wrong)


def moving_numbers() -> Answer:
    """Chapter 2: how many numbers of its network with batch normalization move, on which an old answer depends."""
    norms = [nn.BatchNorm2d(features) for features in (8, 16)]
    means = sum(norm.num_features for norm in norms)
    buffers = sum(buffer.numel() for norm in norms for buffer in norm.buffers())
    affine = sum(parameter.numel() for norm in norms for parameter in norm.parameters())
    wrong = {"means": means, "counters": buffers, "affine": 2 * means + affine, "layers": len(norms)}
    return Answer(2 * means, wrong)


def unequal_shares() -> Answer:
    """Chapter 3: the share of weights that is used if three tasks have a half, a quarter and a quarter of the features."""
    shares = [1 / 2, 1 / 4, 1 / 4]
    right = sum(share**2 for share in shares)
    wrong = {"equal": 1 / len(shares), "product": math.prod(shares), "unused": 1 - right, "features": sum(shares)}
    return Answer(right, wrong | {"largest": max(shares) ** 2})


def leaking_features() -> Answer:
    """Chapter 3: how many features of other tasks are not 0, where the bias is added behind the mask."""
    bias, mask = [0.5, 0.2, 0.6, 0.3, 0.1, -0.4, 0.0], [1, 1, 1, 0, 0, 0, 0]
    foreign = [b for b, m in zip(bias, mask, strict=True) if not m]
    negative, positive = sum(b != 0 for b in foreign), sum(b > 0 for b in bias)
    wrong = {"none": 0, "negative": negative, "foreign": len(foreign), "positive": positive}
    return Answer(sum(b > 0 for b in foreign), wrong)


def decayed() -> Answer:
    """Chapter 4: by what part of itself an old weight moves in 100 steps of weight decay, at the protocol's numbers."""
    rate, decay, steps = 0.1, 5e-4, 100
    right = 1 - (1 - rate * decay) ** steps
    wrong = {"left": 1 - right, "one_step": rate * decay, "rate": 1 - (1 - decay) ** steps, "percent": 100 * right}
    return Answer(right, wrong)


ANSWERS: dict[str, Callable[[], Answer]] = {
    "joint_price": joint_price,
    "full_width": full_width,
    "mask_bits": mask_bits,
    "owner_bits": owner_bits,
    "vgg_masks": vgg_masks,
    "last_pruning": last_pruning,
    "seeds_needed": seeds_needed,
    "mean_chance": mean_chance,
    "record_trainings": record_trainings,
    "batch_weight": batch_weight,
    "leaked_share": leaked_share,
    "transfer": transfer,
    "matrix_tests": matrix_tests,
    "shared_moves": shared_moves,
    "moving_numbers": moving_numbers,
    "unequal_shares": unequal_shares,
    "leaking_features": leaking_features,
    "decayed": decayed,
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
