"""Rows of a table, run where the reader is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tfm_lite import lab, train
from tfm_lite.lab import Here, table
from tfm_lite.lab.panel import Panel
from tfm_lite.lab.table import config_of
from tfm_lite.protocol import Protocol
from tfm_lite.runs import results
from tfm_lite.runs.config import Config
from tfm_lite.runs.suites import SUITES

pytestmark = pytest.mark.long


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """A suite with two rows that take a second."""

    def suite(seeds: Sequence[int] = (0,)) -> Iterator[Config]:
        for method in ("finetune", "tfm"):
            for seed in seeds:
                options = {"grow": "schedule"} if method == "tfm" else {}
                short = Protocol(epochs=4, lr=0.1)
                yield Config("alphabets", method, seed=seed, network="mlp", protocol=short, options=options)

    monkeypatch.setitem(SUITES, "tiny", suite)
    monkeypatch.setattr(train, "CHECKPOINT_EVERY", 0.0)


@pytest.fixture
def run(tmp_path: Path) -> Here:
    return Here(data=tmp_path)


def test_rows_are_those_of_the_table() -> None:
    assert list(lab.rows("table_3", data="actions")) == [
        *("finetune", "freeze", "joint", "ewc"),
        *("hat", "packnet", "tfm_no_fn", "tfm"),
    ]
    assert lab.rows("table_3")["tfm"].tasks == "flowers"
    assert config_of("table_4_small", "hat", data="tiny_imagenet+larger+20x100").tasks == "tiny_imagenet+larger+20x100"
    assert config_of("table_3", "tfm", seed=2, precision="bf16").precision == "bf16"


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"suite": "table_6"}, "there is no suite 'table_6'; the suites are alphabets"),
        ({"data": "mushrooms"}, "table_3 has no rows on 'mushrooms'; it has rows on flowers, birds, actions"),
        ({"method": "magic"}, "table_3 has no row 'magic'; its rows are finetune, freeze"),
        ({"precision": "fp8"}, "fp8"),
    ],
)
def test_slips_are_named(how: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        lab.row(**{"suite": "table_3", "method": "tfm", **how})


def test_a_row_is_run_once_and_shown_beside_the_others(run: Here, capsys: pytest.CaptureFixture[str]) -> None:
    first = lab.row("tiny", "tfm", run=run)
    assert first and first.forgetting == 0.0
    said = capsys.readouterr().out
    assert "run 1" not in said and "Validation accuracy in percent, by training:" in said and "TFM: " in said
    again = lab.row("tiny", "tfm", run=run)
    assert again == first  # seconds too: found, not run
    shown = lab.beside("tiny", run=run)
    assert f"TFM: paper -, book -, mine {100 * first.average:.1f}" in shown.text
    assert "mine less book" in shown.html


def test_an_interrupted_row_goes_on_to_the_same_bits(
    run: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = lab.row("tiny", "finetune", run=Here(data=tmp_path), out=tmp_path / "whole")
    (tmp_path / "other").mkdir()
    other, epochs, draw = Here(data=tmp_path / "other"), [], table.Curve.__call__
    seen: list[str] = []
    monkeypatch.setattr(table, "shown", lambda: lambda figure: seen.append(figure.text))

    def stop(curve: Any, method: Any, epoch: Any) -> None:
        draw(curve, method, epoch)
        epochs.append(epoch)
        if len(epochs) == 5:
            raise KeyboardInterrupt

    monkeypatch.setattr(table.Curve, "__call__", stop)
    assert lab.row("tiny", "finetune", run=other) is None
    assert "Stopped. The same cell goes on" in capsys.readouterr().out
    assert not any("went on" in words for words in seen)
    found = lab.row("tiny", "finetune", run=other)
    assert "went on after a stop, at task 2, epoch 2" in seen[-1]
    assert found and whole and found.accuracy == whole.accuracy
    assert len(epochs) == 24  # of 6 tasks with 4 epochs each, none twice


def test_a_panel_runs_stops_and_goes_on(run: Here) -> None:
    pytest.importorskip("ipywidgets")
    panel = Panel("tiny", run=run)
    assert panel.method.value == "tfm" and panel.halt.disabled
    panel.method.value = "finetune"
    draw = panel._draw

    def stop(figure: Any) -> None:
        draw(figure)
        panel.end()

    panel._draw = stop  # type: ignore[method-assign]
    panel.begin()
    assert panel.start.disabled
    panel.worker.join(120)
    assert "Stopped" in panel.state.value and not panel.start.disabled and panel.halt.disabled
    assert "<svg" in panel.curve.value and not list((run.data or Path()).rglob("*-finetune-*.json"))
    panel._draw = draw  # type: ignore[method-assign]
    panel.begin()
    panel.worker.join(120)
    assert "Finetuning: " in panel.state.value and "The record: " in panel.state.value
    (path,) = (run.data or Path()).rglob("*-finetune-*.json")
    assert f"{100 * results.load(path).average:.1f}" in panel.table.value


def test_what_goes_wrong_in_a_panel_is_said_there(tmp_path: Path) -> None:
    pytest.importorskip("ipywidgets")
    panel = Panel("table_3", data="birds", run=Here(data=tmp_path))
    panel.begin()
    panel.worker.join(120)
    assert "birds" in panel.state.value and not panel.start.disabled
