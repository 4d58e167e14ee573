"""Every interactive figure of the built book, moved by keyboard and by mouse, against the data behind it."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable

import pytest
from built import CHAPTERS, CONCEPTS, SITE
from looked_at import outside
from playwright.sync_api import Locator, Page

from tfm_lite.figures.colours import STATES
from tfm_lite.nn import growth
from tfm_lite.runs import results
from tfm_lite.runs.suites import SUITES

Open = Callable[..., Page]
FIGURES = ".tfm:has([data-labels])"


def data_of(figure: Locator) -> dict:
    return json.loads(figure.locator("script[type='application/json']").text_content())


def controls_of(figure: Locator) -> list[Locator]:
    """The rows with a slider, buttons or a menu."""
    return figure.locator("[data-labels]").all()


def labels_of(control: Locator) -> list[str]:
    return json.loads(control.get_attribute("data-labels"))


def value_of(control: Locator) -> int:
    """What is chosen, counted from 0."""
    return int(control.locator("input[type=range], input:checked, select").input_value())


def move(page: Page, control: Locator, value: int) -> None:
    """Choose a value by keyboard."""
    if control.locator("input[type=radio]").count():  # the keys go round
        control.locator("input:checked").focus()
        for _ in range((value - value_of(control)) % len(labels_of(control))):
            page.keyboard.press("ArrowRight")
        return
    control.locator("input, select").focus()
    page.keyboard.press("Home")
    for _ in range(value):
        page.keyboard.press("ArrowDown" if control.locator("select").count() else "ArrowRight")


def point_at(page: Page, control: Locator, end: str) -> None:
    """Choose the first or the last value by mouse."""
    last = len(labels_of(control)) - 1 if end == "right" else 0
    if control.locator("select").count():  # its list is drawn by the system
        return move(page, control, last)
    part = control.locator("input").nth(last if control.locator("input[type=radio]").count() else 0)
    part.scroll_into_view_if_needed()
    box = part.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= page.viewport_size["width"] and box["height"] >= 24
    x = box["x"] + box["width"] / 2
    if not control.locator("input[type=radio]").count():
        assert box["width"] >= 90
        x = box["x"] + (box["width"] - 3 if end == "right" else 3)
    page.mouse.click(x, box["y"] + box["height"] / 2)


def opens_at(controls: list[Locator]) -> int:
    """The frame that the controls choose; the last one moves fastest."""
    k = 0
    for control in controls:
        k = k * len(labels_of(control)) + value_of(control)
    return k


def drawn(figure: Locator) -> str:
    """What the figure draws now, without the ids that differ anyway."""
    shown = figure.locator("[data-frame]:not([hidden])")
    picture = shown if shown.count() else figure.locator("[role=img]")
    return re.sub(r"tfm\d+-", "", picture.inner_html())


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
    for control in controls_of(figure):
        label = labels_of(control)[value_of(control)]
        if control.locator("input[type=range]").count():
            assert control.locator("input").get_attribute("aria-valuetext") == label
            assert control.locator("output").text_content() == label
        elif control.locator("select").count():
            assert control.locator("option:checked").text_content() == label
        else:
            assert control.locator("input:checked + span").text_content() == label


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_figure_moves_by_keyboard(open_page: Open, name: str) -> None:
    page = open_page(name)
    figures = page.locator(FIGURES).all()
    assert figures or name not in CONCEPTS, "a concept chapter without an interactive figure"
    for figure in figures:
        data, controls = data_of(figure), controls_of(figure)
        places = list(itertools.product(*(range(len(labels_of(control))) for control in controls)))
        assert len(places) == len(data["alt"])
        assert_shows(figure, data, opens_at(controls))
        few = range(0, len(places), 1 + len(places) // 12)  # of many frames, about a dozen
        pictures = {}
        for k in {*few, len(places) - 1}:
            for control, value in zip(controls, places[k], strict=True):
                move(page, control, value)
            assert_shows(figure, data, k)
            assert not outside(page)
            pictures[k] = drawn(figure)
        assert len(set(pictures.values())) > len(pictures) / 2, "the words change, and the picture does not"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", CHAPTERS)
def test_every_figure_moves_by_mouse_on_a_phone(open_page: Open, name: str, scheme: str) -> None:
    page = open_page(name, viewport={"width": 390, "height": 844}, color_scheme=scheme)
    for figure in page.locator(FIGURES).all():
        data, pictures = data_of(figure), []
        for end in ("right", "left"):
            for control in controls_of(figure):
                point_at(page, control, end)
            assert_shows(figure, data, len(data["alt"]) - 1 if end == "right" else 0)
            pictures.append(drawn(figure))
        assert pictures[0] != pictures[1]


@pytest.mark.parametrize("name", CONCEPTS)
def test_a_slider_can_be_dragged(open_page: Open, name: str) -> None:
    page = open_page(name)
    figure = page.locator(".tfm:has(input[type=range])").first
    row = figure.locator("[data-labels]:has(input[type=range])").first
    slider = row.locator("input")
    slider.scroll_into_view_if_needed()
    box, last = slider.bounding_box(), len(labels_of(row)) - 1
    y = box["y"] + box["height"] / 2
    knob = box["x"] + 8 + (box["width"] - 16) * int(slider.input_value()) / last
    page.mouse.move(knob, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] + 20, y, steps=8)
    page.mouse.up()
    assert slider.input_value() == str(last)
    assert_shows(figure, data_of(figure), opens_at(controls_of(figure)))


@pytest.mark.parametrize("name", CHAPTERS)
def test_figures_are_readable_on_a_phone(open_page: Open, name: str) -> None:
    page = open_page(name, viewport={"width": 390, "height": 844})
    sizes = page.eval_on_selector_all(
        ".tfm svg text",
        """found => found.filter((text) => text.textContent && text.getClientRects().length).map((text) => {
            const scale = Math.hypot(text.getScreenCTM().a, text.getScreenCTM().b);
            return [scale * parseFloat(getComputedStyle(text).fontSize), text.textContent];
        })""",
    )
    assert not [(round(size, 1), text) for size, text in sizes if size < 8]


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_figure_plays_and_pauses(open_page: Open, name: str) -> None:
    page = open_page(name)
    for figure in page.locator(f"{FIGURES}:has(button)").all()[:1]:
        button, frames = figure.locator("button"), len(data_of(figure)["alt"])
        opens = opens_at(controls_of(figure))  # after the last frame comes the first
        button.focus()
        page.keyboard.press("Enter")
        page.wait_for_function(f"figure => figure.dataset.shown !== '{opens}'", arg=figure.element_handle())
        seen = "figure => [Number(figure.dataset.shown), figure.querySelector('button').getAttribute('aria-label')]"
        shown, label = figure.evaluate(seen)  # at one moment, for it plays on
        assert label == ("Pause" if shown < frames - 1 else "Play")
        if label == "Pause":
            page.keyboard.press("Enter")
        assert button.get_attribute("aria-label") == "Play"


def test_there_are_enough_figures() -> None:
    found = [re.findall(r'class="tfm" data-frames="(\d+)"', (SITE / name).read_text()) for name in CHAPTERS]
    assert sum(int(frames) > 1 for frames in itertools.chain(*found)) >= 9


def test_the_accuracy_matrices_are_those_of_the_records(open_page: Open) -> None:
    """What chapter 1 shows for every method, computed here once more from the records."""
    page = open_page("book/01_forgetting.html")
    figures = page.locator(FIGURES).all()
    (figure,) = [f for f in figures if "finetune" in labels_of(controls_of(f)[0])]
    (control,) = controls_of(figure)
    for k, method in enumerate(labels_of(control)):
        move(page, control, k)
        shown = figure.locator(f"[data-frame='{k}'] text").all_text_contents()
        found = results.select(results.load_all(), tasks="alphabets", method=method, seed=0)
        expected = [[f"{100 * a:.0f}" for row in r.accuracy for a in row if a is not None] for r in found]
        assert sorted(text for text in shown if text.isdigit()) in [sorted(numbers) for numbers in expected]


def figure_with(page: Page, *labels: str) -> Locator:
    """The figure whose first control has these labels."""
    (figure,) = [f for f in page.locator(FIGURES).all() if labels_of(controls_of(f)[0]) == list(labels)]
    return figure


def points(frame: Locator, colour: str) -> list[tuple[str, str]]:
    """Where a frame of matplotlib's has markers of this colour."""
    found = frame.locator(f"use[style*='{colour}']").all()
    return [(point.get_attribute("x"), point.get_attribute("y")) for point in found]


