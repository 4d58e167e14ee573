"""``import tfm_lite as tfm``: what it gives, and that it costs nothing until it is asked for."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest

import tfm_lite
import tfm_lite as tfm

SECONDS = 0.1  # of a processor that the import may take, in a process in which Python itself is up


def said_to_type_checkers() -> dict[str, tuple[str, str]]:
    """By name, the module and the name there that the block for type checkers imports."""
    source = ast.parse(Path(tfm_lite.__file__).read_text())
    block = next(node for node in source.body if isinstance(node, ast.If))
    return {
        alias.asname or alias.name: (str(line.module), alias.name)
        for line in block.body
        if isinstance(line, ast.ImportFrom)
        for alias in line.names
    }


@pytest.mark.parametrize("name", tfm.__all__)
def test_every_name_is_what_type_checkers_are_told(name: str) -> None:
    place, called = said_to_type_checkers()[name]
    if name == "ternary" and find_spec(place) is None:
        pytest.skip("tfm_lite.nn.convert is not there yet")
    found = getattr(importlib.import_module(place), called, None) or importlib.import_module(f"{place}.{called}")
    assert getattr(tfm, name) is found
    assert isinstance(found, ModuleType) == (name in ("datasets", "memory", "methods", "metrics", "plots"))


def test_no_name_is_told_to_one_reader_only() -> None:
    assert set(said_to_type_checkers()) == set(tfm.__all__) == set(tfm_lite._HOMES)
    assert set(tfm.__all__) < set(dir(tfm)) and "__version__" in dir(tfm)


def test_nothing_is_loaded_before_it_is_asked_for() -> None:
    code = (
        "import sys, time; began = time.process_time(); import tfm_lite; seconds = time.process_time() - began; "
        "print(seconds, 'torch' in sys.modules, 'numpy' in sys.modules); "
        "tfm_lite.schedule; print('torch' in sys.modules, 'matplotlib' in sys.modules); "
        "from tfm_lite import methods, train; import tfm_lite.nn.layers; print(methods.__name__, train.__name__)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    seconds, *found = run.stdout.split()
    assert found == ["False", "False", "True", "False", "tfm_lite.methods", "tfm_lite.train"]
    assert float(seconds) < SECONDS


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(AttributeError, match=r"no name 'Confg'; its names are FULL, .*from tfm_lite import train"):
        tfm.Confg  # noqa: B018
    assert not hasattr(tfm, "__path_hooks__")


def test_a_first_experiment_needs_nothing_else() -> None:
    tasks = tfm.load("alphabets", seed=0)
    assert isinstance(tasks, tfm.TaskSequence)
    build = tfm.Builder.of("lenet", tasks=tasks, dropout=0.0)
    assert isinstance(tfm.methods.get("finetune")(build), tfm.Method)
    assert isinstance(build(), tfm.Network) and isinstance(build.stages[0], tfm.Stage)
    assert tfm.schedule(1) == [0.55] and tfm.Config("alphabets", "tfm").protocol is tfm.FULL
    assert all(isinstance(record, tfm.Result) for record in tfm.load_results())
