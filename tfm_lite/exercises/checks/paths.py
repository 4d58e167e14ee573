"""Chapter 8b: a path that counts the data alone, and SI's account over several tasks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from tfm_lite.exercises.judge import Judge, check
from tfm_lite.exercises.judge import close as equal

RATE, MOMENTUM = 0.05, 0.9
Loss = Callable[[], Tensor]


def begun(seed: int) -> tuple[Tensor, Loss, Loss]:
    """Weights, the loss of the data, and a penalty."""
    generator = torch.Generator().manual_seed(seed)
    w, goal = torch.randn(2, 5, generator=generator, dtype=torch.double)
    w = w.clone().requires_grad_()

    def data() -> Tensor:
        return (w - goal).pow(4).sum()

    def penalty() -> Tensor:
        return 2 * (w + 0.5).square().sum()

    return w, data, penalty


def followed(seed: int, *, counts: str = "data", moves: str = "both", real: bool = True) -> tuple[Tensor, Tensor]:
    """Weights and the sum of their shares after three steps, for somebody who counts, moves and measures in some way."""
    w, data, penalty = begun(seed)
    path, optimizer = torch.zeros_like(w), torch.optim.SGD([w], lr=RATE, momentum=MOMENTUM)
    for _ in range(3):
        (of_data,), (of_penalty,) = torch.autograd.grad(data(), w), torch.autograd.grad(penalty(), w)
        of = {"data": of_data, "penalty": of_penalty, "both": of_data + of_penalty, "twice": 2 * of_data + of_penalty}
        before = w.detach().clone()
        w.grad = of[moves].clone()
        optimizer.step()
        path = path - of[counts] * (w.detach() - before if real else -RATE * of[moves])
    return w.detach(), path.detach()


@check
def check_data_path(judge: Judge, share: Any) -> None:
    """Chapter 8b: ``share(w, data, penalty, optimizer)`` takes a step on the sum of two losses, and returns w's share.

    ``data()`` and ``penalty()`` are losses of the weights ``w``; the share, Eq. 8b.1, is of what the *data's* loss fell by.
    """
    for case in (0, 1):
        w, data, penalty = begun(case)
        path, optimizer = torch.zeros_like(w), torch.optim.SGD([w], lr=RATE, momentum=MOMENTUM)
        for _ in range(3):
            path = path + judge.tensor(share(w, data, penalty, optimizer), w.shape)
        place, right = followed(case)
        with judge.part("learns"):
            judge.must(optimizer.state, "unlearned")
            other = {"data_only": followed(case, moves="data")[0], "twice": followed(case, moves="twice")[0]}
            judge.equal(w.detach(), place, other, given="the weights after three steps")
        with judge.part("path" if case == 0 else "other"):
            wrong = {
                "all": followed(case, counts="both")[1],
                "penalty": followed(case, counts="penalty")[1],
                "sign": -right,
                "plan": followed(case, real=False)[1],
                "still": torch.zeros_like(right),
            }
            judge.equal(path.detach(), right, wrong, given="three steps together")


@check
def check_synaptic(judge: Judge, make: Any) -> None:
    """Chapter 8b: a class with ``begin(weights)``, ``after_step(gradients)`` and ``end(damping)``, SI's account.

    ``end`` ends a task and returns the importances so far, Eq. 8b.2; what would be below 0 is 0.
    """
    judge.must(make is not None, "none")
    judge.must(isinstance(make, type), "class")
    for name in ("begin", "after_step", "end"):
        judge.must(hasattr(make, name), "lacks", name=name)
    account, weights, tasks = make(), [torch.zeros(4, 3), torch.zeros(5)], drawn()
    for t, (steps, slopes) in enumerate(tasks):
        account.begin(weights)
        for step, gradients in zip(steps, slopes, strict=True):
            for weight, change in zip(weights, step, strict=True):
                weight += change
            account.after_step([g.clone() for g in gradients])
        got = account.end(0.1)
        judge.must(got is not None, "none")
        judge.must(len(list(got)) == len(weights), "tensors", count=len(list(got)), right=len(weights))
        for i, weight in enumerate(weights):
            right, wrong = importances([of_tensor(task, i) for task in tasks[: t + 1]])
            own = judge.tensor(got[i], weight.shape)
            with judge.part("two" if t else "one"):
                free = torch.isclose(wrong["terms"], right)  # what was never below 0 on the way
                seen = {cause: value[free] for cause, value in wrong.items()}
                judge.equal(own.clamp(min=0)[free], right[free], seen, given=f"task {t + 1}")
            with judge.part("negative"):
                judge.must(not (own < 0).any(), "negative")
                judge.must(t == 0 or not equal(own, wrong["terms"]), "terms")


Steps = list[list[Tensor]]


def drawn() -> list[tuple[Steps, Steps]]:
    """Of two tasks, the weights' movements in three steps, and the gradients before each."""
    generator = torch.Generator().manual_seed(2)

    def three() -> Steps:
        return [[torch.randn(shape, generator=generator) for shape in ((4, 3), (5,))] for _ in range(3)]

    return [(three(), three()) for _ in range(2)]


def of_tensor(task: tuple[Steps, Steps], i: int) -> tuple[Tensor, Tensor]:
    """Movements and gradients of one tensor of weights, (steps, ...)."""
    steps, slopes = task
    return torch.stack([step[i] for step in steps]).double(), torch.stack([slope[i] for slope in slopes]).double()


def importances(tasks: Sequence[tuple[Tensor, Tensor]]) -> tuple[Tensor, dict[str, Tensor]]:
    """After these tasks, the importances, and what they are by each cause of wrong ones."""
    paths = [-(slopes * steps).sum(0) for steps, slopes in tasks]
    ways = [steps.sum(0) for steps, _ in tasks]
    far = [-(slopes * steps.cumsum(0)).sum(0) for steps, slopes in tasks]
    lengths = [steps.square().sum(0) for steps, _ in tasks]

    def summed(paths: Sequence[Tensor], squares: Sequence[Tensor], damping: float = 0.1) -> Tensor:
        omega = torch.zeros_like(paths[0])
        for path, square in zip(paths, squares, strict=True):
            omega = (omega + path / (square + damping)).clamp(min=0)
        return omega

    squares = [way**2 for way in ways]
    parts = [(path / (square + 0.1)).clamp(min=0) for path, square in zip(paths, squares, strict=True)]
    wrong = {
        "sign": summed([-path for path in paths], squares),
        "still": torch.zeros_like(paths[0]),
        "from_start": summed(far, squares),
        "length": summed(paths, lengths),
        "undamped": summed(paths, squares, 0),
        "straight": summed(paths, [way.abs() for way in ways]),
        "path": summed(paths, [torch.full_like(way, 0.9) for way in ways]),
        "newest": parts[-1],
        "start": summed(paths, list(torch.stack(ways).cumsum(0) ** 2)),
        "unreset": summed(list(torch.stack(paths).cumsum(0)), squares),
        "terms": torch.stack(parts).sum(0),
    }
    first = "newest", "start", "unreset"
    return summed(paths, squares), {c: v for c, v in wrong.items() if len(tasks) > 1 or c not in first}
