"""Chapter 1: who tests what, and a loop that fine-tunes."""

from __future__ import annotations

import copy
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tfm_lite.exercises.judge import Judge, check, close

Matrix = list[list[float]]
Tasks = list[tuple[Tensor, Tensor]]
Nets = tuple[nn.Module, list[nn.Module]]  # a body, and a head per task
RATE = 0.3  # of learning


@check
def check_accuracy_matrix(judge: Judge, accuracy_matrix: Any) -> None:
    """Chapter 1: ``accuracy_matrix(learn, accuracy, count)`` learns tasks 0 to ``count`` - 1 and has a row after each: the
    accuracy on all tasks so far. ``learn(t)`` learns a task, ``accuracy(t)`` tests it."""
    for part, (count, loss) in {"four": (4, 0.1), "other": (3, 0.25)}.items():
        if part == "four":  # who gives back what was given has done nothing yet
            first = rows(judge, play(judge, accuracy_matrix, count, loss))
            judge.must(not same(first, [expected(count, loss)[-1][-1:] * (t + 1) for t in range(count)]), "given")
        with judge.part(part):
            got = rows(judge, play(judge, accuracy_matrix, count, loss))
            right = expected(count, loss)
            for name, wrong in mistaken(right, count, loss).items():
                judge.must(not same(got, wrong), name)
            judge.must(same(got, right), "value", given=f"{count} tasks", right=shown(right), got=shown(got))


class Learner:
    """Of a task it loses some accuracy with each that it learns afterwards; one not learned yet it guesses."""

    def __init__(self, loss: float) -> None:
        self.loss, self.learned = loss, list[int]()

    def learn(self, t: int) -> None:
        self.learned.append(int(t))

    def accuracy(self, t: int) -> float:
        if t not in self.learned:
            return 0.2
        return 0.9 - self.loss * (len(self.learned) - 1 - self.learned.index(t))


def play(judge: Judge, accuracy_matrix: Any, count: int, loss: float) -> Any:
    """What comes of it for such a learner, who must have learned each task once, in their order."""
    learner = Learner(loss)
    got = accuracy_matrix(learner.learn, learner.accuracy, count)
    judge.must(got is not None, "none")
    wanted, learned = list(range(count)), learner.learned
    judge.must(learned == wanted, "learned", got=learned, right=wanted)
    return got


def expected(count: int, loss: float, tested: int = 0) -> Matrix:
    """The right matrix; or with rows that are ``tested`` long."""
    learner, matrix = Learner(loss), []
    for t in range(count):
        learner.learn(t)
        matrix.append([learner.accuracy(s) for s in range(tested or t + 1)])
    return matrix


def mistaken(right: Matrix, count: int, loss: float) -> dict[str, Any]:
    """The matrices of those who make one mistake."""
    whole = expected(count, loss, count)
    before = [[0.2] * (t + 1) if t == 0 else [*whole[t - 1][:t], 0.2] for t in range(count)]
    return {
        "all": whole,
        "before": before,
        "shared": [right[-1]] * count,
        "end": [right[-1][: t + 1] for t in range(count)],
        "last": right[-1],
        "diagonal": [row[-1] for row in right],
        "newest": [[row[-1]] for row in right],
    }


def rows(judge: Judge, got: Any) -> Any:
    """What was returned, as lists of numbers."""
    asked = {"asked": "a list of rows, each a list of accuracies", "kind": type(got).__name__}
    judge.must(isinstance(got, list | tuple), "kind", **asked)
    return [[float(value) for value in row] if isinstance(row, list | tuple) else float(row) for row in got]


def same(a: Any, b: Any) -> bool:
    """Whether two lists have the same numbers in rows of the same length."""
    if isinstance(a, float | int) or isinstance(b, float | int):
        return isinstance(a, float | int) and isinstance(b, float | int) and close(a, b)
    return len(a) == len(b) and all(map(same, a, b))


def shown(matrix: Any) -> str:
    """A matrix as a sentence shows it: short."""
    return str([[round(v, 3) for v in row] if isinstance(row, list) else round(row, 3) for row in matrix])


# -- the loop

LEARNS = "uncleared", "joint", "one_head", "frozen", "body_only", "one_step"  # what one may get wrong in learning
TESTS = "newest_head", "not_retested", "all", "end", "percent"  # and in testing


