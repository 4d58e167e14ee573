"""Whatever is typed, the answer is one line that names what was given and what to do, and a status; never a traceback."""

from __future__ import annotations

import errno
import os
import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from tfm_lite import faults
from tfm_lite.__main__ import main
from tfm_lite.datasets.sets import alphabets
from tfm_lite.runs import commands

LONG = "x" * 5000
HELP = r"; `python -m tfm_lite .*--help` says what there is$"
RUN, SELECT, SHEET = ["run", "--tasks", "alphabets"], ["select", "--tasks", "alphabets"], ["data", "show", "alphabets"]
NO_NUMBER = ("", " ", "x", "ü", "\U0001f600", "0x10", "None", "True", "[]", "1,2", "\udcff", "1 2")
NO_WHOLE = ("inf", "nan", "1e99", "1.5", "9" * 5000)
NO_NAME = ("", " ", "x", "ü", "\U0001f600", "None", "-", "../x", "a\nb", "0", "nan", "\udcff", LONG)

Row = tuple[list[str], str]


def whole_numbers() -> Iterator[Row]:
    given = {
        "--size": RUN,
        "--epochs": RUN,
        "--seed/--seeds": SELECT,
        "--index": ["run", "alphabets"],
        "--count": SELECT,
        "--size ": SHEET,
    }
    for option, command in given.items():
        for value in (*NO_NUMBER, *NO_WHOLE):
            words = f"argument {option.strip()}: a whole number is wanted, not {re.escape(repr(value))}{HELP}"
            yield [*command, option.split("/")[0].strip(), value], words
    for value in ("10001", "9" * 30):
        yield [*RUN, "--size", value], f"a run's size is .* at most 10000 or None, not {value}"
        yield [*SHEET, "--size", value], f"the size of the images, in pixels, is .* at most 10000 or None, not {value}"
    for value in ("0", "-1", "-99999999999999999999"):
        yield (
            [*RUN, "--size", value],
            f"a run's size is a whole number of at least 1 and at most 10000 or None, not {value}",
        )
        yield [*RUN, "--epochs", value], f"--epochs is a whole number of at least 1, not {value}"
        yield [*SELECT, "--count", value], f"--count is a whole number of at least 1, not {value}"
        yield [*SHEET, "--size", value], f"the size of the images, in pixels, is .* of at least 1 and .*, not {value}"
    for value in ("-1", "27", "9" * 30):
        yield ["run", "alphabets", "--index", value], rf"alphabets has no run {value} by .* its runs are 0, 1, .*, 26"
    yield [*RUN, "--index", "0"], "--index 0 picks a run of a suite: name the suite instead of --tasks"
    for command in (RUN, ["run", "alphabets"], SELECT, ["list", "--missing", "alphabets"]):
        yield [*command, "--seed", "0", "-1"], "a run's seed is a whole number of at least 0, not -1"
    yield [*SHEET, "--size", "1"], "alphabets are drawn at 28 or 32 pixels, not 1"


def numbers() -> Iterator[Row]:
    for value in NO_NUMBER:
        yield [*RUN, "--width", value], f"argument --width: a number is wanted, not {re.escape(repr(value))}{HELP}"
    for value in ("inf", "nan", "-1", "0", "-0", "1e400", "1e-400", "Infinity"):
        yield [*RUN, "--width", value], "a run's width is a number above 0 and finite, not (inf|nan|-?[01].0)"
    for value in ("1e99", "1e308", "123456789"):
        yield (
            [*RUN, "--width", value, "--network", "mlp"],
            "a network of width .* features in a layer; .* take a smaller width",
        )
    yield [*RUN, "--width"], f"argument --width: expected one argument{HELP}"
    for value in ("-inf", "--1", "--", "-x"):
        yield [*RUN, "--width", value], f"argument --width: expected one argument{HELP}"


