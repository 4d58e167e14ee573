"""Drop what the theme's extensions put twice on a page."""

from __future__ import annotations

from typing import Any


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


def setup(app: Any) -> dict[str, bool]:
    app.connect("html-page-context", drop_repeated_scripts, priority=900)
    return {"parallel_read_safe": True}
