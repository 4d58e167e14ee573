"""Chapters 13 to 16: what stands in the paper's tables, and what it costs."""

from __future__ import annotations

import math
from dataclasses import replace

import torch

from tfm_lite import memory
from tfm_lite.exercises.answers.number import Answer, number
from tfm_lite.nn import growth
from tfm_lite.nn.networks import stages_of
from tfm_lite.runs import results


@number
def last_pruning() -> Answer:
    """Chapter 16: the share to prune so that the last of ten tasks owns most; (1 - p) p**9 is greatest at 9/10."""
    return Answer(0.9, {"kept": 0.1, "percent": 90, "tasks": 10 / 11, "half": 0.5})


@number
def vgg_masks() -> Answer:
    """Chapter 13: bytes of the ternary masks of VGG-16 at 64 pixels for ten tasks, at two bits."""
    features = memory.size_of(stages_of("vgg16"), size=64).features
    right = 2 * features * 10 / 8
    return Answer(right, {"bits": 8 * right, "one_bit": right / 2, "one_task": right / 10, "floats": 16 * right})


@number
def seeds_needed() -> Answer:
    """Chapter 15: seeds until a difference of 0.4 is twice its standard error, at a deviation of 0.5."""
    return Answer(13, {"one_mean": 7, "once": 4, "rounded": 12, "unsquared": 4 / 3})


def cells(table: str, method: str, **where: str) -> list[tuple[float, float]]:
    """By task, accuracy and forgetting of a printed row, as fractions."""
    rows = (row for row in results.published(table) if row["method"] == method and row["task"] != "average")
    wanted = [row for row in rows if all(row[column] == value for column, value in where.items())]
    return [(float(row["accuracy"]) / 100, float(row["forgetting"]) / 100) for row in wanted]


@number
def fine_new() -> Answer:
    """Chapter 14: what EWC had on task 2 of Birds when it was new: final minus forgetting."""
    (first, _), (final, lost), *_ = cells("table_3", "EWC", dataset="birds")
    right = final - lost
    wrong = {"final": final, "sign": final + lost, "lost": -lost, "percent": 100 * right, "task": first}
    return Answer(right, wrong)


@number
def fine_rest() -> Answer:
    """Chapter 14: points by which TFM is above PackNet on Flowers, on tasks 2 to 4."""
    tfm, packnet = (cells("table_3", method, dataset="flowers") for method in ("TFM", "PackNet"))
    first, *rest = (100 * (a - b) for (a, _), (b, _) in zip(tfm, packnet, strict=True))
    right = sum(rest) / 3
    wrong = {"all": (first + sum(rest)) / 4, "sum": sum(rest), "first": first, "fraction": right / 100, "sign": -right}
    return Answer(right, wrong | {"absolute": sum(map(abs, rest)) / 3}, within=0.02)


@number
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


@number
def tiny_least() -> Answer:
    """Chapter 15: points by which PackNet is above Freezing on the split where it gains least."""
    rows = results.published("table_4")
    of = {(row["method"], row["split"]): float(row["average"]) for row in rows}
    splits = dict.fromkeys(row["split"] for row in rows)
    packnet, tfm = ([of[name, s] - of["Freezing", s] for s in splits] for name in ("PackNet", "TFM"))
    right = min(packnet)
    wrong = {"mean": sum(packnet) / 3, "most": max(packnet), "tfm": min(tfm), "fraction": right / 100, "sign": -right}
    return Answer(right, wrong, within=0.02)


@number
def overtakes() -> Answer:
    """Chapter 16: of how many tasks TFM's average is the first to be above PackNet's."""
    tfm, packnet = ([a for a, _ in cells("table_5", method)] for method in ("TFM", "PackNet"))
    ahead = [sum(tfm[:t]) > sum(packnet[:t]) for t in range(1, 11)]
    right = 1 + ahead.index(True)
    single = 1 + [a > b for a, b in zip(tfm, packnet, strict=True)].index(True)
    return Answer(right, {"single": single, "index": right - 1, "behind": single - 1, "end": 10})


@number
def features_share() -> Answer:
    """Chapter 16: the share of AlexNet's weights that 55 % of its features have between them."""
    stages = stages_of("alexnet")
    widths = growth.features_at(stages, 0.55, of="features")
    fewer = [replace(stage, features=width) for stage, width in zip(stages, widths, strict=True)]
    right = memory.size_of(fewer).weights / memory.size_of(stages).weights
    wrong = {"given": 0.55, "root": math.sqrt(0.55), "percent": 100 * right, "rest": 1 - right, "widths": sum(widths)}
    return Answer(right, wrong)


@number
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
