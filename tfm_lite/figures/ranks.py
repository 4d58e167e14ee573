"""Who is how good under several conditions: a column of methods per condition, the best first, and lines between them."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from itertools import pairwise

from tfm_lite.figures.drawing import FONT
from tfm_lite.figures.explore import Interactive, recolour

_ROW, _HEAD, _WIDTH, _TEXT = 31, 34, 560, 154  # units: a row, the titles above, all columns, one column's words


def ranks(columns: Mapping[str, Mapping[str, float]], *, caption: str = "", start: str = "") -> Interactive:
    """Every column's methods by their accuracy (a fraction), the best first; a reader chooses which one to follow.

    ``columns`` are the accuracies by method, of the same methods in each column. The chosen method is orange. It opens with
    ``start``, or the first. Equal ones stand in the order in which they are given.
    """
    methods = list(next(iter(columns.values())))
    if any(set(values) != set(methods) for values in columns.values()):
        raise ValueError(f"every column has an accuracy for each of {', '.join(methods)}")
    order = {title: sorted(values, key=lambda method: -values[method]) for title, values in columns.items()}

    def frame(follow: str) -> dict[str, str]:
        names = [f"{i} {k}" for i in range(len(methods)) for k in range(len(columns))]
        lines = [f"{i} {k}-{k + 1}" for i in range(len(methods)) for k in range(len(columns) - 1)]
        chosen = f"{methods.index(follow)} "
        others = {**dict.fromkeys(lines, "masked"), **dict.fromkeys(names, "plain")}
        return {name: "normal" if name.startswith(chosen) else look for name, look in others.items()}

    def words(follow: str) -> str:
        each = (
            f"{title}: {place(values, follow)} of {len(methods)}, {100 * values[follow]:.1f} %"
            for title, values in columns.items()
        )
        return f"The place of {follow}. {'; '.join(each)}."

    return recolour(
        _drawn(columns, order),
        frame,
        {"follow": methods},
        alt=words,
        caption=caption,
        start={"follow": start or methods[0]},
    )


def place(values: Mapping[str, float], method: str) -> int:
    """The place of a method, from 1; equal ones share the better place.

    >>> place({"a": 0.5, "b": 0.6, "c": 0.6}, "c")
    1
    """
    return 1 + sum(value > values[method] for value in values.values())


def _drawn(columns: Mapping[str, Mapping[str, float]], order: Mapping[str, list[str]]) -> str:
    gap = (_WIDTH - _TEXT) / (len(columns) - 1)
    left = [gap * k for k in range(len(columns))]
    at = {title: {method: _HEAD + _ROW * i + 16 for i, method in enumerate(names)} for title, names in order.items()}
    titles = list(columns)
    number = {method: i for i, method in enumerate(next(iter(columns.values())))}
    lines = [
        f'<line data-name="{number[method]} {k}-{k + 1}" x1="{left[k] + _TEXT:.0f}" y1="{at[one][method]}" '
        f'x2="{left[k + 1] + 2:.0f}" y2="{at[other][method]}"/>'
        for k, (one, other) in enumerate(pairwise(titles))
        for method in order[one]
    ]
    words = []
    for k, title in enumerate(titles):
        words.append(f'<text x="{left[k]:.0f}" y="18" font-size="{FONT - 2}" font-weight="600">{escape(title)}</text>')
        for method, y in at[title].items():
            value = f"{100 * columns[title][method]:.1f}"
            words.append(f'<circle data-name="{number[method]} {k}" cx="{left[k] + 6:.0f}" cy="{y}" r="5"/>')
            words.append(f'<text x="{left[k] + 15:.0f}" y="{y + 6}" font-size="{FONT - 2}">{escape(method)}</text>')
            words.append(
                f'<text x="{left[k] + _TEXT - 4:.0f}" y="{y + 6}" font-size="{FONT - 2}" text-anchor="end">{value}</text>'
            )
    height = _HEAD + _ROW * len(next(iter(order.values())))
    return f'<svg viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}">{"".join(lines + words)}</svg>'
