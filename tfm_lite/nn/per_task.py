"""What a network keeps for each task by itself: heads, embeddings."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any, Generic, TypeVar, cast

from torch import nn

from tfm_lite.nn.stages import freeze

M = TypeVar("M", bound=nn.Module)


def as_task(t: Any, begun: int) -> int:
    """The index of one of the tasks that were begun, as a whole number. Raises ``ValueError`` for any other."""
    if type(t) is not int:
        if isinstance(t, bool) or not hasattr(t, "__index__"):
            raise ValueError(f"a task is named by its index, a whole number from 0, not by {t!r}")
        t = operator.index(t)
    if not 0 <= t < begun:
        has = f"has {begun} tasks, counted from 0" if begun else "has none yet"
        raise ValueError(f"task index {t} is not in this network, which {has}")
    return t


class PerTask(nn.Module, Generic[M]):
    """A module for each task, by the task's index: ``heads[t] = head``, ``heads[t](h)``, ``t in heads``."""

    def __setitem__(self, t: int, module: M) -> None:
        self.add_module(str(t), module)

    def __getitem__(self, t: int) -> M:
        if t not in self:
            raise ValueError(f"there is nothing of task index {t} here, only of {', '.join(self._modules) or 'none'}")
        return cast(M, self._modules[str(t)])

    def __contains__(self, t: object) -> bool:
        return str(t) in self._modules

    def __iter__(self) -> Iterator[int]:
        return map(int, self._modules)

    def __len__(self) -> int:
        return len(self._modules)

    def freeze(self, t: int) -> None:
        """What task ``t`` has here learns no more."""
        freeze(self[t])
