"""Which runs are missing, among any number of records; what is damaged is passed over, and made again when asked for."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from small import make_tasks

from tfm_lite import train
from tfm_lite.__main__ import main
from tfm_lite.runs import records, results, run
from tfm_lite.runs.config import Config, identity
from tfm_lite.runs.results import Result
from tfm_lite.runs.run import run_experiment
from tfm_lite.train import Protocol

TINY = Protocol(epochs=1, batch=16)
CONFIG = Config("made up", "freeze", network="mlp", width=0.1, protocol=TINY)


@pytest.fixture(scope="module")
def record() -> Result:
    return run_experiment(CONFIG, tasks=make_tasks())


def of(config: Config, record: Result) -> Result:
    """A record of this configuration, with the numbers of another's."""
    config = replace(config, size=config.size or 28, network=config.network or "lenet")
    return replace(record, config=config.plain(), key=config.key(record.fingerprint))


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The records that were read."""
    real, read = results.load, list[Path]()
    monkeypatch.setattr(results, "load", lambda path: read.append(path) or real(path))
    return read


def test_missing_is_what_no_record_describes(tmp_path: Path, record: Result) -> None:
    configs = [replace(CONFIG, seed=s, method=m, options=o) for s in (0, 1) for m, o in METHODS]
    assert records.missing(configs, []) == list(range(len(configs)))
    for i in (1, 4, 5):
        results.save(of(configs[i], record), tmp_path)
    stale = replace(of(configs[0], record), numerics=train.NUMERICS - 1)
    results.save(stale, tmp_path)
    results.save(of(replace(configs[2], width=0.2), record), tmp_path)
    left = [0, 3, *range(6, len(configs))]  # the second and the third are the same
    assert records.missing(configs, records.files(None, tmp_path)) == left
    by_pairs = [i for i, c in enumerate(configs) if not any(map(c.describes, today(tmp_path)))]
    assert left == by_pairs
    twice = [configs[1], configs[0], configs[1]]
    assert records.missing(twice, records.files(None, tmp_path)) == [1]
    still_open = [replace(configs[1], size=None, network=None), replace(configs[1], size=99)]
    assert records.missing(still_open, records.files(None, tmp_path)) == [1]


METHODS = [("freeze", {}), ("ewc", {"lam": 5.0}), ("ewc", {"lam": 5}), ("ewc", {}), ("tfm", {"growths": (0.0, 0.1)})]


def today(folder: Path) -> list[Result]:
    return [record for record in results.load_all(folder) if record.numerics == train.NUMERICS]


def test_of_many_records_those_are_read_that_may_matter(
    tmp_path: Path, record: Result, counted: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And each configuration is written as JSON a few times, not once for each record."""
    configs = [replace(CONFIG, seed=seed) for seed in range(3)]
    for seed in range(1, 150):
        results.save(of(replace(CONFIG, seed=seed), record), tmp_path)
        results.save(of(replace(CONFIG, seed=seed, method="finetune"), record), tmp_path)
    made, real = list[Config](), Config.plain
    monkeypatch.setattr(Config, "plain", lambda self: made.append(self) or real(self))
    assert records.missing(configs, records.files(None, tmp_path)) == [0]
    assert len(counted) == 2 and len(made) <= 2 * len(configs)
    counted.clear()
    assert records.missing(configs[1:], [*records.files(None, tmp_path)] * 3) == []
    assert len(counted) == 2, "what is found is not looked for again"


DAMAGES: dict[str, Callable[[Path], object]] = {
    "half": lambda path: path.write_bytes(path.read_bytes()[:100]),
    "empty": lambda path: path.write_text(""),
    "a list": lambda path: path.write_text("[1, 2]"),
    "other fields": lambda path: path.write_text('{"config": {}}'),
    "a configuration that is none": lambda path: path.write_text(
        json.dumps({**json.loads(path.read_text()), "config": ["freeze"]})
    ),
    "no text": lambda path: path.write_bytes(b"\xff\xfe\x00"),
}


@pytest.fixture
def made_up(made_up: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """And a suite of two runs."""
    monkeypatch.setattr("tfm_lite.runs.commands.SUITES", {"two": lambda seeds=(0,): [CONFIG, replace(CONFIG, seed=1)]})
    return made_up


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("apart", [True, False], ids=["--out", "beside the checkpoints"])
def test_a_damaged_record_is_passed_over_and_made_again(
    damage: str,
    apart: bool,
    made_up: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    where = ["--data", str(made_up), *(["--out", str(made_up / "out")] if apart else [])]
    out = made_up / "out" if apart else None
    first, path = run.run_kept(CONFIG, data=made_up, out=out)
    DAMAGES[damage](path)
    foreign = path.with_name("package.json")
    foreign.write_text("{}")
    assert main(["list", "--missing", "two", *where]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["0", "1"]
    assert f"passed over: {path} is not a record of a run" in caplog.text
    assert f"passed over: {foreign} does not have the name of a record" in caplog.text
    caplog.clear()
    assert main(["run", "two", *where]) == 0
    assert results.load(path) == replace(first, seconds=results.load(path).seconds)
    assert results.load(path).key == first.key
    capsys.readouterr()
    assert main(["list", "--missing", "two", *where]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.long
def test_a_word_about_it_comes_on_stderr(tmp_path: Path) -> None:
    (tmp_path / "alphabets-28-lenet-tfm-seed0-0123abcd.json").write_text("{")
    (tmp_path / "notes.json").write_text("{}")
    command = [sys.executable, "-m", "tfm_lite", "list", "--missing", "alphabets", "--out", str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "seed0-0123abcd.json is not a record of a run" in run.stderr
    assert "notes.json does not have the name of a record" in run.stderr
    assert len(run.stderr.splitlines()) == 2 and len(run.stdout.splitlines()) == 27


def test_the_run_says_it_too(made_up: Path, caplog: pytest.LogCaptureFixture) -> None:
    _, path = run.run_kept(CONFIG, data=made_up)
    path.write_text("{}")
    run.run_kept(CONFIG, data=made_up)
    assert caplog.text.count(f"passed over: {path} is not a record of a run as it was written") == 1


def test_names_of_records_are_understood(record: Result) -> None:
    config = Config("tiny_imagenet+semantic+20x100", "imm_mode", 12, "lenet_bn", options={}, size=64)
    name = of(config, record).name
    assert records._named(Path(f"{name}.json")) == ("tiny_imagenet+semantic+20x100", "imm_mode", "seed12")
    assert identity(of(config, record).config) == config.identity


def test_a_configuration_is_the_same_written_with_or_without_a_point() -> None:
    config = Config("alphabets", "packnet", options={"prune": 0.5})
    told = {**config.plain(), "seed": 0.0, "options": {"prune": 0.5}}
    assert identity(told) == config.identity
    assert identity({**told, "options": {"prune": 10**400}}) != config.identity  # a nonsense, and no crash
