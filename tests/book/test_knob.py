"""One knob: each chapter begins with where it runs and at which scale, and at another scale than the page's it runs, too."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
CHAPTERS = sorted(path.stem for path in (ROOT / "book").glob("*.ipynb"))
WITHOUT = ("data", "index", "ledger")  # which have nothing to run at another scale


@pytest.mark.parametrize("name", [name for name in CHAPTERS if name not in WITHOUT])
def test_a_chapter_begins_with_the_knob(name: str) -> None:
    cells = nbformat.read(ROOT / "book" / f"{name}.ipynb", as_version=4).cells
    _install, first, *_ = [cell for cell in cells if cell.cell_type == "code"]
    assert first.source == f'from tfm_lite import lab\n\nrun = lab.here("{name}")'
    assert not first.metadata.get("tags")


@pytest.mark.parametrize("name", ["04_ternary_masks", "05_feature_normalization"])
def test_a_chapter_runs_at_another_scale(name: str) -> None:
    """All of them: ``python tests/helpers/made_up_scale.py NAME ...``."""
    program = ROOT / "tests" / "helpers" / "made_up_scale.py"
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path, "MPLBACKEND": "agg", "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, program, name], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-500:] + done.stderr[-2000:]
    assert "small: pictures in colour that are made up" in done.stdout
