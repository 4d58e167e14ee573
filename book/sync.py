"""Format each chapter's code and write its notebook beside it, without outputs, what its exercises ask, and the results that
the README says: ``make sync``.

With --check, only say what is out of date.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import nbformat
from editions import notebook
from editions.exercises import index
from editions.labels import Book

from tfm_lite.exercises import asked
from tfm_lite.figures import summary
from tfm_lite.files import written
from tfm_lite.runs import results

BOOK = Path(__file__).parent
RESULTS = re.compile(r"(<!-- results -->\n).*?(<!-- /results -->)", re.DOTALL)
COLUMNS = 68  # of code that a page shows without a scroll bar
CELL = re.compile(
    r"^(```\{code-cell\}[^\n]*\n(?::[^\n]*\n)*\n*)(.*?)\n```$", re.MULTILINE | re.DOTALL
)


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


def main() -> int:
    check = "--check" in sys.argv
    chapters = [
        path
        for path in sorted(BOOK.glob("*.md"))
        if path.read_text().startswith("---\njupytext:")
    ]
    stale = [path.name for path in chapters if differs(path, formatted(path), check)]
    book = Book(BOOK.parent)  # of the chapters as they are now
    for path in chapters:
        text = nbformat.writes(notebook(book, path.stem)) + "\n"
        if differs(path.with_suffix(".ipynb"), text, check):
            stale.append(f"{path.stem}.ipynb")
    text = json.dumps(index(book), indent=1, ensure_ascii=False) + "\n"
    if differs(asked.HOME, text, check):
        stale.append(asked.HOME.name)
    readme = BOOK.parent / "README.md"
    if differs(readme, told(readme.read_text(encoding="utf-8")), check):
        stale.append(readme.name)
    print(
        f"out of date: {', '.join(stale)}" if stale else "all notebooks are up to date"
    )
    return 1 if stale and check else 0


def told(readme: str) -> str:
    """The README with what the records come to."""
    said = "\n".join(
        f"- {sentence}" for sentence in summary.sentences(results.load_all())
    )
    return RESULTS.sub(lambda match: f"{match[1]}{said}\n{match[2]}", readme)


def differs(path: Path, text: str, check: bool) -> bool:
    """Whether the file does not hold this text; it then does, unless this is a check."""
    if path.exists() and path.read_text() == text:
        return False
    if not check:
        with written(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return True


if __name__ == "__main__":
    sys.exit(main())
