"""Put the built book into one file to take away: ``make zip`` writes ``_build/tfm_lite-book.zip``.

Unpacked anywhere, on a stick too, its ``index.html`` opens without a server and without a network. The same pages give the
same file, byte for byte.
"""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

from tfm_lite.files import written

ROOT = Path(__file__).parents[1]
SITE = ROOT / "_build" / "html"
TARGET = ROOT / "_build" / "tfm_lite-book.zip"
FOLDER = "tfm_lite-book"
LICENCES = {"LICENSE": ROOT / "LICENSE", "LICENSE-TEXT": ROOT / "LICENSE-TEXT"}
WHEN = (1980, 1, 1, 0, 0, 0)  # the first that a zip can say
# Beside a hit the search shows a piece of its page, which it cannot fetch from a file.
SUMMARIES = b"SHOW_SEARCH_SUMMARY: true", b"SHOW_SEARCH_SUMMARY: false"
TEXT = {".html", ".js", ".css", ".json", ".svg", ".md", ".ipynb", ".txt"}


def files(site: Path) -> Iterator[tuple[str, Path]]:
    """Name in the file and path of everything that belongs into it, by name."""
    if not (site / "index.html").is_file():
        raise FileNotFoundError(
            f"{site / 'index.html'} is not there: build the book first, with `make book`"
        )
    found = {
        str(path.relative_to(site)): path for path in site.rglob("*") if path.is_file()
    }
    kept = {
        name: path for name, path in found.items() if not name.startswith(".")
    } | LICENCES
    yield from sorted((name.replace("\\", "/"), path) for name, path in kept.items())


def own_paths(content: bytes, path: Path) -> list[str]:
    """The paths of this machine that a file says."""
    said = {str(ROOT), str(Path.home()), sys.prefix} - {"/"}
    return sorted(
        one for one in said if path.suffix in TEXT and one.encode() in content
    )


def pack(site: Path, target: Path) -> int:
    """Write the file; how many files are in it."""
    listed = list(files(site))
    with (
        written(target) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as out,
    ):
        for name, path in listed:
            content = path.read_bytes().replace(*SUMMARIES)
            if said := own_paths(content, path):
                raise ValueError(
                    f"{path} says where it was built, {said[0]}: mend the cell or page that prints it"
                )
            entry = zipfile.ZipInfo(f"{FOLDER}/{name}", WHEN)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # as Linux writes it, on any system
            entry.external_attr = 0o644 << 16
            out.writestr(entry, content)
    return len(listed)


def main() -> int:
    count = pack(SITE, TARGET)
    print(f"{count} files, {TARGET.stat().st_size / 1e6:.1f} MB: {TARGET}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
