"""Chapter 5: feature normalization folded into a layer, kept from masked features, and with numbers for each task."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from tfm_lite.exercises.checks.importance import two
from tfm_lite.exercises.judge import Judge, check, close

SIZES = 2, 4, 4, 6  # features that each task sees; maps are as wide as task 2 has features, so that axes are told apart


def drawn(*shapes: tuple[int, ...]) -> list[Tensor]:
    """Numbers of these shapes, the same for everybody."""
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(shape, generator=generator, dtype=torch.double) for shape in shapes]


def along(one: Tensor, axis: int, like: Tensor) -> Tensor:
    """A tensor's numbers along one of the axes of another."""
    return one.view([-1 if i == axis else 1 for i in range(like.dim())])


@check
def check_fold(judge: Judge, fold: Any) -> None:
    """Chapter 5: ``fold(weight, bias, scale, shift)`` is the weight and the bias of a layer that has taken FN in, Eq. 5.1.

    The weight is (O, I) or (O, I, k, k); bias, scale and shift are (O,).
    """
    for part, shape in {"linear": (4, 4), "convolution": (3, 3, 3, 3)}.items():
        with judge.part(part):
            features = shape[:1]
            given = drawn(shape, features, features, features)
            weight, bias, scale, shift = (one.clone() for one in given)
            got = two(judge, fold(*given))
            new_weight, new_bias = judge.tensor(got[0], shape), judge.tensor(got[1], features)
            rows, *others = (along(scale, axis, weight) * weight for axis in range(weight.dim()))
            judge.must(not any(close(new_weight, other) for other in others), "inputs")
            judge.equal(new_weight, rows, {"unscaled": weight}, given="the weight")
            of_bias = {"bias": bias + shift, "order": scale * (bias + shift), "shift": scale * bias}
            judge.equal(new_bias, scale * bias + shift, of_bias, given="the bias")
            judge.must(all(map(torch.equal, given, (weight, bias, scale, shift))), "in_place")


@check
def check_masked_norm(judge: Judge, norm: Any) -> None:
    """Chapter 5: ``norm(x, mask, scale, shift)`` is Eq. 7 on the features that a task sees, and 0 on all others.

    ``x`` is (B, features) or (B, features, H, W), the others (features,); the mask is 1 where the task sees.
    """
    for part, shape in {"features": (5, 4), "maps": (2, 4, 4, 4)}.items():
        with judge.part(part):
            x, scale, shift = drawn(shape, (4,), (4,))
            mask = torch.tensor([1.0, 0.0, 1.0, 1.0], dtype=torch.double)
            got = judge.tensor(norm(x.clone(), mask.clone(), scale.clone(), shift.clone()), shape)
            m, a, b = (along(one, 1, x) for one in (mask, scale, shift))
            wrong = {
                "shift": a * (m * x) + b,
                "unmasked": a * x + b,
                "scale": a * x + m * b,
                "passed": torch.where(m > 0, a * x + b, x),
            }
            if part == "maps":
                wrong = {"column": mask * (scale * x + shift)} | wrong
            judge.equal(got, m * (a * x + b), wrong, given=f"the mask {mask.tolist()}")


@check
def check_task_norms(judge: Judge, make: Any) -> None:
    """Chapter 5: a module with ``begin(features)``, ``norms(x, t)`` and ``end()``, which holds the FN of every task.

    Task 1 has none. Under momentum and weight decay old tasks keep their outputs to the last bit.
    """
    judge.must(make is not None, "none")
    judge.must(isinstance(make, type) and issubclass(make, nn.Module), "class")
    torch.manual_seed(0)
    norms: Any = make()
    for name in ("begin", "end"):
        judge.must(hasattr(norms, name), "lacks", name=name)
    answers: list[tuple[Tensor, Tensor]] = []  # maps of each task, and what it made of them
    for t, features in enumerate(SIZES):
        rows, maps = torch.randn(6, features), torch.randn(2, features, 4, 4)
        with judge.part("starts"):
            norms.begin(features)
            for x in rows, maps:
                judge.must(close(judge.tensor(norms(x, t), x.shape), x), "start", task=t + 1)
        with judge.part("learns"):
            count_learning(judge, norms, t)
            learn(norms, rows, t)
        with judge.part("acts"):
            acts(judge, norms, t, rows, maps)
        with judge.part("keeps"):
            for s, (x, answer) in enumerate(answers):
                judge.must(torch.equal(norms(x, s), answer), "moved", task=t + 1, old=s + 1)
            norms.end()
            judge.must(not list(norms.parameters()), "left")
            answers.append((maps, norms(maps, t).detach().clone()))


def count_learning(judge: Judge, norms: nn.Module, t: int) -> None:
    """Whether a scale and a shift for each feature of this task learn, and nothing else."""
    got, right = sum(p.numel() for p in norms.parameters()), 2 * SIZES[t] if t else 0
    wrong = {0: "nothing", SIZES[t]: "one", 2 * sum(SIZES[1 : t + 1]): "old"} if t else {2 * SIZES[0]: "first"}
    judge.must(got == right, wrong.get(got, "count"), got=got, right=right, task=t + 1)


def learn(norms: Any, x: Tensor, t: int) -> None:
    """Five steps of an optimizer that moves whatever it was given."""
    weights = list(norms.parameters())
    if not weights:
        return
    optimizer = torch.optim.SGD(weights, lr=0.1, momentum=0.9, weight_decay=5e-2)
    for _ in range(5):
        optimizer.zero_grad(set_to_none=False)
        (norms(x, t) - 2 - x.roll(1, 0)).square().mean().backward()
        optimizer.step()


def acts(judge: Judge, norms: Any, t: int, rows: Tensor, maps: Tensor) -> None:
    """Whether it is one scale and one shift per feature, the same in rows and at every place of a map."""
    with torch.no_grad():
        shift = norms(torch.zeros_like(rows[:1]), t)[0]
        scale = norms(torch.ones_like(rows[:1]), t)[0] - shift
        judge.must(bool(t) == bool((scale != 1).all() and (shift != 0).all()), "silent" if t else "first", task=t + 1)
        judge.must(torch.allclose(norms(rows, t), scale * rows + shift, atol=1e-5), "affine")
        right = scale.view(-1, 1, 1) * maps + shift.view(-1, 1, 1)
        judge.must(torch.allclose(norms(maps, t), right, atol=1e-5), "maps")
