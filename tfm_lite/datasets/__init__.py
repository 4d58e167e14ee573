"""Data sets by name. Each is a module of this folder with one function, ``load(*, seed, size, data)``, that returns a
:class:`~tfm_lite.tasks.TaskSequence`; a new data set is a new file and nothing else."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

from tfm_lite.tasks import TaskSequence


def names() -> list[str]:
    """The data sets that exist."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))


def load(name: str, *, seed: int = 0, size: int | None = None, data: str | Path | None = None) -> TaskSequence:
    """The data set ``name`` cut into tasks.

    ``seed`` fixes the order of classes and the validation images; ``size`` is the height and width in pixels (None: the
    data set's own choice); ``data`` is the folder that holds the publisher's folder (None: ``TFM_LITE_DATA``, else the
    user's cache).
    """
    if name not in names():
        raise ValueError(f"there is no data set {name!r}; the data sets are {', '.join(names())}")
    module = importlib.import_module(f"{__name__}.{name}")
    return module.load(seed=seed, size=size, data=Path(data) if data is not None else None)
