"""Chapter 3: features that are masked, and a layer in which each task owns some."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from tfm_lite.exercises.judge import Judge, check, close
from tfm_lite.exercises.training import learn


@check
def check_masked_features(judge: Judge, masked: Any) -> None:
    """Chapter 3: ``masked(x, weight, bias, m)`` is a layer under Eq. 1 with a ReLU: x (B, I), weight (O, I), bias and mask
    m (O,) make (B, O)."""
    for part, (inputs, m) in {"mask": (4, [1, 0, 1, 0, 0]), "other": (3, [0, 1, 1, 0, 1, 0, 0])}.items():
        generator = torch.Generator().manual_seed(inputs)
        x, weight = (torch.randn(n, inputs, generator=generator) for n in (6, len(m)))
        bias, mask = torch.randn(len(m), generator=generator) + 0.5, torch.tensor(m).float()
        given = x, weight, bias, mask
        wrong = mistaken(*given)
        if part == "mask":  # who gives back what was given has done nothing yet
            got = judge.tensor(masked(*map(torch.clone, given)), (len(x), len(m)))
            leak = got[:, mask == 0].abs().max().item()
            judge.must(not close(got, wrong["given"]), "given", leak=f"{leak:.2g}")
        with judge.part(part):
            own = [one.clone() for one in given]
            got = judge.tensor(masked(*own), (len(x), len(m)))
            judge.must(all(map(torch.equal, own, given)), "in_place")
            judge.equal(got, (x @ weight.T + bias).relu() * mask, wrong, given="these numbers")


def mistaken(x: Tensor, weight: Tensor, bias: Tensor, m: Tensor) -> dict[str, Tensor]:
    """The layer of those who make one mistake."""
    product = x @ weight.T
    return {
        "given": (product * m + bias).relu(),
        "unmasked": (product + bias).relu(),
        "unbiased": (product * m).relu(),
        "inverted": (product + bias).relu() * (1 - m),
        "linear": (product + bias) * m,
        "scaled": (product + bias).relu() * m / m.mean(),
        "bias_only": (product + bias * m).relu(),
    }


# -- a layer

OWNERS = torch.tensor([0, 1, 0, 2, 1, 1, 0]), torch.tensor([1, 0, 0, 2, 1, 1])  # of seven inputs and six features


@check
def check_masked_linear(judge: Judge, make: Any) -> None:
    """Chapter 3: a linear layer ``layer = MaskedLinear(inputs_of, features_of)`` with ``layer.begin()`` and ``layer(x, t)``.

    The owners are (I,) and (O,), tasks from 0. ``begin()`` begins the next task: only what it learns is a parameter.
    ``layer(x, t)`` is Eq. 1 of x (B, I), with a bias: (B, O). Old tasks keep their outputs under momentum and weight decay.
    """
    judge.module(make)
    torch.manual_seed(0)
    inputs_of, features_of = OWNERS
    layer: Any = make(inputs_of.clone(), features_of.clone())
    judge.must(hasattr(layer, "begin"), "lacks", name="begin")
    asked, answers = list[Tensor](), list[Tensor]()
    for t in range(3):
        x, own, seen = torch.randn(8, len(inputs_of)), features_of == t, inputs_of == t
        with judge.part("learns"):
            layer.begin()
            judge.tensor(layer(x, t), (8, len(features_of)))
            count_parameters(judge, layer, t)
        with judge.part("masks"):
            masks(judge, layer, x, t, own, seen)
        with judge.part("keeps"):
            learn(layer, x, torch.randn(8, len(features_of)), t)
            for s, answer in enumerate(answers):
                moved = (layer(asked[s], s) - answer).abs().max().item()
                judge.must(moved == 0, "moved", task=t + 1, old=s + 1, moved=f"{moved:.2g}")
            asked.append(x)
            with torch.no_grad():
                answers = [layer(images, s) for s, images in enumerate(asked)]


def count_parameters(judge: Judge, layer: torch.nn.Module, t: int) -> None:
    """Whether as many numbers may learn as the task's block has, and its biases."""
    inputs_of, features_of = OWNERS
    inputs, outputs = len(inputs_of), len(features_of)
    blocks = [(int((features_of == s).sum()), int((inputs_of == s).sum())) for s in range(3)]
    own, seen = blocks[t]
    got, right = sum(parameter.numel() for parameter in layer.parameters()), own * seen + own
    wrong = {
        0: "nothing",
        outputs * inputs + outputs: "all",
        sum(o * i + o for o, i in blocks): "every_task",
        sum(o * i + o for o, i in blocks[: t + 1]): "old",
        own * inputs + own: "inputs",
        own * seen: "biases",
        own * seen + outputs: "all_biases",
    }
    judge.must(got == right, wrong.get(got, "count"), got=got, right=right)


@torch.no_grad()
def masks(judge: Judge, layer: Any, x: Tensor, t: int, own: Tensor, seen: Tensor) -> None:
    """Whether a task sees its own features and inputs, all of them, and no others."""
    y = layer(x, t)
    leak = y[:, ~own].abs().max().item()
    judge.must(leak == 0, "leak", task=t + 1, leak=f"{leak:.2g}")
    judge.must(torch.equal(layer(torch.where(seen, x, x + 1), t), y), "foreign", task=t + 1)
    count = len(seen)
    weight = (layer(torch.eye(count), t) - layer(torch.zeros(1, count), t)).T
    judge.must(weight[own][:, seen].abs().min() > 1e-7, "silent", task=t + 1)
