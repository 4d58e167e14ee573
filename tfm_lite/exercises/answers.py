"""The numbers that exercises ask for: ``checks.check_answer("name", number)``.

Each is computed here, not typed, and knows the wrong numbers that students really find.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import torch
from torch import nn

from tfm_lite import memory, metrics
from tfm_lite.exercises.careless import careless_split
from tfm_lite.exercises.held import GRADIENTS, OPTIMIZERS, shared_memory_moves
from tfm_lite.exercises.judge import Judge, Outcome, told
from tfm_lite.nn import growth
from tfm_lite.nn.networks import Builder, stages_of
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


def wakes_at() -> Answer:
    """Chapter 5: from where on a feature answers whose scale and shift before the ReLU are 2 and -3: -shift / scale."""
    scale, shift = 2, -3
    return Answer(-shift / scale, {"sign": shift / scale, "undivided": -shift, "turned": -scale / shift, "unmoved": 0})


def masked_value() -> Answer:
    """Chapter 5: what is left of a masked feature of 2 where the shift, 0.5, comes after the mask; the scale is 3."""
    feature, scale, shift = 2, 3, 0.5
    return Answer(shift, {"meant": 0, "seen": scale * feature + shift, "scaled": scale * feature, "feature": feature})


def letters_needed() -> Answer:
    """Chapter 6: letters until the standard error at an accuracy of 0.7 is a margin of 0.03: a (1 - a) / margin**2."""
    spread, margin = 0.7 * 0.3, 0.03
    right = spread / margin**2
    return Answer(right, {"unsquared": spread / margin, "deviation": right**0.5, "one": 1 / margin, "twice": 4 * right})


def last_growth() -> Answer:
    """Chapter 6: features that task 10 adds to AlexNet by the paper's schedule."""
    alexnet = stages_of("alexnet")
    *_, before, last = totals = [sum(growth.features_at(alexnet, share)) for share in growth.schedule(10)]
    wrong = {"all": last, "share": 0.05 * last, "root": 0.05**0.5 * last, "second": totals[1] - totals[0]}
    return Answer(last - before, wrong)


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


def flat_inputs() -> Answer:
    """Chapter 7: inputs of a linear layer that a task sees which sees 192 of 256 channels of 6 by 6 positions."""
    seen, channels, side = 192, 256, 6
    wrong = {"channels": seen, "all": channels * side**2, "side": seen * side, "positions": side**2}
    return Answer(seen * side**2, wrong)


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


def blind_drift() -> Answer:
    """Chapter 7: what a test finds that compares a view with itself, where each of six numbers moved by 0.5: nothing."""
    numbers, step = 6, 0.5
    return Answer(0, {"meant": step, "sum": numbers * step, "sign": -step, "squared": step**2})


def largest_strength() -> Answer:
    """Chapter 8a: below which strength a step of 0.05 on a Fisher of 0.4 converges: 2 / (rate * Fisher)."""
    rate, fisher = 0.05, 0.4
    right = 2 / (rate * fisher)
    return Answer(right, {"no_half": right / 2, "rate": 2 / rate, "fisher": 2 / fisher, "inverse": 1 / right})


def pull() -> Answer:
    """Chapter 8a: the gradient of EWC's penalty at a strength of 10, a Fisher of 0.3 and a distance of 3."""
    strength, fisher, distance = 10, 0.3, 3
    right = strength * fisher * distance
    wrong = {
        "value": right * distance / 2,
        "no_half": 2 * right,
        "sign": -right,
        "nothing": 0,
        "plain": strength * distance,
    }
    return Answer(right, wrong)


def there_and_back() -> Answer:
    """Chapter 8b: SI's importance of a weight that earned 1 on its way out, 1 on its way back, and ends 1 from its start."""
    earned, way, damping = 1 + 1, 1, 0.1
    wrong = {"straight": 1 / (way**2 + damping), "path": earned, "length": earned / (3**2 + damping)}
    return Answer(earned / (way**2 + damping), wrong | {"farthest": earned / (2**2 + damping)})


def step_share() -> Answer:
    """Chapter 8b: what a step of 0.1 on gradients of 2 (data) and -1.5 (penalty) earns by the data."""
    data, penalty, rate = 2, -1.5, 0.1
    step = -rate * (data + penalty)
    wrong = {"all": -(data + penalty) * step, "penalty": -penalty * step, "sign": data * step, "plan": rate * data**2}
    return Answer(-data * step, wrong)


def top_of_product() -> Answer:
    """Chapter 8c: where the product of two Gaussians is highest, with means 2 and -1 and precisions 3 and 1."""
    a, b, f, g = 2, -1, 3, 1
    weighted = f * a + g * b
    wrong = {"mean": (a + b) / 2, "exchanged": (g * a + f * b) / (f + g), "undivided": weighted}
    return Answer(weighted / (f + g), wrong | {"rooted": (f**0.5 * a + g**0.5 * b) / (f**0.5 + g**0.5)})


def third_share() -> Answer:
    """Chapter 8c: the share of the third network in the mean of three, one by one."""
    return Answer(1 / 3, {"half": 1 / 2, "rest": 2 / 3, "percent": 100 / 3, "quarter": 1 / 4})


def small_fisher() -> Answer:
    """Chapter 8c: two weights of 1 with Fishers of 1e-8 each, merged with 1e-8 added to the denominator."""
    fisher = added = 1e-8
    right = 2 * fisher / (2 * fisher + added)
    return Answer(right, {"meant": 1, "half": 1 / 2, "zero": 0, "third": 1 / 3})


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
    "fine_new": fine_new,
    "fine_rest": fine_rest,
    "fine_errors": fine_errors,
    "tiny_least": tiny_least,
    "overtakes": overtakes,
    "features_share": features_share,
    "wakes_at": wakes_at,
    "masked_value": masked_value,
    "letters_needed": letters_needed,
    "last_growth": last_growth,
    "still_numbers": still_numbers,
    "flat_inputs": flat_inputs,
    "copies_ratio": copies_ratio,
    "blind_drift": blind_drift,
    "largest_strength": largest_strength,
    "pull": pull,
    "there_and_back": there_and_back,
    "step_share": step_share,
    "top_of_product": top_of_product,
    "third_share": third_share,
    "small_fisher": small_fisher,
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
