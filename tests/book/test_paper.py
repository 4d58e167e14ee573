"""The book on paper: every chapter, all that is folded, nothing cut, links that lead to a page."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pdf
import pypdfium2
import pytest
from built import PAGES, ROOT
from playwright.sync_api import Browser, Page
from pypdf import PdfReader
from pypdf.generic import Destination
from sync import CELL
from test_cells import FOLDED, SOLUTION
from whole import all_chapters, parts

pytestmark = pytest.mark.xdist_group("paper")  # of one process: printing takes a while
INCH = 25.4  # millimetres
MARGIN = 18  # millimetres at the sides in which nothing stands; paper.css leaves 23


@pytest.fixture(scope="module")
def printed() -> Path:
    # by a process of its own: a test before it may have left this one's browser open, and playwright takes one at a time
    subprocess.run([sys.executable, pdf.__file__], check=True)
    return pdf.TARGET


@pytest.fixture(scope="module")
def reader(printed: Path) -> PdfReader:
    return PdfReader(printed)


@pytest.fixture(scope="module")
def text(printed: Path) -> list[str]:
    return [page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(printed)]


@pytest.fixture(scope="module")
def whole(text: list[str]) -> str:
    return plain("".join(text))


def plain(text: str) -> str:
    """What lines and spaces do not change."""
    return re.sub(r"\s", "", text)


def outline(entries: list) -> Iterator[Destination]:
    for entry in entries:
        yield from outline(entry) if isinstance(entry, list) else [entry]


def test_every_chapter_is_there_and_in_the_outline(reader: PdfReader, text: list[str]) -> None:
    assert len(text) > 150
    entries = (
        (str(entry.title).strip(), reader.get_destination_page_number(entry)) for entry in outline(reader.outline)
    )
    titles = [chapter.title for chapter in all_chapters(parts(ROOT))]
    assert len(titles) == len(PAGES) + 1
    # in their order: a title may be a section's in an earlier chapter, and comes again among the solutions
    found = [next((page for name, page in entries if name == title), -1) for title in titles]
    assert all(earlier < later for earlier, later in pairwise(found))
    assert all(plain(title) in plain(text[page]) for title, page in zip(titles, found, strict=True))


def test_the_contents_say_the_page(printed: Path, reader: PdfReader, text: list[str]) -> None:
    places = reader.named_destinations.items()
    pages = {name.removeprefix("/"): 1 + reader.get_destination_page_number(place) for name, place in places}
    document, said = pypdfium2.PdfDocument(printed), dict[str, str]()
    for k in range(1, pages["index"] - 1):
        words = document[k].get_textpage()
        for note in reader.pages[k].get("/Annots") or []:
            link = note.get_object()
            line = words.get_text_bounded(*map(float, link["/Rect"]))
            said[str(link["/Dest"]).removeprefix("/")] = said.get(str(link["/Dest"]).removeprefix("/"), "") + line
    for chapter in all_chapters(parts(ROOT)):
        for title, name in [(chapter.title, chapter.name), *chapter.sections]:
            assert str(pages[name]) in said[name].split() and plain(title) in plain(said[name]).replace(
                str(pages[name]), ""
            )
        assert str(pages[chapter.name]) in text[pages[chapter.name] - 1].split(), "at the page's foot"


def test_links_lead_to_a_page(reader: PdfReader) -> None:
    known, count = set(reader.named_destinations), 0
    for page in reader.pages:
        for note in page.get("/Annots") or []:
            link = note.get_object()
            target = link.get("/Dest") or link.get("/A", {}).get("/D")
            if target is not None:
                count += 1
                assert str(target).removeprefix("/") in {name.removeprefix("/") for name in known}
            else:
                assert link["/A"]["/URI"].startswith(("https://", "http://")), link["/A"]["/URI"]
    assert count > 500


def test_formulas_are_set(text: list[str]) -> None:
    for sign in (r"\frac", r"\begin{", r"\odot", r"\tag{"):
        assert not [k + 1 for k, page in enumerate(text) if sign in page], sign


@pytest.mark.parametrize("page", PAGES)
def test_folded_code_and_solutions_are_open(whole: str, page: str) -> None:
    source = (ROOT / page).with_suffix(".md").read_text()
    cells = [cell for cell in CELL.finditer(source) if FOLDED.search(cell[1])]
    solved = [cell for part in SOLUTION.finditer(source) for cell in CELL.finditer(part[0])]
    for cell in [*cells[:2], *solved[:2]]:
        line = max((one for one in cell[2].split("\n") if len(one) <= 60), key=len)  # longer ones wrap
        assert plain(line) in whole, line


def test_figures_stand_with_their_words(whole: str) -> None:
    for chapter in all_chapters(parts(ROOT)):
        for figure in chapter.text.select(".tfm:has([data-labels]) > [role=img]"):
            assert plain(figure["aria-label"]) in whole, figure["aria-label"]


def test_nothing_stands_in_the_margins(printed: Path) -> None:
    """As it is seen: every page drawn, and no ink beside the text."""
    document = pypdfium2.PdfDocument(printed)
    for k in range(len(document)):
        seen = document[k].render(scale=0.5, grayscale=True).to_numpy().squeeze()
        edge = round(MARGIN / INCH * 72 * 0.5)
        sides = np.concatenate([seen[:, :edge], seen[:, -edge:]], axis=1)
        assert sides.min() > 200, f"page {k + 1}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["book/00_reading.html", "book/01_forgetting.html", "book/04_ternary_masks.html"])
def test_a_reader_prints_a_page_open_and_dark_on_white(open_page: Callable[..., Page], name: str, scheme: str) -> None:
    page = open_page(name, color_scheme=scheme)
    folded = page.locator("article details:not([open])")
    count = folded.count()
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert count and not folded.count() and not page.locator("article .toggle-hidden").count()
    assert page.locator("html").get_attribute("data-theme") == "light"
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert folded.count() == count and page.locator("html").get_attribute("data-theme") == scheme


@pytest.mark.parametrize(
    "wide",
    [
        '<pre style="white-space: pre">' + "x" * 300 + "</pre>",
        '<div style="overflow: auto"><table><tr><td style="white-space: nowrap">'
        + "x " * 300
        + "</td></tr></table></div>",
        '<img style="width: 900px; height: 9px" src="data:," alt="">',
    ],
)
def test_what_would_be_cut_is_refused(browser: Browser, wide: str) -> None:
    page = browser.new_page(viewport={"width": pdf.WIDTH, "height": 900})
    page.set_content(f'<body style="margin: 0"><section class="chapter" id="one"><p>Text.</p>{wide}</section></body>')
    page.evaluate("window.MathJax = {startup: {promise: null}}")
    with pytest.raises(ValueError, match=r"cut at the right.*\n.*one: <"):
        pdf.print_page(page)
    page.close()