@check
def check_finetune(judge: Judge, finetune: Any) -> None:
    """Chapter 1: ``finetune(body, heads, tasks, rate, steps)`` learns task after task by plain gradient descent and returns
    the accuracy matrix.

    ``body`` is a module of all tasks and ``heads`` a module for each; ``tasks`` are pairs of images (N, D) and labels (N,).
    A step is on all images of its task.
    """
    for part, (count, images, steps) in {"learns": (3, 30, 40), "other": (4, 20, 25)}.items():
        nets, tasks = made(count, images)
        start = copy.deepcopy(nets)
        with judge.part(part):
            got = finetune(*nets, list(tasks), RATE, steps)
            judge.must(got is not None, "none")
            right, matrices = finetuned(start, tasks, steps)
            learned(judge, nets, right, start, tasks, steps)
        with judge.part("matrix" if part == "learns" else part):
            judge.must(judge.passed[part], "otherwise", moved="")
            ours = rows(judge, got)
            for name in TESTS:
                judge.must(not same(ours, matrices[name]), name)
            wanted = matrices["right"]
            judge.must(same(ours, wanted), "value", given=f"{count} tasks", right=shown(wanted), got=shown(ours))


def learned(judge: Judge, nets: Nets, right: Nets, start: Nets, tasks: Tasks, steps: int) -> None:
    """Whether body and heads have the weights that fine-tuning gives them; if not, by which mistake they have theirs."""
    if alike(nets, right):
        return
    judge.must(not alike(nets, start), "still")
    for name in LEARNS:
        judge.must(not alike(nets, finetuned(start, tasks, steps, name)[0]), name)
    pairs = zip(numbers_of(nets), numbers_of(right), strict=True)
    moved = max((a - b).abs().max().item() for a, b in pairs)
    judge.must(False, "otherwise", moved=f"{moved:.2g}")


def numbers_of(nets: Nets) -> list[Tensor]:
    """The weights and biases of body and heads."""
    body, heads = nets
    return [parameter.detach() for module in (body, *heads) for parameter in module.parameters()]


def alike(a: Nets, b: Nets) -> bool:
    """Whether two bodies with their heads have the same weights but for rounding."""
    return all(torch.allclose(x, y, rtol=0, atol=1e-9) for x, y in zip(numbers_of(a), numbers_of(b), strict=True))


def finetuned(start: Nets, tasks: Tasks, steps: int, mistake: str = "") -> tuple[Nets, dict[str, Matrix]]:
    """The networks after all tasks, and the accuracy matrix, right and by each mistake in testing."""
    body, heads = copy.deepcopy(start)
    found: dict[str, Matrix] = {name: [] for name in ("right", *TESTS)}
    for t in range(len(tasks)):
        for _ in range(1 if mistake == "one_step" else steps):
            one_step(body, heads, tasks, t, mistake)
        whole = [accuracy(body, heads[s], tasks[s]) for s in range(len(tasks))]
        found["right"].append(whole[: t + 1])
        found["all"].append(whole)
        found["newest_head"].append([accuracy(body, heads[t], tasks[s]) for s in range(t + 1)])
        found["not_retested"].append([*(found["not_retested"][-1] if t else []), whole[t]])
        found["percent"].append([100 * value for value in whole[: t + 1]])
    found["end"] = [whole[: t + 1] for t in range(len(tasks))]
    return (body, heads), found


def one_step(body: nn.Module, heads: list[nn.Module], tasks: Tasks, t: int, mistake: str) -> None:
    """A step of gradient descent on task ``t``, right or with a mistake."""
    own = heads[0 if mistake == "one_head" else t]
    learns = {"frozen": [own], "body_only": [body]}.get(mistake, [body, own])
    parts = [(body, own, tasks[t])]
    if mistake == "joint":
        learns, parts = [body, *heads], [(body, heads[s], tasks[s]) for s in range(t + 1)]
    if mistake != "uncleared":
        body.zero_grad()
        for head in heads:
            head.zero_grad()
    loss = torch.stack([F.cross_entropy(h(b(x)), y) for b, h, (x, y) in parts]).sum()
    loss.backward()
    torch.optim.SGD([p for module in learns for p in module.parameters()], lr=RATE).step()


@torch.no_grad()
def accuracy(body: nn.Module, head: nn.Module, task: tuple[Tensor, Tensor]) -> float:
    """The share of a task's images that body and head read rightly."""
    x, y = task
    return (head(body(x)).argmax(1) == y).double().mean().item()


def made(count: int, images: int) -> tuple[Nets, Tasks]:
    """A body, heads, and tasks of three classes that ask opposite things of the body."""
    generator = torch.Generator().manual_seed(count)

    def linear(inputs: int, outputs: int) -> nn.Linear:
        layer = nn.Linear(inputs, outputs, dtype=torch.double)
        with torch.no_grad():
            for parameter in layer.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=torch.double) / inputs**0.5)
        return layer

    body = nn.Sequential(linear(4, 6), nn.Tanh())
    heads: list[nn.Module] = [linear(6, 3) for _ in range(count)]
    tasks = []
    for _ in range(count):
        x = torch.randn(images, 4, generator=generator, dtype=torch.double)
        turn = torch.randn(4, 3, generator=generator, dtype=torch.double)
        tasks.append((x, (x @ turn).argmax(1)))
    return (body, heads), tasks
