"""Chapter 8a: the penalty of EWC, in value and in gradient, and the whole of EWC over several tasks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from tfm_lite.exercises.checks.importance import SIZES, linear
from tfm_lite.exercises.judge import Judge, check

STRENGTH = 6.0


def like(weights: Sequence[Tensor], seed: int, *, positive: bool = False) -> list[Tensor]:
    """A number for each weight, the same for everybody."""
    generator = torch.Generator().manual_seed(seed)
    drawn = [torch.randn(w.shape, generator=generator, dtype=w.dtype) for w in weights]
    return [one.abs() + 0.1 for one in drawn] if positive else drawn


def total(parts: Sequence[Tensor]) -> Tensor:
    """The sum over all numbers of all tensors."""
    return sum((part.sum() for part in parts), torch.zeros((), dtype=torch.double))


def held(fishers: Sequence[Tensor], distances: Sequence[Tensor]) -> Tensor:
    """Half the strength times the Fisher-weighted squares."""
    return STRENGTH / 2 * total([f * d**2 for f, d in zip(fishers, distances, strict=True)])


@check
def check_penalty(judge: Judge, penalty: Any) -> None:
    """Chapter 8a: ``penalty(model, anchors, fishers, strength)`` is the second term of Eq. 8a.1, and pulls the weights."""
    for case in "few", "other":
        model, _ = linear(*SIZES[case])
        weights = list(model.parameters())
        before = [w.detach().clone() for w in weights]
        anchors, fishers = like(weights, 1), like(weights, 2, positive=True)
        distances = [w - a for w, a in zip(before, anchors, strict=True)]
        squares = [d**2 for d in distances]
        weighted = [f * s for f, s in zip(fishers, squares, strict=True)]
        with judge.part("value" if case == "few" else "other"):
            got = penalty(model, [a.clone() for a in anchors], [f.clone() for f in fishers], STRENGTH)
            wrong = {
                "half": STRENGTH * total(weighted),
                "mean": STRENGTH / 2 * sum(part.mean() for part in weighted),
                "plain": STRENGTH / 2 * total(squares),
                "straight": STRENGTH / 2 * total([f * d for f, d in zip(fishers, distances, strict=True)]),
                "strength": total(weighted) / 2,
                "rooted": STRENGTH / 2 * total(weighted).sqrt(),
            }
            judge.equal(judge.number(got), held(fishers, distances), wrong, given="this model")
            judge.must(all(map(torch.equal, weights, before)), "in_place")
        with judge.part("gradient"):
            pulls = gradients(judge, got, weights)
            right = [STRENGTH * f * d for f, d in zip(fishers, distances, strict=True)]
            for pull, one in zip(pulls, right, strict=True):
                judge.equal(pull, one, given="the gradient")


def gradients(judge: Judge, value: Any, weights: Sequence[Tensor]) -> list[Tensor]:
    """What backward would leave; 0 where a weight has no part in it."""
    judge.must(isinstance(value, Tensor) and value.requires_grad, "detached")
    found = torch.autograd.grad(value, weights, allow_unused=True)
    judge.must(any(g is not None for g in found), "detached")
    return [torch.zeros_like(w) if g is None else g for g, w in zip(found, weights, strict=True)]


@check
def check_ewc(judge: Judge, make: Any) -> None:
    """Chapter 8a: a class with ``keep(model, fisher)``, ``penalty(model, strength)`` and ``pull(model, strength)``.

    The Fishers of the tasks are merged to their mean, the anchor is where the last task ended, and ``pull`` is the penalty's
    gradient, a tensor for each parameter.
    """
    judge.must(make is not None, "none")
    judge.must(isinstance(make, type), "class")
    for name in ("keep", "penalty", "pull"):
        judge.must(hasattr(make, name), "lacks", name=name)
    model, _ = linear(*SIZES["few"])
    ewc, weights = make(), list(model.parameters())
    with judge.part("start"):
        judge.must(judge.number(ewc.penalty(model, STRENGTH)) == 0, "start")
    fishers: list[list[Tensor]] = []
    anchors: list[list[Tensor]] = []
    for t in range(3):
        fishers.append(like(weights, 10 + t, positive=True))
        anchors.append([w.detach().clone() for w in weights])
        ewc.keep(model, [f.clone() for f in fishers[-1]])
        with torch.no_grad():
            for w, step in zip(weights, like(weights, 20 + t), strict=True):
                w.add_(step)
        with judge.part("tasks" if t else "value"):
            right, wrong = values(fishers, anchors, weights)
            judge.equal(judge.number(ewc.penalty(model, STRENGTH)), right, wrong, given=f"task {t + 1}")
        with judge.part("pull"):
            pulls(judge, ewc, model, fishers, anchors[-1])


def mean(each: Sequence[Sequence[Tensor]]) -> list[Tensor]:
    """For each parameter, the mean over tasks."""
    return [torch.stack(list(parts)).mean(0) for parts in zip(*each, strict=True)]


def values(
    fishers: list[list[Tensor]], anchors: list[list[Tensor]], weights: Sequence[Tensor]
) -> tuple[Tensor, dict[str, Any]]:
    """The penalty after these tasks, and what it is by each cause of a wrong one."""
    now, count = [w.detach() for w in weights], len(fishers)
    ways = [[w - a for w, a in zip(now, anchor, strict=True)] for anchor in anchors]
    merged, running = mean(fishers), fishers[0]
    for fisher in fishers[1:]:
        running = mean([running, fisher])
    right = held(merged, ways[-1])
    plain = STRENGTH / 2 * total([d**2 for d in ways[-1]])
    wrong: dict[str, Any] = {"alias": 0.0, "plain": plain}
    if count == 1:
        return right, wrong | {"half": 2 * right}
    wrong |= {
        "sum": count * right,
        "newest": held(fishers[-1], ways[-1]),
        "first": held(merged, ways[0]),
        "each": total([held(f, d) for f, d in zip(fishers, ways, strict=True)]),
    }
    if count > 2:  # of two, it is the mean
        wrong["running"] = held(running, ways[-1])
    return right, wrong


def pulls(judge: Judge, ewc: Any, model: torch.nn.Module, fishers: list[list[Tensor]], anchor: list[Tensor]) -> None:
    """Whether ``pull`` and the penalty's own gradient are what they should be."""
    weights = list(model.parameters())
    distances = [w.detach() - a for w, a in zip(weights, anchor, strict=True)]
    right = [STRENGTH * f * d for f, d in zip(mean(fishers), distances, strict=True)]
    got = ewc.pull(model, STRENGTH)
    judge.must(got is not None, "none")
    got = list(got)
    judge.must(len(got) == len(right), "tensors", count=len(got), right=len(right))
    for own, one, auto in zip(got, right, gradients(judge, ewc.penalty(model, STRENGTH), weights), strict=True):
        wrong = {"sign": -one, "pull_half": one / 2, "pull_strength": one / STRENGTH}
        judge.equal(judge.tensor(own, one.shape), one, wrong, given="the pull")
        judge.equal(auto, one, given="the penalty's gradient")