def names() -> Iterator[Row]:
    for value in NO_NAME:
        named = re.escape(repr(value))
        yield [*RUN, "--network", value], f"there is no network {named}; the networks are mlp, "
        yield [*RUN, "--method", value], f"there is no method {named}; the methods are .*tfm"
        yield ["list", "--method", value], f"there is no method {named}; the methods are .*tfm"
        yield ["run", "alphabets", "--only", value], f"alphabets has no runs of {named}; its methods are .*tfm"
        yield [*RUN, "--precision", value], f"argument --precision: invalid choice: {named} .*fp32.*bf16.*{HELP}"
        yield [*RUN, "--device", value], f"there is no device {named}; write cpu or cuda"
        for command in (["run"], ["select"], ["list", "--missing"]):
            if value != "-" or command == ["list", "--missing"]:
                yield [*command, value], f"there is no suite {named}; the suites are alphabets, "
        for command in (["run", "--tasks"], ["data", "fetch"], ["data", "verify"], ["data", "show"]):
            yield [*command, value], f"there is no data set {named}; the data sets are .*folder:PATH"
    for value in ("mps", "meta", "xla", "hpu"):
        yield [*RUN, "--device", value], f"{value!r} is no device that runs are made for; write cpu or cuda"
    for value in ("cpu:1", "cpu:99"):
        yield [*RUN, "--device", value], f"--device {value}: the last one here is cpu"
    yield [*RUN, "--device", "cuda:99"], "--device cuda:99: (PyTorch finds no GPU here|the last one here is cuda:)"
    for value in ("birds+x", "birds+0tasks", "birds+5tasks+semantic", "birds+", "+", "birds+20x0", "birds+partial+2x2"):
        yield ["run", "--tasks", value], r".*\[\+semantic\|\+larger\].*|.*a part; leave out \+partial"
    yield ["data", "fetch", "alphabets"], "alphabets needs no files: it is drawn on your machine"
    yield ["data", "fetch", "folder:photos"], "folder:photos is your own: nobody else has it to fetch"
    yield ["data", "verify", "folder:photos"], "there is no folder .*photos; one's own images are named folder:PATH"


def places() -> Iterator[Row]:
    for value in ("", " ", "a\0b"):
        options = {"--data": [RUN, SELECT, SHEET, ["list"]], "--out": [RUN, SELECT, SHEET], "--import": [RUN, ["list"]]}
        for option, several in {**options, "--archive": [["data", "fetch", "birds"]]}.items():
            for command in several:
                named = f"argument {option}: a file or folder has a name, {re.escape(repr(value))} is none{HELP}"
                yield [*command, option, value], named
        yield ["show", value], f"argument FILE: a file or folder has a name, {re.escape(repr(value))} is none{HELP}"
    sets = [RUN, SELECT, SHEET, ["run", "--tasks", "birds"], ["data", "verify", "birds"], ["run", "alphabets"]]
    for command in (*sets, ["list", "--missing", "alphabets"]):
        for value in ("missing", "file", "missing/x", "file/x", "ü"):
            words = f"the data folder {value}, named with --data, does not exist: make it, or name another"
            yield [*command, "--data", value], words
        yield [*command, "--data", LONG], f"the data folder {LONG}, named with --data, does not exist: make it"
    for value, words in {
        "a.xyz": r"--out a\.xyz: no picture is written as \.xyz; use \.png",
        "a.json": r"--out a\.json: no picture is written as \.json; use \.png",
        "a.py": r"--out a\.py: no picture is written as \.py; use \.png",
        "folder": "--out folder is a folder: name a file in it, as folder.sheet.png",
    }.items():
        yield [*SHEET, "--out", value], words
    yield ["list", "--missing", "alphabets", "--out", "file"], "--out file is a file: name the folder of the records"
    yield (
        ["data", "fetch", "birds", "--data", "file"],
        r"nothing can be written in file \(File exists\): take the file away",
    )
    yield ["data", "fetch", "birds", "--archive", "none"], "there is no file none: name the archive that you have"
    for name in ("flowers", "birds", "actions", "tiny_imagenet", "imagenet+20x50"):
        for command in (["run", "--tasks"], ["data", "verify"], ["data", "show"]):
            yield [*command, name, "--data", "folder"], ".* is not in folder: the folder .* is missing .*data fetch"
    for value in ("folder:missing", "folder:file", "folder:/dev/null"):
        yield ["run", "--tasks", value], "there is no folder .*; one's own images are named folder:PATH"
    yield (
        ["run", "--tasks", "folder:folder"],
        ".*folder has 0 classes: .*Name the folder that holds a folder of images for each class",
    )


def files() -> Iterator[Row]:
    for value in ("missing", "missing/x", "file/x"):
        yield ["show", value], f"{value}: (No such file or directory: make it|Not a directory: name another)"
    yield ["show", LONG], f"{LONG}: File name too long: give it a shorter name"
    for value in ("folder", "folder.json"):
        yield ["show", value], f"{value}: Is a directory: name a file"
    for value in ("file", "list.json", "number.json", "empty.json", "nested.json", "object.json", "bytes.json"):
        yield ["show", value], f"{value} is not a record of a run as it was written .*makes it again"
    for value in ("missing", "folder", "folder.json", "/dev/null"):
        yield [*RUN, "--import", value], rf"there is no file .*{value}: name the Python file that has the method"
    yield [*RUN, "--import", "file"], r".*file is no Python file: a file with a method ends in \.py"
    yield [*RUN, "--import", "empty.py"], r".*empty\.py has no method: write a subclass of .*Method"
    yield [*RUN, "--import", LONG], f".*{LONG}: File name too long: give it a shorter name"
    yield [*RUN, "--import", "refuses.py"], r"not today \(.*refuses\.py, line 2\)"


