"""Links, roles and citations as text and links that a notebook can follow."""

from __future__ import annotations

import re

from editions.labels import Book

CITED = {
    "cite": "({authors}, {year})",
    "cite:p": "({authors}, {year})",
    "cite:t": "{authors} ({year})",
    "cite:author": "{authors}",
    "cite:year": "{year}",
}
AS_WRITTEN = ["sub", "sup", "kbd"]


class Inline:
    """Of one page of a book; ``cited`` are the keys that it has cited so far, in their order."""

    def __init__(self, book: Book, page: str) -> None:
        self.book, self.page = book, page
        self.cited: dict[str, None] = {}

    def link(self, href: str, source: str) -> str | None:
        """A link as Markdown; None to leave it as it is."""
        if re.match(r"[a-z]+:", href):
            return None
        words = re.match(r"\[(.*)\]\(.*\)$", source, re.DOTALL)
        if words is None:
            raise ValueError(
                f"{self.page}.md: write the link {source!r} as [words](where)"
            )
        path, _, label = href.partition("#")
        if path.endswith(".md") and path[:-3] in self.book.pages:
            return self._to(path[:-3], "", words[1] or self.book.titles[path[:-3]])
        if path and not label and path in self.book.targets:
            label = path
        elif path:
            raise ValueError(
                f"{self.page}.md links to {href!r}, which is neither a page nor a label of the book"
            )
        return self.reference(label, words[1])

    def reference(self, label: str, words: str = "") -> str:
        target = self.book.target(label)
        return self._to(target.page, target.anchor, words or target.words)

    def _to(self, page: str, anchor: str, words: str) -> str:
        if page == self.page:
            return f"[{words}](#{anchor})" if anchor else words
        if not self.book.is_notebook(page):
            return words
        return f"[{words}]({page}.ipynb{'#' + anchor if anchor else ''})"

    def role(self, name: str, content: str) -> str:
        """A role as text and links."""
        titled = re.fullmatch(r"(.*?)\s*<([^<>]+)>", content, re.DOTALL)
        words, target = (titled[1], titled[2]) if titled else ("", content)
        if name in CITED:
            return self.citation(CITED[name], content)
        if name in ("ref", "numref", "prf:ref"):
            return self.reference(target, words)
        if name == "eq":
            return self.reference(
                target, f"({self.book.target(target).words.removeprefix('Eq. ')})"
            )
        if name == "doc":
            page = target.removesuffix(".md").rpartition("/")[2]
            if page not in self.book.pages:
                raise ValueError(f"{self.page}.md: the book has no page {target!r}")
            return self._to(page, "", words or self.book.titles[page])
        if name == "term":
            return f"*{words or target}*"
        if name == "math":
            return f"${' '.join(content.split())}$"
        if name in AS_WRITTEN:
            return f"<{name}>{content}</{name}>"
        if name == "abbr":
            return content
        if name in ("code", "file", "command") or name.startswith("py:"):
            return f"`{words or target.lstrip('~')}`"
        raise ValueError(
            f"{self.page}.md has the role {{{name}}}, which book/editions/inline.py does not know: teach it there"
        )

    def citation(self, form: str, keys: str) -> str:
        """One citation, or several in one bracket."""
        names = [key.strip() for key in keys.split(",")]
        self.cited |= dict.fromkeys(names)
        each = [
            form.format(authors=self.book.authors(key), year=self.book.year(key))
            for key in names
        ]
        if form.startswith("("):
            return "(" + "; ".join(one[1:-1] for one in each) + ")"
        return ", ".join(each)
