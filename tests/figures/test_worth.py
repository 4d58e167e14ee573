"""When ternary masks pay, from records that nobody ran: differences, verdicts, what moves them, and the map."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from made_up_records import record_of

from tfm_lite.figures import worth
from tfm_lite.figures.compared import Paired
from tfm_lite.figures.pays import LIKENESS, SIZES, along, answers, captioned, paying, said, sizes
from tfm_lite.figures.worth import QUESTIONS, Runs, verdict
from tfm_lite.runs.config import Config
from tfm_lite.runs.pays import BOOSTED, GROWTHS, START, Cell, cells, equal, pays
from tfm_lite.runs.results import Result

SEEDS = (0, 1, 2)
ENDED = START + GROWTHS[1]


def made(config: Config, of: Callable[[Config], tuple[float, float]]) -> Result:
    """A record with these final accuracies on the old and the new task, in percent."""
    old, new = (round(value / 100, 6) for value in of(config))
    record = record_of(config, tasks=2, classes=16, accuracy=[[old, None], [old, new]])
    if config.method == "tfm":
        record.structure["fractions"] = [START, ENDED if "growths" in config.options else 1.0]
    return record


def accuracies(config: Config) -> tuple[float, float]:
    """TFM gains 4 points on separate networks at 5 images, and loses one for each doubling; 2 more with the same letters and
    1 with a larger old task; seeds differ by the same for all."""
    (_, old), (_, new) = (re.fullmatch(r"(\D+)(\d+)", word).groups() for word in config.tasks.split("+")[1:])
    base = 50 + 3 * config.seed + 2 * math.log2(int(new) / 5)
    gain = 4 - math.log2(int(new) / 5) + 2 * ("+Cyrillic" in config.tasks[:20]) + (old == "80")
    shift = {"tfm": gain, "tfm_no_fn": -1.0, "freeze": -5.0, "packnet": 1.0, "lwf": 2.0, "joint": 3.0, "single": 0.0}
    jitter = 0.1 * ((7 * config.seed + int(new)) % 3)  # of TFM alone
    return 60 + config.seed, base + shift[config.method] + (jitter if config.method == "tfm" else 0)


@pytest.fixture(scope="module")
def runs() -> Runs:
    return Runs(made(config, accuracies) for config in pays(SEEDS))


def test_a_difference_is_taken_seed_by_seed(runs: Runs) -> None:
    cell = Cell("sister", 10, 20)
    found = runs.difference(QUESTIONS["freezing"], cell)
    assert found is not None and found.seeds == SEEDS
    expected = [accuracies(cell.config("tfm", s))[1] - accuracies(cell.config("freeze", s))[1] for s in SEEDS]
    assert found.values == pytest.approx(expected)
    both = runs.difference(QUESTIONS["PackNet"], cell)
    assert both is not None
    expected = [
        sum(
            a - b for a, b in zip(accuracies(cell.config("tfm", s)), accuracies(cell.config("packnet", s)), strict=True)
        )
        / 2
        for s in SEEDS
    ]
    assert both.values == pytest.approx(expected)


def test_separate_networks_are_put_together_from_runs_of_other_places(runs: Runs) -> None:
    for cell in cells():
        assert runs.accuracies("full", cell, 1) == pytest.approx(accuracies(cell.separate(1.0, 1)))
    in_pairs = {config.tasks for config in pays(SEEDS) if config.method == "single"}
    assert len(in_pairs) < len(cells())  # most of them were put together


def test_equal_are_networks_of_the_size_that_tfm_ended_with() -> None:
    def of(config: Config) -> tuple[float, float]:
        return 50.0, 100 * config.options.get("fraction", 1.0) if config.method == "single" else 60.0

    runs = Runs(made(config, of) for config in pays((0,)))
    for cell in cells():
        assert runs.accuracies("equal", cell, 0) == pytest.approx([50.0, 100 * equal(ENDED)])
        assert runs.accuracies("full", cell, 0) == pytest.approx([50.0, 100.0])
        assert runs.size(cell, 0) == ENDED
    assert worth.grown(runs) == pytest.approx({cell: GROWTHS[1] for cell in cells()})


def test_what_was_not_run_or_not_learned_is_no_difference() -> None:
    cell, other = Cell("same", 10, 5), Cell("same", 10, 10)
    configs = [cell.config(row, seed) for row in ("tfm", "freeze") for seed in SEEDS]
    records = [made(config, accuracies) for config in configs]
    whole = Runs(records).difference(QUESTIONS["freezing"], cell)
    assert whole is not None and whole.seeds == SEEDS
    assert Runs(records).difference(QUESTIONS["freezing"], other) is None
    assert Runs(records).difference(QUESTIONS["separate, full"], cell) is None
    assert Runs(records).difference(QUESTIONS["separate, same bytes"], other) is None
    chance = made(configs[0], lambda _: (60.0, 100 / 16))  # seed 0 did not learn the new task
    some = Runs([chance, *records[1:]]).difference(QUESTIONS["freezing"], cell)
    assert some is not None and some.seeds == (1, 2)


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ((1.0, 1.1, 1.2), "pays"),
        ((-1.0, -1.1, -1.2), "does not pay"),
        ((1.0, 2.0, 9.0), "cannot be said"),
        ((0.0, 0.0, 0.0), "cannot be said"),
        ((5.0,), "cannot be said"),
    ],
)
def test_a_verdict_needs_an_interval_on_one_side(values: tuple[float, ...], word: str) -> None:
    assert verdict(Paired(tuple(range(len(values))), values)) == word


def test_no_run_no_verdict() -> None:
    assert verdict(None) == "cannot be said"
    assert worth.counted({Cell("same", 10, 5): None}) == {"pays": 0, "does not pay": 0, "cannot be said": 0}


def test_effects_are_what_was_put_in(runs: Runs) -> None:
    found = worth.effects(runs.map(QUESTIONS["freezing"]))
    amount, likeness, first = (found[name] for name in ("amount", "likeness", "first"))
    assert amount is not None and amount.mean == pytest.approx(-1.0, abs=0.05) and amount.seeds == SEEDS
    assert likeness is not None and likeness.values == pytest.approx([2.0] * 3)
    assert first is not None and first.values == pytest.approx([1.0] * 3)


def test_effects_go_by_the_places_that_there_are(runs: Runs) -> None:
    whole = runs.map(QUESTIONS["freezing"])
    some = {cell: whole[cell] if cell.amount in (5, 160) else None for cell in whole}
    amount = worth.effects(some)["amount"]
    assert amount is not None and amount.mean == pytest.approx(-1.0, abs=0.05)
    one = {cell: whole[cell] if cell == Cell("same", 10, 5) else None for cell in whole}
    assert worth.effects(one) == {"amount": None, "likeness": None, "first": None}
    fewer = {c: Paired((1, 2), d.values[1:]) if d and c.amount == 40 else d for c, d in whole.items()}
    assert worth.effects(fewer)["first"].seeds == (1, 2)  # type: ignore[union-attr]


def test_a_whole_map_has_as_many_numbers_as_seeds(runs: Runs) -> None:
    found = runs.map(QUESTIONS["freezing"])
    whole = worth.overall(found)
    assert whole is not None and whole.seeds == SEEDS
    for k, value in enumerate(whole.values):
        assert value == pytest.approx(sum(d.values[k] for d in found.values() if d) / 36)
    some = {cell: None if cell.amount == 5 else d for cell, d in found.items()}  # left out
    fewer = some | {Cell("same", 10, 20): Paired((1, 2), (3.0, 4.0))}
    assert worth.overall(some).seeds == SEEDS and worth.overall(fewer).seeds == (1, 2)  # type: ignore[union-attr]
    begun = some | {Cell("same", 10, 5): Paired((2,), (4.0,))}  # one seed of three: it does not count yet
    assert worth.overall(begun) == worth.overall(some) and worth.effects(begun) == worth.effects(some)
    assert worth.overall({Cell("same", 10, 5): None}) is worth.overall({}) is None


def test_parts_of_a_difference_are_of_each_task(runs: Runs) -> None:
    old, new, both = (runs.map(question) for question in worth.PARTS.values())
    for cell in cells():
        (a, b, c) = (each[cell] for each in (old, new, both))
        assert (
            a and b and c and c.values == pytest.approx([(x + y) / 2 for x, y in zip(a.values, b.values, strict=True)])
        )
        assert a.values == pytest.approx([0.0] * 3) and both[cell] == runs.difference(
            QUESTIONS["separate, same bytes"], cell
        )


def test_an_answer_in_words(runs: Runs) -> None:
    question = QUESTIONS["freezing"]
    words = worth.in_words(question, runs.map(question))
    assert words.startswith("Is the new task better than with frozen features? It pays at 36, does not pay at 0")
    assert re.search(r"moves by −1\.0 ± 0\.\d points for each doubling .*, \+2\.0 ± 0\.0 points from unlike", words)
    assert re.search(r" and \+1\.0 ± 0\.0 points from 10 to 80 images of each old letter\.$", words)
    coarse = {
        cell: difference if cell.amount in (5, 20, 80) else None for cell, difference in runs.map(question).items()
    }
    words, whole = worth.in_words(question, coarse), worth.overall(coarse)
    assert f"cannot be said at 0 of 18 places; 18 are not run. Over the whole map, in points: {whole}. The" in words
    nothing = worth.in_words(question, {Cell("same", 10, 5): None})
    assert nothing == f"{question.name} Not run yet."


def test_flowers_and_letters_have_their_places(runs: Runs) -> None:
    found = worth.explained(runs)
    assert list(found) == [
        f"like {place}, against separate, {size}"
        for place in ("Flowers", "the letters")
        for size in ("full", "same bytes")
    ]
    for name, difference in found.items():
        cell = worth.FLOWERS if "Flowers" in name else worth.LETTERS
        assert difference == runs.difference(QUESTIONS[name.partition("against ")[2]], cell) is not None


def test_likeness_is_what_frozen_features_are_worth(runs: Runs) -> None:
    places = {like: Cell(like, 80, 160) for like in LIKENESS}
    expected = {like: sum(accuracies(cell.config("freeze", s))[1] for s in SEEDS) / 3 for like, cell in places.items()}
    assert worth.likeness(runs) == pytest.approx(expected)
    fewer = Runs(
        made(replace(cell, amount=amount).config("freeze", 1), accuracies)
        for cell in places.values()
        for amount in (20, 80, 160)
        if (cell.likeness, amount) != ("same", 160)
    )
    largest = {like: accuracies(replace(cell, amount=80).config("freeze", 1))[1] for like, cell in places.items()}
    assert worth.likeness(fewer) == pytest.approx(largest)  # of which there is a run of each
    assert worth.likeness(Runs([made(places["same"].config("freeze", 1), accuracies)])) == {}


def test_boosted_rows_are_asked_of_the_coarse_map() -> None:
    runs = Runs(made(config, accuracies) for config in pays(SEEDS))
    for name, question in worth.BOOST.items():
        assert question.one in BOOSTED and str(BOOSTED[question.one][1]["boost"]).startswith(name.split()[1])
        found = runs.map(question)
        assert sum(difference is not None for difference in found.values()) == 18
        assert {d.values for d in found.values() if d} == {(0.0, 0.0, 0.0)}


def data_of(html: str) -> dict:
    return json.loads(re.search(r'<script type="application/json">(.*?)</script>', html)[1])


def test_the_map_has_a_frame_for_each_question_and_size(runs: Runs) -> None:
    shown = paying(runs, caption=captioned(runs, "17.1"))
    data = data_of(shown.html)
    grid = [(name, size) for name in QUESTIONS for size in SIZES]
    assert len(data["frames"]) == len(data["alt"]) == len(grid) == len(set(data["alt"]))
    frames = [dict(zip(data["names"], (data["values"][i] for i in each), strict=True)) for each in data["frames"]]
    for (name, size), frame in zip(grid, frames, strict=True):
        for row, likeness in enumerate(LIKENESS):
            for column, amount in enumerate((5, 10, 20, 40, 80, 160)):
                difference = runs.difference(QUESTIONS[name], Cell(likeness, SIZES[size], amount))
                colour = {"pays": "pays", "does not pay": "pays-not", "cannot be said": "unsaid"}[verdict(difference)]
                assert frame[f"square {row}.{column}"] == colour
                assert f"{frame[f'mean {row}.{column}']} {frame[f'half {row}.{column}']}" == str(difference)
    opening = frames[grid.index((next(iter(QUESTIONS)), list(SIZES)[-1]))]
    for tag in re.findall(r"<rect[^>]*>", shown.html):  # as it opens, before any script
        name = re.search(r'data-name="([^"]*)"', tag)[1]
        assert re.findall(r'class="([^"]*)"', tag) == [opening[name]]
    assert {colour for frame in frames for name, colour in frame.items() if name.startswith("square")} >= {
        "pays",
        "pays-not",
    }
    assert "3 seeds" in shown.html and shown.html.count('role="radiogroup"') == 2
    for colour in ("pays", "pays-not", "unsaid"):
        assert f".tfm .{colour} {{" in shown.html  # the page knows it


def test_the_map_in_words(runs: Runs) -> None:
    question = QUESTIONS["freezing"]
    words = said(question, runs.map(question), 80)
    difference = runs.difference(question, Cell("sister", 80, 5))
    assert difference is not None
    low, high = difference.mean - difference.half, difference.mean + difference.half
    assert f"sister: 5 images +{difference.mean:.1f} (+{low:.1f} to +{high:.1f}, above), 10 images" in words
    one = Runs(made(config, accuracies) for config in pays((0,)))
    assert "(one seed)" in said(question, one.map(question), 80)
    none = said(question, {}, 80)
    assert none.count("not run") == 18


def test_lines_go_along_the_map(runs: Runs) -> None:
    found = runs.map(QUESTIONS["freezing"])
    (ax,) = along(found, 80).axes
    labels = dict(zip(ax.get_legend_handles_labels()[1], ax.containers, strict=True))
    assert list(labels) == list(LIKENESS.values())
    for likeness, name in LIKENESS.items():
        (line, *_), wanted = labels[name], [found[Cell(likeness, 80, n)] for n in (5, 10, 20, 40, 80, 160)]
        assert list(line.get_ydata()) == pytest.approx([d.mean for d in wanted if d])
        low, high = labels[name][2][0].get_segments()[0][:, 1]
        assert (high - low) / 2 == pytest.approx(wanted[0].half)  # type: ignore[union-attr]
    one = Runs(made(config, accuracies) for config in pays((0,)))
    (ax,) = along(one.map(QUESTIONS["freezing"]), 80).axes
    assert len(ax.containers) == 3
    (ax,) = along({}, 80).axes
    assert not ax.containers and [text.get_text() for text in ax.texts] == ["not run yet"]


def test_answers_stand_in_one_table(runs: Runs) -> None:
    maps = {"freezing": runs.map(QUESTIONS["freezing"]), "nothing": {Cell("same", 10, 5): None}}
    _, head, first, second = answers(maps, title="**Table 1.** All.").text.split("\n")
    assert head.split("  ")[:3] == ["against", "squares", "whole map"]
    effects = worth.effects(maps["freezing"])
    expected = ["freezing", "36/0/0", str(worth.overall(maps["freezing"])), *map(str, effects.values())]
    assert first.split("  ") == expected and second.split("  ") == ["nothing", *"–––––"]


def test_sizes_are_those_that_the_search_chose(runs: Runs) -> None:
    lines = sizes(runs, title="Sizes").text.split("\n")
    assert lines[2] == "  ".join(["same letters 10", *["5"] * 6]) and len(lines) == 2 + 6
    some = Runs([made(Cell("unlike", 80, 160).config("tfm", 0), accuracies)])
    assert sizes(some, title="Sizes").text.split("\n")[-1] == "unlike 80  –  –  –  –  –  5"


def test_a_map_without_runs_says_so() -> None:
    assert "nothing of it was run yet" in captioned(Runs([]), "1")
    assert "over 1 seed." in captioned(Runs([made(Cell("same", 10, 5).config("tfm", 0), accuracies)]), "1")
    shown = paying(Runs([]))
    unasked = Runs(made(config, accuracies) for config in pays(SEEDS) if "boost" not in config.options)
    assert "radiogroup" not in paying(unasked, questions=worth.BOOST).html  # others were run, and none of these
    assert shown.text.count("not run") == 18 and "above" not in shown.text
