"""Chapter 4: a ternary layer, built by hand."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from tfm_lite.exercises.judge import Judge, check
from tfm_lite.exercises.training import learn

# (inputs, features) that each task sees; before the first there is nothing.
SIZES = [(0, 0), (3, 2), (5, 4), (6, 4), (6, 7)]


@check
def check_ternary_linear(judge: Judge, make: Any) -> None:
    """Chapter 4: a linear layer with ``grow(inputs, features)``, ``layer(x, t)`` and ``keep()`` that follows Eq. 4 and 5.

    Under momentum and weight decay. Only what may learn is a parameter, and old tasks keep their outputs to the last bit.
    """
    judge.must(make is not None, "none")
    judge.must(isinstance(make, type) and issubclass(make, torch.nn.Module), "class")
    torch.manual_seed(0)
    layer: Any = make()
    for name in ("grow", "keep"):
        judge.must(hasattr(layer, name), "lacks", name=name)
    asked: list[Tensor] = []
    answers: list[Tensor] = []
    kept = torch.zeros(0, 0)  # the weights that the task before uses
    for t, (before, (inputs, features)) in enumerate(pairwise(SIZES)):
        x, target = torch.randn(8, inputs), torch.randn(8, features)
        with judge.part("learns"):
            layer.grow(inputs, features)
            judge.tensor(layer(x, t), (8, features))
            count_parameters(judge, layer, before, (inputs, features))
        with judge.part("keeps"):
            learn(layer, x, target, t)
            for s, answer in enumerate(answers):
                moved = (layer(asked[s], s) - answer).abs().max().item()
                judge.must(moved == 0, "moved", task=t + 1, old=s + 1, moved=f"{moved:.2g}")
            layer.keep()
            judge.must(not list(layer.parameters()), "left")
        asked.append(x)
        with judge.part("reuses"), torch.no_grad():
            answers = [layer(images, s) for s, images in enumerate(asked)]
            weight = (layer(torch.eye(inputs), t) - layer(torch.zeros(1, inputs), t)).T
            judge.must(weight.abs().min() > 1e-7, "silent")
            same = torch.allclose(weight[: before[1], : before[0]], kept, atol=1e-5)
            judge.must(same, "changed")
            kept = weight


def count_parameters(judge: Judge, layer: torch.nn.Module, before: tuple[int, int], now: tuple[int, int]) -> None:
    """Whether as many numbers may learn as Eq. 5 and the new biases make."""
    (old_inputs, old), (inputs, features) = before, now
    got = sum(parameter.numel() for parameter in layer.parameters())
    rows, columns, biases = (features - old) * inputs, old * (inputs - old_inputs), features - old
    right = rows + columns + biases
    wrong = {
        0: "nothing",
        features * inputs + features: "all",
        rows + columns + features: "old_biases",
        rows + biases: "columns",
        rows + columns: "biases",
    }
    judge.must(got == right, wrong.get(got, "count"), got=got, right=right)