def test_bars_are_as_long_as_they_say(open_page: Open) -> None:
    """Chapter 1: the accuracy of every task while training proceeds."""
    page = open_page("book/01_forgetting.html")
    figure = page.locator(f"{FIGURES}:has(label:text-is('epoch'))").first
    for k in range(len(data_of(figure)["alt"])):
        frame = figure.locator(f"[data-frame='{k}']")
        widths = [float(rect.get_attribute("width")) for rect in frame.locator("rect").all()]
        texts = frame.locator("text").all_text_contents()[1::2]
        percent = [float(text.removesuffix(" %") or 0) for text in texts]
        unit = max(widths) / max(percent)
        assert all(
            abs(w - unit * p) <= 0.006 * max(widths) * 100 / max(percent) + 1
            for w, p in zip(widths, percent, strict=True)
        )


@pytest.mark.parametrize("way", ["forward", "backward"])
def test_connections_learn_by_equation_5(open_page: Open, way: str) -> None:
    """Chapter 4: what is orange in the drawing is new between two masks, computed here once more."""
    page = open_page("book/04_ternary_masks.html")
    figure = page.locator(f"{FIGURES}:has([data-name='2.0-0'])").first
    of_task, of_way = controls_of(figure)
    ways = labels_of(of_way)
    owners = [[0, 0, 0], [0, 0, 1, 1, 2, 2], [0, 0, 1, 1, 2, 2], [0, 0, 1, 1, 2, 2]]
    for task in range(3):
        move(page, of_task, task)
        move(page, of_way, ways.index(way))
        for layer in range(2):
            for (i, a), (j, b) in itertools.product(enumerate(owners[layer]), enumerate(owners[layer + 1])):
                now, before = (a <= t and b <= t for t in (task, task - 1))
                state = "normal" if now and not before else "forward-only" if before and way == "forward" else "off"
                line = figure.locator(f"[data-name='{layer}.{i}-{j}']")
                assert line.get_attribute("class") == state, (task, layer, i, j)


