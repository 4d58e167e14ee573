"""Chapter 4: a step of gradient descent that leaves old weights alone."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from tfm_lite.exercises.judge import Judge, check

RATE, MOMENTUM, DECAY = 0.1, 0.9, 0.01
Case = tuple[Tensor, Tensor, Tensor, Tensor]  # weight, gradient, speed, and which learn


@check
def check_masked_step(judge: Judge, step: Any) -> None:
    """Chapter 4: ``step(weight, gradient, speed, learns)`` is a step with momentum and weight decay, and gives the new weight
    and the new speed; where ``learns`` is 0 the weight stays the same, bit for bit. All are (O, I)."""
    still, moving, other = made(0), made(1, moving=True), made(2, moving=True, shape=(5, 2))
    # who gives back what was given has done nothing yet
    judge.must(not by_decay(after(judge, step, still), still), "given")
    for part, cause, case in (("decay", "moved", still), ("momentum", "momentum", moving)):
        with judge.part(part):
            stays(judge, after(judge, step, case), case, cause)
    with judge.part("learns"):
        goes_on(judge, after(judge, step, moving), moving)
    with judge.part("other"):
        new = after(judge, step, other)
        stays(judge, new, other, "moved")
        goes_on(judge, new, other)


def made(seed: int, moving: bool = False, shape: tuple[int, int] = (3, 4)) -> Case:
    """Weights, their gradient, their speed (0, or what an older task has left), and which of them learn."""
    generator = torch.Generator().manual_seed(seed)
    weight, gradient, speed = (torch.randn(shape, generator=generator, dtype=torch.double) for _ in range(3))
    learns = torch.ones(shape, dtype=torch.double)
    learns[: shape[0] - 1, : shape[1] - 1] = 0
    return weight, gradient, speed if moving else torch.zeros(shape, dtype=torch.double), learns


def after(judge: Judge, step: Any, case: Case) -> Tensor:
    """The new weight of a step."""
    weight, *_ = case
    own = [one.clone() for one in case]
    got = step(*own)
    judge.must(got is not None, "none")
    judge.must(isinstance(got, tuple | list) and len(got) == 2, "pair", kind=type(got).__name__)
    judge.must(all(map(torch.equal, own, case)), "in_place")
    judge.tensor(got[1], weight.shape)
    return judge.tensor(got[0], weight.shape)


def stays(judge: Judge, new: Tensor, case: Case, cause: str) -> None:
    """Whether no old weight has moved."""
    weight, _, _, learns = case
    moved = (new - weight)[learns == 0].abs().max().item()
    judge.must(moved == 0, cause, moved=f"{moved:.2g}")


def goes_on(judge: Judge, new: Tensor, case: Case) -> None:
    """Whether the others learn as they did."""
    learns = case[-1] == 1
    right, wrong = mistaken(case)
    given = "the weights that learn"
    judge.equal(new[learns], right[learns], {name: value[learns] for name, value in wrong.items()}, given=given)


def by_decay(new: Tensor, case: Case) -> bool:
    """Whether old weights went where weight decay alone would bring them."""
    weight, _, _, learns = case
    old = learns == 0
    return torch.allclose(new[old], weight[old] * (1 - RATE * DECAY), rtol=0, atol=1e-12)


def mistaken(case: Case) -> tuple[Tensor, dict[str, Tensor]]:
    """The weights after a step, where all of them learn; and those after a step with a mistake."""
    weight, gradient, speed, _ = case
    decayed = gradient + DECAY * weight
    return weight - RATE * (MOMENTUM * speed + decayed), {
        "still": weight,
        "no_decay": weight - RATE * (MOMENTUM * speed + gradient),
        "no_momentum": weight - RATE * decayed,
        "sign": weight + RATE * (MOMENTUM * speed + decayed),
    }
