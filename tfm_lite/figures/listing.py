"""A small table in the page: rows that a cell has computed, under named columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from tfm_lite.figures.explore import Interactive, framed, marked

_STYLE = """
.tfm-list { overflow-x: auto; }
.tfm .tfm-list table { min-width: min(100%, 20rem); }
.tfm .tfm-list table { display: table; width: auto; max-width: none; color: inherit; background: none; font-size: inherit; }
.tfm .tfm-list caption { caption-side: top; text-align: left; padding: 0 0 .4em; color: var(--muted); }
.tfm .tfm-list td, .tfm .tfm-list th { padding: .25em .7em; border: 0; color: var(--fg); background: none; }
.tfm .tfm-list td, .tfm .tfm-list th { white-space: normal; font-weight: 400; vertical-align: top; }
.tfm .tfm-list thead th { color: var(--muted); border-bottom: 2px solid var(--line); vertical-align: bottom; }
.tfm .tfm-list tbody tr { border-bottom: 1px solid var(--field); }
.tfm .tfm-list th:first-child { text-align: left; padding-left: 0; }
.tfm .tfm-list td:not(.free) { white-space: nowrap; }
.tfm .tfm-list .free { text-align: left; }
@media (min-width: 481px) { .tfm .tfm-list th[scope=row] { white-space: nowrap; } }
@media (max-width: 480px) {
  .tfm .tfm-list { font-size: 13px; }
  .tfm .tfm-list td, .tfm .tfm-list th { padding: .25em .3em; } }
"""
_FREE = ' class="free"'
_MINUS = re.compile(r"(?<![\w.-])-(?=\d)")  # and not the hyphen of a word or a span
_LONG = 24  # letters of an entry that need not stay on one line


def listing(columns: Sequence[str], rows: Sequence[Sequence[object]], *, title: str) -> Interactive:
    """A table of ``rows`` as they are to be read, each with an entry per column; the first entry names its row.

    ``title`` stands above it. Numbers come as text: a table does not know how many digits they deserve.
    """
    odd = [row for row in rows if len(row) != len(columns)]
    if odd:
        raise ValueError(f"every row has an entry for each of {len(columns)} columns; {odd[0]!r} has {len(odd[0])}")
    free = [k > 0 and any(_is_free(row[k]) for row in rows) for k in range(len(columns))]
    head = "".join(
        f'<th scope="col"{_FREE if words else ""}>{escape(name)}</th>'
        for name, words in zip(columns, free, strict=True)
    )
    body = "".join(
        f'<tr><th scope="row">{escape(str(name))}</th>{"".join(map(_cell, rest, free[1:]))}</tr>'
        for name, *rest in rows
    )
    table = f"<table><caption>{marked(title)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    plain = title.replace("**", "")
    box = f'<div class="tfm-list" role="region" tabindex="0" aria-label="{escape(plain)}">{table}</div>'
    lines = [plain, "  ".join(columns), *("  ".join(map(str, row)) for row in rows)]
    return framed(f"<style>{_STYLE}</style>{box}", text="\n".join(lines))


def _is_free(entry: object) -> bool:
    """A number stays on one line; several of them, or words, need not, and begin at the left."""
    return ", " in str(entry) or len(str(entry)) > _LONG


def _cell(entry: object, free: bool) -> str:
    return f"<td{_FREE if free else ''}>{_MINUS.sub('−', escape(str(entry)))}</td>"
