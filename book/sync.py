"""Write each chapter's notebook beside it, without outputs: ``make sync``. With --check, only say what is out of date."""

from __future__ import annotations

import sys
from pathlib import Path

import jupytext
import nbformat
import yaml

BOOK = Path(__file__).parent


def install_cell() -> str:
    """The first cell of every notebook: on Colab it installs the package, elsewhere it does nothing."""
    url = yaml.safe_load((BOOK.parent / "_config.yml").read_text())["repository"]["url"]
    return f'import sys\n\nif "google.colab" in sys.modules:\n    %pip install --quiet git+{url}'


def notebook(chapter: Path) -> str:
    book = jupytext.read(chapter)
    book.cells.insert(0, nbformat.v4.new_code_cell(install_cell()))
    for i, cell in enumerate(book.cells):
        cell["id"] = f"cell-{i}"  # always the same, so that only what changed changes
    return nbformat.writes(book) + "\n"


def main() -> int:
    stale = []
    for chapter in sorted(BOOK.glob("*.md")):
        if not chapter.read_text().startswith("---\njupytext:"):
            continue
        path, text = chapter.with_suffix(".ipynb"), notebook(chapter)
        if not path.exists() or path.read_text() != text:
            stale.append(path.name)
            if "--check" not in sys.argv:
                path.write_text(text)
    print(f"out of date: {', '.join(stale)}" if stale else "all notebooks are up to date")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
