"""Where a chapter runs, and at which scale."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from tfm_lite import datasets, lab
from tfm_lite.datasets.tasks import TaskSequence
from tfm_lite.figures import explore
from tfm_lite.lab import Here, times
from tfm_lite.nn.networks import Builder
from tfm_lite.nn.stages import Stage
from tfm_lite.protocol import FULL, QUICK
from tfm_lite.runs import results
from tfm_lite.runs.results import Result


@pytest.fixture
def photographs(tasks: TaskSequence, monkeypatch: pytest.MonkeyPatch) -> TaskSequence:
    """What is loaded for flowers, whatever is asked for; letters are themselves."""
    real = datasets.load
    monkeypatch.setattr(explore, "LIMIT", explore.PAGE)  # to be put back
    monkeypatch.setattr(datasets, "look", lambda *_, **__: None)
    monkeypatch.setattr(datasets, "load", lambda name, **how: tasks if name == "flowers" else real(name, **how))
    return tasks


def test_letters_are_what_the_page_has(capsys: pytest.CaptureFixture[str]) -> None:
    run = lab.here()
    assert run.scale == "letters" and run.device == "cpu" and run.same
    assert capsys.readouterr().out.startswith("letters: drawn letters at 28 pixels")
    ours, theirs = run.tasks(), datasets.load("alphabets", seed=0)
    assert ours.fingerprint == theirs.fingerprint
    assert run.build("lenet", ours, dropout=0.0) == Builder.of("lenet", tasks=theirs, dropout=0.0)
    short = replace(QUICK, epochs=3)
    assert run.protocol(short) is short


def test_only_a_page_s_figures_must_be_light(photographs: TaskSequence) -> None:
    heavy = "x" * (explore.PAGE + 1)
    lab.here(scale="small")
    explore.framed(heavy, text="heavy")
    lab.here(scale="letters")
    with pytest.raises(ValueError, match="weighs"):
        explore.framed(heavy, text="heavy")


def test_another_scale_has_its_own_images_network_and_protocol(
    photographs: TaskSequence, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TFM_LITE_SCALE", "small")
    run = lab.here()
    assert run.scale == "small" and not run.same
    assert len(run.tasks()) == len(photographs) and len(run.tasks("Greek")) == 1
    assert run.protocol(QUICK) is FULL
    build = run.build("lenet", photographs, width=3.0, dropout=0.0)
    assert build.stages == Builder.of("alexnet_64", tasks=photographs).stages and build.dropout == 0.0
    own = (Stage(6), Stage(5))
    assert run.build(own, photographs).stages == own  # one's own stages are meant as they are
    bench = run.bench("Greek", epochs=3)
    assert bench.protocol is FULL and bench.build("lenet").stages == build.stages
    assert lab.here(scale="letters").scale == "letters"


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"scale": "large"}, "there is no scale 'large'; the scales are letters, small, paper"),
        ({"device": "tpu"}, "there is no device 'tpu'"),
        ({"chapter": "99_nothing"}, "there is no chapter '99_nothing'"),
    ],
)
def test_slips_are_named(how: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        lab.here(**how)


def test_lacking_images_are_said_in_the_first_cell(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"flowers"):
        lab.here(scale="small", data=tmp_path)


def test_a_card_is_taken_for_photographs_and_not_for_letters(
    photographs: TaskSequence, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Card:
        name, total_memory = "Some Card", 16 * 2**30

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: Card)
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    run = lab.here()
    assert run.device == "cpu" and run.fastest == "cuda" and torch.backends.cudnn.allow_tf32
    assert lab.here(device="cpu").fastest == "cpu"
    run = lab.here(scale="small")
    assert not torch.backends.cudnn.allow_tf32
    assert run.device == "cuda" and "Some Card (16 GiB)" in str(run)
    assert not Here(device="cuda").same


def test_a_claim_is_asserted_of_letters_and_told_of_others(capsys: pytest.CaptureFixture[str]) -> None:
    Here().claim("it forgets", True)
    with pytest.raises(AssertionError, match="the text says of these numbers: it forgets"):
        Here().claim("it forgets", False)
    Here("small").claim("it forgets", False)
    assert capsys.readouterr().out == "Does not hold here: it forgets.\n"


def record(seconds: float, device: str) -> Result:
    real = results.select(results.load_all(), tasks="flowers", method="finetune")[0]
    fits = [[{**fit, "seconds": seconds} for fit in outcomes] for outcomes in real.fits]
    return replace(real, fits=fits, environment={**real.environment, "device": device})


def test_times_are_those_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"speed": 30.0, "chapters": {"a": {"seconds": 100.0, "trainings": 4}, "b": {"seconds": 9, "trainings": 0}}}
    monkeypatch.setattr(times, "_chapters", lambda: known)
    monkeypatch.setattr(times, "speed", lambda: 15.0)  # half as fast
    assert times.of("a", "letters", "cpu") == "about 4 minutes"
    slow, fast = record(600.0, "x86_64"), record(6.0, "NVIDIA H100")
    monkeypatch.setattr(results, "load_all", lambda: [slow])
    assert times.of("a", "small", "cpu") == "about 80 minutes, 4 trainings"
    assert times.of("a", "paper", "cpu") == "4 trainings; nobody has measured one on a processor"
    assert times.of("a", "small", "cuda") == "4 trainings; nobody has measured one on a card"
    monkeypatch.setattr(results, "load_all", lambda: [slow, fast])
    assert times.of("a", "small", "cuda") == "about less than a minute, 4 trainings"
    assert times.of("b", "paper", "cpu") == "as with letters: it trains nothing"


def test_this_machine_has_a_speed() -> None:
    assert times.speed() > 0.1


def test_every_chapter_was_measured() -> None:
    chapters = {path.stem for path in (Path(__file__).parents[2] / "book").glob("*.ipynb")}
    assert chapters == set(times._chapters()["chapters"])
