"""The numbers that exercises ask for: ``checks.check_answer("name", number)``.

Each is computed here, not typed, and knows the wrong numbers that students really find.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch

from tfm_lite import memory
from tfm_lite.exercises.judge import Judge, Outcome, told
from tfm_lite.nn.networks import Builder, stages_of


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


def temperature_price() -> Answer:
    """Chapter 9: the lambda at a temperature of 8 that pulls as hard as 1 at 4, where the gradient goes with 1 / T**2."""
    return Answer((8 / 4) ** 2, {"once": 8 / 4, "inverse": (4 / 8) ** 2, "same": 1, "cubed": (8 / 4) ** 3})


def distillation_floor() -> Answer:
    """Chapter 9: the distillation of a head of 16 classes that says the same of all, while nothing has changed: log 16."""
    return Answer(math.log(16), {"zero": 0, "bits": math.log2(16), "decimal": math.log10(16), "share": 1 / 16})


def packnet_tasks() -> Answer:
    """Chapter 10: tasks after which less than 1 % of the weights is free, if each keeps a quarter of what is."""

    def until(free: float, left: float = 0.75) -> float:
        return math.log(free) / math.log(left)

    wrong = {"floor": int(until(0.01)), "fixed": math.ceil(0.99 / 0.25), "tenth": until(0.1), "half": until(0.01, 0.5)}
    return Answer(math.ceil(until(0.01)), {cause: math.ceil(tasks) for cause, tasks in wrong.items()})


def equal_share() -> Answer:
    """Chapter 10: the share that the third of six tasks prunes, if all are to own as many weights: 1 - 1 / 4."""
    return Answer(1 - 1 / 4, {"kept": 1 / 4, "first": 1 - 1 / 6, "next": 1 - 1 / 3, "percent": 75})


def soft_gates() -> Answer:
    """Chapter 11: how wide the embeddings are whose gate is between .01 and .99, at a steepness of 400."""
    right = 2 * math.log(99) / 400
    narrow = 2 * math.log(9) / 400
    return Answer(
        right, {"half": right / 2, "gentle": 400 * right, "decimal": 2 * math.log10(99) / 400, "tenth": narrow}
    )


def hat_free() -> Answer:
    """Chapter 11: the share of the features that is free after six tasks which each open half of the gates by chance."""
    return Answer(0.5**6, {"used": 1 - 0.5**6, "percent": 100 * 0.5**6, "once": 1 / 12, "less_one": 0.5**5})


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


def columns_twice() -> Answer:
    """Chapter 12: from how many tasks on columns as wide as AlexNet have more than twice the parameters of separate ones."""

    def ratio(tasks: int) -> float:
        build = Builder.of("alexnet", channels=3, size=224, tasks=tasks)
        plain = memory.kept("finetune", build, [10])["weights"]
        return memory.kept("pnn", build, [10] * tasks, width=tasks)["columns"] / plain / tasks

    twice = next(tasks for tasks in range(2, 99) if ratio(tasks) > 2)
    return Answer(twice, {"two": 2, "before": twice - 1, "more": twice + 1, "times": 2 * twice})


def mobilenet_layers() -> Answer:
    """Chapter 13: layers of MobileNetV2 in which a bit per weight is less than the 66 bits per feature of a TFM."""
    import torchvision  # here, for it takes a second

    with torch.device("meta"):
        state = torchvision.models.mobilenet_v2().features.state_dict()
    shapes = [tensor.shape for tensor in state.values() if tensor.dim() == 4]
    seen = [shape[1:].numel() for shape in shapes]  # weights that lead to a feature
    less = sum(count < 66 for count in seen)
    wrong = {
        "depthwise": sum(shape[1] == 1 for shape in shapes),
        "dearer": len(shapes) - less,
        "all": len(shapes),
        "mask": sum(count < 2 for count in seen),
        "outputs": sum(shape[0] < 66 for shape in shapes),
    }
    return Answer(less, wrong)


ANSWERS: dict[str, Callable[[], Answer]] = {
    "joint_price": joint_price,
    "full_width": full_width,
    "mask_bits": mask_bits,
    "owner_bits": owner_bits,
    "vgg_masks": vgg_masks,
    "last_pruning": last_pruning,
    "seeds_needed": seeds_needed,
    "temperature_price": temperature_price,
    "distillation_floor": distillation_floor,
    "packnet_tasks": packnet_tasks,
    "equal_share": equal_share,
    "soft_gates": soft_gates,
    "hat_free": hat_free,
    "adapters_ten": adapters_ten,
    "columns_twice": columns_twice,
    "mobilenet_layers": mobilenet_layers,
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
