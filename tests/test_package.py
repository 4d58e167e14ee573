"""What a user meets first: names, errors, records, the wheel, deployment."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
import tomllib
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from small import make_method, make_tasks

from tfm_lite import methods, train
from tfm_lite.__main__ import main
from tfm_lite.nn import growth, networks
from tfm_lite.nn.deploy import export_onnx, extract
from tfm_lite.nn.networks import Builder, stages_of
from tfm_lite.runs import config, results
from tfm_lite.runs.config import Config
from tfm_lite.runs.results import Result
from tfm_lite.runs.run import run_experiment
from tfm_lite.train import Protocol

TOP = Path(__file__).parents[1]
TINY = Protocol(epochs=1, batch=16)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["run", "--tasks", "letters"], "there is no data set 'letters'; the data sets are actions, alphabets"),
        (["run", "--tasks", "alphabets", "--method", "tmf"], "there is no method 'tmf'; the methods are binary"),
        (["run", "--tasks", "alphabets", "--network", "resnet"], "there is no network 'resnet'; the networks are mlp"),
        (["run", "table"], "there is no suite 'table'; the suites are alphabets"),
        (["run"], "name either a suite or --tasks"),
        (["run", "--tasks", "alphabets", "--option", "margin"], "write NAME=VALUE"),
        (["run", "--tasks", "alphabets", "--option", "marge=1"], "tfm has no option 'marge'; its options are grow"),
        (
            ["run", "--tasks", "alphabets", "--option", "margin=big"],
            "margin is a number of at least 0 and at most 1, not 'big'",
        ),
        (["run", "--tasks", "alphabets", "--index", "3"], "--index 3 picks a run of a suite"),
        (["run", "methods", "--width", "2", "--quick"], "--width, --quick cannot change the runs of a suite"),
        (["run", "--tasks", "alphabets", "--device", "gpu"], "there is no device 'gpu'; write cpu or cuda"),
        (["run", "--tasks", "alphabets", "--epochs", "0"], "--epochs is a whole number of at least 1, not 0"),
        (["run", "--tasks", "alphabets", "--size", "30"], "drawn at 28 or 32 pixels, not 30"),
    ],
)
def test_wrong_words_get_the_right_ones(arguments: list[str], text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert text in capsys.readouterr().err


def test_records_survive_the_disk(tmp_path: Path) -> None:
    tasks = make_tasks()
    result = run_experiment(Config("made up", "tfm", network="mlp", protocol=TINY), tasks=tasks)
    path = results.save(result, tmp_path)
    assert results.load(path) == result
    assert result.accuracy[0][1:] == [None, None]
    assert results.select([result], method="tfm", options={}) == [result]
    assert results.select([result], method="finetune") == []


def strict(text: str) -> dict[str, Any]:
    """Read JSON as a reader does that knows no NaN and no Infinity."""
    return json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def record() -> Result:
    return run_experiment(Config("made up", "freeze", network="mlp", protocol=TINY), tasks=make_tasks())


def test_a_record_of_which_a_byte_was_changed_is_refused(record: Result, tmp_path: Path) -> None:
    path = results.save(record, tmp_path)
    whole = path.read_bytes()
    for i in [*range(0, len(whole), 7), *range(len(whole) - 40, len(whole))]:
        for bit in (1, 2, 16):
            path.write_bytes(whole[:i] + bytes([whole[i] ^ bit]) + whole[i + 1 :])
            with pytest.raises(ValueError, match=r"is not a record of a run as it was written .*makes it again"):
                results.load(path)
    for other in (b"", b"[1]", b"{}", whole[:-1], whole + b"\n", whole[: len(whole) // 2]):
        path.write_bytes(other)
        with pytest.raises(ValueError, match="is not a record"):
            results.load(path)


def test_a_diverged_training_is_told_in_strict_json(record: Result, tmp_path: Path) -> None:
    losses = [math.inf, -math.inf, math.nan]
    fits = [[{**record.fits[0][0], "loss": loss}] for loss in losses]
    path = results.save(replace(record, fits=fits), tmp_path)
    assert [fit["loss"] for (fit,) in strict(path.read_text())["fits"]] == ["Infinity", "-Infinity", "NaN"]
    again = [fit["loss"] for (fit,) in results.load(path).fits]
    assert again[:2] == losses[:2] and math.isnan(again[2])


def test_a_word_for_a_number_is_a_word_elsewhere(record: Result, tmp_path: Path) -> None:
    named = replace(record, tasks=["NaN", "Infinity", "-Infinity"])
    assert results.load(results.save(named, tmp_path)) == named


def test_json_on_the_command_line_is_strict(
    record: Result, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    diverged = replace(record, average=math.nan)
    monkeypatch.setattr("tfm_lite.runs.commands.run_kept", lambda *_, **__: (diverged, tmp_path))
    assert main(["run", "--tasks", "made up", "--json"]) == 0
    assert strict(capsys.readouterr().out)["average"] == "NaN"


def test_records_from_before_their_sums_are_read(record: Result, tmp_path: Path) -> None:
    content, path = asdict(record), tmp_path / "old.json"
    path.write_text(json.dumps(content, indent=1) + "\n")
    assert results.load(path) == record
    content["fits"][0][0]["loss"] = math.inf
    path.write_text(json.dumps(content))  # as Python writes it: bare
    assert results.load(path).fits[0][0]["loss"] == math.inf


def test_key_names_configuration_data_and_numerics(monkeypatch: pytest.MonkeyPatch) -> None:
    config = Config("made up", "tfm")
    keys = {config.key("a"), config.key("b"), Config("made up", "tfm", seed=1).key("a")}
    monkeypatch.setattr(train, "NUMERICS", train.NUMERICS + 1)
    assert len(keys | {config.key("a")}) == 4


def test_shipped_records_are_of_today() -> None:
    for record in results.load_all():
        assert record.numerics == train.NUMERICS, f"{record.name}: run it again"
        if methods.get(record.config["method"]).zero_forgetting:
            assert record.forgetting == 0.0


def test_features_of_the_papers_table_1() -> None:
    counts = {name: sum(stage.features for stage in stages) for name, stages in networks.NETWORKS.items()}
    assert (counts["lenet"], counts["alexnet"], counts["vgg16"]) == (226, 9344, 10880)


def test_weights_of_torchvisions_alexnet() -> None:
    from torchvision.models import alexnet

    build = Builder.of("alexnet", channels=3, size=224, tasks=1)
    theirs = [p.shape for p in alexnet(num_classes=2).parameters()][:-2]
    assert [p.shape for p in build().parameters()] == theirs


def test_growth_rounds_widths_from_weights() -> None:
    stages = stages_of("alexnet")
    assert sum(growth.features_at(stages, 0.55)) / 9344 == pytest.approx(0.55**0.5, abs=1e-3)
    assert growth.features_at(stages, 0.5, of="features")[0] == 32
    assert growth.schedule(10) == pytest.approx([0.55 + 0.05 * t for t in range(10)])
    assert growth.candidates(0.9, (0.0, 0.05, 0.15, 0.2)) == [0.9, 0.95, 1.0]
    assert growth.smallest_within([0.70, 0.74, 0.75], 0.015) == 1
    assert growth.smallest_within([0.70, 0.74, 0.75], 0.0) == 2
    with pytest.raises(ValueError, match=r"at most 1, not 1\.2"):
        growth.features_at(stages, 1.2)


def test_small_images_are_refused() -> None:
    with pytest.raises(ValueError, match=r"images of 32 pixels are too small: nothing is left after stage 5"):
        Builder.of("alexnet", width=1 / 16, channels=3, size=32, tasks=1)()


def test_default_network_follows_the_size() -> None:
    assert [config.default_network(size) for size in (28, 64, 224)] == ["lenet", "alexnet_64", "alexnet"]


@pytest.mark.long
def test_a_wheel_carries_the_data(tmp_path: Path) -> None:
    source = tmp_path / "source"  # a copy: setuptools would put what an older build left behind into the wheel
    for name in ("tfm_lite", "data"):
        shutil.copytree(TOP / name, source / name)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(TOP / name, source)
    build = ["wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", str(tmp_path), str(source)]
    subprocess.run([sys.executable, "-m", "pip", *build], check=True, capture_output=True, cwd=tmp_path)
    (wheel,) = tmp_path.glob("*.whl")
    target = tmp_path / "empty"
    install = ["install", "--quiet", "--no-deps", "--target", str(target), str(wheel)]
    subprocess.run([sys.executable, "-m", "pip", *install], check=True, capture_output=True)
    code = (
        "import tfm_lite as tfm; from tfm_lite.figures import explore, ledger; from tfm_lite.places import shipped; "
        "from tfm_lite.figures.ledger.table import table; "
        "from tfm_lite.runs import results, selection; "
        "print(tfm.__file__, len(tfm.load_results()), len(selection.load_all()), len(results.published('table_1')), "
        "(shipped('benchmarks') / 'speed.json').is_file(), "
        "(shipped('splits') / 'tiny_imagenet_semantic.json').is_file(), "
        "len(explore.figure('<svg/>', alt='none').html) > 1000, "
        "len(table(ledger.claims(), title='All').html) > 1000)"
    )
    environment = {**os.environ, "PYTHONPATH": str(target)}
    run = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    place, *counts = run.stdout.split()
    shipped = [len(list((TOP / "data" / kind).glob("*.json"))) for kind in ("results", "selection")]
    assert place.startswith(str(target))
    assert counts == [*map(str, shipped), "4", "True", "True", "True", "True"]
    assert (target / "bin" / "tfm-lite").is_file()
    (about,) = target.glob("tfm_lite-*.dist-info/METADATA")
    assert "License-Expression: MIT" in about.read_text() and (about.parent / "licenses" / "LICENSE").is_file()


def test_onnx_gives_the_same_logits(tmp_path: Path) -> None:
    runtime = pytest.importorskip("onnxruntime", reason="the optional extra onnx is not installed")
    pytest.importorskip("onnxscript", reason="the optional extra onnx is not installed")
    tasks = make_tasks(size=28)
    method = make_method("tfm", tasks, "lenet", grow="schedule")
    train.run(method, tasks, protocol=TINY)
    plain, path = extract(method.net, 1, fold=True), tmp_path / "task.onnx"
    export_onnx(plain, path, channels=1, size=28)
    x = torch.randn(5, 1, 28, 28)
    (logits,) = runtime.InferenceSession(str(path)).run(None, {"images": x.numpy()})
    assert torch.allclose(torch.from_numpy(logits), plain(x), rtol=1e-3, atol=1e-4)


def test_extraction_of_an_unknown_task_is_refused() -> None:
    method = make_method("tfm", make_tasks())
    method.begin(0, 3)
    method.grow(0, 0.55)
    with pytest.raises(ValueError, match="task index 3 is not in this network; it has 0"):
        extract(method.net, 3)


def test_show_prints_the_matrix(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = run_experiment(Config("made up", "freeze", network="mlp", protocol=TINY), tasks=make_tasks())
    assert main(["show", str(results.save(result, tmp_path))]) == 0
    text = capsys.readouterr().out
    assert "after 3" in text and "forgetting  0.0" in text and "weights" in text
    assert json.loads(results.save(result, tmp_path).read_text())["config"]["network"] == "mlp"


def test_what_is_said_in_several_places_is_the_same() -> None:
    project = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]
    book = yaml.safe_load((TOP / "_config.yml").read_text())
    cited = yaml.safe_load((TOP / "CITATION.cff").read_text())
    assert project["urls"]["Repository"] == book["repository"]["url"]
    assert project["authors"] == cited["authors"] and project["license"] == cited["license"]
