"""What lies beyond the paper, drawn: tasks that nobody names, and what a task needs kept, measured on files.

Nothing here trains or reads files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tfm_lite.figures.colours import STATES
from tfm_lite.figures.dots import dots
from tfm_lite.figures.drawing import bars, matrix
from tfm_lite.figures.explore import Interactive
from tfm_lite.figures.listing import listing
from tfm_lite.memory import in_words
from tfm_lite.methods.label import Found


def rules(found: Mapping[str, Found], limits: Mapping[str, float]) -> str:
    """A bar for every rule, its class-incremental accuracy, as SVG; below, in other colours, what limits it: accuracies
    (fractions) by name, such as that of who is told the task."""
    names = {**{name: each.accuracy for name, each in found.items()}, **limits}
    texts = [f"{100 * each.accuracy:.1f}, task {100 * each.found:.0f} %" for each in found.values()]
    texts += [f"{100 * value:.1f}" for value in limits.values()]
    paint = [STATES["normal"]] * len(found) + [STATES["masked"]] * len(limits)
    return bars({name: 100 * value for name, value in names.items()}, texts, low=0, high=100, colour=paint)


def rules_in_words(found: Mapping[str, Found], limits: Mapping[str, float]) -> str:
    """What :func:`rules` draws, in words."""
    each = [f"{name} {100 * f.accuracy:.1f}, the task found for {100 * f.found:.0f} %" for name, f in found.items()]
    each += [f"{name} {100 * value:.1f}" for name, value in limits.items()]
    return f"Class-incremental accuracy in percent. {'; '.join(each)}."


def confused(found: Found, names: Sequence[str]) -> str:
    """Which tasks are taken for which, in percent, as SVG: a row per task, a column per task chosen."""
    return matrix(found.confusion(), names)


def confused_in_words(found: Found, names: Sequence[str]) -> str:
    """What :func:`confused` draws, in words: of each task how often it is found, and what it is taken for most."""
    each = []
    for t, row in enumerate(found.confusion()):
        other = max((s for s in range(len(row)) if s != t), key=row.__getitem__)
        each.append(f"{names[t]} found for {100 * row[t]:.0f} %, taken for {names[other]} for {100 * row[other]:.0f} %")
    return f"{'; '.join(each)}."


@dataclass(frozen=True)
class Written:
    """A file: what is ``kept`` in it and in which ``form``, its ``size`` in bytes, and the average accuracy (a fraction)
    of the network that is read from it; None if nothing of it is rounded."""

    kept: str
    form: str
    size: int
    accuracy: float | None = None


def written(files: Sequence[Written], *, tasks: int, title: str) -> Interactive:
    """A table of files, each with its bytes, in all and for a task."""
    rows = [
        [
            f"{each.kept}: {each.form}",
            f"{each.size:,}",
            f"{each.size / tasks:,.0f}",
            "the same" if each.accuracy is None else f"{100 * each.accuracy:.2f} %",
        ]
        for each in files
    ]
    return listing(["file", "bytes", "per task", "average"], rows, title=title)


def sizes(files: Sequence[Written]) -> str:
    """A dot for every file on a logarithmic axis of bytes, as SVG: orange for TFM's, grey for others'."""
    paint = [STATES["normal" if each.kept.startswith("TFM") else "masked"] for each in files]
    every = [each.size for each in files]
    return dots(
        {f"{each.kept}: {each.form}": each.size for each in files},
        [in_words(size) for size in every],
        low=min(every) / 2,
        high=max(every) * 2,
        ticks=in_words,
        colour=paint,
    )


def sizes_in_words(files: Sequence[Written]) -> str:
    """What :func:`sizes` draws, in words."""
    return "; ".join(f"{each.kept}, {each.form}: {in_words(each.size)}" for each in files) + "."
