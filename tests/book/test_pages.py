"""Every built page: whole, offline, in light and dark, on a phone."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from bs4 import BeautifulSoup
from built import NOTEBOOKS, PAGES, ROOT, SITE
from editions.labels import Book
from looked_at import barriers, cut, narrow
from playwright.sync_api import Browser, Page

from tfm_lite.figures.colours import contrast

Open = Callable[..., Page]
BOOK = Book(ROOT)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_page_is_whole(open_page: Open, name: str, scheme: str) -> None:
    page = open_page(name, color_scheme=scheme, viewport={"width": 1280, "height": 900})
    assert page.title()
    page.wait_for_selector(f"html[data-theme={scheme}]", state="attached")  # a script sets it
    missing = page.eval_on_selector_all(
        "article img", "found => found.filter(i => !i.alt || !i.naturalWidth).map(i => i.src)"
    )
    assert not missing, "figures without alternative text, or not there"
    unnamed = page.eval_on_selector_all(
        "article svg",
        "found => found.filter(s => !s.closest('[aria-label], [aria-hidden], button, a')).map(s => s.outerHTML.slice(0, 80))",
    )
    assert not unnamed, "drawings without alternative text"
    if page.locator("article .math").count():
        assert page.locator("article mjx-container").count() == page.locator("article .math").count()
    assert not page.locator("article mjx-merror").all_inner_texts(), "formulas that cannot be set"
    assert not cut(page), "cut at the right"
    narrow(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert not cut(page, ".cell_output"), "cut at the right on a phone"
    assert not barriers(page, colours=scheme == "dark"), "on a phone"
    page.set_viewport_size({"width": 1280, "height": 900})
    assert not barriers(page, colours=scheme == "dark")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_code_can_be_read(scheme: str) -> None:
    rule = re.compile(rf'data-theme="{scheme}"\] \.highlight( \.\w+)? {{([^}}]*)}}')
    rules = {name.strip(): body for name, body in rule.findall((SITE / "_static" / "pygments.css").read_text())}
    ground = re.search(r"background: (#\w{6})", rules[""])[1]
    inks = {name: re.search(r"(?<!-)color: (#\w{6})", body) for name, body in rules.items()}
    assert len(inks) > 40
    assert not {name: ink[1] for name, ink in inks.items() if ink and contrast(ink[1], ground) < 4.5}


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("<button></button>", "button-name"),
        ('<p style="color: #999; background: #fff">Pale.</p>', "color-contrast"),
        ('<img src="data:,">', "image-alt"),
        ('<input type="range">', "label"),
    ],
)
def test_a_barrier_is_found(browser: Browser, body: str, found: str) -> None:
    page = browser.new_page()
    page.set_content(f'<html lang="en"><title>A page</title><main><h1>A page</h1>{body}</main></html>')
    assert [one.split()[0] for one in barriers(page)] == [found]
    page.close()


@pytest.mark.parametrize("style", ["overflow-x: auto", "overflow: hidden", "overflow-x: scroll"])
def test_what_is_cut_is_found(browser: Browser, style: str) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.set_content(f'<article><div class="cell_output"><pre style="{style}">{"x" * 99}</pre></div></article>')
    assert len(cut(page)) == 1 and not cut(page, ".cell_input")
    page.close()


@pytest.mark.parametrize(("left", "found"), [(150, 0), (20, 1)])
def test_a_text_outside_of_its_drawing_is_found(browser: Browser, left: int, found: int) -> None:
    page = browser.new_page()
    text = f'<text x="{left}" y="20" text-anchor="end" font-size="19">a long name</text>'
    page.set_content(f'<article><div class="tfm"><svg width="200" height="40">{text}</svg></div></article>')
    assert len(cut(page)) == found
    page.close()


@cache
def article(name: str) -> BeautifulSoup:
    """A page as it was built, without scripts and drawings; no browser is needed to follow its links."""
    text = (SITE / name).read_text(encoding="utf-8")
    return BeautifulSoup(re.sub(r"<(script|svg|style)\b.*?</\1>", "", text, flags=re.DOTALL), "html.parser")


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebook_pages_lead_to_notebooks_that_exist(name: str) -> None:
    links = article(name).select("a[href*='colab.research.google.com']")
    assert links
    for link in links:
        path = link["href"].split("/blob/main/")[1]
        assert path.endswith(".ipynb") and (ROOT / path).is_file()


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_counts_as_its_page_does(name: str) -> None:
    captions = [one.get_text().strip() for one in article(name).select("article .caption-number")]
    words = dict.fromkeys(target.words for target in BOOK.targets.values() if target.page == Path(name).stem)
    counted = [one for one in words if re.fullmatch(r"[A-Z][a-z]+\.? (\w+\.)?\d+", one) and not one.startswith("Eq.")]
    assert captions == counted


def test_all_pages_are_in_the_table_of_contents() -> None:
    built = {str(path.relative_to(SITE)) for path in (SITE / "book").glob("*.html")}
    assert built == set(PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_internal_links_lead_somewhere(name: str) -> None:
    for link in article(name).select("article a[href]"):
        address = urlsplit(urljoin(f"/{name}", link["href"]))
        if address.scheme:
            continue
        file = address.path.lstrip("/")
        assert (SITE / file).is_file(), f"{name} links to {link['href']}"
        if address.fragment and file in PAGES:
            assert article(file).find(id=unquote(address.fragment)), f"{name} links to {link['href']}"
