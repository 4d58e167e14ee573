"""What README, CONTRIBUTING, CHANGELOG, docstrings and the page on the package say is there, and works as they say."""

from __future__ import annotations

import csv
import importlib
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch
from small import SHORT, make_tasks
from torch import Tensor, nn

import tfm_lite
from tfm_lite import train

TOP = Path(__file__).parents[1]
SOURCES = sorted((TOP / "tfm_lite").rglob("*.py"))
NAMED = re.compile(r"`((?:tfm_lite|tests|book|data)/[\w./]*)`")
REFERENCE = re.compile(r":(?:func|class|meth|mod|data|attr):`~?([\w.]+)`")


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_files_that_are_named_exist(document: str) -> None:
    named = NAMED.findall((TOP / document).read_text())
    assert named and not [name for name in named if not (TOP / name).exists()]


def test_the_change_log_begins_with_todays_numerics() -> None:
    numbers = re.findall(r"^### Numerics (\d+)", (TOP / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert list(map(int, numbers)) == list(range(train.NUMERICS, 0, -1))


def module_of(path: Path) -> ModuleType:
    parts = path.relative_to(TOP).with_suffix("").parts
    return importlib.import_module(".".join(parts[:-1] if parts[-1] == "__init__" else parts))


def found(name: str, near: ModuleType) -> bool:
    """Whether a name is that of something in the package: in full, or as the module that speaks of it knows it."""
    if not name.startswith("tfm_lite"):
        own = (value for value in vars(near).values() if getattr(value, "__module__", None) == near.__name__)
        return any(hasattr(home, name) for home in (near, *own))
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            here: Any = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            here = getattr(here, part, None)
        return here is not None
    return False


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(TOP)))
def test_what_docstrings_refer_to_is_there(path: Path) -> None:
    names = REFERENCE.findall(path.read_text())
    missing = [name for name in names if not found(name, module_of(path))]
    assert not missing


def blocks(document: str) -> list[str]:
    """The Python in a document."""
    return re.findall(r"^```python\n(.*?)^```$", (TOP / document).read_text(), re.MULTILINE | re.DOTALL)


def test_your_own_network_learns_as_the_readme_says() -> None:
    """The eight lines as they stand; two tasks of one batch each."""
    (code,) = (block for block in blocks("README.md") if "tfm.ternary" in block)
    torch.manual_seed(0)
    batch = torch.randn(4, 3, 32, 32), torch.tensor([0, 1, 0, 1])

    def my_training(net: Callable[[Tensor], Tensor], loader: Any, optimizer: torch.optim.Optimizer) -> None:
        for x, y in loader:
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(x), y).backward()
            optimizer.step()

    scope: dict[str, Any] = {"my_tasks": [([batch], 2), ([batch], 3)], "my_training": my_training}
    exec(code, scope)
    net = scope["net"].eval()
    assert net(batch[0], 0).shape == (4, 2) and net(batch[0], 1).shape == (4, 3)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whatever run is asked for is a short one of the made-up tasks, in a folder of its own."""
    tasks, real = make_tasks(), tfm_lite.run_experiment
    small = lambda config: replace(config, network="mlp", width=0.1, protocol=SHORT)  # noqa: E731
    monkeypatch.setattr(tfm_lite, "run_experiment", lambda config, **how: real(small(config), tasks=tasks, **how))
    monkeypatch.chdir(tmp_path)


def test_epochs_in_a_table(quick: None) -> None:
    (code,) = (block for block in blocks("book/api.md") if "csv" in block)
    exec(code, {})
    with Path("epochs.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["task"] for row in rows} == {"0", "1", "2"}
    assert all(0 <= float(row["valid_accuracy"]) <= 1 and float(row["loss"]) > 0 for row in rows)


class Board:
    """What TensorBoard's writer does, as far as the page uses it."""

    drawn: list[tuple[str, float, int]]

    def __init__(self, folder: str) -> None:
        Board.drawn = []

    def __enter__(self) -> Board:
        return self

    def __exit__(self, *_: object) -> None: ...

    def add_scalar(self, tag: str, value: float, step: int) -> None:
        self.drawn.append((tag, float(value), step))


def test_epochs_as_curves(quick: None, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = (block for block in blocks("book/api.md") if "SummaryWriter" in block)
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", SimpleNamespace(SummaryWriter=Board))  # type: ignore
    exec(code, {})
    curves = {tag for tag, _, _ in Board.drawn}
    assert {"loss/task 1", "valid_accuracy/task 3", "lr/task 2"} <= curves
    steps = [step for tag, _, step in Board.drawn if tag.startswith("loss/")]
    assert steps == list(range(len(steps))) and len(steps) > 3
