"""Formulas, code and tables as Markdown: what needs nothing but its own content."""

from __future__ import annotations

import csv
import re

from editions.markup import PARSER, edited, spans, starts


def formula(content: str, number: str) -> str:
    tag = f" \\tag{{{number.removeprefix('Eq. ')}}}" if number else ""
    return f"$$\n{content.strip()}{tag}\n$$"


def quoted(text: str) -> str:
    """The text as a quotation. Each formula stands in one line of it: Jupyter takes formulas out of a text before it sees
    that every line begins with a mark, which would be one of the formula's."""
    tokens, at = PARSER.parse(text), starts(text)
    edits = [
        (at[t.map[0]], at[t.map[1]], f"$${' '.join(t.content.split())}$$\n")
        for t in tokens
        if t.type == "math_block" and t.map[1] > t.map[0] + 1
    ]
    edits += [
        (start, end, " ".join(text[start:end].split()))
        for token, start, end in spans(text, tokens)
        if token.type == "math_inline"
    ]
    lines = edited(text, edits).strip("\n").split("\n")
    return "\n".join(f"> {line}".rstrip() for line in lines)


def fence(language: str, code: str) -> str:
    marks = "`" * max(3, *(len(run) + 1 for run in re.findall(r"`{3,}", code)), 3)
    return f"{marks}{language}\n{code.rstrip()}\n{marks}"


def comma_separated(text: str) -> list[list[str]]:
    return list(csv.reader(text.splitlines(), skipinitialspace=True))


def listed(text: str) -> list[list[str]]:
    """The cells of a list of lists: ``* - a`` begins a row, ``  - b`` a cell."""
    tokens, rows = PARSER.parse(text), list[list[str]]()
    for token in tokens:
        if token.type == "list_item_open" and token.level == 1:
            rows.append([])
        elif token.type == "list_item_open" and token.level == 3:
            rows[-1].append("")
        elif token.type == "inline" and rows and rows[-1]:
            rows[-1][-1] = f"{rows[-1][-1]}\n\n{token.content}".strip()
    return rows
