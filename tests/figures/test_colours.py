"""Colours that can be seen and words that can be read, in light and dark: computed, without a browser.

WCAG 2.2 asks for a contrast of 4.5 between words and their ground and of 3 between a mark and what is beside it. A scale of
colours, such as a heat map's, begins at the page's colour: its numbers stand in it, or its words say them.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from itertools import product
from pathlib import Path

import matplotlib
import pytest
from matplotlib.colors import to_hex

from tfm_lite.figures import colours, drawing, explore, plots
from tfm_lite.figures.colours import contrast, ink_on

ASSETS = Path(__file__).parents[2] / "book" / "_assets"
STYLE = Path(explore.__file__).with_name("explore.css").read_text()
SCHEMES = [
    {name: code if len(code) == 7 else "#" + "".join(digit * 2 for digit in code[1:]) for name, code in found}
    for found in (re.findall(r"--(\w+): (#\w+)", block) for block in re.findall(r"\{([^}]*--fg:[^}]*)\}", STYLE))
]
GROUNDS = [scheme["bg"] for scheme in SCHEMES]
SVG = "{http://www.w3.org/2000/svg}"


def test_there_is_a_light_and_a_dark_scheme() -> None:
    assert GROUNDS == ["#ffffff", "#14181e"] and SCHEMES[0].keys() == SCHEMES[1].keys()


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [("#000000", "#ffffff", 21), ("#ffffff", "#000000", 21), ("#1c7ed6", "#1c7ed6", 1), ("#767676", "#ffffff", 4.54)],
)
def test_contrast_is_that_of_the_guidelines(one: str, other: str, expected: float) -> None:
    assert contrast(one, other) == pytest.approx(expected, abs=0.005)


@pytest.mark.parametrize("colour", [*colours.STATES.values(), *colours.TASKS, "#808080"])
@pytest.mark.parametrize("ground", GROUNDS)
def test_marks_can_be_seen(colour: str, ground: str) -> None:
    assert contrast(colour, ground) >= 3


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("words", "ground"), [*product(("fg", "muted"), ("bg", "field")), ("bg", "fg")])
def test_words_of_a_figure_can_be_read(scheme: dict[str, str], words: str, ground: str) -> None:
    assert contrast(scheme[words], scheme[ground]) >= 4.5


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("mark", ["line", "accent"])
def test_controls_can_be_seen(scheme: dict[str, str], mark: str) -> None:
    assert contrast(scheme[mark], scheme["bg"]) >= 3


def test_on_any_ground_one_ink_can_be_read() -> None:
    for red, green, blue in product(range(0, 256, 15), repeat=3):
        ground = f"#{red:02x}{green:02x}{blue:02x}"
        assert contrast(ink_on(ground), ground) >= 4.5


def over(colour: str, opacity: float, ground: str) -> str:
    """What is seen of a colour that lets its ground through."""
    mixed = (opacity * int(colour[i : i + 2], 16) + (1 - opacity) * int(ground[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(part):02x}" for part in mixed)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("value", [0.0, 0.25, 0.5, 0.75, 1.0])
def test_numbers_of_a_drawn_matrix_can_be_read(scheme: dict[str, str], value: float) -> None:
    svg = drawing.matrix([[value]], ["one"])
    colour, opacity = re.search(r'fill="(#\w+)" fill-opacity="([\d.]+)"', svg).groups()
    assert contrast(scheme["fg"], over(colour, float(opacity), scheme["bg"])) >= 4.5


@pytest.mark.parametrize("value", range(0, 101, 4))
def test_numbers_of_a_plotted_matrix_can_be_read(value: int) -> None:
    _, ax = plots.axes()
    plots.accuracy_matrix([[value / 100]], ["one"], ax)
    assert contrast(to_hex(ax.texts[0].get_color()), to_hex(matplotlib.colormaps["Blues"](value / 100))) >= 4.5


def test_words_beside_marks_have_the_page_s_colour() -> None:
    _, ax = plots.axes()
    plots.forgetting([None, 0.5, 0.4], [None, None, 0.4], ["a", "b", "c"], ax)
    assert len(ax.texts) == 2 and {to_hex(text.get_color()) for text in ax.texts} == {"#000000"}


def grounds(path: Path) -> list[tuple[str, str, str]]:
    """Every text of a picture, its colour, and that of the mark below it; else of the page, in both schemes."""
    found, marks = [], list[ElementTree.Element]()
    for element in ElementTree.parse(path).getroot():
        if element.tag == f"{SVG}text":
            x, y = float(element.get("x", 0)), float(element.get("y", 0)) - 4  # within the first letter
            x += 1 if element.get("text-anchor") == "start" else 0
            below = [mark.get("fill", "") for mark in marks if holds(mark, x, y)][-1:] or GROUNDS
            found += [(element.text or "", element.get("fill", ""), ground) for ground in below]
        marks.append(element)
    return found


def holds(mark: ElementTree.Element, x: float, y: float) -> bool:
    at = {name: float(mark.get(name, 0)) for name in ("x", "y", "width", "height", "cx", "cy", "r")}
    if mark.tag == f"{SVG}circle":
        return (x - at["cx"]) ** 2 + (y - at["cy"]) ** 2 <= at["r"] ** 2
    return mark.tag == f"{SVG}rect" and 0 <= x - at["x"] <= at["width"] and 0 <= y - at["y"] <= at["height"]


@pytest.mark.parametrize("path", sorted(ASSETS.glob("*.svg")), ids=lambda path: path.stem)
def test_words_of_a_picture_can_be_read(path: Path) -> None:
    assert not [(text, ink, ground) for text, ink, ground in grounds(path) if contrast(ink, ground) < 4.5]


@pytest.mark.parametrize("path", sorted(ASSETS.glob("*.svg")), ids=lambda path: path.stem)
def test_a_picture_says_its_licence(path: Path) -> None:
    assert "creativecommons.org/licenses/by/4.0/" in path.read_text() and "the tfm_lite authors" in path.read_text()


def test_pictures_with_words_are_looked_at() -> None:
    assert sum(len(grounds(path)) for path in ASSETS.glob("*.svg")) > 20
