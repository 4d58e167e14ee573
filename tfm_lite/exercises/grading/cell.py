"""The cell with which nbgrader marks an answer: its result is the points."""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping
from contextlib import redirect_stderr
from typing import Any

from tfm_lite.exercises.checks import outcome
from tfm_lite.exercises.judge import Outcome, Wrong, in_full, show_sentences
from tfm_lite.exercises.words import part_names, sentence


def points(check: str, name: str, worth: float, space: Mapping[str, Any]) -> float:
    """Of ``worth`` points those of what a notebook's names, ``space``, call ``name``. Raises :class:`Wrong` if it has none.

    The sentence is printed, and nothing is written to stderr: nbgrader takes that for an error, and an error for no points.
    """
    with warnings.catch_warnings(), redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        if name in space:
            found = outcome(check, space[name])
        else:
            parts = dict.fromkeys(part_names(check).values(), False)
            found = Outcome(check, parts, "missing", sentence(check, "missing", name=name))
    if not found.share:
        show_sentences()
        raise Wrong(in_full(found), found)
    if not found.right:
        print(in_full(found))  # what a student reads in nbgrader's feedback
    return round(worth * found.share, 2)
