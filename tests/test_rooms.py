"""Which room may import which: the contract in pyproject.toml holds, and turns red on what it is there for."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[1]
LINT = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()", "--no-cache", "--no-logo"]

# What is added to which file, and what is said of it.
WRONG = {
    "up": ({"nn/stages.py": "import tfm_lite.runs.config"}, "tfm_lite.nn is not allowed to import tfm_lite.runs"),
    "up, in a function": (
        {"datasets/tasks.py": "def late():\n    from tfm_lite.methods import base"},
        "tfm_lite.datasets is not allowed to import tfm_lite.methods",
    ),
    "up, for a type": (
        {"places.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from tfm_lite.nn import layers"},
        "tfm_lite.places is not allowed to import tfm_lite.nn",
    ),
    "across": ({"figures/plots.py": "import tfm_lite.exercises.checks"}, "tfm_lite.figures is not allowed to import"),
    "up, through the face": (
        {"__init__.py": "from tfm_lite.runs.config import Config", "nn/stages.py": "from tfm_lite import Config"},
        "tfm_lite.nn is not allowed to import tfm_lite.runs",
    ),
    "round in a room": (
        {
            "datasets/names.py": "import tfm_lite.datasets.stores",
            "datasets/stores.py": "import tfm_lite.datasets.names",
        },
        "No circle within a room BROKEN",
    ),
    "a room without a place": ({"utils.py": ""}, "utils"),
}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(LINT, cwd=folder, capture_output=True, text=True, env={"PYTHONPATH": str(folder)})


def test_no_arrow_between_rooms_runs_up() -> None:
    run = lint(TOP)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "2 kept, 0 broken" in run.stdout


@pytest.mark.parametrize("what", WRONG)
def test_one_that_does_is_named(what: str, tmp_path: Path) -> None:
    added, words = WRONG[what]
    shutil.copytree(TOP / "tfm_lite", tmp_path / "tfm_lite", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(TOP / "pyproject.toml", tmp_path)
    for name, text in added.items():
        path = tmp_path / "tfm_lite" / name
        path.write_text((path.read_text() if path.exists() else "") + f"\n{text}\n")
    run = lint(tmp_path)
    assert run.returncode == 1 and words in run.stdout, run.stdout + run.stderr
