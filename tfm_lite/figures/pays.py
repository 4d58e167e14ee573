"""The map of when ternary masks pay: a square for each place, and buttons for what is asked; its lines, and its answers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape

from matplotlib.figure import Figure

from tfm_lite.figures import plots, worth
from tfm_lite.figures.colours import MARKERS, style_of_task
from tfm_lite.figures.compared import Paired, signed
from tfm_lite.figures.explore import Interactive, explore, figure, recolour
from tfm_lite.figures.listing import listing
from tfm_lite.figures.worth import NOT, PAYS, QUESTIONS, UNSAID, Question, Runs, verdict
from tfm_lite.runs.pays import AMOUNTS, FIRST, OLD, Cell

WIDE, HIGH, LEFT, TOP = 72, 56, 84, 46  # of a square; where the first one stands
CLASSES = {PAYS: "pays", NOT: "pays-not", UNSAID: "unsaid"}
MARKS = {PAYS: "above", NOT: "below", UNSAID: "open"}  # for who sees no colours
LIKENESS = {"same": "same letters", "sister": "sister", "unlike": "unlike"}
SIZES = {f"small, {min(FIRST)} a letter": min(FIRST), f"large, {max(FIRST)} a letter": max(FIRST)}

Found = Mapping[Cell, Paired | None]


def paying(runs: Runs, *, questions: Mapping[str, Question] = QUESTIONS, caption: str = "") -> Interactive:
    """The map of these runs, with a button for each of the ``questions`` and for the size of the first task.

    A square is blue where TFM's interval lies above 0, orange where it lies below, and dashed where the interval has 0 in it
    or there is none. Where nothing that is asked was run there is nothing to switch: then the map is empty and still.
    """
    maps = {name: runs.map(question) for name, question in questions.items()}
    if not any(difference for found in maps.values() for difference in found.values()):
        first = next(iter(questions))
        return figure(_drawn(' class="unsaid"'), alt=said(questions[first], maps[first], max(FIRST)), caption=caption)
    return recolour(
        _drawn(),
        lambda against, first: _frame(maps[against], SIZES[first]),
        {"against": list(questions), "old task": list(SIZES)},
        alt=lambda against, first: said(questions[against], maps[against], SIZES[first]),
        caption=caption,
        start={"old task": list(SIZES)[-1]},
    )


def said(question: Question, found: Found, first: int) -> str:
    """What the map of one size of the first task shows, in words."""
    rows = []
    for likeness, name in LIKENESS.items():
        each = [f"{amount} images {_interval(found.get(Cell(likeness, first, amount)))}" for amount in sorted(AMOUNTS)]
        rows.append(f"{name}: {', '.join(each)}")
    return f"{question.name} Old task with {first} images a letter. Points, by images of each new letter. {'; '.join(rows)}."


def _interval(difference: Paired | None) -> str:
    """A difference with its interval in words."""
    if difference is None:
        return "not run"
    if len(difference.values) < 2:
        return f"{signed(difference.mean)} (one seed)"
    low, high = difference.mean - difference.half, difference.mean + difference.half
    return f"{signed(difference.mean)} ({signed(low)} to {signed(high)}, {MARKS[verdict(difference)]})"


def _places(first: int) -> list[list[Cell]]:
    return [[Cell(likeness, first, amount) for amount in sorted(AMOUNTS)] for likeness in OLD]


def _frame(found: Found, first: int) -> dict[str, str]:
    """The class of each square, and its texts."""
    frame = {}
    for row, line in enumerate(_places(first)):
        for column, cell in enumerate(line):
            difference, name = found.get(cell), f"{row}.{column}"
            frame[f"square {name}"] = CLASSES[verdict(difference)]
            mean, _, half = str(difference).partition(" ") if difference else ("–", "", "not run")
            frame[f"mean {name}"] = mean
            frame[f"half {name}"] = half or "one seed"
            frame[f"mark {name}"] = MARKS[verdict(difference)] if difference else " "
    return frame


def _drawn(look: str = "") -> str:
    """The squares and the names of rows and columns; what is in them is the frame's, and so is the class that they have,
    but where there is no frame."""
    places = _places(FIRST[0])
    width, height = LEFT + WIDE * len(places[0]), TOP + HIGH * len(places) + 4
    parts = [_text(LEFT + WIDE * len(places[0]) / 2, 14, "images of each letter of the new task")]
    parts += [_text(LEFT + WIDE * (i + 0.5), TOP - 8, str(cell.amount)) for i, cell in enumerate(places[0])]
    for row, line in enumerate(places):
        parts.append(_text(0, TOP + HIGH * (row + 0.5) + 4, LIKENESS[line[0].likeness], anchor="start"))
        for column in range(len(line)):
            left, top, name = LEFT + WIDE * column, TOP + HIGH * row, f"{row}.{column}"
            parts.append(
                f'<rect{look} data-name="square {name}" x="{left + 2}" y="{top + 2}" '
                f'width="{WIDE - 4}" height="{HIGH - 4}" rx="4"/>'
            )
            for part, down, size in (("mean", 20, 15), ("half", 35, 13), ("mark", 48, 13)):
                parts.append(_text(left + WIDE / 2, top + down, "", size=size, name=f"{part} {name}"))
    return f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}">{"".join(parts)}</svg>'


def _text(x: float, y: float, text: str, *, size: int = 13, anchor: str = "middle", name: str = "") -> str:
    named = f' data-name="{escape(name)}"' if name else ""
    return f'<text x="{x:g}" y="{y:g}" font-size="{size}" text-anchor="{anchor}"{named}>{escape(text)}</text>'


def captioned(runs: Runs, number: str) -> str:
    """A caption that says how many seeds there are, and what a colour means."""
    seeds = len(runs.seeds)
    over = f"over {seeds} seed{'s' * (seeds > 1)}" if seeds else "over seeds; nothing of it was run yet"
    return (
        f"**Figure {number}.** What TFM has more than the other, in points, with half a 95 % interval {over}. "
        "Blue: above, orange: below, dashed: cannot be said. "
        f"{worth.in_words(QUESTIONS['separate, same bytes'], runs.map(QUESTIONS['separate, same bytes']))}"
    )


def along(found: Found, first: int) -> Figure:
    """One size of the first task, drawn: a difference by the images of each new letter, a line for each likeness, with half
    a 95 % interval where there are two seeds or more. :func:`said` has the same in words."""
    fig, ax = plots.axes()
    ax.axhline(0, color="grey", linewidth=1)
    for i, (likeness, name) in enumerate(LIKENESS.items()):
        line = {amount: d for amount in sorted(AMOUNTS) if (d := found.get(Cell(likeness, first, amount)))}
        if line:
            ax.errorbar(
                [amount * 1.07 ** (i - 1) for amount in line],  # intervals side by side
                [d.mean for d in line.values()],
                yerr=[0 if math.isinf(d.half) else d.half for d in line.values()],
                label=name,
                capsize=3,
                marker=MARKERS[i],
                **style_of_task(i),
            )
    ax.set_xscale("log", base=2)
    ax.set_xticks(sorted(AMOUNTS), [str(amount) for amount in sorted(AMOUNTS)], minor=False)
    ax.set_xlim(0.8 * min(AMOUNTS), 1.25 * max(AMOUNTS))
    ax.set_xlabel("images of each letter of the new task")
    ax.set_ylabel("difference (points)")
    if ax.get_legend_handles_labels()[0]:
        plots.legend(ax)
    else:
        ax.text(0.5, 0.6, "not run yet", transform=ax.transAxes, ha="center", **plots.FAILED)
        ax.set_yticks([])
        fig.set_figheight(fig.get_figheight() / 2)
    return fig


def lines(question: Question, found: Found, *, caption: str) -> Interactive:
    """A question as lines (:func:`along`), with a button for each size of the first task; still where nothing was run."""
    caption += " With half a 95 % interval over seeds, where there are two or more."
    if not any(found.values()):
        return figure(along(found, max(FIRST)), alt=said(question, found, max(FIRST)), caption=caption)
    return explore(
        lambda size: along(found, SIZES[size]),
        {"old task": list(SIZES)},
        alt=lambda size: said(question, found, SIZES[size]),
        start={"old task": list(SIZES)[-1]},
        caption=caption,
    )


def answers(maps: Mapping[str, Found], *, title: str) -> Interactive:
    """A table with a row for each of these maps: at how many places it pays, does not, and cannot be said; the difference
    over the whole map, and what moves it, in points with half a 95 % interval over the seeds."""
    columns = ["against", "squares", "whole map", "doubling", "likeness", "old task"]
    rows = []
    for name, found in maps.items():
        moved = [worth.overall(found), *worth.effects(found).values()]
        counts = "/".join(map(str, worth.counted(found).values())) if any(found.values()) else "–"
        rows.append([name, counts, *("–" if each is None else str(each) for each in moved)])
    return listing(columns, rows, title=title)


def sizes(runs: Runs, *, title: str) -> Interactive:
    """A table of the growth that the search chose at each place, in percent of the plain network's weights, the mean over
    the seeds."""
    grown = worth.grown(runs)
    rows = []
    for first in sorted(FIRST):
        for likeness, name in LIKENESS.items():
            cells = [Cell(likeness, first, amount) for amount in sorted(AMOUNTS)]
            rows.append([f"{name} {first}", *(f"{100 * grown[c]:.0f}" if c in grown else "–" for c in cells)])
    return listing(["old task", *map(str, sorted(AMOUNTS))], rows, title=title)
