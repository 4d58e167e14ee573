"""Slides of the ninety minutes, from the built pages: ``make slides`` writes ``_build/slides/index.html``, to open anywhere
without a network.

``slides.yaml`` says what of which page is shown. Figures and tables are those of the pages, as their cells made them;
sentences are looked up by their first words, so none stands twice, and one that is gone is an error that names it. What
turns the slides is reveal.js.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup
from bs4.element import Tag
from editions import minutes
from editions.labels import Book
from whole import within

from tfm_lite.files import make, written

ROOT = Path(__file__).parents[1]
SITE = ROOT / "_build" / "html"
TARGET = ROOT / "_build" / "slides"
REVEAL = (
    ROOT / ".venv" / "slides" / "sphinx_revealjs" / "_static" / "revealjs"
)  # `make slides` puts it there
USED = "dist/reset.css", "dist/reveal.css", "dist/reveal.js", "plugin/notes/notes.js"
LISTS = "say", "formula"
MATHJAX = '{"options": {"processHtmlClass": "math"}}'
# Arrow keys belong to a figure while it is in use; Escape gives them back.
SCRIPT = """
const used = (event) => event.target.closest && event.target.closest(".tfm, [data-playground]");
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !used(event)) return;
  document.activeElement.blur();
  event.stopImmediatePropagation();
}, true);
Reveal.initialize({ width: 1200, height: 675, margin: 0.03, center: false, hash: true, controls: true, slideNumber: "c/t",
  transition: "none", keyboardCondition: (event) => !used(event), plugins: [RevealNotes] });
"""


class Article:
    """A built page, from which parts are taken. What is not there raises ``ValueError`` with what to mend."""

    def __init__(self, page: str, site: Path = SITE) -> None:
        path = site / "book" / f"{page}.html"
        if not path.is_file():
            raise FileNotFoundError(
                f"{path} is not there: build the book first, with `make book`"
            )
        self.page = page
        soup = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        self.text = soup.select_one("article.bd-article")
        for gone in self.text.select(
            "a.headerlink, button.copybtn, button.save-picture"
        ):
            gone.decompose()
        within(self.text, f"{page}--", f"html/book/{page}.html")

    def missing(self, what: str) -> ValueError:
        return ValueError(
            f"slides.yaml asks {self.page}.md for {what}, which is not there: mend one of the two"
        )

    def named(self, ident: str) -> Tag:
        found = self.text.find(id=f"{self.page}--{ident}")
        if found is None:
            raise self.missing(f"#{ident}")
        return found

    def heading(self, section: str | None) -> str:
        place = self.named(section) if section else self.text
        return str(place.find(re.compile(r"^h[1-3]$")).get_text().strip())

    # -- what a slide may show

    def output(self, caption: str) -> str:
        """What a cell put out, by its caption's first words: a figure with its controls and script, or a table."""
        for bold in self.text.select(".cell_output b"):
            if bold.get_text() == f"{caption}.":
                return str(bold.find_parent(class_="cell_output").decode_contents())
        raise self.missing(caption)

    def figure(self, number: str) -> str:
        return self.output(f"Figure {number}")

    def table(self, number: str) -> str:
        return self.output(f"Table {number}")

    def formula(self, label: str) -> str:
        found = self.named(label)
        if "math" not in found.get("class", []):
            found = found.find_next(class_="math")
        return f'<div class="math">{found.decode_contents()}</div>'

    def rows(self, section: str) -> str:
        """The first table of a section."""
        found = self.named(section).find("table")
        if found is None:
            raise self.missing(f"a table in #{section}")
        return f"<table>{found.decode_contents()}</table>"

    def picture(self, name: str) -> str:
        found = self.text.find("img", src=re.compile(rf"/{name}\."))
        if found is None:
            raise self.missing(f"the picture {name}")
        alt = escape(found["alt"], quote=True)
        return f'<img src="{Path(found["src"]).name}" alt="{alt}">'

    def box(self, label: str) -> str:
        """A proposition or an exercise, whole, without its number's links and its hints."""
        found = unlinked(self.named(label))
        for folded in found.select("details, .dropdown, .toggle"):
            folded.decompose()
        for inner in found.find_all("section"):
            inner.name = "div"  # one within another would be a slide of its own
        return f'<div class="box">{found.decode_contents()}</div>'

    def say(self, words: str) -> str:
        """The sentence that begins with these words."""
        for place in self.text.find_all(["p", "li"]):
            inner = " ".join(unlinked(place).decode_contents().split())
            for sentence in re.split(r"(?<=[.?!])\s+|(?<=[.?!]</strong>)\s+", inner):
                if plain(sentence).startswith(words):
                    return f"<p>{closed(sentence)}</p>"
        raise self.missing(f"a sentence that begins with {words!r}")


