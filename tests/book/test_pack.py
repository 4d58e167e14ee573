"""The book in one file, unpacked and opened without a server and without a network."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pack
import pytest
from built import PAGES, SITE
from playwright.sync_api import Browser, Page, Route

pytestmark = pytest.mark.xdist_group("pack")  # of one process: packing takes a while


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("packed") / "book.zip"
    pack.pack(SITE, target)
    return target


@pytest.fixture(scope="module")
def unpacked(packed: Path) -> Path:
    with zipfile.ZipFile(packed) as file:
        file.extractall(packed.parent)
    (folder,) = (path for path in packed.parent.iterdir() if path.is_dir())
    return folder


@pytest.fixture
def open_file(browser: Browser, unpacked: Path) -> Iterator[Callable[[str], Page]]:
    """Opens a file of the unpacked book; nothing may be asked of a network, and no script may fail."""
    context, wrong = browser.new_context(offline=True), list[str]()

    def here_only(route: Route) -> None:
        if route.request.url.startswith((unpacked.as_uri(), "data:")):
            route.continue_()
        else:
            wrong.append(f"request to {route.request.url}")
            route.abort()

    def open_file(name: str) -> Page:
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.route("**/*", here_only)
        page.goto(f"{unpacked.as_uri()}/{name}", wait_until="load")
        return page

    yield open_file
    context.close()
    assert not wrong


def test_one_folder_with_the_page_to_open_at_its_top(packed: Path) -> None:
    with zipfile.ZipFile(packed) as file:
        names, times = file.namelist(), {entry.date_time for entry in file.infolist()}
    tops, files = zip(*(name.split("/", 1) for name in names), strict=True)
    assert set(tops) == {pack.FOLDER} and list(files) == sorted(files)
    assert {"index.html", "LICENSE", "LICENSE-TEXT", *PAGES} <= set(files)
    assert times == {pack.WHEN} and not any(part.startswith(".") for name in names for part in name.split("/"))


def test_the_same_pages_give_the_same_file(tmp_path: Path) -> None:
    files = []
    for name, order in (("one", 1), ("two", -1)):
        site = tmp_path / name
        for part in ["index.html", "b/c.html", "a.js"][::order]:
            (site / part).parent.mkdir(parents=True, exist_ok=True)
            (site / part).write_text(part)
        pack.pack(site, tmp_path / f"{name}.zip")
        files.append((tmp_path / f"{name}.zip").read_bytes())
    assert files[0] == files[1]


@pytest.mark.parametrize("name", ["page.html", "search.js", "_sources/page.ipynb"])
def test_a_path_of_this_machine_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "_sources").mkdir()
    (tmp_path / "index.html").write_text("home")
    (tmp_path / name).write_text(f"made in {pack.ROOT}/book")
    with pytest.raises(ValueError, match=name):
        pack.pack(tmp_path, tmp_path / "book.zip")
    assert not (tmp_path / "book.zip").exists()


def test_without_a_book_the_command_that_builds_it_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="make book"):
        pack.pack(tmp_path, tmp_path / "book.zip")


def test_it_opens_at_the_first_page(open_file: Callable[[str], Page]) -> None:
    page = open_file("index.html")
    page.wait_for_url("**/book/index.html")
    page.get_by_role("link", name="4. Ternary masks").first.click()
    page.wait_for_url("**/04_ternary_masks.html")


def test_formulas_are_set(open_file: Callable[[str], Page]) -> None:
    page = open_file("book/04_ternary_masks.html")
    page.wait_for_function("document.querySelectorAll('article mjx-container').length > 10")
    assert page.evaluate("async () => { await document.fonts.ready; return document.fonts.check('12px MJXTEX') }")
    assert page.locator("article mjx-container").count() == page.locator("article .math").count()


def test_figures_move(open_file: Callable[[str], Page]) -> None:
    page = open_file("book/04_ternary_masks.html")
    figure = page.locator(".tfm:has(input[type=range])").first
    said = figure.locator("[role=img]").get_attribute("aria-label")
    figure.locator("input[type=range]").first.focus()
    page.keyboard.press("ArrowRight")
    assert figure.locator("[role=img]").get_attribute("aria-label") != said


@pytest.mark.parametrize("words", ["forgetting", "Fisher", "ternary"])
def test_the_search_finds(open_file: Callable[[str], Page], words: str) -> None:
    page = open_file("book/index.html")
    page.keyboard.press("Control+k")
    page.locator("#pst-search-dialog input").fill(words)
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=*")
    link = page.locator("#search-results li a").first
    link.wait_for()
    link.click()
    page.wait_for_url("**/book/*.html*")
