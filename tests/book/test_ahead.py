"""The chapters of a build run before they are read, several at once, and never out of an older cache."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import MagicMock

import nbformat
import pytest
from _ext import ahead, kernels
from jupyter_cache import get_cache
from myst_nb.core.config import NbParserConfig
from myst_parser.config.main import MdParserConfig

HEAD = """---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  name: python3
---
"""
CELLS = {"one": "print(1)", "two": "print(2)", "broken": "1 / 0", "prose": ""}


@pytest.fixture
def env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    monkeypatch.setattr(kernels, "IMPORTED", ("statistics",))  # and not PyTorch: it takes its time
    for name, code in CELLS.items():
        cell = f"```{{code-cell}} ipython3\n{code}\n```\n"
        (tmp_path / f"{name}.md").write_text(f"{HEAD}# A page\n\n{cell}" if code else "# Prose\n")
    return SimpleNamespace(
        mystnb_config=NbParserConfig(execution_mode="cache", execution_cache_path=str(tmp_path / "cache")),
        myst_config=MdParserConfig(),
        doc2path=lambda name: str(tmp_path / f"{name}.md"),
    )


def kept(env: SimpleNamespace) -> dict[str, float]:
    records = get_cache(env.mystnb_config.execution_cache_path).list_cache_records()
    return {Path(record.uri).stem: record.data["execution_seconds"] for record in records}


def test_what_ran_is_found_and_what_failed_runs_again(env: SimpleNamespace) -> None:
    ahead.run_ahead(None, env, list(CELLS))
    assert kept(env).keys() == {"one", "two"} and min(kept(env).values()) > 0
    (_, notebook), *_ = ahead.notebooks(env, ["two"])
    _, filled = get_cache(env.mystnb_config.execution_cache_path).merge_match_into_notebook(notebook)
    assert filled.cells[-1].outputs[0].text == "2\n"


@pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux alone")
def test_a_forked_kernel_is_like_any_other_but_has_imported_already(env: SimpleNamespace, tmp_path: Path) -> None:
    asked = [
        "'statistics' in sys.modules, 'doctest' in sys.modules",
        "Path.cwd(), '' in sys.path, [at for at in sys.path if '_ext' in at]",
        "subprocess.run([sys.executable, '-c', 'exit(3)']).returncode",
        "os.read(0, 1), os.getpgid(0) == os.getpid()",
    ]
    lines = "\n".join(f"print({each})" for each in asked)
    begin = "import os, subprocess, sys\nfrom pathlib import Path\n"
    (tmp_path / "asked.md").write_text(f"{HEAD}# A page\n\n```{{code-cell}} ipython3\n{begin}{lines}\n```\n")
    ahead.run_ahead(None, env, ["asked"])
    (_, notebook), *_ = ahead.notebooks(env, ["asked"])
    _, filled = get_cache(env.mystnb_config.execution_cache_path).merge_match_into_notebook(notebook)
    said = filled.cells[-1].outputs[0].text.splitlines()
    assert said == ["True False", f"{tmp_path} True []", "3", "b'' True"]


@pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux alone")
def test_what_cannot_be_imported_is_said(
    env: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(kernels, "IMPORTED", ("nowhere_to_be_found",))
    with pytest.raises(RuntimeError, match=r"ended with 1.*importing nowhere_to_be_found"):
        ahead.run_ahead(None, env, ["one", "two"])
    assert "No module named 'nowhere_to_be_found'" in capfd.readouterr().err


def test_nothing_is_left_of_an_earlier_build(env: SimpleNamespace) -> None:
    for names in (["one"], ["two"], ["prose"]):
        ahead.run_ahead(None, env, names)
        assert kept(env).keys() == set(names) - {"prose"}


@pytest.mark.parametrize(("processors", "expected"), [(1, 1), (2, 2), (64, 4), (None, 1)])
def test_as_many_run_at_once_as_there_are_processors(
    env: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, processors: int | None, expected: int
) -> None:
    running, most = 0, 0

    async def slowly(*_: object) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.05)
        running -= 1

    monkeypatch.setattr(ahead.os, "cpu_count", lambda: processors)
    monkeypatch.setattr(ahead, "executed", slowly)
    asyncio.run(ahead.run_all([("a.md", nbformat.v4.new_notebook())] * 6, None, MagicMock()))
    assert most == expected


@pytest.mark.parametrize("mode", ["force", "auto", "off"])
def test_other_ways_of_running_are_left_alone(env: SimpleNamespace, mode: str) -> None:
    env.mystnb_config = env.mystnb_config.copy(execution_mode=mode)
    ahead.run_ahead(None, env, list(CELLS))
    assert not Path(env.mystnb_config.execution_cache_path).exists()