def plain(html: str) -> str:
    return BeautifulSoup(html, "html.parser").get_text()


def closed(html: str) -> str:
    """The same with every element that it opens closed."""
    return str(BeautifulSoup(html, "html.parser"))


def unlinked(place: Tag) -> Tag:
    """A copy in which links are their words: on a slide they would lead out of it."""
    copy = BeautifulSoup(str(place), "html.parser").find()
    for link in copy.find_all("a"):
        link.unwrap()
    return copy


@cache
def article(page: str) -> Article:
    return Article(page)


# -- the slides


def shown(slide: dict[str, Any]) -> Iterator[str]:
    """What stands on a slide, in the order in which slides.yaml names it."""
    of = article(slide["page"])
    for kind, what in slide.items():
        if kind == "exercise":
            yield of.box(what)
        elif kind == "rows":
            yield of.rows(slide["section"])
        elif kind in LISTS:
            yield from map(getattr(of, kind), what)
        elif kind in ("figure", "table", "picture", "box"):
            yield getattr(of, kind)(what)
        elif kind not in ("page", "section", "minutes", "notes"):
            raise ValueError(f"slides.yaml has a slide with {kind!r}, which none knows")


def section(book: Book, part: str, slide: dict[str, Any]) -> str:
    """A slide with the speaker's notes. The time goes to the speaker's clock, too."""
    took = minutes.of_slide(book, slide)
    head = "" if "exercise" in slide else heading(slide)
    note = f"{took} minute{'s' * (took != 1)}. {' '.join(slide['notes'].split())}"
    return (
        f'<section data-timing="{60 * took}"><p class="part">{escape(part)}</p>{head}'
        f'{"".join(shown(slide))}<aside class="notes">{escape(note)}</aside></section>'
    )


def heading(slide: dict[str, Any]) -> str:
    words = article(slide["page"]).heading(slide.get("section"))
    return f"<h2>{escape(words)}</h2>"


def whole(book: Book) -> str:
    """The slides as one page."""
    sections = "\n".join(
        section(book, part["part"], slide)
        for part in minutes.lesson(book)
        for slide in part["slides"]
    )
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{escape(book.titles["index"])}, in ninety minutes</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="reset.css"><link rel="stylesheet" href="reveal.css"><link rel="stylesheet" href="slides.css">
<script>window.MathJax = {MATHJAX}</script><script defer src="mathjax/tex-chtml.js"></script></head>
<body><div class="reveal"><div class="slides">
{sections}
</div></div>
<script src="reveal.js"></script><script src="notes.js"></script><script>{SCRIPT}</script></body></html>
"""


def write(book: Book, target: Path = TARGET) -> int:
    """Write the slides into a folder; how many there are."""
    if not REVEAL.is_dir():
        raise FileNotFoundError(
            f"{REVEAL} is not there: `make slides` installs reveal.js first"
        )
    page = whole(book)
    shutil.rmtree(target, ignore_errors=True)
    make(target)
    for name in USED:
        shutil.copy(REVEAL / name, target)
    shutil.copy(REVEAL / "LICENSE", target / "LICENSE-reveal.js")
    shutil.copy(Path(__file__).with_suffix(".css"), target)
    shutil.copytree(SITE / "_static" / "mathjax", target / "mathjax")
    for name in set(re.findall(r'<img src="([^"]+)"', page)):
        shutil.copy(SITE / "_images" / name, target)
    with written(target / "index.html") as temporary:
        temporary.write_text(page, encoding="utf-8")
    return page.count("<section ")


def main() -> int:
    try:
        count = write(Book(ROOT))
    except (ValueError, FileNotFoundError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"{count} slides: {TARGET / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
