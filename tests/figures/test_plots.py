"""Plots show their data, say it in words, and cover none of it; the paper's tables beside ours."""

from __future__ import annotations

import inspect
import re
from dataclasses import replace
from statistics import mean

import pytest
from made_up_records import record_of
from matplotlib.text import Annotation

from tfm_lite.figures import alt, plots, scores, tables
from tfm_lite.figures.colours import STATES
from tfm_lite.figures.plots import Point
from tfm_lite.figures.scores import Cell, Line
from tfm_lite.runs import results
from tfm_lite.runs.config import Config
from tfm_lite.runs.results import Result

POINTS = [
    Point("Finetuning", 0.098, 0),
    Point("Freezing", 0.338, 0, zero_forgetting=True),
    Point("EWC", 0.147, 456e6, spread=0.01),
    Point("LwF", 0.147, 456e6),
    Point("HAT", 0.242, 150e3),
    Point("PackNet", 0.418, 27.3e6, zero_forgetting=True),
    Point("TFM w/o FN", 0.42, 9_344, zero_forgetting=True, highlight=True),
    Point("TFM", 0.433, 234e3, zero_forgetting=True, highlight=True),
]
DRAWN = [
    name
    for name, function in vars(plots).items()
    if inspect.isfunction(function) and not name.startswith("_") and "ax" in inspect.signature(function).parameters
]


@pytest.mark.parametrize("name", [name for name in DRAWN if name != "legend"])
def test_every_plot_has_words_of_the_same_data(name: str) -> None:
    ours, words = (list(inspect.signature(getattr(module, name)).parameters) for module in (plots, alt))
    assert [p for p in ours if p not in ("ax", "ends")] == words


def test_accuracy_against_overhead_stands_where_the_numbers_say() -> None:
    ax = plots.axes(width=6, height=4.6)[1]
    plots.accuracy_against_overhead(POINTS, ax)
    drawn = [container[0] for container in ax.containers]
    places = [(float(line.get_xdata()[0]), float(line.get_ydata()[0])) for line in drawn]
    for point, (x, y) in zip(POINTS, places, strict=True):
        assert y == pytest.approx(100 * point.accuracy)
        assert x == pytest.approx(point.overhead / 1e6) if point.overhead else x < 9_344 / 1e6
    assert [line.get_markerfacecolor() != "none" for line in drawn] == [p.zero_forgetting for p in POINTS]
    assert [line.get_color() == STATES["normal"] for line in drawn] == [p.highlight for p in POINTS]
    assert ax.get_xticklabels()[0].get_text() == "none"


@pytest.mark.parametrize("points", [POINTS, [replace(p, accuracy=0.3 + i / 100) for i, p in enumerate(POINTS)]])
def test_names_cover_neither_points_nor_each_other(points: list[Point]) -> None:
    fig, ax = plots.axes(width=6, height=4.6)
    plots.accuracy_against_overhead(points, ax)
    fig.draw_without_rendering()
    names = [child for child in ax.get_children() if isinstance(child, Annotation)]
    boxes = [super(Annotation, name).get_window_extent() for name in names]
    dots = [ax.transData.transform((c[0].get_xdata()[0], c[0].get_ydata()[0])) for c in ax.containers]
    assert {name.get_text() for name in names} == {point.name for point in points}
    for i, box in enumerate(boxes):
        assert not box.count_overlaps(boxes[:i])
        assert not any(box.contains(*dot) for dot in dots)


def test_the_dotted_line_is_the_best_for_so_much_memory() -> None:
    ax = plots.axes()[1]
    plots.accuracy_against_overhead(POINTS, ax)
    (front,) = [line for line in ax.lines if line.get_linestyle() == ":"]
    heights = [100 * p.accuracy for p in POINTS if p.name in ("Freezing", "TFM w/o FN", "TFM")]
    assert list(front.get_ydata()) == pytest.approx([*heights, heights[-1]])


def test_nothing_to_draw_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one point"):
        plots.accuracy_against_overhead([], plots.axes()[1])


def test_forgetting_points_from_learned_to_final() -> None:
    ax = plots.axes()[1]
    plots.forgetting([0.8, 0.5, 0.6], [0.3, 0.7, 0.6], ["a", "b", "c"], ax)
    arrows = [child for child in ax.get_children() if isinstance(child, Annotation)]
    assert [(arrow.xyann[0], arrow.xy[0]) for arrow in arrows] == [(80, 30), (50, 70)]
    lost, gained = (arrow.arrow_patch.get_edgecolor() for arrow in arrows)
    assert lost != gained
    assert alt.forgetting([0.8], [0.3], ["a"]).endswith("a 80.0 to 30.0.")


def test_growth_per_layer_fills_every_layer() -> None:
    features = [[3, 10], [4, 10], [6, 20]]
    ax = plots.axes()[1]
    plots.growth_per_layer(features, ["first", "second"], ax)
    for layer in range(2):
        widths = [container[layer].get_width() for container in ax.containers]
        assert sum(widths) == pytest.approx(100)
        assert widths[0] == pytest.approx(100 * features[0][layer] / features[-1][layer])
    assert "first: 3 + 1 + 2 = 6" in alt.growth_per_layer(features, ["first", "second"])


