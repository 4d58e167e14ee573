"""Interactive figures as HTML: weight, words, first frame; what the page does with them is tested in tests/book."""

from __future__ import annotations

import json
import re

import pytest

from tfm_lite.figures import plots
from tfm_lite.figures.drawing import columns, heat, matrix, network, squares
from tfm_lite.figures.explore import Interactive, explore, figure, recolour


def line(height: int) -> object:
    fig, ax = plots.axes()
    ax.plot([0, 1], [0, height])
    return fig


def data_of(shown: Interactive) -> dict:
    return json.loads(re.search(r'<script type="application/json">(.*?)</script>', shown.html)[1])


@pytest.mark.parametrize("words", ["<!-- <script", "</script><b>", "a < b <!--"])
def test_no_text_leaves_the_figures_data(words: str) -> None:
    """A browser that reads these in a script goes on to the end of the page in search of what closes them."""
    shown = explore(lambda k: "<svg></svg>", {"k": [1, 2]}, alt=lambda k: f"{words} {k}")
    inside = re.findall(r'<script type="application/json">(.*?)</script>', shown.html)
    assert "<" not in inside[0] and json.loads(inside[0])["alt"] == [f"{words} 1", f"{words} 2"]


def test_every_combination_of_values_has_a_frame_and_its_words() -> None:
    shown = explore(lambda a, b: f"<p>{a}{b}</p>", {"a": [1, 2], "b": "xyz"}, alt=lambda a, b: f"{a} and {b}")
    assert re.findall(r"<p>(\w+)</p>", shown.html) == ["1x", "1y", "1z", "2x", "2y", "2z"]
    assert data_of(shown)["alt"] == ["1 and x", "1 and y", "1 and z", "2 and x", "2 and y", "2 and z"]
    assert shown.html.count(" hidden>") == 5


def test_a_drawing_carries_its_first_frame() -> None:
    svg = network([2, 2], labels=["in", "out"])
    states = {1: "normal", 2: "masked"}
    frame = lambda t: {"0.0": states[t], "1.1": "forward-only", "label 1": f"task {t} <"}  # noqa: E731
    shown = recolour(svg, frame, {"task": [1, 2]}, alt=lambda t: f"task {t}")
    assert re.search(r'data-name="0.0"[^>]*class="normal"', shown.html)
    assert re.search(r'data-name="label 1"[^>]*>task 1 &lt;', shown.html)
    data = data_of(shown)
    assert [[data["values"][i] for i in each] for each in data["frames"]] == [list(frame(t).values()) for t in (1, 2)]


@pytest.mark.parametrize("word", ["nobody", "0.7"])
def test_a_name_that_the_drawing_lacks_is_an_error(word: str) -> None:
    with pytest.raises(ValueError, match=word):
        recolour(network([2]), lambda t: {word: "normal"}, {"task": [1, 2]}, alt=str)


def test_figures_need_words_that_change() -> None:
    with pytest.raises(ValueError, match="alternative text"):
        figure("<svg></svg>", alt=" ")
    with pytest.raises(ValueError, match="never changes"):
        explore(str, {"a": [1, 2]}, alt=lambda a: "a picture")


def test_controls_need_values() -> None:
    with pytest.raises(ValueError, match="at least two"):
        explore(str, {"a": [1]}, alt=str)


def test_a_figure_opens_where_it_is_told() -> None:
    controls = {"a": [1, 2], "b": "xyz"}
    shown = explore(lambda a, b: f"<p>{a}{b}</p>", controls, alt=lambda a, b: f"{a} and {b}", start={"b": "y"})
    assert re.search(r'<div data-frame="1"><p>1y</p>', shown.html) and shown.html.count(" hidden>") == 5
    assert 'aria-label="1 and y"' in shown.html and shown.text == "1 and y"
    assert re.findall(r'max="\d" step="1" value="(\d)"', shown.html) == ["0"]
    assert re.findall(r'value="(\d)" checked><span>(\w)<', shown.html) == [("1", "y")]
    drawing = recolour(network([2]), lambda a: {"0.0": f"s{a}"}, {"a": [1, 2]}, alt=str, start={"a": 2})
    assert 'class="s2"' in drawing.html
    for wrong in ({"b": "w"}, {"c": 1}):
        with pytest.raises(ValueError, match="opens at values of its controls"):
            explore(lambda a, b: f"<p>{a}{b}</p>", controls, alt=lambda a, b: f"{a} and {b}", start=wrong)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2], "range"),
        (["0 %", "3 %", "−1"], "range"),
        (["forward", "backward"], "radio"),
        ([f"method {k}" for k in range(9)], "select"),
    ],
)
def test_names_are_buttons_or_a_menu_and_numbers_a_slider(values: list, kind: str) -> None:
    shown = explore(lambda a: f"<p>{a}</p>", {"a": values}, alt=str, start={"a": values[1]})
    found = {"range": 'type="range"', "radio": 'type="radio"', "select": "<select"}
    assert [name for name, mark in found.items() if mark in shown.html.split("<script")[0]] == [kind]
    at = {"range": 'value="1" aria', "radio": 'value="1" checked>', "select": 'value="1" selected>'}
    assert at[kind] in shown.html and shown.html.count("selected>") + shown.html.count(" checked>") <= 1
    assert ('aria-label="Play"' in shown.html) == (kind == "range")  # names have no order to be played in


