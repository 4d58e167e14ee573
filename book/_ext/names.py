"""Docstrings as the page on the package shows them."""

from __future__ import annotations

import re
from typing import Any

from sphinx.ext import autosummary

SHORTER = {
    # The error says the limits of a number to whoever needs them.
    r"(?:~typing\.)?Annotated\[(\w+), (?:~tfm_lite\.options\.)?Range\([^()]*\)\]": r"\1",
    r"Protocol\(epochs=200[^()]*\)": "FULL",
    r"<factory>": "{}",
}


def shorter(
    app: Any,
    what: str,
    name: str,
    of: Any,
    options: Any,
    signature: str,
    returns: str,
) -> tuple[str, str] | None:
    for long, short in SHORTER.items():
        signature = re.sub(long, short, signature or "")
    return (signature, returns) if signature else None


def setup(app: Any) -> dict[str, bool]:
    app.connect("autodoc-process-signature", shorter)
    # A first sentence does not end after "Eq." or "Fig."
    autosummary.WELL_KNOWN_ABBREVIATIONS = (
        *autosummary.WELL_KNOWN_ABBREVIATIONS,
        "Eq.",
        "Fig.",
    )
    return {"parallel_read_safe": True}
