"""Chapter 6: learning after a layer has grown, and the whole search for a growth."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from tfm_lite.exercises.judge import Judge, check
from tfm_lite.nn import growth


@check
def check_grown_optimizer(judge: Judge, begin: Any) -> None:
    """Chapter 6: ``begin(layer, grow)`` grows a linear layer by ``grow(layer)``, and returns SGD at 0.1 for all of it."""
    for part, (inputs, features, more) in {"two": (3, 4, 2), "other": (5, 2, 3)}.items():
        with judge.part(part):
            torch.manual_seed(0)
            layer, grow = nn.Linear(inputs, features), Grown(more)
            optimizer = begin(layer, grow)
            judge.must(optimizer is not None, "none")
            is_one = isinstance(optimizer, torch.optim.Optimizer)
            judge.must(is_one, "kind", asked="an optimizer", kind=type(optimizer).__name__)
            judge.must(grow.calls > 0, "not_grown")
            judge.must(grow.calls == 1, "often", count=grow.calls)
            weight, bias = layer.weight.detach().clone(), layer.bias.detach().clone()
            optimizer.zero_grad()
            (layer.weight.sum() + layer.bias.sum()).backward()  # every gradient is 1
            optimizer.step()
            steps = weight - layer.weight.detach()
            stands = not steps.any() and torch.equal(layer.bias.detach(), bias)
            judge.must(not stands, "still")
            judge.must(steps.any() and not torch.equal(layer.bias.detach(), bias), "some")
            judge.equal(steps, torch.full_like(weight, 0.1), given="a step on gradients of 1", cause="rate")


class Grown:
    """Adds features to a linear layer, in new parameters."""

    def __init__(self, more: int) -> None:
        self.more, self.calls = more, 0

    def __call__(self, layer: nn.Linear) -> None:
        self.calls += 1
        rows = torch.randn(self.more, layer.in_features)
        layer.weight = nn.Parameter(torch.cat([layer.weight.detach(), rows]))
        layer.bias = nn.Parameter(torch.cat([layer.bias.detach(), torch.zeros(self.more)]))
        layer.out_features += self.more


State = dict[str, Tensor]
# Validation accuracies by the size of a candidate, in the order in which the sizes are given, and the margin.
CASES: list[tuple[dict[float, float], float]] = [
    ({0.2: 0.73, 0.0: 0.60, 0.05: 0.71, 0.15: 0.74, 0.1: 0.72, 0.025: 0.70}, 0.035),
    ({0.1: 0.42, 0.3: 0.50, 0.4: 0.45, 0.0: 0.30, 0.2: 0.41}, 0.1),
]


class Training:
    """A training that is made up: it moves all of a network by the size, and knows what each size gives."""

    def __init__(self, gives: dict[float, float]) -> None:
        self.gives = gives
        self.sizes: list[float] = []
        self.starts: list[State] = []

    def __call__(self, net: nn.Module, size: float) -> float:
        self.sizes.append(size)
        self.starts.append(state(net))
        with torch.no_grad():
            for tensor in (*net.parameters(), *net.buffers()):
                tensor += round(1000 * size + 1)
        return self.gives[size]


def state(net: nn.Module) -> State:
    """A copy of all that a network holds."""
    return {name: tensor.detach().clone() for name, tensor in net.state_dict().items()}


def trained(start: State, size: float) -> State:
    """What a candidate of this size should have become."""
    return {name: tensor + round(1000 * size + 1) for name, tensor in start.items()}


def moved(a: State, b: State) -> set[str]:
    """What is not the same in both."""
    return {name for name, tensor in a.items() if not torch.equal(tensor, b[name])}


@check
def check_growth_search(judge: Judge, search: Any) -> None:
    """Chapter 6: ``search(net, sizes, train, margin)`` is the size that is chosen, and its network as it was trained.

    ``train(net, size)`` trains a network in place and returns its validation accuracy.
    """
    chosen: list[float] = []
    for gives, margin in CASES:
        torch.manual_seed(0)
        net, train = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)), Training(gives)
        start = state(net)
        got = search(net, list(gives), train, margin)
        judge.must(got is not None, "none")
        judge.must(isinstance(got, tuple | list) and len(got) == 2, "pair")
        tries(judge, train)
        with judge.part("same"):
            changed = set().union(*(moved(start, at) for at in train.starts))
            judge.must(not changed or changed & set(dict(net.named_parameters())), "buffers")
            judge.must(not changed, "moved")
        size = judge.number(got[0])
        judge.must(size in gives, "no_size", got=f"{size:g}")
        chosen.append(size)
        with judge.part("kept"):
            judge.must(isinstance(got[1], nn.Module), "kind", asked="a network", kind=type(got[1]).__name__)
            found = state(got[1])
            judge.must(moved(start, found), "untrained")
            judge.must(not moved(trained(start, size), found), "other_net")
        with judge.part("left"):
            judge.must(not moved(start, state(net)), "given")
    with judge.part("choice"):
        judge.equal(chosen, *choices(), given="; ".join(f"{by_size(gives)} and a margin of {m}" for gives, m in CASES))


def tries(judge: Judge, train: Training) -> None:
    """Whether every size was tried once, the smallest first."""
    with judge.part("tries"):
        sizes, count = train.sizes, len(train.gives)
        judge.must(len(set(sizes)) == count, "missing", count=len(set(sizes)), of=count)
        judge.must(len(sizes) == count, "again", count=len(sizes), of=count)
        judge.must(sizes == sorted(sizes), "order", sizes=sizes)


def by_size(gives: dict[float, float]) -> dict[float, float]:
    """The same from the smallest on."""
    return dict(sorted(gives.items()))


def choices() -> tuple[list[float], dict[str, list[float]]]:
    """The sizes to choose, and those of people who read the margin otherwise."""
    right: list[float] = []
    wrong: dict[str, list[float]] = {"best": [], "last": [], "relative": [], "first": []}
    for gives, margin in CASES:
        sizes, accuracies = zip(*by_size(gives).items(), strict=True)
        top = max(accuracies)
        right.append(sizes[growth.smallest_within(list(accuracies), margin)])
        wrong["best"].append(sizes[accuracies.index(top)])
        wrong["last"].append(max(s for s, a in gives.items() if a >= top - margin))
        wrong["relative"].append(min(s for s, a in gives.items() if a >= top * (1 - margin)))
        wrong["first"].append(next(s for s, a in gives.items() if a >= top - margin))
    return right, wrong