def options() -> Iterator[Row]:
    share = "a number of at least 0 and at most 1, not"
    for method, values in {
        "tfm": {
            **dict.fromkeys(("", "x", "margin", "0", "ü"), "--option .* has no value; write NAME=VALUE"),
            **dict.fromkeys(
                ("=", "=5", "x=1", "Margin=0", " margin=0"), "tfm has no option .*; its options are grow, "
            ),
            **dict.fromkeys(
                ("margin=nan", "margin=inf", "margin=1e999", "margin=", "margin=x", "margin=-0.1", "margin=true"),
                f"tfm's option margin is {share}",
            ),
            **dict.fromkeys(
                ("margin=[[[]]]", 'margin={"a": 1}', "margin=None", 'margin="0"'), f"tfm's option margin is {share}"
            ),
            **dict.fromkeys(
                (
                    "growths=5",
                    "growths=[]",
                    "growths=[5]",
                    "growths=[nan]",
                    "growths={}",
                    'growths="ab"',
                    "growths=[true]",
                ),
                f"tfm's option growths is a list, not empty, each {share}",
            ),
            "growths=" + "[" * 100_000: f"tfm's option growths is a list, not empty, each {share}",
            **dict.fromkeys(("start=0", "start=-1", "start=2", "start=1e99"), "tfm's option start is a number above 0"),
            **dict.fromkeys(("norm=ü", "norm=", "norm=1"), "tfm's option norm is 'before' or 'after' or None, not"),
            "grow=True": "tfm's option grow is 'search' or 'schedule', not True",
        },
        "ewc": {
            **dict.fromkeys(
                ("batch=0", "batch=-1", "batch=1.5", "batch=inf", "batch=None", "batch=" + "9" * 5000),
                "ewc's option batch is a whole number of at least 1, not",
            ),
            **dict.fromkeys(
                ("lam=inf", "lam=nan", "lam=-1", "lam=x"), "ewc's option lam is .*at least 0 and finite, not"
            ),
        },
        "lwf": {"temperature=0": "lwf's option temperature is a number above 0 and finite, not 0"},
        "mas": {"alpha=5": "mas's option alpha is .*at most 1 or None, not 5"},
        "hat": {"s_max=-1": "hat's option s_max is a number of at least 1 and finite, not -1"},
        "pnn": {"width=0": "pnn's option width is a number above 0 and finite, not 0"},
        "packnet": {"prune=1": "packnet's option prune is a number of at least 0 and below 1, not 1"},
        "finetune": {"lam=1": "finetune has no option 'lam'; it has none"},
    }.items():
        for value, words in values.items():
            yield [*RUN, "--method", method, "--option", value], words


def words() -> Iterator[Row]:
    for arguments in ([], ["data"], ["data", "fetch"], ["--x"]):
        yield arguments, f"the following arguments are required: .*{HELP}"
    for arguments in (["x"], [""], ["RUN"], ["data", "x"], ["\udcff"]):
        yield arguments, f"argument .*: invalid choice: .*choose from .*{HELP}"
    for arguments in (["list", "--x"], ["show", "--x\ny"], [*RUN, "more", "words"], ["run", "-h\n"], ["list", "-9"]):
        yield arguments, f"(unrecognized arguments: |argument -h/--help: ignored).*{HELP}"
    for command in ("run", "select"):
        yield [command], "name either a suite or --tasks; `python -m tfm_lite list` shows both"
        yield [command, "alphabets", "--tasks", "alphabets"], "name either a suite or --tasks; "
        for more in (["--width", "2"], ["--size", "28"], ["--quick"], ["--network", "mlp"], ["--option", "a=1"]):
            yield [command, "alphabets", *more], f"{more[0]} cannot change the runs of a suite: leave it out, or name"
    yield [*SELECT, "--method", "finetune"], "finetune has no grid of options to choose from; give its class one"
    yield ["select", "feature_norm", "--only", "ewc"], "feature_norm has no runs of 'ewc'; its methods are tfm"


