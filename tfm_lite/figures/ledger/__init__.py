"""The ledger: what the paper says, claim by claim, with our verdict on each and where that can be seen.

The claims are in ``data/published/claims.toml``. What arithmetic or records can settle is computed here, by the functions of
``counted``, ``kept``, ``recorded`` and ``sentences``; a test proves the rest, or a reason is given.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tfm_lite.figures.ledger.counted import COUNTS
from tfm_lite.figures.ledger.kept import KEPT
from tfm_lite.figures.ledger.places import everywhere
from tfm_lite.figures.ledger.questions import CANNOT, PARTLY, PROVED, SLIP, VERDICTS, Finding, settled
from tfm_lite.figures.ledger.recorded import RECORDED
from tfm_lite.figures.ledger.sentences import QUESTIONS
from tfm_lite.places import shipped
from tfm_lite.runs.results import Result

KINDS = ("equation", "figure", "table", "accuracy", "forgetting", "memory", "method")
JUDGED = (PARTLY, SLIP, CANNOT)  # what judgement alone may say
COMPUTED = {*COUNTS, *KEPT, *RECORDED, *QUESTIONS}


@dataclass(frozen=True)
class Claim:
    """A claim of the paper, in our words; ``where`` in the paper it stands, and the ``verdict`` on it.

    ``proof`` are tests ("tests/nn/test_layers.py::test_name"), ``judged`` is the reason of what only judgement can settle;
    where both are empty a function settles it. ``evidence`` are places in the book ("04_ternary_masks.md#eq-5") and suites.
    """

    name: str
    kind: str
    where: str
    says: str
    verdict: str
    evidence: tuple[str, ...]
    proof: tuple[str, ...] = ()
    judged: str = ""
    reason: str = ""
    scale: str = ""


def claims() -> list[Claim]:
    """All claims with the verdicts as they are written down, in the paper's order.

    Raises ``ValueError`` if an entry does not say how its verdict comes about.
    """
    entries = tomllib.loads((shipped("published") / "claims.toml").read_text(encoding="utf-8"))["claim"]
    found = [_claim(entry) for entry in entries]
    names = [claim.name for claim in found]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"claims.toml has {min(twice)!r} twice: give one another name")
    return found


def judged(records: Sequence[Result]) -> list[Claim]:
    """All claims with the verdicts that these records, and the printed tables, bear; each with its reason."""
    findings = dict(_findings(records))
    return [_settled(claim, findings) for claim in claims()]


def _findings(records: Sequence[Result]) -> Iterator[tuple[str, Finding]]:
    places = everywhere(records)
    yield from ((name, count()) for name, count in (COUNTS | KEPT).items())
    yield from ((name, read(records)) for name, read in RECORDED.items())
    yield from ((name, settled(question, places)) for name, question in QUESTIONS.items())


def _settled(claim: Claim, findings: Mapping[str, Finding]) -> Claim:
    if claim.name in findings:
        found = findings[claim.name]
        return replace(claim, verdict=found.verdict, reason=found.reason, scale=found.scale)
    if claim.judged:
        return replace(claim, reason=f"Judged: {claim.judged}")
    return replace(claim, reason="By construction, at any scale: the tests named here would fail otherwise.")


def _claim(entry: Mapping[str, Any]) -> Claim:
    """An entry of the file, checked."""
    fields: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
    claim = Claim(**fields)
    for value, known in ((claim.verdict, VERDICTS), (claim.kind, KINDS)):
        if value not in known:
            raise ValueError(f"claims.toml, {claim.name}: {value!r} is none of {', '.join(known)}")
    if claim.name in COMPUTED:
        if claim.proof or claim.judged:
            raise ValueError(f"claims.toml, {claim.name}: a function settles it; take out proof and judged")
    elif claim.judged:
        if claim.verdict not in JUDGED:
            raise ValueError(
                f"claims.toml, {claim.name}: judgement alone may not say {claim.verdict!r}; name a function"
            )
    elif not claim.proof or claim.verdict != PROVED:
        raise ValueError(
            f"claims.toml, {claim.name}: give it a function, a proof (then it is {PROVED!r}) or a judgement"
        )
    return claim
