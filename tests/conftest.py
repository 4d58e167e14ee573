"""What holds for all tests."""

from __future__ import annotations

import pytest
import torch
from small import make_tasks

from tfm_lite import train
from tfm_lite.datasets.tasks import TaskSequence

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _checkpoint_after_every_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else nothing here would run long enough to have one."""
    monkeypatch.setattr(train, "CHECKPOINT_EVERY", 0.0)


@pytest.fixture
def tasks() -> TaskSequence:
    return make_tasks()
