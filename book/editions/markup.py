"""A chapter's MyST as the book's own parser sees it: which blocks are directives, and where in the text its links, pictures,
roles and formulas stand. Nothing here knows what they become."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import yaml
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from myst_parser.config.main import MdParserConfig
from myst_parser.parsers.mdit import create_md_parser
from myst_parser.parsers.options import options_to_items

Rule = Callable[[StateInline, bool], bool]
Edit = tuple[int, int, str]

# What Jupyter Book switches on for its pages, without the two that would change plain text.
PARSER = create_md_parser(
    MdParserConfig(enable_extensions={"colon_fence", "dollarmath", "tasklist"}),
    RendererHTML,
)
PLACED = {
    "link": "link_open",
    "image": "image",
    "myst_role": "myst_role",
    "math_inline": "math_inline",
}


def _placed(rule: Rule, kind: str) -> Rule:
    """The rule, but its token also knows where in the source it begins and ends, which markdown-it forgets."""

    def placed(state: StateInline, silent: bool) -> bool:
        start, count = state.pos, len(state.tokens)
        found = rule(state, silent)
        if found and not silent:
            for token in state.tokens[count:]:
                if token.type.startswith(kind):
                    token.meta["span"] = start, state.pos
                    break
        return found

    return placed


for _rule in list(PARSER.inline.ruler.__rules__):
    if _rule.name in PLACED:
        PARSER.inline.ruler.at(_rule.name, _placed(_rule.fn, PLACED[_rule.name]))


@dataclass(frozen=True)
class Directive:
    name: str
    argument: str
    options: dict[str, str]
    content: str

    @property
    def label(self) -> str:
        return self.options.get("label") or self.options.get("name", "")

    def tags(self) -> list[str]:
        """The tags of a code cell."""
        found = yaml.safe_load(self.options.get("tags", "[]"))
        return [found] if isinstance(found, str) else list(found)


def directive(token: Token) -> Directive | None:
    """The directive that a token is; None for all else.

    >>> directive(PARSER.parse('```{image} a.svg\\n:alt: "Two: dots"\\n```')[0])
    Directive(name='image', argument='a.svg', options={'alt': 'Two: dots'}, content='')
    """
    if token.type not in ("fence", "colon_fence"):
        return None
    head = re.fullmatch(r"\{([^\s}]+)\}\s*(.*)", token.info.strip(), re.DOTALL)
    if head is None:
        return None
    lines = token.content.splitlines()
    if lines and lines[0].strip() == "---":
        end = next(i for i in range(1, len(lines)) if lines[i].strip() == "---")
        options, rest = lines[1:end], lines[end + 1 :]
    else:
        count = next(
            (i for i, line in enumerate(lines) if not line.startswith(":")), len(lines)
        )
        options, rest = [line[1:] for line in lines[:count]], lines[count:]
    items, _ = options_to_items("\n".join(options))
    return Directive(head[1], head[2].strip(), dict(items), "\n".join(rest).strip("\n"))


def starts(text: str) -> list[int]:
    """Where each line of a text begins, and one more: where the text ends."""
    found = [0]
    for line in text.splitlines(keepends=True):
        found.append(found[-1] + len(line))
    return found


def heading(tokens: list[Token], at: int) -> str:
    """The words of a heading without their marks; ``at`` is its opening token."""
    return "".join(child.content for child in tokens[at + 1].children or [])


def spans(text: str, tokens: list[Token]) -> Iterator[tuple[Token, int, int]]:
    """Each link, picture, role and formula, with its start and end in ``text``."""
    lines, offsets = text.splitlines(), starts(text)
    after = [0] * len(lines)  # in a row of a table, a cell lies after the one before
    for token in tokens:
        if token.type != "inline" or token.map is None:
            continue
        where, place = [], 0  # in the token's content, in the text
        for number, part in enumerate(token.content.split("\n"), token.map[0]):
            column = lines[number].find(part, after[number])
            where.append((place, offsets[number] + column if column >= 0 else -1))
            after[number] = max(after[number], column + len(part))
            place += len(part) + 1
        for child in token.children or []:
            if "span" in child.meta:
                start, end = (_there(where, at, token) for at in child.meta["span"])
                yield child, start, end


def _there(where: list[tuple[int, int]], at: int, token: Token) -> int:
    begin, there = max(pair for pair in where if pair[0] <= at)
    if there < 0:
        raise ValueError(
            f"no way to find {token.content!r} in its source: a table's cell with \\| in it cannot hold links, roles or "
            "formulas; write the table as a list-table"
        )
    return there + at - begin


def edited(text: str, edits: list[Edit]) -> str:
    """The text with each (start, end, new) put in place."""
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text
