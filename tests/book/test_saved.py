"""Pictures and figures are saved as they are shown, each with its licence."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page

from tfm_lite.figures.colours import contrast

Open = Callable[..., Page]
SVG = "{http://www.w3.org/2000/svg}"
LICENCE = "https://creativecommons.org/licenses/by/4.0/"


def saved(page: Page, button: Locator) -> str:
    with page.expect_download() as download:
        button.click()
    assert download.value.suggested_filename.endswith(".svg")
    return Path(download.value.path()).read_text(encoding="utf-8")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["book/01_forgetting.html", "book/04_ternary_masks.html", "book/11_hat.html"])
def test_a_figure_is_saved_as_it_is_shown(open_page: Open, name: str, scheme: str) -> None:
    page = open_page(name, color_scheme=scheme)
    figure = page.locator(".tfm:has([data-labels]):has(+ .save-picture)").first
    text = saved(page, figure.locator("+ .save-picture"))
    drawing = ElementTree.fromstring(text)
    assert drawing.find(f"{SVG}title").text == figure.locator("[role=img]").get_attribute("aria-label")
    assert LICENCE in drawing.find(f"{SVG}metadata").text and "tfm_lite authors" in text
    assert "var(" not in text and "currentColor" not in text and "class=" not in text
    ground = hexadecimal(drawing.find(f"{SVG}rect").get("fill"))
    inks = {hexadecimal(style_of(element)["fill"]) for element in drawing.iter(f"{SVG}text")}
    assert inks and all(contrast(ink, ground) >= 4.5 for ink in inks), (inks, ground)


def style_of(element: ElementTree.Element) -> dict[str, str]:
    return dict(part.split(":", 1) for part in element.get("style").split(";"))


def hexadecimal(colour: str) -> str:
    """What a browser calls rgb(1, 2, 3)."""
    parts = colour.strip().removeprefix("rgb(").removesuffix(")").split(",")
    return "#" + "".join(f"{int(part):02x}" for part in parts)


@pytest.mark.parametrize("name", ["book/index.html", "book/00_reading.html", "book/12_columns.html"])
def test_a_picture_s_file_says_its_licence(open_page: Open, name: str) -> None:
    page = open_page(name)
    text = saved(page, page.locator("article img + .save-picture").first)
    assert LICENCE in text and "the tfm_lite authors" in text
    assert "CC BY 4.0" in page.locator("footer .extra_footer").inner_text()
