"""The methods by name. Each is a file of this folder with one subclass of :class:`~tfm_lite.methods.base.Method`; a new
method is a new file and nothing else."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from tfm_lite.methods.base import Method


@cache
def _all() -> dict[str, type[Method]]:
    found = {}
    for module in pkgutil.iter_modules(__path__):
        for value in vars(importlib.import_module(f"{__name__}.{module.name}")).values():
            if isinstance(value, type) and issubclass(value, Method) and value.name and "name" in vars(value):
                found[value.name] = value
    return dict(sorted(found.items()))


def names() -> list[str]:
    """The methods that exist."""
    return list(_all())


def get(name: str) -> type[Method]:
    """The class of the method ``name``.

    >>> from tfm_lite import methods
    >>> methods.get("tfm").zero_forgetting
    True
    """
    if name not in _all():
        raise ValueError(f"there is no method {name!r}; the methods are {', '.join(names())}")
    return _all()[name]
