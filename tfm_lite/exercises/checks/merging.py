"""Chapter 8c: the mode of two networks where hardly anything matters, and the merge of several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from tfm_lite.exercises.checks.importance import SIZES, linear
from tfm_lite.exercises.checks.penalties import like
from tfm_lite.exercises.judge import Judge, check


@check
def check_mode(judge: Judge, mode: Any) -> None:
    """Chapter 8c: ``mode(a, b, f, g)`` of two networks' weights and Fishers, of one shape, is IMM's mode.

    A weight that matters to neither goes to the mean.
    """
    a, b = like([torch.zeros(6, dtype=torch.double)] * 2, 0)
    f, g = like([a, b], 1, positive=True)
    cases = {"usual": (f, g), "small": (1e-14 * f, 1e-14 * g), "nobody": (0 * f, 0 * g)}
    for part, (one, other) in cases.items():
        with judge.part(part):
            got = judge.tensor(mode(a.clone(), b.clone(), one.clone(), other.clone()), a.shape)
            judge.must(not got.isnan().any(), "nan")
            right = (a + b) / 2 if part == "nobody" else (f * a + g * b) / (f + g)
            wrong = {
                "mean": (a + b) / 2,
                "exchanged": (g * a + f * b) / (f + g),
                "undivided": one * a + other * b,
            }
            if part != "usual":
                judge.must(not (got.abs() <= 0.9 * right.abs()).all(), "pulled" if part == "small" else "zero")
            judge.equal(got, right, wrong, given=f"Fishers of about {float(one.mean() + other.mean()) / 2:.0e}")


@check
def check_merge(judge: Judge, merge: Any) -> None:
    """Chapter 8c: ``merge(model, weights, fishers)`` writes the mode of several networks into a model.

    ``weights`` and ``fishers`` hold, for each task, a tensor for each parameter. Where no task has a Fisher, the mean is
    taken. It returns how many of the model's numbers changed.
    """
    for part, tasks in {"two": 2, "several": 4}.items():
        model, _ = linear(*SIZES["other"])
        own = list(model.parameters())
        weights = [like(own, 30 + t) for t in range(tasks)]
        fishers = [like(own, 40 + t, positive=True) for t in range(tasks)]
        for fisher in fishers:
            fisher[0][0], fisher[1][0] = 0, 1  # a row that matters to nobody, and a bias that is the same everywhere
        with torch.no_grad():
            for parameter, value in zip(own, weights[-1], strict=True):
                parameter.copy_(value)
        for each in weights:
            each[1][0] = own[1][0].detach()
        given = [[one.clone() for one in each] for each in weights + fishers]
        count = merge(model, given[:tasks], given[tasks:])
        judge.must(count is not None, "none")
        merged(judge, part, model, own, weights, fishers)
        with judge.part("writes"):
            judge.must(all(map(same, given, weights + fishers)), "given")
        with judge.part("count"):
            changed = sum(int((p.detach() != w).sum()) for p, w in zip(own, weights[-1], strict=True))
            numbers = sum(p.numel() for p in own)
            judge.must(judge.number(count) != numbers or changed == numbers, "all_numbers", got=numbers)
            judge.must(judge.number(count) == changed, "count", got=f"{judge.number(count):g}", right=changed)


def same(a: Sequence[Tensor], b: Sequence[Tensor]) -> bool:
    """Whether two lists hold the same numbers."""
    return all(map(torch.equal, a, b))


def merged(
    judge: Judge,
    part: str,
    model: torch.nn.Module,
    own: list[torch.nn.Parameter],
    weights: list[list[Tensor]],
    fishers: list[list[Tensor]],
) -> None:
    """Whether the model holds the mode, in the parameters that it had."""
    with judge.part("writes"):
        judge.must(all(a is b for a, b in zip(model.parameters(), own, strict=True)), "replaced")
    for i, parameter in enumerate(own):
        w, f = (torch.stack([each[i] for each in all_]) for all_ in (weights, fishers))
        got, mean = parameter.detach(), w.mean(0)
        matters = f.sum(0) > 0
        right = torch.where(matters, (f * w).sum(0) / f.sum(0), mean)
        with judge.part("nobody"):
            judge.must(not got.isnan().any(), "nan")
            judge.equal(got[~matters], mean[~matters], {"nothing": w[-1][~matters]}, cause="nobody")
        with judge.part(part):
            wrong = {
                "nothing": w[-1],
                "mean": mean,
                "undivided": (f * w).sum(0),
                "chain": chain(w, f),
                "newest": (f[-2:] * w[-2:]).sum(0) / f[-2:].sum(0),
                "average": (f * w).sum(0) / f.sum(0) / len(w),
            }
            seen = {cause: value[matters] for cause, value in wrong.items()}
            judge.equal(got[matters], right[matters], seen, given=f"{len(w)} tasks")


def chain(w: Tensor, f: Tensor) -> Tensor:
    """Merged one by one, each time with the Fisher of the task before alone."""
    found = w[0]
    for t in range(1, len(w)):
        found = (f[t - 1] * found + f[t] * w[t]) / (f[t - 1] + f[t])
    return found
