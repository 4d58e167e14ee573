"""A term that a page links shows its definition when a mouse rests on it: the browser's own ``title``, no script."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref


def collect(app: Any, doctree: nodes.document) -> None:
    """Keep the definitions of a page's glossary, as text."""
    known = app.env.__dict__.setdefault("definitions", {})
    for item in doctree.findall(nodes.definition_list_item):
        for term in item.findall(nodes.term):
            for definition in item.findall(nodes.definition):
                text = said(definition)
                known.update({(app.env.docname, ident): text for ident in term["ids"]})


def said(definition: nodes.definition) -> str:
    """A definition as text, without its citations."""
    copy = definition.deepcopy()
    for reference in list(copy.findall(pending_xref)):
        if reference["refdomain"] == "cite":
            reference.parent.remove(reference)
    return " ".join(copy.astext().split()).replace(" .", ".").replace(" ;", ";")


def explain(app: Any, doctree: nodes.document, docname: str) -> None:
    """Give the links that lead to a definition its text."""
    known = getattr(app.env, "definitions", {})
    texts = {ident: text for (_, ident), text in known.items()}
    for link in doctree.findall(nodes.reference):
        target = link.get("refid") or link.get("refuri", "").rpartition("#")[2]
        if target in texts:
            link["reftitle"] = texts[target]


def setup(app: Any) -> dict[str, bool]:
    app.connect("doctree-read", collect)
    app.connect("doctree-resolved", explain)
    return {"parallel_read_safe": False}
