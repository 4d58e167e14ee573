"""A table that its reader sorts: by a click on the name of a column or by keyboard, without a kernel and offline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from tfm_lite.figures.explore import Interactive, framed, marked


@dataclass(frozen=True)
class Value:
    """An entry: the number that it sorts by (None: it stands last), its text, and what stands small below it."""

    number: float | None
    text: str
    below: str = ""


_STYLE = """
.tfm-sortable { overflow-x: auto; }
.tfm .tfm-sortable table { display: table; width: 100%; margin: 0; color: inherit; background: none; font-size: inherit; }
.tfm .tfm-sortable caption { caption-side: top; text-align: left; color: var(--muted); padding: 0 .3em .5em; }
.tfm .tfm-sortable :is(td, th) { padding: .22em .4em; border: 0; color: var(--fg); background: none; white-space: normal; }
.tfm .tfm-sortable :is(td, th) { vertical-align: top; text-align: right; font-weight: 400; }
.tfm .tfm-sortable :is(td, th):first-child { text-align: left; }
.tfm .tfm-sortable small { display: block; color: var(--muted); font-size: .82em; white-space: nowrap; }
.tfm .tfm-sortable tbody tr { border-bottom: 1px solid var(--field); }
.tfm .tfm-sortable tbody tr.stands-out th { font-weight: 700; }
.tfm .tfm-sortable thead th { border-bottom: 2px solid var(--line); vertical-align: bottom; padding: .1em; }
.tfm .tfm-sortable thead button { all: unset; cursor: pointer; padding: .25em .3em; border-radius: 4px; }
.tfm .tfm-sortable thead button:focus-visible { outline: 3px solid var(--accent); }
.tfm .tfm-sortable thead button:hover { background: var(--field); }
.tfm .tfm-sortable thead button::after { content: "\\2195"; color: var(--muted); font-size: .8em; margin-left: .2em; }
.tfm .tfm-sortable thead [aria-sort] button { font-weight: 700; }
.tfm .tfm-sortable thead [aria-sort=ascending] button::after { content: "\\25B2"; color: var(--fg); }
.tfm .tfm-sortable thead [aria-sort=descending] button::after { content: "\\25BC"; color: var(--fg); }
@media (max-width: 480px) {
  .tfm:has(.tfm-sortable) { padding: .3rem; font-size: 12px; }
  .tfm .tfm-sortable :is(td, th) { padding: .2em .1em; overflow-wrap: anywhere; }
  .tfm .tfm-sortable :is(td, thead th) { font-size: 11px; overflow-wrap: normal; }
  .tfm .tfm-sortable thead button { padding: .2em 0; }
  .tfm .tfm-sortable thead th:not([aria-sort]) button::after { content: none; } }
@media print { .tfm .tfm-sortable thead button::after { content: none; } }
"""


def sortable(
    columns: Sequence[str],
    rows: Sequence[Sequence[Value | str]],
    *,
    title: str,
    by: str,
    ascending: Sequence[str] = (),
    stand_out: Sequence[str] = (),
) -> Interactive:
    """A table of ``rows``, an entry per column; texts sort by the alphabet. It opens sorted ``by`` that column.

    A first click on a column puts the largest first, on one of ``ascending`` or of texts the smallest. ``stand_out`` names
    rows, by their first entry, whose name is bold. In ``title``, what stands between ``**`` is bold.
    """
    if odd := [row for row in rows if len(row) != len(columns)]:
        raise ValueError(f"every row has an entry for each of {len(columns)} columns; {odd[0]!r} has {len(odd[0])}")
    if by not in columns:
        raise ValueError(f"a table opens sorted by one of its columns, {', '.join(columns)}, not by {by!r}")
    texts = {c for k, c in enumerate(columns) if all(isinstance(row[k], str) for row in rows)}
    rising = texts | set(ascending)
    k = columns.index(by)
    ordered = sorted(rows, key=lambda row: _key(row[k], falling=by not in rising))
    head = "".join(_head(column, column in rising, column == by) for column in columns)
    body = ""
    for name, *rest in ordered:
        mark = ' class="stands-out"' if _text(name) in stand_out else ""
        body += f"<tr{mark}><th scope='row'{_entry(name)}</th>{''.join(f'<td{_entry(v)}</td>' for v in rest)}</tr>"
    table = f"<table><caption>{marked(title)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    plain = title.replace("**", "")
    box = f'<div class="tfm-sortable" role="region" tabindex="0" aria-label="{escape(plain)}">{table}</div>'
    script = f"<script>{Path(__file__).with_name('sortable.js').read_text()}</script>"
    lines = [plain, "  ".join(columns), *("  ".join(map(_text, row)) for row in ordered)]
    return framed(f"<style>{_STYLE}</style>{box}{script}", text="\n".join(lines))


def _key(entry: Value | str, *, falling: bool) -> tuple[bool, float, str]:
    if isinstance(entry, str):
        return False, 0.0, entry
    return entry.number is None, (-1 if falling else 1) * (entry.number or 0.0), ""


def _head(column: str, rising: bool, by: bool) -> str:
    way = "ascending" if rising else "descending"
    state = f' aria-sort="{way}"' if by else ""
    return f'<th scope="col" data-first="{way}"{state}><button type="button">{escape(column)}</button></th>'


def _text(entry: Value | str) -> str:
    return entry if isinstance(entry, str) else f"{entry.text} {entry.below}".strip()


def _entry(entry: Value | str) -> str:
    """The rest of a cell's opening tag, and what it shows."""
    if isinstance(entry, str):
        return f' data-value="{escape(entry)}">{escape(entry)}'
    below = f"<small>{escape(entry.below)}</small>" if entry.below else ""
    value = "" if entry.number is None else f"{entry.number:.6g}"
    return f' data-value="{value}">{escape(entry.text)}{below}'
