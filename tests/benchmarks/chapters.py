"""How long each chapter takes, and how many of its trainings follow the scale: ``python tests/benchmarks/chapters.py``.

Every notebook is run as it is, with letters; seconds are those of the processor, for the machine may have other work. With
``--record`` the figures are written to data/benchmarks/chapters.json, from which ``lab.here`` tells a reader how long a
chapter takes. ``--only NAME ...`` measures some chapters again.
"""

from __future__ import annotations

import argparse
import json
import resource
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

from tfm_lite.files import read_json, write_json
from tfm_lite.lab.times import speed

ROOT = Path(__file__).parents[2]
RECORD = ROOT / "data" / "benchmarks" / "chapters.json"
COUNT = """
from tfm_lite import train as _train
from tfm_lite.lab import Here as _Here
_followed, _calls, _tasks, _call = set(), [], _Here.tasks, _train.Fit._train
def _noted(here, *names, **how):
    found = _tasks(here, *names, **how)
    _followed.update(id(task.train) for task in found if here.chapter)
    return found
def _counted(fit, *how):
    _calls.append(id(fit.tasks[-1].train) in _followed)
    return _call(fit, *how)
_Here.tasks, _train.Fit._train = _noted, _counted
"""


def measure(path: Path) -> dict[str, float]:
    """Seconds of the processor that a notebook takes, its start included, and the trainings that follow the scale."""
    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if "skip-execution" not in cell.metadata.get("tags", [])]
    notebook.cells = [nbformat.v4.new_code_cell(COUNT), *cells, nbformat.v4.new_code_cell("print(sum(_calls))")]
    before = spent()
    NotebookClient(notebook, timeout=1200, resources={"metadata": {"path": str(path.parent)}}).execute()
    return {"seconds": round(spent() - before, 1), "trainings": int(notebook.cells[-1].outputs[0].text)}


def spent() -> float:
    """Seconds of the processor that all kernels so far have taken."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", default=[], help="chapters, by the names of their files")
    parser.add_argument("--record", action="store_true", help="write data/benchmarks/chapters.json")
    options = parser.parse_args()
    known: dict[str, Any] = read_json(RECORD)["chapters"] if RECORD.exists() else {}
    paths = [p for p in sorted((ROOT / "book").glob("*.ipynb")) if not options.only or p.stem in options.only]
    for path in paths:
        known[path.stem] = measure(path)
        print(path.stem, json.dumps(known[path.stem]), flush=True)
        if options.record:
            write_json(RECORD, {"speed": round(speed(), 1), "chapters": dict(sorted(known.items()))})


if __name__ == "__main__":
    main()
