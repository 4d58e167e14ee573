"""The methods by name. Each is a file with one subclass of :class:`~tfm_lite.methods.base.Method`: in this folder, or
anywhere else and loaded by :func:`load_file`. A new method is a new file and nothing else."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import sys
from functools import cache
from pathlib import Path

from tfm_lite.methods import base
from tfm_lite.methods.base import Method


@cache
def _import_all() -> None:
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")


def names() -> list[str]:
    """The methods that exist: those of this folder, and those that were imported from elsewhere."""
    _import_all()
    return sorted(base.known)


def get(name: str) -> type[Method]:
    """The class of the method ``name``.

    >>> from tfm_lite import methods
    >>> methods.get("tfm").zero_forgetting
    True
    """
    if name not in names():
        raise ValueError(f"there is no method {name!r}; the methods are {', '.join(names())}")
    return base.known[name]


def load_file(path: Path | str) -> list[str]:
    """Import a file with a method, or several, and return their names. A file that is loaded again replaces its methods.

    Raises ``FileNotFoundError`` if there is no such file, ``ValueError`` if there is no method in it or one of a name that
    another has, and whatever the file itself raises.
    """
    path = Path(path).resolve()
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}: name the Python file that has the method")
    _import_all()  # so that a name that is taken is found to be
    before, module_name = dict(base.known), str(path)
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise ValueError(f"{path} is no Python file: a file with a method ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module  # where classes look for the names in their annotations
    try:
        spec.loader.exec_module(module)
    except BaseException:
        base.known.clear()
        base.known.update(before)
        del sys.modules[module_name]
        raise
    found = [name for name, cls in base.known.items() if cls is not before.get(name)]
    if not found:
        raise ValueError(
            f"{path} has no method: write a subclass of tfm_lite.methods.base.Method with a name of its own"
        )
    return found
