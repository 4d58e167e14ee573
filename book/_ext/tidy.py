"""Mend what the theme and its extensions make of a page: scripts that come twice, lists that a screen reader cannot read."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes

ROLES = {
    ' role="doc-backlink"': "",
    ' role="doc-biblioentry"': ' role="listitem"',
    ' class="sd-octicon': ' aria-hidden="true" class="sd-octicon',
}
# Code whose lines may be wider than a page, and by how much more than itself a line of it is indented where it goes on:
# text in it, by its class of Pygments, as it began; a comment behind its "# ".
WIDE = re.compile(
    r'(?s)(<div class="highlight-(?:default|bash) [^>]*><div class="highlight"><pre>)(.*?)(</pre>)'
)
MORE = {"sd": 0, "c1": 2}
VERBATIM = (
    nodes.literal,
    nodes.literal_block,
    nodes.raw,
    nodes.math,
    nodes.math_block,
)


def drop_repeated_scripts(
    app: Any, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """sphinx-thebe adds one inline script twice; declaring its constants again is an error in the browser."""
    seen: set[str] = set()
    kept = []
    for script in context.get("script_files", []):
        body = str(getattr(script, "attributes", {}).get("body") or "")
        if not body or body not in seen:
            kept.append(script)
        seen.add(body)
    context["script_files"] = kept


def say_lists(
    app: Any, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Sphinx sets the parameters of a signature as descriptions of nothing, docutils has roles in a list that no list may
    have, and a folded hint's arrow says nothing to those who do not see it."""
    body = context.get("body", "")
    body = re.sub(r"(?s)<dl>\n<dd>.*?</dl>", parameters, body)
    for old, new in ROLES.items():
        body = body.replace(old, new)
    context["body"] = body


def parameters(found: re.Match[str]) -> str:
    return (
        found[0]
        .replace("<dl>", '<dl role="list">')
        .replace("<dd>", '<dd role="listitem">')
    )


def keep_percent(app: Any, doctree: nodes.document, docname: str) -> None:
    """No line begins with the sign whose number ends the line before."""
    for text in list(doctree.findall(nodes.Text)):
        kept = re.sub(r"(?<=\d) (?=%)", "\xa0", text)
        if kept != text and not isinstance(text.parent, VERBATIM):
            text.parent.replace(text, nodes.Text(kept))


def hang_lines(
    app: Any, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """A line of code that is too long for the page goes on below its own beginning, and not at the left margin."""
    context["body"] = WIDE.sub(
        lambda found: "".join(
            [found[1], *map(hung, found[2].splitlines(True)), found[3]]
        ),
        context.get("body", ""),
    )


def hung(line: str) -> str:
    """One line of what Pygments wrote. Its end is inside, so that copying still gives lines."""
    text = re.sub("<[^>]+>", "", line)
    first = re.search(r'class="(\w+)">\s*[^\s<]', line)
    deep = len(text) - len(text.lstrip(" ")) + MORE.get(first[1] if first else "", 4)
    return f'<span class="hung" style="--deep: {deep}ch">{line}</span>'


def setup(app: Any) -> dict[str, bool]:
    app.connect("html-page-context", drop_repeated_scripts, priority=900)
    app.connect("html-page-context", say_lists)
    app.connect("html-page-context", hang_lines)
    app.connect("doctree-resolved", keep_percent)
    return {"parallel_read_safe": True}
