"""The words of the checks, the report and the grader: ``words.json``, or a translation of it that ``TFM_LITE_WORDS`` names.

``any`` holds what may be said of every answer. Below ``checks`` each check has the names of its ``parts``, and a sentence for
each cause of a wrong answer; one that bears a name of ``any`` takes its place. What stands in braces is filled in.
"""

from __future__ import annotations

import json
import os
import string
from functools import cache
from pathlib import Path
from typing import Any

HOME = Path(__file__).with_name("words.json")
NAMED = "TFM_LITE_WORDS"


@cache
def words() -> dict[str, Any]:
    """All words. Raises ``ValueError`` that names what a translation lacks."""
    own = read(HOME)
    return translated(own, Path(os.environ[NAMED])) if os.environ.get(NAMED) else own


def read(path: Path) -> dict[str, Any]:
    """The words of a file."""
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def translated(own: dict[str, Any], path: Path) -> dict[str, Any]:
    """The words of another file, if it says all that ``own`` says."""
    try:
        other = read(path)
        ours, theirs = flat(own), flat(other)
    except (OSError, ValueError, AttributeError) as error:
        raise ValueError(
            f"{NAMED} names {path}, which cannot be read ({error}): copy {HOME} and translate it"
        ) from error
    for key, text in ours.items():
        if key not in theirs:
            raise ValueError(f"{path} has no {key}: translate {text!r}")
        if strange := fields(theirs[key]) - fields(text):
            raise ValueError(
                f"{path} has {{{min(strange)}}} in {key}, which nothing fills in: {text!r} has {fields(text)}"
            )
    return other


def flat(content: dict[str, Any], before: str = "") -> dict[str, str]:
    """Each sentence after its path, such as ``checks.accuracy.count``."""
    found: dict[str, str] = {}
    for key, value in content.items():
        found |= flat(value, f"{before}{key}.") if isinstance(value, dict) else {f"{before}{key}": value}
    return found


def fields(text: str) -> set[str]:
    """What is filled in: the names in braces."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def part_names(check: str) -> dict[str, str]:
    """By key, what the parts of a check are called."""
    found: dict[str, str] = words()["checks"][check]["parts"]
    return found


def sentence(check: str, cause: str, /, **values: Any) -> str:
    """What is said of an answer to a check that is wrong for this cause."""
    text: str = words()["checks"].get(check, {}).get(cause) or words()["any"][cause]
    return text.format(**values)


def said(room: str, key: str, /, **values: Any) -> str:
    """A sentence of the report or the grader."""
    text: str = words()[room][key]
    return text.format(**values)