def test_the_margin_chooses_as_the_records_say(open_page: Open) -> None:
    """Chapter 6: size against accuracy; the orange point stands where the records and the margin put it."""
    page = open_page("book/06_growth.html")
    figure = figure_with(page, "2", "3", "4", "5", "6")
    config = next(config for config in SUITES["alphabets"]([0]) if config.method == "tfm")
    (record,) = [r for r in results.load_all() if config.describes(r)]
    tasks, margins = map(labels_of, controls_of(figure))
    words = data_of(figure)["alt"]
    for k, (task, margin) in enumerate(itertools.product(tasks, margins)):
        tried = growth.candidates(record.structure["fractions"][int(task) - 2], (0.0, 0.025, 0.05, 0.1, 0.15))
        accuracies = [fit["accuracy"] for fit in record.fits[int(task) - 1]]
        best = max(accuracies) - float(margin.removesuffix(" %")) / 100
        chosen = next(i for i, accuracy in enumerate(accuracies) if accuracy >= best)
        assert words[k].endswith(f"Chosen: {100 * tried[chosen]:.1f} %.")
        frame = figure.locator(f"[data-frame='{k}']")
        candidates = points(frame, STATES["forward-only"])
        assert len(candidates) == len(tried)
        assert points(frame, STATES["normal"]) == [candidates[chosen]]


def test_growth_is_that_of_the_records(open_page: Open) -> None:
    """Chapter 6: what each task added, of every seed."""
    page = open_page("book/06_growth.html")
    figure = figure_with(page, "network", "layers")
    found = [r for c in SUITES["alphabets"]() if c.method == "tfm" for r in results.load_all() if c.describes(r)]
    for k, record in enumerate(sorted(found, key=lambda r: r.config["seed"])):
        sizes = [100 * size for size in record.structure["fractions"]]
        words = data_of(figure)["alt"][k]
        added = [
            f"{name} +{b - a:.1f}" for name, (a, b) in zip(record.tasks[1:], itertools.pairwise(sizes), strict=True)
        ]
        assert all(text in words for text in [f"Latin {sizes[0]:.1f}", *added, f"{sizes[-1]:.1f} in all"])
