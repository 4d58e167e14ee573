"""The program as a process: stopped at any moment, with nobody who reads, on terminals that have few letters."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from made_up_records import record_of

import tfm_lite.__main__ as program
from tfm_lite import files
from tfm_lite.runs import results
from tfm_lite.runs.config import Config

pytestmark = pytest.mark.long

# Called as the script is. What is imported is told on stderr, so that a test knows how far the program has come.
PROGRAM = "import sys; sys.argv[0] = 'tfm-lite'; from tfm_lite.__main__ import main; sys.exit(main())"
LEARN = ["run", "--tasks", "alphabets", "--quick", "--network", "mlp"]
STOP = "\nstopped; the same command goes on from here\n"


def start(*arguments: str, see: bool = False, **how: object) -> subprocess.Popen[str]:
    command = [sys.executable, *(["-v"] if see else []), "-c", PROGRAM, *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **how}
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)  # where the tests run in the background, it is ignored
    try:
        return subprocess.Popen(command, **pipes)  # type: ignore[call-overload,no-any-return]
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(
    ("module", "number"),
    [
        ("tfm_lite.command_line", signal.SIGINT),
        ("numpy", signal.SIGINT),
        ("torch", signal.SIGINT),
        ("torch.nn", signal.SIGTERM),
    ],
)
def test_a_stop_during_the_imports_is_one_line(module: str, number: signal.Signals) -> None:
    with start("list", see=True) as process:
        assert process.stderr
        for line in process.stderr:
            if re.search(
                rf"(matches|code object from|loaded from|Trying|trying) .*{module.split('.')[-1]}\b", line
            ) or (f"import '{module}'" in line):
                break
        process.send_signal(number)
        _, err = process.communicate()
    said = [line for line in err.splitlines() if line and not line.startswith(("#", "import ", "extension"))]
    assert process.returncode == 128 + number and said == [STOP.strip()], err[-2000:]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder of which the tests here have the letters in common: to draw them takes longest."""
    return tmp_path_factory.mktemp("data")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_in_training_is_one_line_and_lets_go_of_the_run(number: signal.Signals, data: Path) -> None:
    log = f"cache/runs/*-seed{number.value}-*/log.txt"
    with start(*LEARN, "--seed", str(number.value), "--data", str(data)) as process:
        deadline = time.monotonic() + 300
        while not list(data.glob(log)) and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(number)
        out, err = process.communicate()
    assert (process.returncode, out, err) == (128 + number, "", STOP)
    (path,) = data.glob(log)
    assert not path.with_name("holder").exists()


def test_what_ignores_a_signal_goes_on() -> None:
    """A shell has it so for what runs in the background: Ctrl-C is meant for another program."""
    with start("list", see=True, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)) as process:
        assert process.stderr and process.stdout
        for line in process.stderr:
            if "torch" in line:
                break
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate()
    assert process.returncode == 0 and out.startswith("data sets:")


@pytest.fixture
def record(tmp_path: Path) -> str:
    """One of a data set whose name few terminals have letters for."""
    path = results.save(record_of(Config("alphabets", "tfm", size=28), tasks=9, images=100), tmp_path)
    content = files.read_json(path)
    content["config"]["tasks"] = "字母-\U0001f600"
    files.write_json(path, content)
    return str(path)


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "latin-1", "utf-8"])
def test_letters_that_a_terminal_lacks_become_question_marks(
    encoding: str, record: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program, "_on_signals", lambda _: None)  # this process has its own
    monkeypatch.setattr(torch, "set_flush_denormal", lambda _: None)
    monkeypatch.setattr(sys, "argv", ["tfm-lite", "show", record])
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(printed := io.BytesIO(), encoding=encoding))
    assert program.main() == 0
    title = "tfm on 字母-\U0001f600" if encoding == "utf-8" else "tfm on ??-?"
    assert printed.getvalue().decode(encoding).startswith(title)


def test_nobody_reads_on(record: str) -> None:
    with start("show", *[record] * 120) as process:
        assert process.stdout and process.stderr
        process.stdout.readline()
        process.stdout.close()
        err = process.stderr.read()
    assert (process.wait(), err) == (128 + signal.SIGPIPE, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_a_full_disk_for_what_is_printed(record: str) -> None:
    with open("/dev/full", "w") as full, start("show", record, stdout=full) as process:
        _, err = process.communicate()
    assert (process.returncode, err) == (2, f"error: {os.strerror(28)}: make room, or name a folder on another disk\n")
