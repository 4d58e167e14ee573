"""How much a network grows for a task (section 3.4): by a fixed schedule, or by a search on the validation images.

Sizes are fractions of the plain network's *weights*. A layer's weights go with the product of two widths, so a fraction f
of the weights means widths of sqrt(f): 55 % of the weights is 74 % of the features.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal, TypeVar

from tfm_lite.nn.stages import Stage
from tfm_lite.options import Count, Fraction, Share, check

if TYPE_CHECKING:
    from tfm_lite.nn.convert.net import TernaryNet

N = TypeVar("N")


def features_at(stages: Sequence[Stage], fraction: float, *, of: str = "weights") -> list[int]:
    """Features per layer of a network with this fraction of the plain network's weights (or of its features).

    Rounded per layer and never below one.
    """
    check("a network's size, a share of the plain network's,", fraction, Fraction)
    check("what sizes are shares of", of, Literal["weights", "features"])
    width = math.sqrt(fraction) if of == "weights" else fraction
    return [max(1, round(stage.features * width)) for stage in stages]


def schedule(tasks: int, *, start: float = 0.55) -> list[float]:
    """Fractions for each of ``tasks`` tasks: ``start`` for the first, then equal steps to 1.

    For ten tasks this is the paper's schedule for ImageNet: 55 % of the weights, then 5 % more for each task.

    >>> [round(fraction, 2) for fraction in schedule(4)]
    [0.55, 0.7, 0.85, 1.0]
    """
    check("a schedule's number of tasks", tasks, Count)
    check("a schedule's start", start, Fraction)
    if tasks == 1:
        return [start]
    return [start + (1 - start) * t / (tasks - 1) for t in range(tasks)]


def candidates(fraction: float, growths: Sequence[float]) -> list[float]:
    """The sizes that a search tries, smallest first: ``fraction`` plus each growth, capped at the plain network."""
    check("a search's growths", growths, Sequence[Share])
    return sorted({min(1.0, round(fraction + growth, 10)) for growth in growths})


def smallest_within(accuracies: Sequence[float], margin: float) -> int:
    """The first of ``accuracies`` that is within ``margin`` of the best: the lowest growth that is good enough."""
    check("a search's accuracies", accuracies, Sequence[float])
    check("a search's margin", margin, Share)
    best = max(accuracies)
    return next(i for i, accuracy in enumerate(accuracies) if accuracy >= best - margin)


def best_small(tried: Iterable[tuple[N, float]], margin: float) -> tuple[int, N]:
    """Of networks and their validation accuracies, smallest first, the first that is within ``margin`` of the best, and its
    place. They may be made one after the other: only those are held that may still be it, for each is a whole network."""
    accuracies: list[float] = []
    nets: dict[int, N] = {}
    for i, (net, accuracy) in enumerate(tried):
        if accuracy > max(accuracies, default=-1.0):  # else one that is smaller is at least as good
            nets[i] = net
        accuracies.append(accuracy)
        best = smallest_within(accuracies, margin)
        nets = {j: kept for j, kept in nets.items() if j >= best}
        del net  # while the next is made
    return best, nets[best]


def search(
    net: TernaryNet,
    train: Callable[[TernaryNet, int], float],
    *,
    classes: int,
    start: float = 0.55,
    growths: Sequence[float] = (0.0, 0.025, 0.05, 0.1, 0.15),
    margin: float = 0.015,
) -> TernaryNet:
    """A copy of ``net`` that has grown for the next task by as little as it needs, trained and not yet kept.

    Every size is tried from the same state: ``train(candidate, t)`` trains a grown copy by a loop of one's own and returns
    its validation accuracy, a fraction; the smallest within ``margin`` of the best is returned as it was trained. The first
    task has only the size ``start`` to try, unless the network was pretrained. ``net`` itself stays as it is.
    """
    t, sizes = len(net.classes), [start]
    if t or net.pretrained:
        before = net.fractions[-1] if t else 1.0
        if before is None:
            raise ValueError(
                "a search goes on from a size; the last task grew by features, so give the next its features too"
            )
        sizes = [net.pretrained + size for size in candidates(before - net.pretrained, growths)]

    def tried() -> Iterator[tuple[TernaryNet, float]]:
        for size in sizes:
            candidate = copy.deepcopy(net)
            candidate.grow(classes=classes, fraction=size)
            accuracy = train(candidate, t)
            check("the validation accuracy that train() returns", accuracy, Share)
            yield candidate, accuracy

    return best_small(tried(), margin)[1]
