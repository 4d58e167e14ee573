"""The command line: what it is called, what it prints, and methods from files of one's own."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from made_up_records import record_of

from tfm_lite import methods
from tfm_lite.__main__ import main
from tfm_lite.runs import commands, results
from tfm_lite.runs.config import Config
from tfm_lite.runs.results import Result

RUN = ["run", "--tasks", "alphabets"]


@pytest.fixture
def record() -> Result:
    return record_of(Config("flowers", "tfm", size=64), untrained=(2,))


def test_a_result_prints_as_it_is_shown(record: Result, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(results.save(record, tmp_path))]) == 0
    shown = capsys.readouterr().out
    print(record)
    assert capsys.readouterr().out == shown and f"{record}\n" == shown
    assert shown.startswith("tfm on flowers, 64 pixels, alexnet_64, seed 0\naccuracy in % on task\n")
    assert "did not train: task 3 was not learned" in shown


def test_a_result_in_a_notebook_is_a_line(record: Result) -> None:
    line = repr(record)
    assert line.startswith("<Result: tfm on flowers, 64 pixels, alexnet_64, seed 0: average ") and len(line) < 110


@pytest.mark.parametrize(
    ("called", "name"),
    [
        ("/somewhere/bin/tfm-lite", "tfm-lite"),
        ("/somewhere/tfm_lite/__main__.py", "python -m tfm_lite"),
        ("/somewhere/bin/pytest", "python -m tfm_lite"),
    ],
)
def test_it_names_itself_as_it_was_called(
    called: str, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "argv", [called])
    with pytest.raises(SystemExit):
        main(["run", "--help"])
    assert capsys.readouterr().out.startswith(f"usage: {name} run ")
    assert main(["run"]) == 2
    assert f"`{name} list` shows both" in capsys.readouterr().err
    assert main(["run", "--tasks", "birds", "--data", str(tmp_path)]) == 2
    assert f"`{name} data fetch birds`" in capsys.readouterr().err


def test_the_script_is_this_program() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert project["scripts"] == {"tfm-lite": "tfm_lite.__main__:main"}
    assert EntryPoint("tfm-lite", project["scripts"]["tfm-lite"], "console_scripts").load() is main


def test_called_as_a_program_it_takes_denormal_numbers_for_0() -> None:
    code = (
        "import sys; sys.argv = ['tfm-lite', 'list']; from tfm_lite.__main__ import main; assert main() == 0; "
        "import torch; print((torch.full((1,), 1e-310, dtype=torch.float64) * 1.0 == 0).item())"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    *lines, flushed = run.stdout.splitlines()
    assert [line.split(":")[0] for line in lines] == ["data sets", "methods", "networks", "suites"]
    assert flushed == "True"


@pytest.mark.parametrize("command", [RUN, ["select", "--tasks", "alphabets"], ["list"]])
def test_files_with_methods_are_read_before_their_methods_are_asked_for(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    read, real = list[Path](), methods.get

    def get(name: str) -> type[methods.Method]:
        if name == "mine" and read != [Path("a.py"), Path("b.py")]:
            pytest.fail("asked for before the files were read")
        return real("ewc" if name == "mine" else name)

    monkeypatch.setattr(methods, "load_file", read.append, raising=False)
    monkeypatch.setattr(methods, "get", get)
    monkeypatch.setattr(commands, "_run_all", lambda configs, *_: print([config.method for config in configs]))
    monkeypatch.setattr(commands.selection, "select", lambda *_, **__: pytest.fail("far enough"))
    given = [*command, "--import", "a.py", "--method", "mine", "--import", "b.py"]
    if command[0] == "select":
        with pytest.raises(pytest.fail.Exception, match="far enough"):
            main(given)
    else:
        assert main(given) == 0
    assert read == [Path("a.py"), Path("b.py")]


def test_a_file_that_cannot_be_read_is_an_error_in_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(file: Path) -> None:
        raise ValueError(f"{file} has no method")

    monkeypatch.setattr(methods, "load_file", refuse, raising=False)
    assert main([*RUN, "--import", "none.py"]) == 2
    assert capsys.readouterr().err == "error: none.py has no method\n"
