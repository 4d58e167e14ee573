"""Tables that sort and methods that are chosen, operated in a browser beside a figure whose script listens to all buttons."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from made_up_records import records_of
from playwright.sync_api import Page

from tfm_lite.figures import compared
from tfm_lite.figures.explore import explore
from tfm_lite.figures.sortable import Value, sortable
from tfm_lite.figures.versus import in_words, versus
from tfm_lite.runs.suites import SUITES

CONFIGS = list(SUITES["alphabets"]())
GROUPS, _ = compared.grouped({"alphabets": CONFIGS}, list(records_of(CONFIGS, tasks=6)))
ROWS = [["b", Value(2.0, "2.0")], ["c", Value(-10.0, "−10.0")], ["none", Value(None, "–")], ["a", Value(9.0, "9.0")]]


@pytest.fixture
def page(open_html: Callable[[str], Page]) -> Page:
    parts = (
        explore(lambda a: f"<p>{a}</p>", {"a": [1, 2]}, alt=str),
        sortable(["method", "average"], ROWS, title="A table.", by="average"),
        versus(GROUPS, [f"task {t}" for t in range(6)], left="tfm", right="freeze"),
    )
    return open_html("".join(part.html for part in parts))


def test_a_click_sorts_and_another_turns_it_round(page: Page) -> None:
    names = page.locator(".tfm-sortable tbody th")
    by_name, by_average = page.locator(".tfm-sortable thead button").all()
    assert names.all_text_contents() == ["a", "b", "c", "none"]  # as numbers, and what has none last
    by_average.click()
    assert names.all_text_contents() == ["c", "b", "a", "none"]
    by_name.focus()
    page.keyboard.press("Enter")
    assert names.all_text_contents() == ["a", "b", "c", "none"]
    page.keyboard.press("Enter")
    assert names.all_text_contents() == ["none", "c", "b", "a"]
    assert page.locator(".tfm-sortable thead [aria-sort]").count() == 1
    assert by_name.text_content() == "method"  # no other script took it for its own


def test_two_methods_are_chosen_by_keyboard(page: Page) -> None:
    said = page.locator(".tfm-versus [aria-live]")
    assert said.text_content() == in_words(GROUPS["tfm"], GROUPS["freeze"])
    for k, name in enumerate(GROUPS):
        page.locator(".tfm-versus select").nth(1).focus()
        page.keyboard.press("Home")
        for _ in range(k):
            page.keyboard.press("ArrowDown")
        assert said.text_content() == in_words(GROUPS["tfm"], GROUPS[name])
        picture = page.locator("[data-slot]").nth(1).locator("[role=img]")
        assert picture.get_attribute("aria-label").startswith(f"{name}. ")
