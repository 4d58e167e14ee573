"""Every built page: whole, offline, in light and dark, on a phone."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from built import NOTEBOOKS, PAGES, ROOT, SITE
from editions.labels import Book
from looked_at import barriers, cut, narrow
from playwright.sync_api import Page

Open = Callable[..., Page]
BOOK = Book(ROOT)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_page_is_whole(open_page: Open, name: str, scheme: str) -> None:
    page = open_page(name, color_scheme=scheme, viewport={"width": 1280, "height": 900})
    assert page.title()
    assert page.locator("html").get_attribute("data-theme") == scheme
    missing = page.eval_on_selector_all(
        "article img", "found => found.filter(i => !i.alt || !i.naturalWidth).map(i => i.src)"
    )
    assert not missing, "figures without alternative text, or not there"
    unnamed = page.eval_on_selector_all(
        "article svg",
        "found => found.filter(s => !s.closest('[aria-label], button, a')).map(s => s.outerHTML.slice(0, 99))",
    )
    assert not unnamed, "drawings without alternative text"
    if page.locator("article .math").count():
        assert page.locator("article mjx-container").count() == page.locator("article .math").count()
    assert not page.locator("article mjx-merror").all_inner_texts(), "formulas that cannot be set"
    assert not cut(page), "cut at the right"
    assert not barriers(page, colours=scheme == "dark")
    narrow(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert not cut(page, ".cell_output"), "cut at the right on a phone"
    assert not barriers(page, colours=scheme == "dark"), "on a phone"


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebook_pages_lead_to_notebooks_that_exist(open_page: Open, name: str) -> None:
    page = open_page(name)
    links = page.eval_on_selector_all("a[href*='colab.research.google.com']", "found => found.map(a => a.href)")
    assert links
    for link in links:
        path = link.split("/blob/main/")[1]
        assert path.endswith(".ipynb") and (ROOT / path).is_file()


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_counts_as_its_page_does(open_page: Open, name: str) -> None:
    captions = open_page(name).locator("article .caption-number").all_inner_texts()
    words = dict.fromkeys(target.words for target in BOOK.targets.values() if target.page == Path(name).stem)
    counted = [one for one in words if re.fullmatch(r"[A-Z][a-z]+\.? \d+", one) and not one.startswith("Eq.")]
    assert [one.strip() for one in captions] == counted


def test_all_pages_are_in_the_table_of_contents() -> None:
    built = {str(path.relative_to(SITE)) for path in (SITE / "book").glob("*.html")}
    assert built == set(PAGES)


def test_internal_links_lead_somewhere(open_page: Open, address: str) -> None:
    for name in PAGES:
        links = open_page(name).eval_on_selector_all("article a[href]", "found => found.map(a => a.href)")
        for link in links:
            if link.startswith(address):
                file = SITE / link.removeprefix(address).split("#")[0].lstrip("/")
                assert file.exists(), f"{name} links to {link}"
