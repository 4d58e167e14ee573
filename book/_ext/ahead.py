"""Run the chapters that a build is about to read, several at once.

MyST-NB runs a chapter when it comes to it, one after the other, on one processor. Here they run before, into its cache, where
it then finds them. The cache begins empty with every build: no page shows what an older package computed.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.executors.utils import single_nb_execution
from myst_nb.core.read import create_nb_reader
from sphinx.util import logging

MOST = 4  # at once: each has PyTorch in memory
logger = logging.getLogger(__name__)


def run_ahead(app: Any, env: Any, docnames: list[str]) -> None:
    config = env.mystnb_config
    if config.execution_mode != "cache":
        return
    shutil.rmtree(config.execution_cache_path, ignore_errors=True)
    cache = get_cache(config.execution_cache_path)
    chapters = list(notebooks(env, docnames))

    def run(chapter: tuple[str, Any]) -> tuple[str, Any, Any]:
        path, notebook = chapter
        result = single_nb_execution(
            notebook,
            cwd=str(Path(path).parent),
            allow_errors=config.execution_allow_errors,
            timeout=config.execution_timeout,
        )
        return path, notebook, result

    # What fails is not kept: it runs once more when it is read, and fails with all that is to be said of it.
    with ThreadPoolExecutor(min(MOST, os.cpu_count() or 1)) as pool:
        for done in as_completed(pool.submit(run, each) for each in chapters):
            path, notebook, result = done.result()
            if result.err is None:
                data = {"execution_seconds": result.time}
                bundle = CacheBundleIn(notebook, path, data=data)
                cache.cache_notebook_bundle(
                    bundle, check_validity=False, overwrite=True
                )
                logger.info(f"{Path(path).name}: ran in {result.time:.1f} seconds")


def notebooks(env: Any, docnames: list[str]) -> Iterator[tuple[str, Any]]:
    """Path and notebook of every document that has cells."""
    for name in docnames:
        path = env.doc2path(name)
        text = Path(path).read_text(encoding="utf-8")
        if reader := create_nb_reader(path, env.myst_config, env.mystnb_config, text):
            yield path, reader.read(text)


def setup(app: Any) -> dict[str, bool]:
    app.connect("env-before-read-docs", run_ahead)
    return {"parallel_read_safe": True}
