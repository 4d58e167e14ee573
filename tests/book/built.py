"""Where the built book is, and its pages."""

from __future__ import annotations

from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
SITE = ROOT / "_build" / "html"


def _pages(entry: object) -> list[str]:
    """All files of a table of contents, however deep."""
    if isinstance(entry, dict):
        own = [f"{entry[key]}.html" for key in ("root", "file") if key in entry]
        return own + [page for value in entry.values() for page in _pages(value)]
    return [page for part in entry for page in _pages(part)] if isinstance(entry, list) else []


PAGES = _pages(yaml.safe_load((ROOT / "_toc.yml").read_text()))
NOTEBOOKS = [page for page in PAGES if (ROOT / page).with_suffix(".ipynb").exists()]
CHAPTERS = [page for page in PAGES if Path(page).name[:2].isdigit()]
CONCEPTS = [page for page in CHAPTERS if Path(page).name[:2] <= "07"]
