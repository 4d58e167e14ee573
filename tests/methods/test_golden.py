"""A few steps of every method, against the losses they had: records can only be compared while these stand.

After a change that is meant to move numbers, raise ``NUMERICS`` in ``tfm_lite/train.py`` and write the file again with
``python tests/test_golden.py``.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from small import make_method, make_tasks

from tfm_lite import methods, train
from tfm_lite.train import Protocol

GOLDEN = Path(__file__).with_name("golden.json")


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
    golden = json.loads(GOLDEN.read_text())
    assert golden["numerics"] == train.NUMERICS, "write tests/golden.json again: python tests/test_golden.py"
    assert name in golden, "a new method: write tests/golden.json again with python tests/test_golden.py"
    # Not to the bit: another processor may round otherwise.
    same = losses(name) == pytest.approx(golden[name], rel=1e-3)
    assert same, (
        "numbers moved: if that is meant, raise NUMERICS in tfm_lite/train.py and run python tests/test_golden.py"
    )


if __name__ == "__main__":
    content = {"numerics": train.NUMERICS, **{name: losses(name) for name in methods.names()}}
    GOLDEN.write_text(json.dumps(content, indent=1) + "\n")
