"""Run the chapters that a build is about to read, several at once.

MyST-NB runs a chapter when it comes to it, one after the other, on one processor. Here they run before, into its cache, where
it then finds them. The cache begins empty with every build: no page shows what an older package computed.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from _ext.kernels import Nursery
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from myst_nb.core.read import create_nb_reader
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from sphinx.util import logging

MOST = 4  # at once: each has PyTorch in memory
logger = logging.getLogger(__name__)


def run_ahead(app: Any, env: Any, docnames: list[str]) -> None:
    config = env.mystnb_config
    if config.execution_mode != "cache":
        return
    shutil.rmtree(config.execution_cache_path, ignore_errors=True)
    cache = get_cache(config.execution_cache_path)
    asyncio.run(run_all(list(notebooks(env, docnames)), config, cache))


async def run_all(chapters: list[tuple[str, Any]], config: Any, cache: Any) -> None:
    """What fails is not kept: it runs once more when it is read, and fails with all that is to be said of it."""
    free = asyncio.Semaphore(min(MOST, os.cpu_count() or 1))

    async def run(path: str, notebook: Any) -> None:
        async with free:
            began = time.monotonic()
            try:
                await executed(path, notebook, config, nursery)
            except (CellExecutionError, CellTimeoutError, DeadKernelError):
                return
            took = time.monotonic() - began
            bundle = CacheBundleIn(notebook, path, data={"execution_seconds": took})
            cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
            logger.info(f"{Path(path).name}: ran in {took:.1f} seconds")

    with Nursery() as nursery:
        await asyncio.gather(*(run(*chapter) for chapter in chapters))


async def executed(path: str, notebook: Any, config: Any, nursery: Nursery) -> None:
    """Run a notebook where it lies."""
    client = NotebookClient(
        notebook,
        timeout=config.execution_timeout,
        allow_errors=config.execution_allow_errors,
        resources={"metadata": {"path": str(Path(path).parent)}},
        record_timing=False,
        shutdown_kernel="immediate",  # when all is run; a kernel with PyTorch takes three seconds to tidy up
    )
    # elsewhere a process with PyTorch in it is better not forked
    if sys.platform == "linux":
        nursery.supply(client)
    await client.async_execute()


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
