"""Which versions are said to do: of Python, and of what the package needs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

TOP = Path(__file__).parents[1]
PROJECT = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]
PYTHONS = [line.split()[-1] for line in PROJECT["classifiers"] if re.search(r"Python :: 3\.", line)]


@pytest.mark.parametrize("page", ["README.md", "book/00_reading.md", "book/00_reading.ipynb"])
def test_pages_name_the_versions_of_python_that_are_tested(page: str) -> None:
    words = f"Python {', '.join(PYTHONS[:-1])} or {PYTHONS[-1]} and make"
    assert words in (TOP / page).read_text() and PROJECT["requires-python"] == f">={PYTHONS[0]}"


@pytest.mark.parametrize("page", ["README.md", "book/00_reading.md"])
def test_pages_say_what_to_do_on_windows_and_on_a_mac(page: str) -> None:
    text = (TOP / page).read_text()
    commands = re.findall(r"^    ((?:py |\.venv\\Scripts).*)$", text, re.M)
    assert len(commands) == 3 and "float64" in text and "Mac" in text
    assert commands[1].split()[-1] == "requirements.txt" and (TOP / "requirements.txt").exists()


def test_the_oldest_versions_are_the_lower_bounds() -> None:
    """What `make floor` takes from them: it puts == for >=, and knows nothing else."""
    assert all(re.fullmatch(r"[a-z]+>=[0-9]+(\.[0-9]+)*", bound) for bound in PROJECT["dependencies"])
    if not shutil.which("make"):
        pytest.skip("there is no make here")
    command = ["make", "--dry-run", "--always-make", f"PYTHON={sys.executable}", "floor"]
    said = subprocess.run(command, cwd=TOP, capture_output=True, text=True).stdout.splitlines()
    into = " > .venv-floor/oldest.txt"
    takes = next(line for line in said if line.endswith(into)).removesuffix(into)
    done = subprocess.run(takes, shell=True, cwd=TOP, capture_output=True, text=True)
    assert done.stdout.split() == [bound.replace(">=", "==") for bound in PROJECT["dependencies"]]
