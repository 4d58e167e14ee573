"""The first cell of every notebook, on machines that have the package, have another version of it, or have to install it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from tfm_lite import __version__

NOTEBOOK = Path(__file__).parents[2] / "book" / "00_reading.ipynb"
CELL = nbformat.read(NOTEBOOK, as_version=4).cells[0].source
WHEEL = "tfm_lite-9.9-py3-none-any.whl"
# Stands in for pip: it "installs" a package of the version 9.9 beside itself, or says why it cannot.
PIP = """
import pathlib, sys
here = pathlib.Path(__file__).parent
(here / "asked").write_text(" ".join(sys.argv[1:]))
if (here / "broken").exists():
    sys.exit("no space left")
package = here.parent / "tfm_lite"
package.mkdir()
(package / "__init__.py").write_text("__version__ = '9.9'")
(package / "train.py").write_text("")
"""


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A machine with a pip and without tfm_lite: ``site`` holds its packages, ``desk`` the notebook."""
    (tmp_path / "desk" / "book").mkdir(parents=True)
    (tmp_path / "site" / "pip").mkdir(parents=True)
    (tmp_path / "site" / "pip" / "__init__.py").touch()
    (tmp_path / "site" / "pip" / "__main__.py").write_text(PIP)
    return tmp_path


def run(machine: Path, cell: str = CELL) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(machine / "site")}
    command = [sys.executable, "-S", "-c", cell + "\nprint('goes on')"]
    return subprocess.run(command, cwd=machine / "desk" / "book", env=environment, capture_output=True, text=True)


def asked(machine: Path) -> str:
    return (machine / "site" / "pip" / "asked").read_text()


def test_where_the_package_is_there_nothing_is_said() -> None:
    done = subprocess.run([sys.executable, "-c", CELL], capture_output=True, text=True, cwd=NOTEBOOK.parent)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_wheel_beside_the_notebook_is_installed(machine: Path) -> None:
    (machine / "desk" / "book" / WHEEL).touch()
    done = run(machine, CELL.replace(f'"{__version__}"', '"9.9"'))
    assert (done.returncode, done.stdout, done.stderr) == (0, "goes on\n", "")
    assert asked(machine) == f"install {machine / 'desk' / 'book' / WHEEL}"


def test_a_folder_of_the_book_around_the_notebook_comes_first(machine: Path) -> None:
    (machine / "desk" / "book" / WHEEL).touch()
    (machine / "desk" / "tfm_lite").mkdir()
    (machine / "desk" / "tfm_lite" / "train.py").touch()
    assert run(machine).stdout == "goes on\n"
    assert asked(machine) == f"install {machine / 'desk'}"


def test_another_version_is_named_and_what_to_do(machine: Path) -> None:
    (machine / "desk" / "book" / WHEEL).touch()
    done = run(machine)
    assert done.stdout == "goes on\n"
    assert f"belongs to tfm_lite {__version__}, but you have 9.9" in done.stderr and "%pip install PATH" in done.stderr


def test_with_nothing_to_install_it_stops_and_says_what_to_bring(machine: Path) -> None:
    done = run(machine)
    assert done.returncode == 1 and "goes on" not in done.stdout
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("ModuleNotFoundError")]
    assert f"tfm_lite {__version__} is not installed" in line and str(machine / "desk" / "book") in line
    assert "Colab" in done.stderr and "%pip install PATH" in done.stderr
    assert "During handling" not in done.stderr


def test_if_pip_fails_it_stops_with_pip_s_reason(machine: Path) -> None:
    (machine / "desk" / "book" / WHEEL).touch()
    (machine / "site" / "pip" / "broken").touch()
    done = run(machine)
    assert done.returncode == 1 and "goes on" not in done.stdout
    assert f"pip could not install {machine / 'desk' / 'book' / WHEEL}:\nno space left" in done.stderr
    assert "%pip install PATH" in done.stderr


def test_no_notebook_needs_an_address() -> None:
    for path in NOTEBOOK.parent.glob("*.ipynb"):
        cells = nbformat.read(path, as_version=4).cells
        assert cells[0].source == CELL
        assert not any("github.com/tfm-lite" in cell.source for cell in cells), path.name
