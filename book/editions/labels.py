"""What the pages of the book are called, and what their labels, numbers and citations read: as on the built page, where
exercises are numbered by chapter, figures and the like through all pages in the order of ``_toc.yml``."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml
from _ext.tasks import chapter
from pybtex.database import Entry, parse_file
from pybtex.plugin import find_plugin
from pybtex.richtext import Text

from editions.markup import PARSER, Directive, directive, heading

# In these the content is no Markdown.
LITERAL = {"code-cell", "code-block", "code", "sourcecode", "literalinclude", "math"}
LITERAL |= {"eval-rst", "raw", "toctree", "bibliography", "csv-table", "mermaid"}


def numbered(found: Directive) -> str | None:
    """What a directive is counted as; None for what has no number."""
    if "nonumber" in found.options or "unnumbered" in found.options:
        return None
    name = found.name.removesuffix("-start")
    if name == "exercise":
        return "Exercise"
    if name.startswith("prf:") and name != "prf:proof":
        return name[4:].capitalize()
    if name == "figure" and found.content:
        return "Fig."
    if name in ("table", "list-table", "csv-table") and found.argument:
        return "Table"
    return "Eq." if name == "math" and "label" in found.options else None


def anchor(words: str) -> str:
    """What a link to a heading says after the #, as Jupyter wants it."""
    return quote(words.strip().replace(" ", "-"), safe=":,")


def mark(words: str) -> str:
    """What stands in a heading with these words that links lead to: Jupyter knows the words, VS Code needs the mark."""
    return f'<a id="{anchor(words)}"></a>'


@dataclass(frozen=True)
class Target:
    """What a label stands for: its page, what a reference to it reads, and the heading that a link leads to."""

    page: str
    words: str
    anchor: str


class Book:
    """The pages below ``root`` (the folder of ``_toc.yml``) that its table of contents names in ``book/``."""

    def __init__(self, root: Path) -> None:
        self.root, self.folder = root, root / "book"
        self.pages: list[str] = []
        self._list(yaml.safe_load((root / "_toc.yml").read_text()))
        self.titles: dict[str, str] = {}
        self.targets: dict[str, Target] = {}
        self._counts: Counter[tuple[str, str]] = Counter()
        for page in self.pages:
            text = self.source(page)
            self.titles[page] = page
            self._scan(page, text, "")

    def source(self, page: str) -> str:
        return (self.folder / f"{page}.md").read_text()

    def is_notebook(self, page: str) -> bool:
        return self.source(page).startswith("---\njupytext:")

    def _list(self, entry: Any) -> None:
        if isinstance(entry, dict):
            self.pages += [Path(entry[k]).name for k in ("root", "file") if k in entry]
        for part in entry.values() if isinstance(entry, dict) else entry:
            if isinstance(part, (dict, list)):
                self._list(part)

    def _scan(self, page: str, text: str, section: str) -> None:
        """Read labels and numbers; ``section`` is the heading that the text stands under."""
        tokens, waiting = PARSER.parse(text), list[str]()
        for i, token in enumerate(tokens):
            found = directive(token)
            if token.type == "myst_target":
                waiting.append(token.content)
                continue
            if token.type == "heading_open":
                words = heading(tokens, i)
                section = anchor(words)
                if token.tag == "h1":
                    self.titles[page] = words
                self._name(page, waiting, words, section)
            elif found is not None:
                section = self._directive(page, found, section, waiting)
            elif token.type == "math_block_label":
                self._name(page, [token.info], self._count("Eq.", page), section)
            elif token.nesting >= 0 and waiting:
                self._name(page, waiting, self.titles[page], section)
            waiting = []

    def _directive(
        self, page: str, found: Directive, section: str, waiting: list[str]
    ) -> str:
        kind = numbered(found)
        words = self._count(kind, page) if kind else found.argument or self.titles[page]
        if kind == "Exercise":
            section = anchor(headline(words, found.argument))
        if kind and not found.label:
            raise ValueError(
                f"{page}.md: the {{{found.name}}} {found.argument!r} has a number but no label: give it a :label: or :name:"
            )
        if not found.name.endswith("-end"):
            names = [*waiting, found.label] if found.label else waiting
            self._name(page, names, words, section)
        if found.name not in LITERAL:
            self._scan(page, found.content, section)
        return section

    def _count(self, kind: str, page: str) -> str:
        own = chapter(self.source(page)) if kind == "Exercise" else ""
        self._counts[kind, own] += 1
        return f"{kind} {own}{'.' * bool(own)}{self._counts[kind, own]}"

    def _name(self, page: str, names: list[str], words: str, section: str) -> None:
        for label in names:
            if label in self.targets:
                raise ValueError(
                    f"the label {label!r} stands in {self.targets[label].page}.md and again in {page}.md: give one another"
                )
            self.targets[label] = Target(page, words, section)

    def target(self, label: str) -> Target:
        if label not in self.targets:
            raise ValueError(
                f"no page has a label {label!r}; write it before a heading as ({label})="
            )
        return self.targets[label]

    @cached_property
    def _entries(self) -> dict[str, Entry]:
        return parse_file(self.folder / "references.bib").entries

    def entry(self, key: str) -> Entry:
        if key not in self._entries:
            raise ValueError(f"references.bib has no entry {key!r}; add it")
        return self._entries[key]

    def authors(self, key: str) -> str:
        """The authors as a sentence names them: the last names of one or two, else the first and "et al."."""
        entry = self.entry(key)
        people = entry.persons.get("author") or entry.persons["editor"]
        names = [
            str(Text(" ").join([*who.rich_prelast_names, *who.rich_last_names]))
            for who in people
        ]
        return " and ".join(names) if len(names) < 3 else f"{names[0]} et al."

    def year(self, key: str) -> str:
        return str(self.entry(key).fields.get("year", "n.d."))

    def references(self, keys: list[str]) -> str:
        """A Markdown list of the entries, by author."""
        style = find_plugin("pybtex.style.formatting", "plain")()
        backend = find_plugin("pybtex.backends", "markdown")()
        entries = style.format_entries([self.entry(key) for key in keys])
        lines = [" ".join(entry.text.render(backend).split()) for entry in entries]
        # the backend escapes every mark, most of which mean nothing within a sentence
        return "\n".join("- " + re.sub(r"\\([.()!:+-])", r"\1", line) for line in lines)


def headline(number: str, title: str) -> str:
    """The heading of an exercise, and behind "Solution to" of its solution."""
    return f"{number}: {title}" if title else number
