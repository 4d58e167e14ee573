"""Every interactive figure of the built book, moved by keyboard and by mouse, against the data behind it."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable

import pytest
from built import CHAPTERS, SITE
from playwright.sync_api import Locator, Page

from tfm_lite import results

Open = Callable[..., Page]
FIGURES = ".tfm:has(input)"


def data_of(figure: Locator) -> dict:
    return json.loads(figure.locator("script[type='application/json']").text_content())


def labels_of(slider: Locator) -> list[str]:
    return json.loads(slider.get_attribute("data-labels"))


def move(page: Page, slider: Locator, value: int) -> None:
    slider.focus()
    page.keyboard.press("Home")
    for _ in range(value):
        page.keyboard.press("ArrowRight")


def assert_shows(figure: Locator, data: dict, k: int) -> None:
    """The figure shows frame k and nothing else, and says so."""
    assert figure.locator("[role=img]").get_attribute("aria-label") == data["alt"][k]
    frames = figure.locator("[data-frame]").all()
    if frames:
        assert [i for i, frame in enumerate(frames) if frame.is_visible()] == [k]
    if "names" in data:
        seen = figure.evaluate(
            """(figure, names) => names.map((name) => {
                const element = figure.querySelector(`[data-name="${name}"]`);
                return element.tagName === "text" ? element.textContent : element.getAttribute("class");
            })""",
            data["names"],
        )
        assert seen == [data["values"][i] for i in data["frames"][k]]
    for slider in figure.locator("input").all():
        label = labels_of(slider)[int(slider.input_value())]
        assert slider.get_attribute("aria-valuetext") == label
        assert slider.locator("xpath=..").locator("output").text_content() == label


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_figure_moves_by_keyboard(open_page: Open, name: str) -> None:
    page = open_page(name)
    figures = page.locator(FIGURES).all()
    assert figures, "a chapter without an interactive figure"
    for figure in figures:
        data, sliders = data_of(figure), figure.locator("input").all()
        places = list(itertools.product(*(range(len(labels_of(slider))) for slider in sliders)))
        assert len(places) == len(data["alt"])
        assert_shows(figure, data, 0)
        few = range(0, len(places), 1 + len(places) // 12)  # of many frames, about a dozen
        for k in {*few, len(places) - 1}:
            for slider, value in zip(sliders, places[k], strict=True):
                move(page, slider, value)
            assert_shows(figure, data, k)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", CHAPTERS)
def test_every_figure_moves_by_touch_on_a_phone(open_page: Open, name: str, scheme: str) -> None:
    page = open_page(name, viewport={"width": 390, "height": 844}, color_scheme=scheme)
    for figure in page.locator(FIGURES).all():
        data = data_of(figure)
        for slider in figure.locator("input").all():
            slider.scroll_into_view_if_needed()
            box = slider.bounding_box()
            assert box["width"] >= 90 and box["x"] >= 0 and box["x"] + box["width"] <= 390
            page.mouse.click(box["x"] + box["width"] - 3, box["y"] + box["height"] / 2)
        assert_shows(figure, data, len(data["alt"]) - 1)


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_figure_plays_and_pauses(open_page: Open, name: str) -> None:
    page = open_page(name)
    for figure in page.locator(f"{FIGURES}:has(button)").all()[:1]:
        button, frames = figure.locator("button"), len(data_of(figure)["alt"])
        button.focus()
        page.keyboard.press("Enter")
        page.wait_for_function("figure => figure.dataset.shown === '1'", arg=figure.element_handle())
        assert button.get_attribute("aria-label") == ("Pause" if frames > 2 else "Play")
        if frames > 2:
            page.keyboard.press("Enter")
        assert button.get_attribute("aria-label") == "Play"


def test_there_are_enough_figures() -> None:
    found = [re.findall(r'class="tfm" data-frames="(\d+)"', (SITE / name).read_text()) for name in CHAPTERS]
    assert sum(int(frames) > 1 for frames in itertools.chain(*found)) >= 9


def test_the_accuracy_matrices_are_those_of_the_records(open_page: Open) -> None:
    """What chapter 1 shows for every method, computed here once more from the records."""
    page = open_page("book/01_forgetting.html")
    figures = page.locator(FIGURES).all()
    (figure,) = [f for f in figures if "finetune" in labels_of(f.locator("input").first)]
    slider = figure.locator("input").first
    for k, method in enumerate(labels_of(slider)):
        move(page, slider, k)
        shown = figure.locator(f"[data-frame='{k}'] text").all_text_contents()
        found = results.select(results.load_all(), tasks="alphabets", method=method, seed=0)
        expected = [[f"{100 * a:.0f}" for row in r.accuracy for a in row if a is not None] for r in found]
        assert sorted(text for text in shown if text.isdigit()) in [sorted(numbers) for numbers in expected]