def test_buttons_of_two_figures_do_not_belong_together() -> None:
    groups = [
        set(re.findall(r'type="radio" name="([^"]*)"', explore(draw, {"a": ["b", "c"]}, alt=str).html))
        for draw in (lambda a: f"<p>{a}</p>", lambda a: f"<p>{a}!</p>")
    ]
    assert len(groups[0]) == len(groups[1]) == 1 and groups[0] != groups[1]


def test_a_caption_has_its_number_in_bold() -> None:
    shown = figure("<svg></svg>", alt="nothing", caption="**Figure 1.1.** Less < more.")
    assert '<p class="tfm-caption"><b>Figure 1.1.</b> Less &lt; more.</p>' in shown.html


def test_a_matrix_shows_what_is_known_and_in_percent() -> None:
    svg = matrix([[0.9, None], [0.25, 0.8]], ["first", "second"])
    assert re.findall(r">(\d+)</text>", svg) == ["90", "25", "80"]
    shades = [float(shade) for shade in re.findall(r'fill-opacity="([\d.]+)"', svg)]
    assert shades[0] > shades[2] > shades[1] > 0
    assert svg.count("first") == svg.count("second") == 2


def test_a_heat_map_is_fuller_where_there_is_more() -> None:
    svg = heat({"one": [[0.0, 1.0]], "two": [[4.0], [2.0]]}, tops=[1.0, 4.0], colours=["#123456", "#654321"])
    shades = [float(shade) for shade in re.findall(r'fill-opacity="([\d.]+)"', svg)]
    assert shades == [0.04, 1.0, 1.0, 0.52]
    assert re.findall(r">(\w+)</text>", svg) == ["one", "two"]
    left = [float(x) for x in re.findall(r'<rect x="([\d.]+)"', svg)]
    assert left[0] < left[1] < left[2] == left[3]


def test_squares_have_names_by_row_and_column() -> None:
    svg = squares(2, 3, step=10)
    assert re.findall(r'data-name="([^"]*)" x="(\d+)" y="(\d+)"', svg)[-1] == ("1-2", "20", "10")
    assert svg.count("<rect") == 6
    recolour(svg, lambda a: {"0-0": f"s{a}"}, {"a": [1, 2]}, alt=str)


def test_columns_are_as_tall_as_their_shares() -> None:
    svg = columns([0.0, 0.5, 1.0], ["#111111", "#222222", "#333333"], height=100)
    assert re.findall(r'height="(\d+)" fill="(#\d+)"', svg) == [("1", "#111111"), ("50", "#222222"), ("100", "#333333")]


def test_a_network_is_as_high_as_its_widest_layer_needs() -> None:
    heights = [int(re.search(r'viewBox="0 0 560 (\d+)"', network([n, 2]))[1]) for n in (2, 6)]
    assert heights[0] < heights[1]
    y = [float(value) for value in re.findall(r'cy="([\d.]+)"', network([6, 2]))]
    assert min(y) > 0 and max(y) < heights[1]


def test_live_controls_run_the_work_again(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("ipywidgets")
    from tfm_lite.figures.explore import live

    asked: list[tuple[float, str]] = []

    def work(rate: float, name: str) -> Interactive:
        asked.append((rate, name))
        return figure(f"<p>{rate} {name}</p>", alt="a result")

    box = live(work, {"learning rate": [0.1, 0.2], "name": ["a", "b"]})
    rate, _, button, _ = box.children
    rate.value = 0.2
    assert not asked  # it may take long: only the button starts it
    button.click()
    assert asked == [(0.2, "a")] and not button.disabled
    assert "Interactive" in capsys.readouterr().out  # without a notebook, what it would show


def test_a_heavy_figure_is_refused() -> None:
    with pytest.raises(ValueError, match="weighs"):
        explore(lambda a: "x" * 200_000, {"a": [1, 2]}, alt=str)


def test_matplotlib_figures_follow_the_theme_and_share_no_ids() -> None:
    shown = explore(line, {"height": [1, 2]}, alt=lambda height: f"up to {height}")
    assert "currentColor" in shown.html
    assert not re.search(r"(fill|stroke): ?#000000", shown.html)
    ids = re.findall(r'\bid="([^"]+)"', shown.html)
    assert len(ids) == len(set(ids))
    known = set(ids)
    assert all(target in known for target in re.findall(r'href="#([^"]+)"', shown.html))


def test_what_frames_change_has_no_class_of_its_own() -> None:
    svg = '<svg><rect class="unsaid" data-name="a"/></svg>'
    with pytest.raises(ValueError, match="'a' has a class in the drawing"):
        recolour(svg, lambda k: {"a": f"task-{k}"}, {"k": [0, 1]}, alt=lambda k: f"task {k}")
