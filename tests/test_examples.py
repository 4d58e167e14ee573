"""The examples in docstrings, as a reader would run them."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import tfm_lite

# All that the book's page on the package explains must be shown in use.
SHOWN = {
    "tfm_lite.datasets": {"load"},
    "tfm_lite.datasets.own": {"from_folder"},
    "tfm_lite.datasets.tasks": {"Split", "TaskSequence", "by_class"},
    "tfm_lite.methods.base": {"Method"},
    "tfm_lite.metrics": {"average", "forgetting"},
    "tfm_lite.nn.deploy": {"extract"},
    "tfm_lite.nn.growth": {"schedule"},
    "tfm_lite.nn.feature_norm": {"FeatureNorm"},
    "tfm_lite.nn.layers": {"TernaryLayer"},
    "tfm_lite.nn.networks": {"Builder", "Network"},
    "tfm_lite.nn.stages": {"Stage"},
    "tfm_lite.runs.config": {"Config"},
    "tfm_lite.runs.results": {"load_all"},
    "tfm_lite.runs.run": {"run_experiment"},
}
MODULES = [module.name for module in pkgutil.walk_packages(tfm_lite.__path__, "tfm_lite.")]
EXAMPLES = [
    name
    for name in MODULES
    if not name.endswith("__main__") and ">>>" in Path(importlib.util.find_spec(name).origin).read_text()  # type: ignore
]


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """photos/ with four classes in the working folder, and a cache of their own."""
    for c, name in enumerate(("ant", "bee", "cat", "dog")):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for i in range(6):
            pixels = np.random.RandomState(10 * c + i).randint(0, 256, (40, 50, 3)).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "photos" / name / f"{i}.png")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TFM_LITE_DATA", str(tmp_path))


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_say_what_happens(name: str, request: pytest.FixtureRequest) -> None:
    if name == "tfm_lite.datasets.own":
        request.getfixturevalue("photos")
    module = importlib.import_module(name)
    shown = {case.name.removeprefix(f"{name}.") for case in doctest.DocTestFinder().find(module) if case.examples}
    assert SHOWN.get(name, set()) <= shown
    failed, tried = doctest.testmod(module)
    assert tried and not failed


def test_what_is_to_be_shown_is_there() -> None:
    assert set(SHOWN) <= set(EXAMPLES)
