"""Findings of the paper, asked of its printed tables and of our runs; the answers in words and tables.

A finding is a function of a :class:`~tfm_lite.figures.evidence.Source`. Of several seeds it is asked of their mean, and of
each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tfm_lite.figures.compared import Paired, listed, signed
from tfm_lite.figures.evidence import Source, asked
from tfm_lite.figures.explore import Interactive
from tfm_lite.figures.scores import PAPER, name_of
from tfm_lite.figures.tables import verdicts
from tfm_lite.runs.coverage import scale

Claim = Callable[[Source], bool]


def judged(claim: Claim, source: Source) -> str:
    """Whether a finding holds of a source: of its mean, and under how many of its seeds; or why that cannot be said."""
    found = asked(claim, source)
    if isinstance(found, str):
        return found
    word = "holds" if found else "does not hold"
    if not source.records:
        return word
    each = [one for seed in source.seeds if not isinstance(one := asked(claim, source.under(seed)), str)]
    return f"{word} ({f'{sum(map(bool, each))} of {len(each)} seeds' if len(each) > 1 else 'one seed'})"


def in_print(claim: Claim, printed: Mapping[str, Source]) -> str:
    """Of which of the printed tables, by the names given here, a finding holds."""
    said = {name: judged(claim, source) for name, source in printed.items()}
    holds = [name for name, word in said.items() if word == "holds"]
    fails = [name for name, word in said.items() if word == "does not hold"]
    rest = sorted({word for name, word in said.items() if name not in holds + fails})
    if len(holds) == len(said):
        return "holds on all"
    parts = [f"holds on {listed(holds)}"] * bool(holds) + [f"not on {listed(fails)}"] * bool(fails) + rest
    return "; ".join(parts)


def findings(
    claims: Mapping[str, Claim], printed: Mapping[str, Source], ours: Sequence[Source], *, title: str
) -> Interactive:
    """A table of findings: whether each holds in print, and in the runs of each of our sources."""
    columns: dict[str, Any] = {"in print": printed} | {source.title: source for source in ours}

    def ask(claim: Claim) -> Callable[[Any], str]:
        return lambda one: judged(claim, one) if isinstance(one, Source) else in_print(claim, one)

    return verdicts({name: ask(claim) for name, claim in claims.items()}, columns, title=title)


def differences(
    pairs: Mapping[str, Callable[[Source], Paired | float]], sources: Mapping[str, Source], *, title: str, first: str
) -> Interactive:
    """A table of differences in points, a row per source: with half a 95 % interval over seeds, if there are several.

    ``first`` is the name of the first column.
    """

    def ask(source: Source) -> Callable[[Any], str]:
        return lambda pair: found if isinstance(found := asked(pair, source), str) else said(found)

    return verdicts({name: ask(source) for name, source in sources.items()}, pairs, title=title, first=first)


def said(difference: Paired | float) -> str:
    """A difference in points: "+1.5", "+0.1 (one seed)", "+0.4 ± 1.2"."""
    if isinstance(difference, float | int):
        return signed(difference)
    return f"{difference}{' (one seed)' if len(difference.values) == 1 else ''}"


def best(one: str, others: Sequence[str]) -> Callable[[Source], Paired | float]:
    """Of a source: ``one`` less the best of ``others``. All must have been run and trained, else it cannot be said."""

    def difference(source: Source) -> Paired | float:
        top = max(others, key=lambda other: source.lines[other].average)
        return source.less(one, top)

    return difference


def apart(source: Source, printed: Source) -> list[tuple[str, float]]:
    """Methods by how far our average is from the printed one, in points; the furthest first."""
    both = [m for m in source.ranked(without=()) if m in printed.lines]
    found = [(m, 100 * (source.lines[m].average - printed.lines[m].average)) for m in both]
    return sorted(found, key=lambda pair: -abs(pair[1]))


def summary(
    source: Source,
    printed: Source,
    claims: Mapping[str, Claim],
    pairs: Mapping[str, Callable[[Source], Paired | float]],
    *,
    focus: str = "tfm",
) -> str:
    """What came out of a source's runs, as Markdown: their scale, what leads, where ``focus`` stands, which claims hold.

    ``printed`` is the paper's table of the same data set; claims go by the number that they begin with; ``pairs`` are what
    ``focus`` is above others by.
    """
    name = PAPER[focus]
    size = f"{source.records[0].config['size']} pixels, "  # the title has it
    there = [method for method in printed.lines if method in source.lines]
    counts = sorted({line.seeds for line in source.lines.values()})
    runs = (
        f"{counts[0]} to {counts[-1]} seeds a row"
        if len(counts) > 1
        else f"each under {counts[0]} seed{'s' * (counts[0] > 1)}"
    )
    rows = f"{len(there)} of the table's {len(printed.lines)} rows, {runs}"
    text = f"**{source.title}** ({scale(source.records).replace(size, '')}; {rows}). "
    order = source.ranked()
    if order:
        places = [f"{name_of(m)} {100 * source.lines[m].average:.1f} %" for m in order[:3]]
        text += f"Of what keeps no images the best so far: {', '.join(places)}. "
    if focus not in source.lines:
        text += f"{name} is not run yet. "
    elif focus in order:
        at = order.index(focus) + 1
        text += f"{name} is number {at} of {len(order)}, at {100 * source.lines[focus].average:.1f} %. "
    else:
        text += f"{source.lines[focus].failed}. "
    asked_of = {other: asked(pair, source) for other, pair in pairs.items()}
    by = [f"{said(points)} over {other}" for other, points in asked_of.items() if not isinstance(points, str)]
    text += f"{name}'s lead in points: {', '.join(by)}. " if by else ""
    if far := apart(source, printed)[:2]:
        text += f"Furthest from print: {listed([f'{PAPER[m]} ({signed(points)})' for m, points in far])}. "
    return f"{text}{_which(claims, source)}"


def _which(claims: Mapping[str, Claim], source: Source) -> str:
    """Which claims hold, which do not, and of which that cannot be said, by their numbers."""
    words = {claim.split(".")[0]: judged(test, source) for claim, test in claims.items()}
    holds = [number for number, word in words.items() if word.startswith("holds")]
    fails = [number for number, word in words.items() if word.startswith("does not")]
    open_yet = [number for number in words if number not in holds + fails]
    parts = {"hold": holds, "do not hold": fails, "cannot be said yet": open_yet}
    each = [f"{verb}: {listed(numbers) or 'none'}" for verb, numbers in parts.items() if numbers or verb == "hold"]
    return f"Of the paper's findings {'; '.join(each)}."