def test_accuracy_per_task_draws_a_line_per_method() -> None:
    ax = plots.axes()[1]
    data = {"TFM": [0.5, 0.4], "Freezing": [0.3, 0.2]}
    plots.accuracy_per_task(data, ["one", "two"], ax)
    assert [list(line.get_ydata()) for line in ax.lines] == [[50, 40], [30, 20]]
    assert "Freezing: one 30.0, two 20.0" in alt.accuracy_per_task(data, ["one", "two"])


def test_accuracy_matrix_draws_what_was_measured() -> None:
    ax = plots.axes()[1]
    plots.accuracy_matrix([[0.9, None], [0.5, 0.7]], ["a", "b"], ax)
    assert [text.get_text() for text in ax.texts] == ["90", "50", "70"]
    assert ax.images[0].get_array().count() == 3  # type: ignore[union-attr]


def test_words_of_points_name_each_with_its_numbers() -> None:
    words = alt.accuracy_against_overhead(POINTS)
    assert "TFM 43.3 % keeping 234 kB, forgets nothing" in words and "Finetuning 9.8 % keeping nothing." in words


def test_words_of_matrix_history_and_growth() -> None:
    assert "after b: a 50, b 70" in alt.accuracy_matrix([[0.9, None], [0.5, 0.7]], ["a", "b"])
    assert "after 1 of 2 epochs: a 30" in alt.accuracy_over_time([[0.3], [0.4]], ["a"], until=1)
    assert "a 55.0, b 45.0; 100.0 in all" in alt.growth([0.55, 1.0], ["a", "b"])


# Tables


def record(method: str, seed: int, accuracy: list[list[float | None]], base: Result) -> Result:
    average = mean(float(value) for value in accuracy[-1])  # type: ignore[arg-type]
    return replace(base, config={**base.config, "method": method, "seed": seed}, accuracy=accuracy, average=average)


@pytest.fixture(scope="module")
def base() -> Result:
    return record_of(Config("flowers", "tfm", size=64))


def test_printed_lines_are_those_of_the_paper() -> None:
    lines = scores.printed(results.published("table_3"), dataset="birds")
    assert list(lines) == ["finetune", "freeze", "joint", "ewc", "hat", "packnet", "tfm_no_fn", "tfm"]
    assert tuple(lines["hat"].accuracy) == pytest.approx((0.187, 0.194, 0.285, 0.312)) and lines["hat"].average == 0.244
    assert lines["finetune"].learned[0] == pytest.approx(0.376)
    assert lines["ewc"].mean_forgetting == pytest.approx(-(21.4 + 21.2 + 14.0) / 300)
    assert len(scores.printed(results.published("table_5"))["tfm"].accuracy) == 10
    assert scores.printed(results.published("table_4"), split="semantic")["lwf"] == Line((), Cell(0.378))


def test_measured_lines_are_means_over_seeds(base: Result) -> None:
    lines = scores.measured(
        [record("tfm", s, [[0.4, None], [0.4 - s / 10, 0.2 + s / 5]], base) for s in (0, 1)]
        + [record("own", 0, [[0.1, None], [0.1, 0.1]], base)]
    )
    assert list(lines) == ["tfm", "own"]
    assert tuple(lines["tfm"].accuracy) == pytest.approx((0.35, 0.3))
    assert tuple(lines["tfm"].forgetting) == pytest.approx((-0.05, 0))
    assert lines["tfm"].seeds == 2 and lines["tfm"].average == pytest.approx(0.325)
    assert lines["tfm"].whole.spread == pytest.approx(0.05 / 2**0.5)
    assert lines["own"].whole.spread == 0


def test_ours_stand_below_the_papers_with_the_difference() -> None:
    paper = {"tfm": [Cell(0.364, 0.0), Cell(0.433)], "ewc": [Cell(0.121, -0.182), Cell(0.147)]}
    ours = {"tfm": [Cell(0.472, -0.011), Cell(0.411, spread=0.012)], "own": [Cell(0.2, 0.0), Cell(None)]}
    shown = tables.beside(["Task 1", "Avg."], paper, ours, title="a < b")
    groups = re.findall(r"<tbody>(.*?)</tbody>", shown.html)
    assert len(groups) == 3 and "<caption><span>a &lt; b</span></caption>" in shown.html
    rows = {
        re.search(r'scope="row">(?:<abbr[^>]*>)?(\w+)', row)[1]: re.findall(r"<td>(.*?)</td>", row)  # type: ignore[index]
        for row in groups[0].split("</tr>")
        if row
    }
    assert rows["diff"] == ["+10.8", "−2.2"] and 'rowspan="3"' in groups[0]
    assert rows["ours"] == ["47.2<small>−1.1</small>", "41.1<small>± 1.2</small>"]
    assert "diff." not in groups[1] and 'rowspan="1"' in groups[1] and "–" in groups[2]
    assert "TFM, paper: 36.4, 43.3" in shown.text
    assert 'role="img"' not in shown.html  # a table is read cell by cell


def test_verdicts_come_from_the_numbers() -> None:
    worse = {"freeze": Line((), Cell(0.3))}
    better = worse | {"tfm": Line((), Cell(0.4))}
    test = lambda lines: lines["tfm"].average > lines["freeze"].average  # noqa: E731
    assert tables.verdict(test, better) == "holds" and tables.verdict(test, worse) == "not run: TFM"
    assert tables.verdict(lambda lines: not test(lines), better) == "does not hold"
    shown = tables.verdicts({"TFM wins.": test}, {"paper": better, "ours": worse}, title="Claims")
    assert re.findall(r"<td>(.*?)</td>", shown.html) == ["holds", "not run: TFM"]
