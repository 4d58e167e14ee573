"""Every built page in a headless browser that can reach nothing but this machine."""

from __future__ import annotations

import functools
import http.server
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

SITE = Path(__file__).parents[2] / "_build" / "html"
PAGES = ["book/index.html", "book/01_forgetting.html", "book/results.html", "book/bibliography.html"]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    if not SITE.is_dir():
        pytest.fail("the book is not built: run `make book` first")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=SITE))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium: .ci/run must install it")
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


def open_page(browser: Browser, url: str, **context: object) -> tuple[Page, list[str]]:
    """The page and everything that is wrong with it: console errors, exceptions, requests to elsewhere, missing files."""
    wrong: list[str] = []
    page = browser.new_context(**context).new_page()
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("response", lambda response: wrong.append(response.url) if response.status >= 400 else None)

    def local_only(route) -> None:  # type: ignore[no-untyped-def]
        if route.request.url.startswith(("http://127.0.0.1", "data:")):
            route.continue_()
        else:
            wrong.append(f"request to {route.request.url}")
            route.abort()

    page.route("**/*", local_only)
    page.goto(url, wait_until="networkidle")
    return page, wrong


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_page_is_whole(browser: Browser, address: str, name: str, scheme: str) -> None:
    page, wrong = open_page(browser, f"{address}/{name}", color_scheme=scheme)
    assert not wrong
    assert page.title()
    assert page.locator("html").get_attribute("data-theme") == scheme
    missing = page.eval_on_selector_all(
        "article img", "found => found.filter(i => !i.alt || !i.naturalWidth).map(i => i.src)"
    )
    assert not missing, "figures without alternative text, or not there"
    unnamed = page.eval_on_selector_all(
        "article svg.tfm-states", "found => found.filter(s => !s.getAttribute('aria-label'))"
    )
    assert not unnamed
    if page.locator("article .math").count():
        assert page.locator("article mjx-container").count() == page.locator("article .math").count()
    page.context.close()


@pytest.mark.parametrize("name", PAGES)
def test_page_fits_a_phone(browser: Browser, address: str, name: str) -> None:
    page, _ = open_page(browser, f"{address}/{name}", viewport={"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.context.close()


@pytest.mark.parametrize("name", PAGES[1:3])
def test_notebook_pages_lead_to_notebooks_that_exist(browser: Browser, address: str, name: str) -> None:
    page, _ = open_page(browser, f"{address}/{name}")
    links = page.eval_on_selector_all("a[href*='colab.research.google.com']", "found => found.map(a => a.href)")
    assert links
    for link in links:
        path = link.split("/blob/main/")[1]
        assert path.endswith(".ipynb") and (SITE.parents[1] / path).is_file()
    page.context.close()


def test_all_pages_are_listed() -> None:
    built = {str(path.relative_to(SITE)) for path in (SITE / "book").glob("*.html")}
    assert built == set(PAGES)


def test_internal_links_lead_somewhere(browser: Browser, address: str) -> None:
    for name in PAGES:
        page, _ = open_page(browser, f"{address}/{name}")
        links = page.eval_on_selector_all("article a[href]", "found => found.map(a => a.href)")
        for link in links:
            if link.startswith(address):
                file = SITE / link.removeprefix(address).split("#")[0].lstrip("/")
                assert file.exists(), f"{name} links to {link}"
        page.context.close()
