"""Format each chapter's code and write its notebook beside it, without outputs: ``make sync``.

With --check, only say what is out of date.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import jupytext
import nbformat
import yaml

BOOK = Path(__file__).parent
COLUMNS = 68  # of code that a page shows without a scroll bar
CELL = re.compile(
    r"^(```\{code-cell\}[^\n]*\n(?::[^\n]*\n)*\n*)(.*?)\n```$", re.MULTILINE | re.DOTALL
)


def install_cell() -> str:
    """The first cell of every notebook: on Colab it installs the package, elsewhere it does nothing."""
    url = yaml.safe_load((BOOK.parent / "_config.yml").read_text())["repository"]["url"]
    return f'import sys\n\nif "google.colab" in sys.modules:\n    %pip install --quiet git+{url}'


def formatted(chapter: Path) -> str:
    """The chapter's text with its code in ruff's format, as wide as a page."""
    text = chapter.read_text()
    code = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell[2]) for cell in CELL.finditer(text)]
    )
    style = [
        "--quiet",
        f"--line-length={COLUMNS}",
        f"--stdin-filename={chapter.with_suffix('.ipynb')}",
    ]
    run = subprocess.run(
        [sys.executable, "-m", "ruff", "format", *style, "-"],
        input=nbformat.writes(code),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    cells = iter(nbformat.reads(run.stdout, as_version=4).cells)
    return CELL.sub(lambda match: f"{match[1]}{next(cells).source}\n```", text)


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
        style = formatted(chapter)
        if style != chapter.read_text():
            stale.append(chapter.name)
            if "--check" not in sys.argv:
                chapter.write_text(style)
        path, text = chapter.with_suffix(".ipynb"), notebook(chapter)
        if not path.exists() or path.read_text() != text:
            stale.append(path.name)
            if "--check" not in sys.argv:
                path.write_text(text)
    print(
        f"out of date: {', '.join(stale)}" if stale else "all notebooks are up to date"
    )
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
