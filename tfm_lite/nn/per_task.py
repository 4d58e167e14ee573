"""What a network keeps for each task by itself: heads, embeddings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar, cast

from torch import nn

from tfm_lite.nn.stages import freeze

M = TypeVar("M", bound=nn.Module)


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
