"""Mend what the theme and its extensions make of a page: scripts that come twice, lists that a screen reader cannot read."""

from __future__ import annotations

import re
from typing import Any

ROLES = {
    ' role="doc-backlink"': "",
    ' role="doc-biblioentry"': ' role="listitem"',
    ' class="sd-octicon': ' aria-hidden="true" class="sd-octicon',
}


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


def setup(app: Any) -> dict[str, bool]:
    app.connect("html-page-context", drop_repeated_scripts, priority=900)
    app.connect("html-page-context", say_lists)
    return {"parallel_read_safe": True}
