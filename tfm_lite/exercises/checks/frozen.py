"""Chapter 2: a head that learns on features which must stay as they are."""

from __future__ import annotations

import copy
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tfm_lite.exercises.judge import Judge, check

Batches = list[tuple[Tensor, Tensor]]
RATE = 0.2


@check
def check_learn_head(judge: Judge, learn_head: Any) -> None:
    """Chapter 2: ``learn_head(body, head, batches, rate)`` teaches a head by plain gradient descent and returns it; what the
    body answers in evaluation mode stays the same, bit for bit.

    ``batches`` are pairs of images and labels (B,). The bodies have batch normalization, and come in training mode.
    """
    for part, body in {"linear": of_numbers(), "maps": of_maps()}.items():
        head, batches, x = made(body)
        before, start, old = answer(body, x), copy.deepcopy(head), copy.deepcopy(body)
        if part == "linear":  # who gives back what was given has done nothing yet
            got = learn_head(body, head, list(batches), RATE)
            judge.must(got is not None, "none")
            judge.must(isinstance(got, nn.Module), "kind", asked="the head", kind=type(got).__name__)
            keeps(judge, body, old, answer(body, x), before)
        with judge.part(part):
            if part != "linear":
                got = learn_head(body, head, list(batches), RATE)
                keeps(judge, body, old, answer(body, x), before)
            learns(judge, got, start, old, batches)


def of_numbers() -> nn.Sequential:
    """A body of linear layers for five numbers."""
    torch.manual_seed(0)
    layers = nn.Linear(5, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 6), nn.BatchNorm1d(6), nn.ReLU()
    return nn.Sequential(*layers).double()


def of_maps() -> nn.Sequential:
    """A body with a convolution for images (2, 4, 4)."""
    torch.manual_seed(1)
    return nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten()).double()


def made(body: nn.Sequential) -> tuple[nn.Module, Batches, Tensor]:
    """A head, batches to learn from, and other images; the body has seen these, as its statistics show."""
    shape = (5,) if isinstance(body[0], nn.Linear) else (2, 4, 4)
    x = torch.randn(40, *shape, dtype=torch.double)
    body.train()
    for _ in range(5):
        body(x)
    head = nn.Linear(body(x).shape[1], 3).double()
    batches = [(2 + 3 * torch.randn(16, *shape, dtype=torch.double), torch.randint(3, (16,))) for _ in range(6)]
    return head, batches, x


@torch.no_grad()
def answer(body: nn.Module, x: Tensor) -> Tensor:
    """What a body makes of images in use. Its mode stays."""
    training = body.training
    found: Tensor = body.eval()(x)
    body.train(training)
    return found


def keeps(judge: Judge, body: nn.Module, old: nn.Module, after: Tensor, before: Tensor) -> None:
    """Whether the body answers as before; if not, what of it has moved."""
    drift = (after - before).abs().max().item()
    if drift == 0:
        return
    held = dict(old.named_parameters())
    moved = [name for name, p in body.named_parameters() if not torch.equal(p, held[name])]
    judge.must(not moved, "weights", drift=f"{drift:.2g}", names=", ".join(moved))
    flagged = not any(p.requires_grad for p in body.parameters())
    state = old.state_dict()
    names = [name for name, value in body.state_dict().items() if not torch.equal(value, state[name])]
    names = [name for name in names if "running" in name]
    judge.must(False, "flag" if flagged else "given", drift=f"{drift:.2g}", names=", ".join(names))


def learns(judge: Judge, got: nn.Module, start: nn.Module, body: nn.Module, batches: Batches) -> None:
    """Whether the head has learned on the features that it will be used with."""
    if alike(got, taught(start, body, batches, training=False)):
        return
    judge.must(not alike(got, start), "still")
    judge.must(not alike(got, taught(start, body, batches, training=True)), "batch")
    judge.must(not alike(got, taught(start, body, batches[-1:], training=False)), "last")
    judge.must(False, "otherwise")


def taught(head: nn.Module, body: nn.Module, batches: Batches, *, training: bool) -> nn.Module:
    """A copy of the head that has learned on a copy of the body, in training or in evaluation mode."""
    head, body = copy.deepcopy(head), copy.deepcopy(body).train(training)
    optimizer = torch.optim.SGD(head.parameters(), lr=RATE)
    for x, y in batches:
        optimizer.zero_grad()
        F.cross_entropy(head(body(x)), y).backward()
        optimizer.step()
    return head


def alike(a: nn.Module, b: nn.Module) -> bool:
    """Whether two heads have the same weights but for rounding."""
    return all(torch.allclose(x, y, atol=1e-9) for x, y in zip(a.parameters(), b.parameters(), strict=True))
