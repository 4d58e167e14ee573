"""What a chapter begins with: what the reader will be able to do, what is needed, and how long it takes.

    ```{front}
    :needs: [chapter 3](03_binary_masks.md)
    :practise: 40

    - say which state a feature has for a task
    ```

The time to read is counted from the chapter's source, the time to run is that of this build; only the exercises' is an
author's estimate, in minutes.
"""

from __future__ import annotations

import math
import re
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from myst_nb.sphinx_ import NbMetadataCollector
from sphinx.util.docutils import SphinxDirective

WORDS, LINES = 200, 20  # of prose and of visible code that are read in a minute
CELL = re.compile(r"^```\{code-cell\}.*?^```$", re.MULTILINE | re.DOTALL)
HIDDEN = re.compile(r":tags:.*(hide|remove)-(cell|input)")


class minutes(nodes.inline):
    """Takes the place of a number of minutes until the chapter has run."""


class Front(SphinxDirective):
    """The box below a chapter's title."""

    has_content = True
    option_spec: ClassVar[dict[str, Any]] = {
        "needs": directives.unchanged_required,
        "practise": directives.positive_int,
        "gpu": directives.unchanged,
    }

    def run(self) -> list[nodes.Node]:
        box = nodes.admonition(classes=["front"])
        box += nodes.title("", "In this chapter")
        box += nodes.paragraph("", "You will be able to")
        self.state.nested_parse(self.content, self.content_offset, box)
        if needs := self.options.get("needs"):
            line = nodes.paragraph("", "", nodes.strong("", "You need "))
            line += self.parse_inline(needs)[0]
            box += line
        read = reading(self.env.doc2path(self.env.docname))
        line = nodes.paragraph("", "", nodes.strong("", "Minutes "))
        line += nodes.Text(f"{read} to read, ")
        line += minutes()
        if practise := self.options.get("practise"):
            line += nodes.Text(f", about {practise} to practise")
        line += nodes.Text(". " + self.options.get("gpu", "Needs no GPU."))
        box += line
        return [box]


def reading(path: str) -> int:
    """Minutes to read a chapter: its prose, and the code that is not folded away."""
    with open(path, encoding="utf-8") as file:
        text = file.read().split("---\n", 2)[-1]
    cells = [cell for cell in CELL.findall(text) if not HIDDEN.search(cell)]
    words = len(CELL.sub("", text).split())
    lines = sum(len(cell.splitlines()) - 2 for cell in cells)
    return math.ceil(words / WORDS + lines / LINES)


def fill(app: Any, doctree: nodes.document) -> None:
    """Say how long this build took to run the chapter."""
    run = NbMetadataCollector.get_exec_data(app.env, app.env.docname)
    for place in list(doctree.findall(minutes)):
        took = math.ceil(run["runtime"] / 60) if run and run["runtime"] else "none"
        place.replace_self(nodes.Text(f"{took} to run on two cores"))


def setup(app: Any) -> dict[str, bool]:
    app.add_directive("front", Front)
    app.connect("doctree-read", fill)
    return {"parallel_read_safe": True}
