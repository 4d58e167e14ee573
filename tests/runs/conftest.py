"""What holds for all tests of runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfm_lite import datasets
from tfm_lite.datasets.tasks import TaskSequence


@pytest.fixture
def made_up(tasks: TaskSequence, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A data folder; whatever data set is asked for, the made-up tasks come."""
    monkeypatch.setattr(datasets, "load", lambda *_, **__: tasks)
    monkeypatch.setattr(datasets, "look", lambda *_, **__: None)
    return tmp_path
