"""The notebooks beside the chapters are made from them and hold no output; the pictures are those that the code draws."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tfm_lite.figures.colours import STATES

BOOK = Path(__file__).parents[2] / "book"


@pytest.mark.parametrize("script", ["sync.py", "art.py"])
def test_what_is_made_is_up_to_date(script: str) -> None:
    run = subprocess.run([sys.executable, BOOK / script, "--check"], capture_output=True, text=True)
    assert run.returncode == 0, f"{run.stdout}run `make sync`"


def test_notebooks_hold_no_output() -> None:
    found = sorted(BOOK.glob("*.ipynb"))
    assert found
    for path in found:
        cells = json.loads(path.read_text())["cells"]
        assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells), path.name


def test_the_style_sheet_has_the_palette() -> None:
    style = (BOOK / "_assets" / "book.css").read_text()
    assert all(f"--tfm-{state}: {colour};" in style for state, colour in STATES.items())
