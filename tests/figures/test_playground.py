"""The playground's engine, run in node, against the package: the same starts, batches and orders give the same networks."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import playing
import pytest
import torch
from playing import CASES, KEEP, far, in_node, node, reference

from tfm_lite.figures.playground import data, playground, save, source
from tfm_lite.figures.playground.page import PAGE, script
from tfm_lite.seeds import numpy_stream, torch_stream

needs_node = pytest.mark.skipif(node() is None, reason="neither playwright's node nor one of the system is here")
LIMIT = 1e-12
OWN = "own402004060060800c0d01d0a0190c01"

written = cache(reference)


@cache
def repeated(case: str, given: bool = True) -> dict[str, Any]:
    return in_node(f"repeated({json.dumps(written(case))}, {json.dumps(given)})")  # type: ignore[no-any-return]


@needs_node
@pytest.mark.parametrize("case", CASES)
def test_the_engine_is_the_package_step_by_step(case: str) -> None:
    theirs, ours = written(case), repeated(case)
    assert far(ours["logits"], theirs["logits"]) < LIMIT
    assert ours["matrix"] == theirs["matrix"]


@needs_node
@pytest.mark.parametrize("case", CASES)
def test_what_keeps_moves_by_nothing_and_fine_tuning_moves(case: str) -> None:
    moved = [far(repeated(case)["logits"][s][s], repeated(case)["logits"][-1][s]) for s in range(2)]
    if case != "hat":  # which may close its gates for good, or not
        assert moved == [0.0, 0.0] if case in KEEP else min(moved) > 1e-6


@needs_node
@pytest.mark.parametrize("case", CASES)
def test_bytes_are_those_of_chapter_13(case: str) -> None:
    method = written(case)["method"]
    # The package was made float64 here, which doubles what is a float; a mask of PackNet and of TFM is of whole numbers.
    whole = "masks" if method in ("packnet", "tfm") else ""
    theirs = {role: size if role == whole else size // 2 for role, size in written(case)["storage"].items() if size}
    assert {role: size for role, size in repeated(case)["storage"].items() if size} == theirs


@needs_node
@pytest.mark.parametrize("case", CASES)
def test_the_page_draws_what_the_package_draws(case: str) -> None:
    """To the last digit of single precision, and what 500 steps make of it."""
    ours = repeated(case, given=False)
    assert far(ours["logits"], written(case)["logits"]) < 1e-3
    assert far(ours["matrix"], written(case)["matrix"]) <= 0.01


MUTANTS = {
    "columns do not learn": ("o >= outputs || i >= inputs", "o >= outputs", "tfm by schedule"),
    "old biases learn": ("b: layer.b.map((_, o) => o >= outputs)", "b: null", "tfm by schedule"),
    "feature normalization does not learn": ("...norms, ...this.headSlots", "...this.headSlots", "tfm by schedule"),
    "the anchor stays at the first start": ("this.old[k][name].set(this.layers[k][name]);", "", "ewc"),
    "the penalty is not in the validation loss": ("+ method.penalty(task.index, null)", "", "ewc"),
    "the gradient is not clipped": ("Math.min(1, clip / (Math.sqrt(norm) + 1e-6))", "1", "finetune"),
    "the last weights are kept, not the best": ("part.set(best[k])", "part", "finetune"),
    "pruning goes by sign": ("W.map(Math.abs), own", "W.slice(), own", "packnet"),
    "the gates' annealing is not undone": ("pull * ((top / this.steep)", "pull * ((1 / 1)", "hat"),
    "joint goes on from where it was": ("this.start(); // again", "this.layers[0] || this.start(); // again", "joint"),
}


@needs_node
@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_broken_engine_is_caught(mutant: str) -> None:
    old, new, case = MUTANTS[mutant]
    assert source().count(old) == 1
    ours = in_node(f"repeated({json.dumps(written(case))}, true)", engine=source().replace(old, new))
    assert far(ours["logits"], written(case)["logits"]) > 1e-6


@needs_node
@pytest.mark.parametrize("switch", ["decay", "momentum", "bias", "weight", "norm"])
@pytest.mark.parametrize("case", ["tfm by schedule", "packnet", "freeze"])
def test_every_switch_breaks_what_cannot_forget(switch: str, case: str) -> None:
    wanted = json.loads(json.dumps(written(case)))
    wanted["protocol"] |= {
        "decay": {"decay": 0.01, "loose": True},
        "momentum": {"momentum": 0.9, "loose": True, "carry": True},
    }.get(switch, {})
    broken = {switch: True} if switch in ("bias", "weight", "norm") else {}
    ours = in_node(f"repeated({json.dumps(wanted)}, false, {json.dumps(broken)})")
    assert far(ours["logits"][0][0], ours["logits"][-1][0]) > 1e-9


@needs_node
@pytest.mark.parametrize("name", [(0, "weights", "stage 1", 0), (7, "batches", 2, 1, 30), (123456, "head", 4)])
def test_streams_are_those_of_pytorch_and_numpy(name: tuple[Any, ...]) -> None:
    drawn = "[s().permutation(300), s().normal(7), s().normal(35), [s().uniform()]].map((part) => [...part])"
    order, few, many, one = in_node(f"((s) => {drawn})(() => stream(...{json.dumps(name)}))")
    assert order == torch.randperm(300, generator=torch_stream(*name)).tolist()
    assert few == torch.randn(7, generator=torch_stream(*name)).tolist()
    assert far(many, torch.randn(35, generator=torch_stream(*name)).tolist()) < 2e-6
    assert one == [numpy_stream(*name).random_sample()]


@needs_node
@pytest.mark.parametrize("kind", [*data.KINDS, "own80c00f0f11080f00ff71"])
@pytest.mark.parametrize("seed", [0, 5])
def test_points_are_the_same_in_the_page_and_here(kind: str, seed: int) -> None:
    assert in_node(f"pointsOf({json.dumps(kind)}, {seed})") == data.points(kind, seed).tolist()


@pytest.mark.parametrize("kind", ["moon", "own80c00", "own80c0180c0180c0180c01", "own80C00f0f11080f00ff71"])
def test_a_data_set_that_there_is_not_is_named(kind: str) -> None:
    with pytest.raises(ValueError, match=kind):
        data.tasks(["moons", kind])


def test_tasks_are_ordinary_ones() -> None:
    tasks = data.tasks(["rings", "own80c00f0f11080f00ff71", "rings"])
    assert [len(task.train) for task in tasks] == [100, 4, 100]
    assert [task.name for task in tasks] == ["rings", "own", "rings"]
    assert (tasks[0].train.batch(torch.arange(9))[0] == tasks[2].train.batch(torch.arange(9))[0]).all()
    assert playing.KINDS[0] in data.KINDS


def opened(**how: Any) -> dict[str, Any]:
    """What a playground is given to begin with."""
    text = re.search(r'<script type="application/json">(.*?)</script>', playground(**how).html)
    assert text
    return json.loads(text[1])  # type: ignore[no-any-return]


@needs_node
@pytest.mark.parametrize(
    "how",
    [
        {"methods": ["finetune", "tfm", "packnet"]},
        {"methods": ["ewc", "joint"], "tasks": ["moons", "xor"], "seed": 3, "width": 8, "epochs": 10},
        {"methods": ["tfm", "hat", "binary"], "tasks": ["xor", OWN], "grow": "search", "fn": "off", "epochs": 10},
        {"methods": ["tfm", "freeze"], "tasks": ["blobs", "xor"], "broken": ["momentum", "decay"], "epochs": 10, "lr": 0.05},
    ],
)  # fmt: skip
@pytest.mark.long
def test_the_code_that_is_copied_does_in_a_notebook_what_the_page_did(
    how: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """To rounding: the package computes in single precision. What the switches break in the page is whole in the package."""
    game = "Object.assign(Object.create(Game.prototype), { about, state: about.state })"
    run = """(() => {
      const game = GAME, found = {};
      game.prepare();
      for (const name of game.state.methods) {
        const method = new METHODS[name](game.setup), rows = [];
        const protocol = { ...game.protocol, loose: false, carry: false };
        for (const event of learn(method, game.tasks, protocol)) if (event.row) rows.push(event.row);
        found[name] = rows;
      }
      return { code: codeOf(game), found };
    })()""".replace("GAME", game)  # fmt: skip
    about = opened(**how)
    page = f"globalThis.window = {{ addEventListener() {{}} }}; const about = {json.dumps(about)};\n{source(PAGE)}"
    made = in_node(run, engine=page)
    exec(made["code"], {})
    printed = dict(line.split(" ", 1) for line in capsys.readouterr().out.splitlines())
    for name, rows in made["found"].items():
        for ours, theirs in zip(rows, json.loads(printed[name]), strict=True):
            assert [100 * share for share in ours] == pytest.approx(theirs, abs=1.01), name


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"methods": ["si"]}, "no method 'si'; there are finetune, freeze"),
        ({"methods": []}, "1 to 3 methods, not 0: none"),
        ({"tasks": ["moons"] * 6}, "1 to 5 tasks, not 6: moons"),
        ({"tasks": ["moon"]}, "no data set 'moon'"),
        ({"broken": ["dropout"]}, "no switch 'dropout'; there are decay"),
        ({"width": 11}, "width in the playground is one of 4, 6, 8"),
        ({"height": 11}, "no setting 'height'; there are width"),
        ({"controls": ["lamda"]}, "no setting 'lamda'; there are width"),
    ],
)
def test_what_the_playground_does_not_have_is_said(how: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        playground(**how)


def test_it_says_what_it_is_and_weighs_little() -> None:
    shown = playground(["ewc", "tfm"], ["moons", OWN])
    assert shown.text.startswith("EWC and Ternary masks learn moons, own points, one after the other")
    assert len(script().encode()) < 60_000
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)|import\(|fetch\(|<!--", shown.html)


def test_where_nothing_runs_it_says_where_it_does() -> None:
    """On paper, and in a browser without scripts."""
    shown = playground(["ewc"], controls=["lam"])
    assert f'data-part="where">{shown.text}</p>' in shown.html and "open it in a browser" in shown.text


def test_a_file_of_its_own_is_a_whole_page(tmp_path: Path) -> None:
    page = save(tmp_path / "new" / "play.html", playground(["hat"])).read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>") and page.count("</html>") == 1 and "HAT learns" in page
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["play.html"]
