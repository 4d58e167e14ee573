"""A few steps of every method, against the losses they had: records can only be compared while these stand.

Each method has a file of its own in ``golden/``; ``python tests/methods/test_golden.py NAME`` writes that of a new one.
After a change that is meant to move numbers, raise ``NUMERICS`` in ``tfm_lite/train.py`` and write them all again, with no
name.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from small import make_method, make_tasks

from tfm_lite import methods, train
from tfm_lite.train import Protocol

GOLDEN = Path(__file__).with_name("golden")


def losses(name: str) -> list[float]:
    """Training and validation loss of every epoch of a short run."""
    found: list[float] = []
    tasks = make_tasks(size=28)
    method = make_method(name, tasks, "lenet")
    protocol = Protocol(epochs=2, batch=16, lr=0.02)
    train.run(method, tasks, protocol=protocol, on_epoch=lambda m, r: found.extend([r.loss, r.valid_loss]))
    return found


@pytest.mark.parametrize("name", methods.names())
def test_numbers_have_not_moved(name: str) -> None:
    path = GOLDEN / f"{name}.json"
    if not path.exists():
        pytest.xfail(f"new: python tests/methods/test_golden.py {name} writes down what its losses are")
    golden = json.loads(path.read_text())
    assert golden["numerics"] == train.NUMERICS, "write the golden losses again: python tests/methods/test_golden.py"
    # Not to the bit: another processor may round otherwise.
    same = losses(name) == pytest.approx(golden["losses"], rel=1e-3)
    assert same, (
        "numbers moved: if that is meant, raise NUMERICS in tfm_lite/train.py and run python tests/methods/test_golden.py"
    )


def test_there_is_no_file_of_a_method_that_is_gone() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} <= set(methods.names())


if __name__ == "__main__":
    for name in sys.argv[1:] or methods.names():
        content = {"numerics": train.NUMERICS, "losses": losses(name)}
        (GOLDEN / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n")
