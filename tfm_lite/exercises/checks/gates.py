"""Chapter 17: a gate that learns tasks one after the other, from sums."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tfm_lite.exercises.judge import Judge, check

SHRINK = 0.1
Taught = tuple[Tensor, Tensor]  # features (B, features) and labels (B,) of a task
# Each mistake as a change of what :func:`scores_of` does.
MISTAKES: dict[str, dict[str, Any]] = {
    "last": {"scatters": slice(-1, None)},
    "tasks": {"by_class": False},
    "overall": {"within": False},
    "unshrunk": {"shrink": 0.0},
    "nearest": {"shrink": 1.0},
    "undivided": {"divided": False},
    "half": {"half": 0.0},
    "whole": {"half": 1.0},
    "mean": {"best": Tensor.mean},
    "sum": {"best": Tensor.sum},
}


@check
def check_gate(judge: Judge, make: Any) -> None:
    """Chapter 17: a class with ``learn(features, labels)``, called for one task after the other, and ``scores(features)``,
    (B, tasks), of the linear discriminant that is shrunk by a tenth; it keeps sums and no images."""
    judge.must(make is not None, "none")
    judge.must(isinstance(make, type), "class")
    gate: Any = make()
    for name in ("learn", "scores"):
        judge.must(hasattr(gate, name), "lacks", name=name)
    cases = {
        "two": [taught(3, 40, 6), taught(3, 40, 6)],
        "uneven": [taught(4, 15, 6), taught(2, 60, 6), taught(3, 9, 6)],
        "few": [taught(2, 3, 20), taught(3, 2, 20)],
    }
    for part, tasks in cases.items():
        with judge.part(part):
            x = taught(5, 4, tasks[0][0].shape[1])[0]
            got = judge.tensor(learned(make, tasks).scores(x.clone()), (len(x), len(tasks)))
            solvable = {cause: how for cause, how in MISTAKES.items() if part != "few" or cause != "unshrunk"}
            wrong = {cause: scores_of(tasks, x, **how) for cause, how in solvable.items()}
            judge.equal(got, scores_of(tasks, x), wrong, given=f"{len(tasks)} tasks")
    with judge.part("sums"):
        few, many = (held(vars(learned(make, [taught(3, count, 6)] * 2))) for count in (5, 50))
        judge.must(few > 0, "unwritten")
        judge.must(many <= few, "images", few=few, many=many)


def taught(classes: int, each: int, features: int) -> Taught:
    """So many images of every class, not in the classes' order; features that go together, as a network's do."""
    generator = torch.Generator().manual_seed(classes * each)
    labels = torch.arange(classes * each)[torch.randperm(classes * each, generator=generator)] % classes
    mixed = torch.randn(features, features, generator=generator, dtype=torch.double)
    centres = 2 * torch.randn(classes, features, generator=generator, dtype=torch.double)
    noise = torch.randn(len(labels), features, generator=generator, dtype=torch.double)
    return centres[labels] + noise @ mixed + 1, labels


def learned(make: Any, tasks: Sequence[Taught]) -> Any:
    """A gate that was given these tasks, one after the other."""
    gate = make()
    for features, labels in tasks:
        gate.learn(features.clone(), labels.clone())
    return gate


def scores_of(
    tasks: Sequence[Taught],
    x: Tensor,
    *,
    scatters: slice = slice(None),
    by_class: bool = True,
    within: bool = True,
    shrink: float = SHRINK,
    divided: bool = True,
    half: float = 0.5,
    best: Any = Tensor.amax,
) -> Tensor:
    """The scores (B, tasks), computed from all images at once."""
    means, apart = [], []
    for features, labels in tasks:
        own = labels if by_class else torch.zeros_like(labels)
        means.append(torch.stack([features[own == c].mean(0) for c in own.unique()]))
        apart.append(features - (means[-1][own] if within else features.mean(0)))
    each = [one.T @ one for one in apart][scatters]
    covariance = sum(each, torch.zeros_like(each[0]))
    if divided:
        covariance = covariance / sum(len(one) for one in apart[scatters])
    identity = covariance.diagonal().mean() * torch.eye(len(covariance), dtype=torch.double)
    inverse = torch.linalg.inv((1 - shrink) * covariance + shrink * identity)
    return torch.stack([best(x @ inverse @ mu.T - half * (mu @ inverse * mu).sum(1), dim=1) for mu in means], 1)


def held(value: Any) -> int:
    """How many numbers something holds, in whatever it holds them."""
    if isinstance(value, Tensor):
        return value.numel()
    if isinstance(value, np.ndarray):
        return int(value.size)
    if isinstance(value, dict):
        return sum(map(held, value.values()))
    if isinstance(value, list | tuple | set):
        return sum(map(held, value))
    return 1
