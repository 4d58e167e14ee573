"""The playground in a browser: the engine is the package there too, and the page is driven by mouse, touch and keyboard."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import playing
import pytest
from playwright.sync_api import Browser, Page

from tfm_lite.figures.explore import explore
from tfm_lite.figures.playground import playground, save, source
from tfm_lite.figures.playground.page import light

QUICK = {"epochs": 10, "width": 8}
Open = Callable[..., Page]


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """Opens a playground from a file; at the end nothing may have gone wrong, and nothing was asked of the network."""
    wrong: list[str] = []
    contexts = []

    def show(*what: Any, hash: str = "", context: dict[str, Any] | None = None, **how: Any) -> Page:
        contexts.append(browser.new_context(**(context or {})))
        page = contexts[-1].new_page()
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda request: None if request.url.startswith("file:") else wrong.append(request.url))
        path = save(tmp_path / "play.html", playground(*what, **{**QUICK, **how}))
        page.goto(path.as_uri() + hash)
        return page

    yield show
    for context in contexts:
        context.close()
    assert not wrong


def learned(page: Page, tasks: int) -> None:
    """Go on until so many tasks are learned by all."""
    for t in range(tasks):
        if t >= page.evaluate("Math.min(...document.querySelector('.tfm').game.lanes.map((lane) => lane.rows.length))"):
            page.click("[data-action=task]")
        done = "(n) => document.querySelector('.tfm').game.lanes.every((lane) => lane.rows.length >= n)"
        page.wait_for_function(done, arg=t + 1, timeout=120_000)
    page.wait_for_function("!document.querySelector('.tfm').game.until")


def summary(page: Page, lane: int) -> str:
    return page.locator(".summary").nth(lane).inner_text()


@pytest.mark.parametrize("case", ["finetune", "ewc", "packnet", "tfm by schedule"])
def test_the_engine_is_the_package_in_the_browser_too(show: Open, case: str) -> None:
    theirs = playing.reference(case)
    code = f'(() => {{ "use strict"; {light(source())}\n{playing.REPEAT}\nreturn repeated({json.dumps(theirs)}, true); }})()'
    ours = show().evaluate(code)
    assert playing.far(ours["logits"], theirs["logits"]) < 1e-12
    assert ours["matrix"] == theirs["matrix"]
    moved = playing.far(ours["logits"][0][0], ours["logits"][-1][0])
    assert moved == 0 if case in playing.KEEP else moved > 1e-6


def test_three_tasks_by_mouse(show: Open) -> None:
    page = show()
    page.click("[data-action=step]")
    assert "epoch 1 of 10" in page.inner_text("[data-part=where]")
    page.click("[data-action=epoch]")
    page.click("[data-action=play]")
    assert "Pause" in page.inner_text("[data-action=play]")
    page.click("[data-action=play]")
    learned(page, 3)
    assert page.inner_text("[data-part=where]") == "All 3 tasks are learned."
    assert "changed: 1,600 of 1,600" in summary(page, 0) and "changed: 0." in summary(page, 1)
    assert page.locator(".matrix").nth(1).locator("td[style]").count() == 6
    heard = page.inner_text("[data-part=heard]")
    assert "Fine-tuning: task 1" in heard and "Ternary masks: task 1" in heard
    page.locator(".lane").nth(1).locator(".region").first.click()
    assert page.locator(".lane").nth(1).locator("circle.masked").count() > 0  # as task 1 uses it
    page.locator(".lane").nth(1).locator('[data-unit="0.1"]').hover()
    assert page.locator(".said").nth(1).inner_text().startswith("Unit 2 of layer 1 is normal for task 1.")


def test_the_network_is_walked_by_keyboard(show: Open) -> None:
    page = show(["packnet"])
    page.locator(".graph svg").focus()
    said = page.locator(".said")
    for key, words in (
        ("ArrowDown", "Unit 2 of layer 1"),
        ("ArrowRight", "Unit 2 of layer 2"),
        ("Enter", "The weight from unit 1 of layer 1 to unit 2 of layer 2"),
        ("Enter", "The weight from unit 2 of layer 1 to unit 2 of layer 2"),
        ("ArrowRight", "Class 2 of the head"),
    ):
        page.keyboard.press(key)
        assert said.inner_text().startswith(words)
    page.keyboard.press("ArrowLeft")
    page.locator("[data-action=step]").focus()
    page.keyboard.press("Enter")
    assert "epoch 1 of" in page.inner_text("[data-part=where]")


@pytest.mark.parametrize("switch", ["decay", "momentum", "bias", "weight", "norm"])
def test_every_switch_breaks_the_ternary_masks_and_the_mission_says_so(show: Open, switch: str) -> None:
    page = show(["tfm"])
    page.click("text=Break it")
    page.check(f"[data-switch={switch}]")
    assert f"broken={switch}" in page.url
    learned(page, 3)
    assert "of 1,600" in summary(page, 0)
    assert page.locator("[data-part=missions] li").nth(1).get_attribute("class") == "done"


def test_the_first_and_the_third_mission_can_be_done(show: Open) -> None:
    page = show(["finetune", "packnet"], prune=0, epochs=40, width=12)
    learned(page, 3)
    page.click("text=Three missions")
    assert page.locator("[data-part=missions] li.done").count() == 2


def test_a_link_is_a_run(show: Open) -> None:
    page = show()
    page.click("text=Settings")
    for name, presses in (("seed", 3), ("width", 1)):
        page.locator(f"[data-setting={name}]").focus()
        for _ in range(presses):
            page.keyboard.press("ArrowRight")
    page.locator(".card select").first.select_option("blobs")
    page.locator(".lane select").first.select_option("hat")
    learned(page, 2)
    wanted, shown = page.url, page.evaluate("document.querySelector('.tfm').game.lanes.map((lane) => lane.rows)")
    again = show(hash=wanted[wanted.index("#") :])
    learned(again, 2)
    assert again.evaluate("document.querySelector('.tfm').game.lanes.map((lane) => lane.rows)") == shown
    assert 'tasks(["blobs", "xor", "spirals"], seed=3)' in again.locator("[data-part=code]").text_content()


@pytest.mark.parametrize(
    "hash", ["#playground?width=11&tasks=nothing", "#playground?methods=constructor&seed", "#chapters"]
)
def test_an_address_that_says_nothing_opens_as_usual(show: Open, hash: str) -> None:
    page = show(hash=hash)
    assert page.locator(".lane").count() == 2 and page.locator(".card").count() == 3


def test_tasks_are_moved_and_drawn(show: Open) -> None:
    page = show()
    page.get_by_label("task 1 later").click()
    page.get_by_label("task 1 once more at the end").click()
    kinds = "document.querySelector('.tfm').game.state.tasks"
    assert page.evaluate(kinds) == ["xor", "rings", "spirals", "xor"]
    page.get_by_label("task 4 away").click()
    page.get_by_label("data set of task 3").select_option("own")
    page.click("text=begin afresh")
    page.click("text=learn these")
    assert "at least four points" in page.locator(".editor").inner_text()
    page.locator(".editor canvas").click(position={"x": 40, "y": 40})
    page.locator(".editor canvas").focus()
    for key in ("Enter", "ArrowLeft", "Enter", "c", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    page.click("text=learn these")
    own = page.evaluate(kinds)[2]
    assert len(own) == 23 and own.endswith(
        "808007880078881"
    )  # a click, three points by key, the last of the other class


def test_the_tour_is_walked_by_keyboard_and_ends(show: Open) -> None:
    page = show()
    page.locator("[data-action=tour]").focus()
    page.keyboard.press("Enter")
    for k in range(6):
        assert page.inner_text("[data-part=tour]").startswith(f"{k + 1} of 6.") and page.locator(".toured").count() == 1
        page.keyboard.press("Enter")
    assert page.locator("[data-part=tour]").is_hidden()


@pytest.mark.parametrize(
    "context",
    [
        {"viewport": {"width": 390, "height": 844}, "has_touch": True},
        {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"},
        {"viewport": {"width": 900, "height": 900}, "reduced_motion": "reduce"},
    ],
)
def test_nothing_runs_over_the_edge_of_a_phone(show: Open, context: dict[str, Any]) -> None:
    page = show(context=context)
    (page.tap if "has_touch" in context else page.click)("[data-action=task]")
    page.wait_for_function(
        "document.querySelector('.tfm').game.lanes.every((lane) => lane.rows.length)", timeout=120_000
    )
    for folded in page.locator("summary").all():
        folded.click()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("width", [390, 1100])
def test_what_two_methods_do_to_a_task_is_seen_on_one_screen(show: Open, width: int) -> None:
    page = show(context={"viewport": {"width": width, "height": 844}})
    for square in page.locator(".region").all():
        box = square.bounding_box()
        assert box and box["y"] + box["height"] < 844
    names = page.locator(".graph").evaluate_all("(all) => all.map((one) => getComputedStyle(one, '::before').content)")
    assert names == (['"Fine-tuning"', '"Ternary masks"'] if width == 390 else ["none", "none"])


def test_a_square_has_its_tasks_name_in_the_colour_of_that_tasks_weights(show: Open) -> None:
    page = show(["finetune"])
    learned(page, 2)
    colour = "(all) => all.map((one) => getComputedStyle(one)"
    names = page.locator(".region b")
    assert names.all_inner_texts() == ["task 1", "task 2", "task 3"]
    own = names.evaluate_all(f"{colour}.borderBottomColor)")
    drawn = page.locator(".graph line").evaluate_all(f"{colour}.stroke)")
    assert set(drawn) == {own[1]} and len(set(own)) == 3


def test_a_task_has_no_white_card_where_the_book_is_dark(show: Open) -> None:
    page = show(context={"color_scheme": "dark"})
    page.add_style_tag(
        content=".card { color: black; background: white; border: 1px solid; }"
    )  # as the book's theme has it
    card = page.locator(".tfm-playground .card").first
    looks = "(one) => { const { color, backgroundColor, borderTopWidth } = getComputedStyle(one); "
    looks += "return [backgroundColor, borderTopWidth, color === getComputedStyle(one.parentElement).color]; }"
    assert card.evaluate(looks) == ["rgba(0, 0, 0, 0)", "0px", True]


def test_a_small_form_has_its_sliders_only_and_leaves_the_address_alone(show: Open) -> None:
    page = show(["ewc"], controls=["lam"])
    page.locator("[data-setting=lam]").focus()
    page.keyboard.press("End")
    assert "#" not in page.url and page.locator("[data-setting]").count() == 1 and page.locator("details").count() == 0
    assert page.evaluate("document.querySelector('.tfm').game.setup.lam") == 1000


def test_in_a_notebook_two_stand_beside_the_books_other_figures(browser: Browser, tmp_path: Path) -> None:
    """As JupyterLab shows them: HTML is set, scripts are made anew, and only then is it put into the page."""
    outputs = [
        explore(lambda a: f"<p>{a}</p>", {"a": [1, 2]}, alt=str).html,
        playground(**QUICK).html,
        playground(["hat"], **QUICK).html,
    ]
    (tmp_path / "lab.html").write_text('<!doctype html><meta charset="utf-8"><body data-jp-theme-light="true"></body>')
    page, wrong = browser.new_page(), list[str]()
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto((tmp_path / "lab.html").as_uri())
    page.evaluate(
        """(outputs) => outputs.forEach((html) => {
          const host = document.createElement("div");
          host.innerHTML = html;
          for (const old of host.querySelectorAll("script")) {
            const made = document.createElement("script");
            for (const { name, value } of old.attributes) made.setAttribute(name, value);
            made.textContent = old.textContent;
            old.replaceWith(made);
          }
          document.body.append(host);
        })""",
        outputs,
    )
    assert page.locator(".lane").count() == 3
    page.locator("[data-action=step]").first.click()
    page.locator("[data-setting=seed]").first.evaluate("(input) => input.closest('details').open = true")
    page.locator("[data-setting=seed]").first.focus()
    page.keyboard.press("ArrowRight")
    assert "#" not in page.url
    page.locator("input[type=range]").first.focus()  # the other figure
    page.keyboard.press("ArrowRight")
    assert page.locator("[data-shown]").first.get_attribute("data-shown") == "1"
    page.close()
    assert not wrong
