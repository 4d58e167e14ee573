"""Chapters 8a and 8b: the Fisher of a model, and its sensitivity."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor

from tfm_lite.exercises.judge import Judge, check

Pair = tuple[Tensor, Tensor]  # of the weight and of the bias
SIZES = {"few": (4, 3, 2), "other": (7, 5, 4)}  # images, inputs, outputs


def linear(images: int, inputs: int, outputs: int) -> tuple[torch.nn.Linear, Tensor]:
    """A model, and images for it, the same for everybody."""
    generator = torch.Generator().manual_seed(0)
    model = torch.nn.Linear(inputs, outputs).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return model, torch.randn(images, inputs, generator=generator, dtype=torch.double)


def two(judge: Judge, got: Any) -> list[Any]:
    """What was returned for the two parameters of a model."""
    judge.must(got is not None, "none")
    got = list(got.values()) if isinstance(got, dict) else list(got)
    judge.must(len(got) == 2, "two", count=len(got))
    return got


def judged(judge: Judge, case: Callable[[str], tuple[list[Any], dict[str, Pair]]]) -> None:
    """The weight's numbers and the bias's, each a part, and both on another model; a cause makes the same of both."""
    got, made = case("few")
    for at, part in enumerate(("weight", "bias")):
        with judge.part(part):
            numbers = {cause: pair[at] for cause, pair in made.items()}
            right = numbers.pop("right")
            judge.equal(judge.tensor(got[at], right.shape), right, numbers, given=f"the {part}")
    with judge.part("other"):
        got, made = case("other")
        for own, right in zip(got, made["right"], strict=True):
            judge.equal(judge.tensor(own, right.shape), right, given="another model")


def per_image(errors: Tensor, images: Tensor) -> Pair:
    """By hand, the gradient of each image for the weight (B, O, I) and for the bias (B, O), from that of the outputs."""
    return errors[:, :, None] * images[:, None], errors


@check
def check_fisher(judge: Judge, fisher: Any) -> None:
    """Chapter 8a: ``fisher(model, images, labels)`` is, per parameter, the mean of the squared gradient of each image."""

    def errors(model: torch.nn.Linear, images: Tensor, labels: Tensor) -> Tensor:
        return (model(images).softmax(1) - torch.eye(model.out_features)[labels]).detach()

    def case(name: str) -> tuple[list[Any], dict[str, Pair]]:
        model, images = linear(*SIZES[name])
        labels = torch.arange(len(images)) // 2 % model.out_features
        each = per_image(errors(model, images, labels), images)
        own = per_image(errors(model, images, model(images).argmax(1)), images)
        made = {
            "right": tuple(g.square().mean(0) for g in each),
            "batch": tuple(g.mean(0).square() for g in each),
            "added": tuple(g.sum(0).square() for g in each),
            "uncleared": tuple(torch.stack(list(accumulate(g))).square().mean(0) for g in each),
            "sum": tuple(g.square().sum(0) for g in each),
            "absolute": tuple(g.abs().mean(0) for g in each),
            "root": tuple(g.square().mean(0).sqrt() for g in each),
            "signed": tuple(g.mean(0) for g in each),
            "own": tuple(g.square().mean(0) for g in own),
        }
        return two(judge, fisher(model, images.clone(), labels)), made  # type: ignore[return-value]

    judged(judge, case)


@check
def check_sensitivity(judge: Judge, sensitivity: Any) -> None:
    """Chapter 8b: ``sensitivity(model, images)`` is, per parameter, MAS's mean absolute gradient of the squared logits."""

    def case(name: str) -> tuple[list[Any], dict[str, Pair]]:
        model, images = linear(*SIZES[name])
        logits = model(images).detach()
        each = per_image(2 * logits, images)
        plain = per_image(logits / logits.norm(dim=1, keepdim=True), images)
        made = {
            "right": tuple(g.abs().mean(0) for g in each),
            "batch": tuple(g.mean(0).abs() for g in each),
            "signed": tuple(g.mean(0) for g in each),
            "sum": tuple(g.abs().sum(0) for g in each),
            "uncleared": tuple(torch.stack(list(accumulate(g))).abs().mean(0) for g in each),
            "square": tuple(g.square().mean(0) for g in each),
            "norm": tuple(g.abs().mean(0) for g in plain),
            "half": tuple(g.abs().mean(0) / 2 for g in each),
            "outputs": tuple(g.abs().mean(0) for g in per_image(torch.ones_like(logits), images)),
        }
        return two(judge, sensitivity(model, images.clone())), made  # type: ignore[return-value]

    judged(judge, case)
