"""A GPU played on PyTorch's "meta" device: every operation is noted, what mixes devices is refused, and what would wait for a
GPU is written down.

Tensors there have a shape and no values, so whoever asks for a value is given 1, and every truth value is true.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import wraps
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from tfm_lite import train
from tfm_lite.datasets import inputs

aten = torch.ops.aten
COPIES = (aten._to_copy.default, aten.copy_.default)


class Elsewhere(TorchDispatchMode):
    """``operations`` are the names of those that met a tensor of the device; ``waits`` those that would wait for it, while
    ``strict``: in a step, that is."""

    def __init__(self) -> None:
        super().__init__()
        self.operations: set[str] = set()
        self.waits: list[str] = []
        self.strict = False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        there = [tensor for tensor in tensors if tensor.is_meta]
        if not there and not self._goes_there(kwargs):
            return func(*args, **kwargs)
        self.operations.add(func._schema.name)
        if func in COPIES:
            return self._copy(func, args, kwargs)
        if any(tensor.dim() and not tensor.is_meta for tensor in tensors):
            raise AssertionError(f"{func} mixes devices: {[(tuple(t.shape), t.device.type) for t in tensors]}")
        if func is aten.native_batch_norm_backward.default and None in args[5:7]:
            raise AssertionError(f"{func} without saved statistics: CUDA wants them, empty ones at least")
        if func is aten._local_scalar_dense.default:
            self._wait(func)
            return torch.ones((), dtype=args[0].dtype).item()
        if func is aten.nonzero.default:
            self._wait(func)
            return args[0].new_empty((args[0].numel(), args[0].dim()), dtype=torch.int64)
        if func is aten.index.Tensor and any(i is not None and i.dtype == torch.bool for i in args[1]):
            self._wait(func)
            return args[0].flatten()
        return func(*args, **kwargs)

    @staticmethod
    def _goes_there(kwargs: dict[str, Any]) -> bool:
        return kwargs.get("device") is not None and torch.device(kwargs["device"]).type == "meta"

    def _copy(self, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        """Between the processor and the device; what comes back is 1 everywhere."""
        source = args[1] if func is aten.copy_.default else args[0]
        to = args[0].device if func is aten.copy_.default else torch.device(kwargs.get("device") or source.device)
        if source.device != to and not (kwargs.get("non_blocking") or (len(args) > 2 and args[2])):
            self._wait(func)
        if source.is_meta and to.type == "cpu":
            return torch.ones(source.shape, dtype=kwargs.get("dtype") or source.dtype)
        return func(*args, **kwargs)

    def _wait(self, func: Any) -> None:
        if self.strict:
            self.waits.append(str(func))


@contextmanager
def elsewhere(monkeypatch: Any) -> Iterator[Elsewhere]:
    """Runs may be made on "meta", and every step is strict."""
    for name in ("check_device", "check_precision"):
        monkeypatch.setattr(inputs, name, lambda *_, **__: None)
    adam = torch.optim.Adam
    monkeypatch.setattr(
        torch.optim, "Adam", lambda groups, *rest, fused=False, **how: adam(groups, *rest, **how)
    )  # meta has no fused
    mode = Elsewhere()

    @contextmanager
    def strictly() -> Iterator[None]:
        mode.strict = True
        try:
            yield
        finally:
            mode.strict = False

    with every_step(strictly), mode:
        yield mode


@contextmanager
def every_step(inside: Callable[[], AbstractContextManager[object]]) -> Iterator[None]:
    """Take every step of a training, and gather its images, inside of ``inside()``."""

    def within(real: Any) -> Any:
        @wraps(real)
        def wrapped(*arguments: Any, **keywords: Any) -> Any:
            with inside():
                return real(*arguments, **keywords)

        return wrapped

    step, gather = train.step, train.Fit._gather
    train.step, train.Fit._gather = within(step), within(gather)  # type: ignore[method-assign]
    try:
        yield
    finally:
        train.step, train.Fit._gather = step, gather  # type: ignore[method-assign]
