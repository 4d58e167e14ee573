"""The notebooks beside the chapters are made from them and hold no output."""

import json
import subprocess
import sys
from pathlib import Path

BOOK = Path(__file__).parents[2] / "book"


def test_notebooks_are_in_sync() -> None:
    run = subprocess.run([sys.executable, BOOK / "sync.py", "--check"], capture_output=True, text=True)
    assert run.returncode == 0, f"{run.stdout}run `make sync`"


def test_notebooks_hold_no_output() -> None:
    found = sorted(BOOK.glob("*.ipynb"))
    assert found
    for path in found:
        cells = json.loads(path.read_text())["cells"]
        assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells), path.name
