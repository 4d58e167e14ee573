"""Run chapters from the first cell to the last at a scale that is made up: small pictures in colour, a network of four
stages, a protocol of three epochs. ``python tests/helpers/made_up_scale.py NAME ...``

A cell that takes letters for granted fails here. What the text says of the letters' numbers need not hold.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import nbformat
from small import make_tasks

from tfm_lite import datasets
from tfm_lite.lab import scale
from tfm_lite.nn.stages import Stage
from tfm_lite.protocol import Protocol

BOOK = Path(__file__).parents[2] / "book"
PICTURES = "made-up pictures"
NETWORK: Any = (
    Stage(6, 3, padding=1, pool=(2, 2)),
    Stage(10, 3, padding=1, pool=(4, 4)),
    Stage(24, dropout=True),
    Stage(16),
)


def make_it_up() -> None:
    """Let the scale "small" be this one."""
    tasks, load = make_tasks(channels=3, size=32, groups=(4, 5, 3, 4), per_class=30), datasets.load
    scale.SCALES["small"] = scale.Scale("pictures in colour that are made up", PICTURES, 32, NETWORK)
    vars(scale).update(FULL=Protocol(epochs=3, patience=2))
    made_up: dict[str, Any] = {
        "load": lambda name, **how: tasks if name == PICTURES else load(name, **how),
        "look": lambda *_, **__: None,
    }
    vars(datasets).update(made_up)
    os.environ["TFM_LITE_SCALE"] = "small"


def main() -> None:
    make_it_up()
    os.chdir(BOOK)
    for name in sys.argv[1:]:
        names: dict[str, Any] = {"__name__": "__main__"}
        for cell in nbformat.read(BOOK / f"{name}.ipynb", as_version=4).cells:
            if cell.cell_type == "code" and "skip-execution" not in cell.metadata.get("tags", []):
                print(f"-- {cell.id}", flush=True)
                exec(compile(cell.source, f"{name}, {cell.id}", "exec"), names)


if __name__ == "__main__":
    main()
