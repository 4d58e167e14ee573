"""How much a network grows for a task (section 3.4): by a fixed schedule, or by a search on the validation images.

Sizes are fractions of the plain network's *weights*. A layer's weights go with the product of two widths, so a fraction f
of the weights means widths of sqrt(f): 55 % of the weights is 74 % of the features.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from tfm_lite.nn.stages import Stage
from tfm_lite.options import Count, Fraction, Share, check


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