TABLE = [row for part in (whole_numbers, numbers, names, places, files, options, words) for row in part()]


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what a user may have in it, where nothing may be drawn or learned."""
    for name in ("folder", "folder.json", "temporary"):
        (tmp_path / name).mkdir()
    texts = {"file": "x", "list.json": "[]", "number.json": "3", "empty.json": "", "nested.json": "[" * 100_000}
    texts |= {"object.json": "{}", "empty.py": "", "syntax.py": "def (", "raises.py": "\n\n1 / 0"}
    texts |= {"refuses.py": "\nraise ValueError('not today')", "imports.py": "import nothing_of_this_name"}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe\0")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    monkeypatch.delenv("TFM_LITE_DATA", raising=False)
    monkeypatch.setattr(faults.tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.setattr(alphabets, "_images", lambda *_: pytest.fail("it went as far as to draw the letters"))
    return tmp_path


def status_of(arguments: list[str]) -> int:
    try:
        return main(arguments)
    except SystemExit as error:
        return int(str(error.code))


def test_the_table_is_large() -> None:
    assert len(TABLE) > 500 and len({arguments[0] for arguments, _ in TABLE if arguments}) > 5


@pytest.mark.parametrize(("arguments", "said"), TABLE, ids=[repr(arguments)[:70] for arguments, _ in TABLE])
def test_odd_values_are_refused_in_one_line(
    arguments: list[str], said: str, there: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(there.iterdir())
    status = status_of(arguments)
    out, err = capsys.readouterr()
    assert (status, out) == (2, "") or arguments[1:2] == ["fetch"]
    assert len(err.splitlines()) == 1 and re.match(f"error: {said}", err.rstrip("\n")), err[:1000]
    assert sorted(there.iterdir()) == before


KINDS: dict[str, Callable[[], Exception]] = {
    "KeyError": lambda: KeyError("XYZ"),
    "AttributeError": lambda: AttributeError("'NoneType' object has no attribute 'x'"),
    "RuntimeError": lambda: RuntimeError("mat1 and mat2 shapes cannot be multiplied\nand more"),
    "AssertionError": AssertionError,
    "RecursionError": lambda: RecursionError("maximum recursion depth exceeded"),
    "ValueError": ValueError,  # one without a word
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_of_the_program_says_so(
    kind: str, there: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise KINDS[kind]()

    monkeypatch.setattr(commands, "_run_all", fail)
    assert main(RUN) == 1
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1 and err.startswith(f"error: this is a fault of the program, not yours: {kind}")
    (kept,) = there.glob("temporary/tfm-lite-*.txt")
    assert f"The traceback is in {kept}; please report it with that text at {faults.ISSUES}\n" in err
    assert "Traceback (most recent call last)" in kept.read_text() and ", in fail\n" in kept.read_text()


def test_with_no_place_for_it_the_traceback_is_said(there: Path) -> None:
    (there / "temporary").rmdir()
    text, status = faults.in_words(KeyError("x"))
    assert status == 1 and "The traceback is\n" in text and "KeyError: 'x'" in text


@pytest.mark.parametrize(
    ("file", "line", "kind"),
    [("syntax.py", 1, "SyntaxError"), ("raises.py", 3, "ZeroDivisionError"), ("imports.py", 1, "ModuleNotFoundError")],
)
def test_a_fault_in_a_file_of_ones_own_is_named_there(
    file: str, line: int, kind: str, there: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*RUN, "--import", file]) == 1
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1 and "fault of the program" not in err
    assert err.startswith(f"error: {there / file}, line {line}: {kind}: ") and f"{there}/temporary/tfm-lite-" in err


ENOMEM = OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))
FULL: dict[str, Callable[[], object]] = {
    "NumPy": lambda: np.empty(10**16),
    "PyTorch": lambda: torch.empty(10**16),
    "a GPU": lambda: (_ for _ in ()).throw(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")),
    "a GPU's library": lambda: (_ for _ in ()).throw(RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when")),
    "Python": lambda: (_ for _ in ()).throw(MemoryError()),
    "the system": lambda: (_ for _ in ()).throw(ENOMEM),
}


@pytest.mark.parametrize("whose", FULL)
def test_too_little_memory_is_said_with_what_to_do(
    whose: str, there: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(commands, "_run_all", lambda *_: FULL[whose]())
    assert main(RUN) == 2
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1 and err.startswith("error: out of memory (")
    assert "take a smaller network (--width), smaller images (--size) or --precision bf16" in err


@pytest.mark.parametrize("number", [*faults.REMEDIES, errno.ENOTEMPTY])
def test_an_error_of_the_system_has_its_file_and_a_remedy(number: int) -> None:
    text, status = faults.in_words(OSError(number, os.strerror(number), "there/it"))
    assert status == 2 and text.startswith(f"there/it: {os.strerror(number)}: ") and len(text.split(": ")[2]) > 10


def test_faults_are_reported_where_the_repository_is() -> None:
    top = Path(__file__).parents[1]
    address = tomllib.loads((top / "pyproject.toml").read_text())["project"]["urls"]["Repository"]
    assert f"{address}/issues" == faults.ISSUES
    assert yaml.safe_load((top / "_config.yml").read_text())["repository"]["url"] == address
