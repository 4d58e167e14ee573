"""The exercises of the book that have a check: ``asked.json``, which ``make sync`` writes from the chapters."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

HOME = Path(__file__).with_name("asked.json")


@dataclass(frozen=True)
class Asked:
    """One check of an exercise: its page and label, the check (or the question's name), and what the answer is called."""

    chapter: str
    label: str
    title: str
    check: str
    answer: str
    points: float

    def called(self, code: str) -> bool:
        """Whether some code calls the check."""
        return bool(re.search(rf"\bcheck_{self.check}\(|\bcheck_answer\(\s*['\"]{self.check}['\"]", code))


def asked() -> list[Asked]:
    """All of them, in the book's order."""
    return [Asked(**one) for one in json.loads(HOME.read_text(encoding="utf-8"))]


def of_chapters(every: Sequence[Asked], chapters: Iterable[str]) -> list[Asked]:
    """Those of some chapters. Raises ``ValueError`` for a chapter that has none."""
    for chapter in chapters:
        if not any(one.chapter == chapter for one in every):
            known = ", ".join(dict.fromkeys(one.chapter for one in every))
            raise ValueError(f"no exercise of the chapter {chapter!r} has a check; there are {known}")
    return [one for one in every if one.chapter in chapters]
