"""Chapter 12: the adapters of a column, and a whole column, built by hand."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from tfm_lite.exercises.judge import Judge, check

WIDTH, FEATURES = 3, 4


@check
def check_adapters(judge: Judge, adapters: Any) -> None:
    """Chapter 12: ``adapters(older, width)`` is a module of as many linear maps from ``width`` to ``width``, without a bias,
    one for each older column, and each with weights of its own that an optimizer is given."""

    def made(older: int, width: int) -> list[Any]:
        found = adapters(older, width)
        judge.must(found is not None, "none")
        judge.must(isinstance(found, nn.Module), "listed")
        judge.must(len(list(found)) == older, "count", got=len(list(found)), right=older)
        return list(found)

    with judge.part("maps"):
        for older, width in (2, 4), (5, 3):
            for one in made(older, width):
                judge.must(isinstance(one, nn.Linear) and one.weight.shape == (width, width), "linear")
                judge.must(one.bias is None, "bias")
    with judge.part("given"):
        numbers = {id(one.weight) for one in made(3, 4)}
        judge.must(len(numbers) == 3, "shared", count=len(numbers))
        count = sum(parameter.numel() for parameter in adapters(3, 4).parameters() if parameter.requires_grad)
        judge.must(count == 3 * 4 * 4, "learning", got=count, right=3 * 4 * 4)


def shapes(older: int) -> dict[str, tuple[int, ...]]:
    """What a column learns, by name."""
    own: dict[str, tuple[int, ...]] = {"weight": (FEATURES, WIDTH), "bias": (FEATURES,)}
    more = {"scale": (older,), "project": (WIDTH, older * WIDTH), "lateral": (FEATURES, WIDTH)}
    return own | more if older else own


def answers(values: dict[str, Tensor], x: Tensor, older: int) -> dict[str, Tensor]:
    """What a column with these values answers, and what it does with one mistake."""
    old, own = x[:, : older * WIDTH], x[:, older * WIDTH :]
    last, first = x[:, WIDTH:], x[:, :WIDTH]
    plain = own @ values["weight"].T + values["bias"]
    if not older:
        return {"right": plain, "biasless": own @ values["weight"].T, "activated": plain.relu()}
    scale, project, lateral = values["scale"], values["project"], values["lateral"]

    def adapter(old: Tensor, scale: Tensor) -> Tensor:
        return old * scale.repeat_interleave(WIDTH) @ project.T

    mixed = adapter(old, scale)
    right = plain + mixed.relu() @ lateral.T
    return {
        "right": right,
        "alone": plain,
        "biasless": right - values["bias"],
        "linear": plain + mixed @ lateral.T,
        "outside": plain + (mixed @ lateral.T).relu(),
        "unscaled": plain + adapter(old, torch.ones_like(scale)).relu() @ lateral.T,
        "swapped": plain + adapter(old, scale.flip(0)).relu() @ lateral.T,
        "repeated": plain + (old * scale.repeat(WIDTH) @ project.T).relu() @ lateral.T,
        "own_first": first @ values["weight"].T + values["bias"] + adapter(last, scale).relu() @ lateral.T,
        "activated": right.relu(),
    }


@check
def check_pnn_column(judge: Judge, make: Any) -> None:
    """Chapter 12: ``make(width, features, older)`` is a column of a linear layer of PNN, with ``column(x)`` and ``keep()``.

    It learns ``weight`` (O, I) and ``bias`` (O,); if there are older columns, also ``scale`` (older,), ``project`` (I, older
    * I) and ``lateral`` (O, I). ``x`` (B, (older + 1) * I) holds the oldest column first, its own inputs last.
    """
    judge.module(make)

    def column(older: int) -> tuple[Any, dict[str, Tensor]]:
        """One with values of our own."""
        generator = torch.Generator().manual_seed(older)
        made: Any = make(WIDTH, FEATURES, older).double()
        values = {name: torch.randn(n, generator=generator, dtype=torch.double) for name, n in shapes(older).items()}
        own = dict(made.named_parameters())
        judge.must(own.keys() >= values.keys(), "lacks", names=", ".join(sorted(values.keys() - own.keys())))
        judge.must(own.keys() <= values.keys(), "more", names=", ".join(sorted(own.keys() - values.keys())))
        for name, value in values.items():
            judge.tensor(own[name], value.shape)
            own[name].data.copy_(value)
        return made, values

    def inputs(older: int) -> Tensor:
        generator = torch.Generator().manual_seed(9)
        return torch.rand(5, (older + 1) * WIDTH, generator=generator, dtype=torch.double)

    for part, older in {"first": 0, "second": 1, "later": 3}.items():
        with judge.part(part):
            made, values = column(older)
            wrong = answers(values, inputs(older), older)
            got = judge.tensor(made(inputs(older)), (5, FEATURES))
            judge.equal(got, wrong.pop("right"), wrong, given=f"{older} older columns")
    with judge.part("begins"):
        made = make(WIDTH, FEATURES, 3)
        judge.must(hasattr(made, "scale"), "lacks", names="scale")
        scale = made.scale
        judge.must(torch.allclose(scale, torch.full((3,), 0.01)), "scale")
    with judge.part("keeps"):
        made, _ = column(3)
        before, names = made(inputs(3)).detach().clone(), set(made.state_dict())
        judge.must(hasattr(made, "keep"), "keep")
        made.keep()
        judge.must(not list(made.parameters()), "left")
        judge.must(torch.equal(made(inputs(3)), before), "changed")
        judge.must(names <= set(made.state_dict()), "unsaved")
