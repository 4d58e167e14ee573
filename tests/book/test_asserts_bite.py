"""The chapters' asserts are real: with the package broken on purpose, the chapter fails, in the cell that should notice."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jupytext
import pytest
import torch
import torch.nn.functional as F

from tfm_lite import metrics
from tfm_lite.methods import get
from tfm_lite.nn import feature_norm, growth, layers, product

BOOK = Path(__file__).parents[2] / "book"


def cells(chapter: str, first: str, last: str) -> list[str]:
    """The code of a chapter, from the cell that holds ``first`` to the one that holds ``last``."""
    code = [cell.source for cell in jupytext.read(BOOK / f"{chapter}.md").cells if cell.cell_type == "code"]
    start = next(i for i, source in enumerate(code) if first in source)
    end = next(i for i, source in enumerate(code) if last in source)
    return code[start : end + 1]


def first_failure(code: list[str], names: dict[str, Any]) -> str | None:
    """Run the cells; the one that fails, by an assert or because shapes no longer fit."""
    for source in code:
        try:
            exec(compile(source, "cell", "exec"), names)
        except (AssertionError, RuntimeError):
            return source
    return None


def wrong_scale(self: Any, x: torch.Tensor) -> torch.Tensor:
    shape = (1, -1, *[1] * (x.dim() - 2))
    return (1.001 * self.scale).view(shape) * x + self.shift.view(shape)


def columns_stand_still(right: Callable[..., Any]) -> Callable[..., Any]:
    place = list(inspect.signature(layers.BlockProduct.forward).parameters).index("columns") - 1  # the first is ctx

    def backward(ctx: Any, grad: torch.Tensor) -> Any:
        gradients = list(right(ctx, grad))
        gradients[place] = None if gradients[place] is None else 0 * gradients[place]
        return tuple(gradients)

    return staticmethod(backward)


def tasks_weigh_the_same(right: Callable[..., Any]) -> Callable[..., Any]:
    """The loss of a mixed batch as the mean of its tasks' mean losses, however many images each of them has."""

    def loss(self: Any, x: torch.Tensor, y: torch.Tensor, t: Any) -> tuple[torch.Tensor, torch.Tensor]:
        if isinstance(t, int):
            return right(self, x, y, t)  # type: ignore[no-any-return]
        h = self.net.features(x, t)
        losses = [F.cross_entropy(self.net.head(h[t == s], s), y[t == s]) for s in t.unique().tolist()]
        return torch.stack(losses).mean(), h

    return loss


def shift_is_lost(
    weight: torch.Tensor, bias: torch.Tensor, scale: torch.Tensor, shift: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    return weight * scale.view(-1, *[1] * (weight.dim() - 1)), bias * scale


def next_one(right: Callable[..., int]) -> Callable[..., int]:
    return lambda accuracies, margin: min(len(accuracies) - 1, right(accuracies, margin) + 1)


def strided(right: Callable[..., Any]) -> Callable[..., Any]:
    """A view of the weight where a contiguous slice should be."""

    def cut(self: Any, t: int, *learned: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        if learned:
            return right(self, t, *learned)  # type: ignore[no-any-return]
        inputs, outputs = self.boundaries[t]
        return self.weight[:outputs, :inputs], self.bias[:outputs]

    return cut


Break = tuple[str, str, str, Callable[[pytest.MonkeyPatch], None], dict[str, Any]]
MATRIX = SimpleNamespace(matrix=[[0.9], [0.5, 0.8], [0.3, 0.6, 0.7]])
BREAKS: dict[str, Break] = {
    "forgetting has the other sign": (
        "01_forgetting",
        "average_by_hand =",
        "assert metrics.average(history.matrix)",
        lambda patch: patch.setattr(metrics, "forgetting", lambda matrix, right=metrics.forgetting: -right(matrix)),
        {"history": MATRIX},
    ),
    "freezing does not freeze": (
        "02_freezing_and_joint",
        "lab.here",
        "both networks agree",
        lambda patch: [
            patch.setattr(get("freeze"), "after_task", lambda self, t: None),
            patch.setattr(get("freeze"), "zero_forgetting", False),  # else it is refused before anything is asserted
        ],
        {},
    ),
    "a mixed batch weighs tasks and not images": (
        "02_freezing_and_joint",
        "lab.here",
        "both networks agree",
        lambda patch: patch.setattr(get("joint"), "loss", tasks_weigh_the_same(get("joint").loss)),
        {},
    ),
    "a binary mask owns too many features": (
        "03_binary_masks",
        "import torch",
        "old = [dense(x[s], s)",
        lambda patch: patch.setattr(get("binary"), "widths", get("single").widths),
        {},
    ),
    "new inputs of old features do not learn": (
        "04_ternary_masks",
        "import torch",
        "outputs and gradients agree",
        lambda patch: patch.setattr(layers.BlockProduct, "backward", columns_stand_still(layers.BlockProduct.backward)),
        {},
    ),
    "the scale of feature normalization is off": (
        "05_feature_normalization",
        "import torch",
        "affine = Affine",
        lambda patch: patch.setattr(feature_norm.Affine, "forward", wrong_scale),
        {},
    ),
    "the shift is not in the weights of a convolution": (
        "05_feature_normalization",
        "import torch",
        "outputs and gradients agree",
        lambda patch: [patch.setattr(module, "folded", shift_is_lost) for module in (layers, product)],
        {},
    ),
    "a share of the weights is taken for one of the features": (
        "06_growth",
        "import torch",
        "assert growth.features_at(alexnet, 0.55)",
        lambda patch: patch.setattr(growth, "features_at", partial(growth.features_at, of="features")),
        {},
    ),
    "the search takes the next larger growth": (
        "06_growth",
        "import torch",
        "ours = growth.smallest_within(accuracies, margin)",
        lambda patch: patch.setattr(growth, "smallest_within", next_one(growth.smallest_within)),
        {},
    ),
    "the slice is a strided view": (
        "07_slices",
        "import numpy",
        "boundaries, masks and slices agree",
        lambda patch: patch.setattr(layers.TernaryLayer, "_slice", strided(layers.TernaryLayer._slice)),
        {},
    ),
}


@pytest.mark.parametrize("what", BREAKS)
def test_a_broken_package_fails_the_chapter(monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """That the same cells pass with a sound package, `make notebooks` tests."""
    chapter, first, last, spoil, names = BREAKS[what]
    code = cells(chapter, first, last)
    spoil(monkeypatch)
    assert first_failure(code, dict(names)) == code[-1]
