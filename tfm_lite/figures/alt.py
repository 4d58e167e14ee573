"""What a plot shows, in words: each function has the name and the data of its plot in :mod:`tfm_lite.figures.plots`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from tfm_lite.figures.plots import Point
from tfm_lite.memory import in_words

FAILED = "did not train"


def accuracy_matrix(matrix: Sequence[Sequence[float | None]], names: Sequence[str]) -> str:
    rows = []
    for t, row in enumerate(matrix):
        cells = ", ".join(f"{names[s]} {100 * float(row[s] or 0):.0f}" for s in range(t + 1))
        rows.append(f"after {names[t]}: {cells}")
    return f"Accuracy in percent. {_sentence(rows)}"


def accuracy_over_time(history: Sequence[Sequence[float]], names: Sequence[str], *, until: int | None = None) -> str:
    shown = history[:until]
    now = ", ".join(f"{name} {100 * value:.0f}" for name, value in zip(names, shown[-1] if shown else [], strict=False))
    return f"Accuracy in percent after {len(shown)} of {len(history)} epochs: {now or 'nothing learned yet'}."


def growth(fractions: Sequence[float], names: Sequence[str]) -> str:
    added = [f"{name} {100 * (b - a):.1f}" for name, (a, b) in zip(names, pairwise([0.0, *fractions]), strict=True)]
    return f"Weights added, in percent of the plain network: {', '.join(added)}; {100 * fractions[-1]:.1f} in all."


def accuracy_against_overhead(points: Sequence[Point]) -> str:
    each = []
    for accuracy, p in sorted(((p.accuracy, p) for p in points if p.accuracy is not None), key=lambda pair: -pair[0]):
        kept = in_words(p.overhead) if p.overhead > 0 else "nothing"
        each.append(f"{p.name} {100 * accuracy:.1f} % keeping {kept}{', forgets nothing' * p.zero_forgetting}")
    each += [f"{p.name} {FAILED}" for p in points if p.accuracy is None]
    return f"Average accuracy and memory beyond the network, best first. {_sentence(each)}"


def forgetting(learned: Sequence[float | None], final: Sequence[float | None], names: Sequence[str]) -> str:
    ways = [
        f"{name} {FAILED}" if before is None else f"{name} {_percent(before)} to {_percent(after, 'a later task ')}"
        for name, before, after in zip(names, learned, final, strict=True)
    ]
    return f"Accuracy in percent, from just learned to the end. {_sentence(ways)}"


def accuracy_per_task(accuracies: Mapping[str, Sequence[float | None]], names: Sequence[str]) -> str:
    each = [
        f"{method}: {', '.join(f'{name} {_percent(value)}' for name, value in zip(names, values, strict=True))}"
        for method, values in accuracies.items()
    ]
    return f"Final accuracy in percent. {_sentence(each)}"


def growth_per_layer(features: Sequence[Sequence[int]], layers: Sequence[str]) -> str:
    each = []
    for i, layer in enumerate(layers):
        added = [b - a for a, b in pairwise([0, *(row[i] for row in features)])]
        each.append(f"{layer}: {' + '.join(map(str, added))} = {sum(added)}")
    return f"Features added by each task. {_sentence(each)}"


def _percent(value: float | None, what: str = "") -> str:
    return f"{what}{FAILED}" if value is None else f"{100 * value:.1f}"


def _sentence(parts: Sequence[str]) -> str:
    return "; ".join(parts) + "."
