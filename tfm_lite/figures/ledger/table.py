"""The ledger in the page: without a kernel its reader filters it by verdict and by kind, and unfolds a row."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from tfm_lite.figures.explore import Interactive, framed, marked
from tfm_lite.figures.ledger import KINDS, Claim
from tfm_lite.figures.ledger.questions import CANNOT, OURS, PARTLY, PRINTED, PROVED, REVERSED, SLIP, VERDICTS
from tfm_lite.figures.scores import PAPER

SIGNS = {PROVED: "■", PRINTED: "●", OURS: "●", PARTLY: "◐", REVERSED: "↔", SLIP: "✗", CANNOT: "○"}
NAMES = {name.lower(): name for name in (*PAPER.values(), "PackNet", "ImageNet", "IMM", "FN")} | {"eq": "Eq."}
_HERE = Path(__file__).parent
_count = itertools.count()


def table(claims: Sequence[Claim], *, title: str) -> Interactive:
    """The ``claims`` in their order, each with its verdict, its reason, its scale and where to see it.

    In ``title``, what stands between ``**`` is bold. An address that ends in ``#claim-`` and a claim's name opens that claim.
    """
    verdicts, kinds = Counter(claim.verdict for claim in claims), Counter(claim.kind for claim in claims)
    group = f"tfm-ledger-{next(_count)}"
    filters = _filter("verdict", VERDICTS, verdicts, group) + _filter("kind", KINDS, kinds, group)
    said = f'<p aria-live="polite">{len(claims)} of {len(claims)} claims</p>'
    head = "<thead><tr><th scope='col'>verdict</th><th scope='col'>what the paper says, in our words</th></tr></thead>"
    rows = "".join(_row(claim) for claim in claims)
    body = f"<table><caption>{marked(title)}</caption>{head}<tbody>{rows}</tbody></table>"
    script = f"<script>{(_HERE / 'table.js').read_text(encoding='utf-8')}</script>"
    style = re.sub(r"\n\s*", " ", (_HERE / "table.css").read_text(encoding="utf-8"))
    lines = [f"{claim.verdict}: {claim.says} ({claim.where}) {claim.reason}" for claim in claims]
    html = f'<style>{style}</style><div class="tfm-ledger">{filters}{said}{body}</div>{script}'
    return framed(html, text="\n".join([title.replace("**", ""), *lines]))


def counted(claims: Sequence[Claim]) -> str:
    """How many claims have each verdict, in words: "proved 20, a slip 3"."""
    counts = Counter(claim.verdict for claim in claims)
    return ", ".join(f"{verdict} {counts[verdict]}" for verdict in VERDICTS if counts[verdict])


def in_words(place: str) -> str:
    """Where a piece of evidence leads to.

    >>> in_words("04_ternary_masks.md#eq-5"), in_words("comparison.md#above-tfm")
    ('chapter 4, Eq. 5', 'comparison, above TFM')
    """
    page, _, anchor = place.partition(".md#")
    number = re.match(r"0?(\d+[a-c]?)_", page)
    words = " ".join(NAMES.get(word, word) for word in anchor.replace("-s-", "'s-").split("-"))
    words = re.sub(r"^Eq\. (\w+) (\w+)$", r"Eq. \1.\2", words)
    return f"{f'chapter {number[1]}' if number else page.replace('_', ' ')}, {words}"


def _filter(name: str, values: Sequence[str], counts: Counter[str], group: str) -> str:
    """A row of buttons of which one is chosen: all, or one value, each with its number."""
    shown = {"all": sum(counts.values()), **{value: counts[value] for value in values if counts[value]}}
    buttons = "".join(
        f'<label><input type="radio" name="{group}-{name}" autocomplete="off" data-filter="{name}" value="{escape(value)}"'
        f"{' checked' * (value == 'all')}><span>{escape(value)} <small>{count}</small></span></label>"
        for value, count in shown.items()
    )
    box = f'<div class="tfm-row tfm-names" role="radiogroup" aria-label="{name}">'
    return f'{box}<span class="tfm-name">{name}</span>{buttons}</div>'


def _row(claim: Claim) -> str:
    """One claim; its reason and evidence are folded."""
    where = f"<small>{escape(claim.where)}</small>"
    scale = f"<p>Asked of: {escape(claim.scale)}.</p>" if claim.scale else ""
    seen = "".join(f"<li>{item}</li>" for item in _evidence(claim))
    inside = f"<div><p>{escape(claim.reason)}</p>{scale}<ul>{seen}</ul></div>"
    folded = f'<details class="tfm-why"><summary>Why, and where to see it</summary>{inside}</details>'
    sign = f'<span aria-hidden="true">{SIGNS[claim.verdict]}</span> {escape(claim.verdict)}'
    return (
        f'<tr data-claim="{claim.name}" data-verdict="{escape(claim.verdict)}" data-kind="{claim.kind}">'
        f"<td>{sign}</td><td><p>{escape(claim.says)} {where}</p>{folded}</td></tr>"
    )


def _evidence(claim: Claim) -> Iterator[str]:
    """Links to the book's pages, then tests and suites by name."""
    for place in claim.evidence:
        page, _, anchor = place.partition(".md#")
        if anchor:
            yield f'<a href="{page}.html#{anchor}">{escape(in_words(place))}</a>'
    suites = [place for place in claim.evidence if ".md#" not in place]
    if suites:
        yield f"records of {', '.join(f'<code>{suite}</code>' for suite in suites)}"
    yield from (f"<code>{escape(test)}</code>" for test in claim.proof)
