"""Print the built book: ``make pdf`` writes ``_build/tfm_lite.pdf``.

A headless Chromium prints all pages at once, so that links, the outline and the numbers of pages are its own. It prints
twice: the first time says on which page everything is, the second has it in the table of contents.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from html import escape
from io import BytesIO
from pathlib import Path
from typing import Any

import yaml
from headless import chromium
from playwright.sync_api import Page
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DictionaryObject, NameObject, TextStringObject
from whole import Chapter, Part, all_chapters, parts

import tfm_lite
from tfm_lite.files import written

# Chromium counts the objects of a file in another way than pypdf, which says so on every reading.
logging.getLogger("pypdf").setLevel(logging.ERROR)

ROOT = Path(__file__).parents[1]
BUILT = ROOT / "_build"
TARGET = BUILT / "tfm_lite.pdf"
PAPER = Path(__file__).parent / "paper.css"
PATIENCE = 600_000  # milliseconds: the whole book is one page, and other work may go on beside it
WIDTH = 620  # of A4's 794 pixels what lies between the margins of paper.css
STYLES = (
    "styles/theme.css",
    "styles/pydata-sphinx-theme.css",
    "styles/sphinx-book-theme.css",
    "pygments.css",
)
STYLES += ("proof.css", "exercise.css", "sphinx-design.min.css", "book.css")
MATHJAX = '{"options": {"processHtmlClass": "tex2jax_process|mathjax_process|math|output_area"}}'

# What reaches past the text, or is cut at the right within a box that could be scrolled on a screen; the outermost alone.
CUT = """(limit) => {
    const reaches = (element) => {
        const box = element.getBoundingClientRect(), style = getComputedStyle(element);
        if (!box.width || !box.height || element.closest(".math, mjx-container, svg *")) return false;
        const holds = style.overflowX !== "visible" || element.matches("pre, td, th");
        return box.right > limit + 1 || (holds && element.scrollWidth > element.clientWidth + 1);
    };
    const found = new Set([...document.querySelectorAll("section.chapter *")].filter(reaches));
    return [...found].filter((one) => !found.has(one.parentElement)).map((one) =>
        `${one.closest("section.chapter").id}: <${one.localName} class="${one.className}"> `
        + one.textContent.trim().slice(0, 60));
}"""
NUMBER = """(pages) => { for (const place of document.querySelectorAll("[data-page-of]"))
    place.textContent = pages[place.dataset.pageOf]; }"""


def main() -> int:
    found = parts(ROOT)
    page_file = BUILT / "print.html"
    with written(page_file) as temporary:
        temporary.write_text(whole_page(found), encoding="utf-8")
    with chromium() as browser:
        page = browser.new_page(
            viewport={"width": WIDTH, "height": 900}, color_scheme="light"
        )
        page.set_default_timeout(PATIENCE)
        page.goto(page_file.as_uri(), wait_until="load")
        printed = print_page(page)
    with written(TARGET) as temporary:
        temporary.write_bytes(described(printed))
    print(f"{len(PdfReader(BytesIO(printed)).pages)} pages: {TARGET}")
    return 0


def print_page(page: Page) -> bytes:
    """The page on paper, with the numbers of its pages."""
    page.evaluate(
        "async () => { await MathJax.startup.promise; await document.fonts.ready; }"
    )
    page.emulate_media(media="print")
    if cut := page.evaluate(CUT, WIDTH):
        raise ValueError(
            "cut at the right on paper, make these narrower or let them wrap:\n"
            + "\n".join(cut)
        )
    pages: dict[str, int] = {}
    for _ in range(3):
        printed = page.pdf(
            prefer_css_page_size=True, print_background=True, outline=True, tagged=True
        )
        before, pages = pages, pages_of(printed)
        if pages == before:
            return printed
        page.evaluate(NUMBER, pages)
    raise RuntimeError(
        "the numbers of pages move what they number: give [data-page-of] a width in paper.css"
    )


def pages_of(printed: bytes) -> dict[str, int]:
    """On which page, counted from 1, each place is that a link leads to."""
    reader = PdfReader(BytesIO(printed))
    return {
        name.removeprefix("/"): reader.get_destination_page_number(place) + 1
        for name, place in reader.named_destinations.items()
    }


def described(printed: bytes) -> bytes:
    """With title, authors and licence, and opening with its outline."""
    config = configured()
    writer = PdfWriter(clone_from=BytesIO(printed))
    writer.add_metadata(
        {
            "/Title": config["title"],
            "/Author": config["author"],
            "/Subject": re.sub("<[^>]*>", "", licence()),
        }
    )
    writer.page_mode = "/UseOutlines"
    single(writer.get_outline_root())
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def single(entry: DictionaryObject) -> None:
    """Give every entry below this one its title once: Chromium says a heading twice that begins a page after a break."""
    below = entry.get("/First")
    while below is not None:
        each = below.get_object()
        title = str(each["/Title"])
        if title == 2 * title[: len(title) // 2]:
            each[NameObject("/Title")] = TextStringObject(title[: len(title) // 2])
        single(each)
        below = each.get("/Next")


def configured() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "_config.yml").read_text())


def licence() -> str:
    """What the foot of every page says of licences, as HTML."""
    return configured()["html"]["extra_footer"].strip()


def whole_page(found: list[Part]) -> str:
    links = "".join(
        f'<link rel="stylesheet" href="html/_static/{style}">' for style in STYLES
    )
    heads = "".join(map(running_head, all_chapters(found)))
    texts = "".join(str(chapter.text) for chapter in all_chapters(found))
    return f"""<!DOCTYPE html>
<html lang="en" data-theme="light" data-mode="light"><head><meta charset="utf-8"><title>{configured()["title"]}</title>
{links}<style>{PAPER.read_text()}{heads}</style>
<script>window.MathJax = {MATHJAX}</script><script defer src="html/_static/mathjax/tex-chtml.js"></script>
</head><body><main class="bd-content"><div class="bd-article-container"><article class="bd-article">
{title_page()}{contents(found)}{texts}
</article></div></main></body></html>"""


def running_head(chapter: Chapter) -> str:
    """The chapter's title above its pages."""
    name = f"p-{chapter.name}"
    title = json.dumps(chapter.title, ensure_ascii=False)
    return f'[id="{chapter.name}"] {{ page: {name}; }} @page {name} {{ @top-left {{ content: {title}; }} }}\n'


def title_page() -> str:
    config = configured()
    return (
        f'<section class="title"><img src="html/_static/cover.svg" alt=""><p class="name">{escape(config["title"])}</p>'
        f'<p class="about">Zero forgetting for task-incremental learning: a method, a small package and its neighbours, '
        f'step by step</p><p class="authors">{escape(config["author"])}</p>'
        f"<p>Edition {tfm_lite.__version__}, {config['copyright']}</p><p>{licence()}</p></section>"
    )


def contents(found: list[Part]) -> str:
    lines = []
    for part in found:
        if part.caption:
            lines.append(f'<p class="part">{escape(part.caption)}</p>')
        for chapter in part.chapters:
            lines.append(_line(chapter.title, chapter.name, "of-chapter"))
            lines += [
                _line(title, ident, "of-section") for title, ident in chapter.sections
            ]
    return f'<section class="contents"><h1>Contents</h1><div>{"".join(lines)}</div></section>'


def _line(title: str, ident: str, kind: str) -> str:
    number = f'<span class="number" data-page-of="{ident}"></span>'
    return f'<p class="{kind}"><a href="#{ident}"><span>{escape(title)}</span>{number}</a></p>'


if __name__ == "__main__":
    sys.exit(main())
