"""Chapter 17: batch normalization in two numbers, a head's temperature, and accuracy without a task label."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from tfm_lite.exercises.checks.affine import drawn
from tfm_lite.exercises.checks.importance import two
from tfm_lite.exercises.judge import Judge, check
from tfm_lite.methods import label

NEAR, ROUGH = 0.02, 1.5  # how far off a temperature may be, and what factor off a search in large steps is


@check
def check_two_numbers(judge: Judge, two_numbers: Any) -> None:
    """Chapter 17: ``two_numbers(mean, variance, scale, shift, eps)`` are a, b of a x + b, which batch normalization is in
    use; all but ``eps`` are (features,)."""
    mean, spread, scale, shift = drawn((5,), (5,), (5,), (5,))
    variance, eps = spread.square(), 0.1
    given = mean, variance, scale, shift
    copies = [one.clone() for one in given]
    got = two(judge, two_numbers(*copies, eps))
    deviation = (variance + eps).sqrt()
    a = scale / deviation
    with judge.part("scale"):
        wrong = {
            "variance": scale / (variance + eps),
            "eps": scale / variance.sqrt(),
            "outside": scale / (variance.sqrt() + eps),
            "times": scale * deviation,
            "unscaled": 1 / deviation,
        }
        judge.equal(judge.tensor(got[0], (5,)), a, wrong, given="a")
    with judge.part("shift"):
        wrong = {
            "shift": shift,
            "undivided": shift - scale * mean,
            "sign": shift + a * mean,
            "left_out": -a * mean,
            "mean": shift - mean,
        }
        judge.equal(judge.tensor(got[1], (5,)), shift - a * mean, wrong, given="b")
    with judge.part("whole"):
        judge.must(all(map(torch.equal, given, copies)), "in_place")


# -- temperatures


def proud(factor: float, classes: int, images: int) -> tuple[Tensor, Tensor]:
    """Logits (images, classes) that are so many times too far apart, and labels (images,)."""
    generator = torch.Generator().manual_seed(classes)
    logits = 2 * torch.randn(images, classes, generator=generator, dtype=torch.double)
    labels = torch.multinomial(logits.softmax(1), 1, generator=generator)[:, 0]
    return factor * logits, labels


HEADS = {"proud": proud(4.0, 5, 400), "modest": proud(0.3, 5, 400), "other": proud(2.2, 12, 90)}


@check
def check_temperature(judge: Judge, temperature: Any) -> None:
    """Chapter 17: ``temperature(logits, labels)`` is that at which the cross-entropy of logits (B, classes) is least."""
    heads = {part: (logits.clone(), labels.clone()) for part, (logits, labels) in HEADS.items()}
    every = {part: judge.number(temperature(*head)) for part, head in heads.items()}
    one, *others = every.values()
    inside = 0.1 < one < 10  # at an end of what was tried it is another mistake
    judge.must(not inside or any(got != one for got in others), "fixed", got=f"{one:.3g}")
    for part, got in every.items():
        right = label.temperature(*HEADS[part])
        with judge.part(part):
            if not math.isclose(got, right, rel_tol=NEAR):
                judge.must(not math.isclose(got, 1 / right, rel_tol=NEAR), "inverse")
                judge.must(not math.isclose(got, math.log(right), rel_tol=NEAR), "logarithm")
                judge.must(not right / ROUGH < got < right * ROUGH, "rough", got=f"{got:.4g}")
                judge.must(got > right, "cold", got=f"{got:.3g}")
                judge.must(False, "hot", got=f"{got:.3g}")


# -- accuracy without a label


def images(counts: tuple[int, ...], classes: tuple[int, ...]) -> tuple[list[Tensor], Tensor, Tensor, Tensor]:
    """Of so many images of each task: every head's logits, the task, the label there, and a task that a rule chose. Of the
    images that are not its own, half get their number from a head all the same."""
    generator = torch.Generator().manual_seed(sum(counts))
    tasks = torch.arange(len(counts)).repeat_interleave(torch.tensor(counts))
    place = torch.arange(len(tasks))
    labels, logits = place % min(classes), []
    for t, n in enumerate(classes):
        right = torch.where(tasks == t, place % 5 > 0, place % 2 > 0)
        said = torch.where(right, labels, (labels + 1) % min(classes))
        noise = torch.rand(len(tasks), n, generator=generator, dtype=torch.double)
        logits.append(F.one_hot(said, n) + 0.1 * noise)
    chosen = torch.where(place % 3 == 1, (tasks + 1) % len(counts), tasks)
    return logits, tasks, labels, chosen


def mean_of_tasks(right: Tensor, tasks: Tensor) -> float:
    """The mean over tasks of the share that is right."""
    return float(torch.stack([right[tasks == t].double().mean() for t in tasks.unique()]).mean())


@check
def check_class_incremental(judge: Judge, accuracy: Any) -> None:
    """Chapter 17: ``accuracy(logits, tasks, labels, chosen)`` is the mean over tasks of the share of images whose task and
    class are both right. ``logits`` are (N, classes) of every head, the others (N,)."""
    cases = {"two": ((8, 22), (3, 3)), "other": ((25, 7, 13), (4, 2, 6))}
    for part, (counts, classes) in cases.items():
        logits, tasks, labels, chosen = images(counts, classes)
        said = torch.stack([each.argmax(1) for each in logits], 1)
        in_chosen, in_own = (said.gather(1, t[:, None])[:, 0] == labels for t in (chosen, tasks))
        found = chosen == tasks
        right = mean_of_tasks(in_chosen & found, tasks)
        wrong = {
            "given": float(in_chosen.double().mean()),
            "head": mean_of_tasks(in_chosen, tasks),
            "images": float((in_chosen & found).double().mean()),
            "told": mean_of_tasks(in_own, tasks),
            "found": mean_of_tasks(found, tasks),
            "product": mean_of_tasks(in_own, tasks) * mean_of_tasks(found, tasks),
            "among": float(in_chosen[found].double().mean()),
            "percent": 100 * right,
        }
        with judge.part(part):
            copies = [each.clone() for each in logits], tasks.clone(), labels.clone(), chosen.clone()
            given = f"{' and '.join(map(str, counts))} images of {len(counts)} tasks"
            judge.equal(judge.number(accuracy(*copies)), right, wrong, given=given)
