"""A claim of the paper as a question: asked of printed tables, and of our runs seed by seed; and what the answers come to.

Nothing here trains or reads files. Differences are in points.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tfm_lite.figures.compared import Paired, listed, signed
from tfm_lite.figures.tables import answer

PROVED, PRINTED, OURS = "proved", "holds as printed", "holds in ours"
PARTLY, REVERSED, SLIP, CANNOT = "partly", "reversed in ours", "a slip", "cannot be said"
VERDICTS = (PROVED, PRINTED, OURS, PARTLY, REVERSED, SLIP, CANNOT)
HOLDS, NOT, UNCLEAR = "holds", "does not hold", "is not clear"

# A difference in points, or whether a claim holds. Asked of whatever a place has: a Source, lines.
Measure = Callable[[Any], float | bool]
Parts = Mapping[str, Measure]


@dataclass(frozen=True)
class Finding:
    """What a claim comes to: one of :data:`VERDICTS`, why, and where that was asked and over how many seeds."""

    verdict: str
    reason: str
    scale: str = ""


@dataclass(frozen=True)
class Place:
    """Where a question is asked: runs at one scale, ``of`` by seed; or a printed table, which is as one seed."""

    title: str
    of: Mapping[int, Any]
    printed: bool = False


@dataclass(frozen=True)
class Question:
    """The parts of a claim by the kind of place where they can be asked; at a place it holds if all its parts do.

    A difference holds from ``least`` points on: more than nothing, unless the claim says how much. It does not hold if it
    is below 0 (and ``least``), and in between it is not clear.
    """

    on: Mapping[str, Parts]
    least: float = 1e-6


@dataclass(frozen=True)
class Answer:
    """What a part, or all of them, come to at a place; ``word`` is empty if that cannot be said, and ``text`` says why."""

    word: str
    text: str
    margin: float = 0.0


def settled(question: Question, places: Mapping[str, Sequence[Place]]) -> Finding:
    """Ask everywhere. What our runs say comes first, unless the printed tables already contradict the claim."""
    asked = [
        (p, _of_all(parts, p, question.least)) for kind, parts in question.on.items() for p in places.get(kind, ())
    ]
    printed, ours = ([pair for pair in asked if pair[0].printed == side] for side in (True, False))
    in_print, here = (_together([found.word for _, found in side]) for side in (printed, ours))
    if in_print == NOT:
        verdict = SLIP
    elif in_print == PARTLY:
        verdict = PARTLY
    else:
        words = {HOLDS: OURS, NOT: REVERSED, UNCLEAR: PARTLY, PARTLY: PARTLY}
        verdict = words.get(here) or (PRINTED if in_print else CANNOT)
    reason = " ".join([*_told("In print", printed), *_told("In ours", ours)])
    return Finding(verdict, reason or "There is no run of it.", _where(asked))


def held(holds: bool, reason: str, scale: str = "arithmetic", *, otherwise: str = SLIP) -> Finding:
    """What arithmetic on printed numbers says: that a claim holds as printed, or ``otherwise``."""
    return Finding(PRINTED if holds else otherwise, reason, scale)


def _of_all(parts: Parts, place: Place, least: float) -> Answer:
    """A claim at one place: it holds if all its parts do, and does not if none does."""
    found = {name: _of_one(measure, place, least) for name, measure in parts.items()}
    worst, last = min(found.items(), key=lambda item: item[1].margin)
    text = f"{worst} {last.text}".strip()
    words = [each.word for each in found.values()]
    if HOLDS in words and NOT in words:
        failing = listed([f"{name}: {each.text}" for name, each in found.items() if each.word == NOT])
        return Answer(PARTLY, f"{words.count(HOLDS)} of {len(words)} parts hold, not {failing}", last.margin)
    if NOT in words:
        return Answer(NOT, text, last.margin)
    if "" in words:
        return Answer("", next(each.text for each in found.values() if not each.word))
    return Answer(UNCLEAR if UNCLEAR in words else HOLDS, text, last.margin)


def _of_one(measure: Measure, place: Place, least: float) -> Answer:
    """One part at one place: it holds, or does not, only if all seeds agree."""
    values, missing = dict[int, float](), ""
    for seed, source in place.of.items():
        found = answer(measure, source)
        if isinstance(found, str) and found.startswith(CANNOT):  # what went well under another seed is not what it does
            return Answer("", found.removeprefix(f"{CANNOT}: "))
        if isinstance(found, str):
            missing = found
        else:
            values[seed] = found
    if not values:
        return Answer("", missing.replace("not run", "not printed") if place.printed else missing)
    # to the digit that is printed: a difference that reads 0.0 is none
    good = [value if isinstance(value, bool) else round(value, 1) >= least for value in values.values()]
    bad = [not value if isinstance(value, bool) else round(value, 1) < min(0.0, least) for value in values.values()]
    word = HOLDS if all(good) else NOT if all(bad) else UNCLEAR
    if isinstance(next(iter(values.values())), bool):
        return Answer(
            word, f"{sum(good)} of {len(good)} seeds" if len(good) > 1 else word, math.inf if all(good) else -math.inf
        )
    pair = Paired(tuple(values), tuple(values.values()))
    return Answer(word, signed(pair.mean) if place.printed else str(pair), pair.mean)


def _together(words: Sequence[str]) -> str:
    """One word for several places, of those that have one."""
    known = {word for word in words if word}
    return known.pop() if len(known) == 1 else PARTLY if known else ""


def _told(where: str, asked: Sequence[tuple[Place, Answer]]) -> list[str]:
    """The answers of one side as a sentence, those alike together."""
    by_word: dict[str, list[str]] = {}
    for place, found in asked:
        text = f"{place.title} ({found.text})" if found.text not in ("", found.word) else place.title
        by_word.setdefault(found.word or CANNOT, []).append(text)
    verbs = {PARTLY: "holds in part"}
    parts = "; ".join(f"it {verbs.get(word, word)} on {listed(texts)}" for word, texts in by_word.items())
    return [f"{where} {parts}."] if parts else []


def _where(asked: Sequence[tuple[Place, Answer]]) -> str:
    """The places that had an answer, ours with their seeds."""
    answered = [place for place, found in asked if found.word]
    ours = [f"{p.title} × {len(p.of)} seed{'s' * (len(p.of) > 1)}" for p in answered if not p.printed]
    return "; ".join([*["the printed tables"] * any(p.printed for p in answered), *ours])
