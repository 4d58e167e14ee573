"""What the same bits on a GPU take is set while a run trains, and put back: also where somebody has used PyTorch's newer
switches for TF32, of which the older ones then know nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch.utils import deterministic

from tfm_lite import reproducible

MATMUL, CUDNN = torch.backends.cuda.matmul, torch.backends.cudnn
NEWER = hasattr(CUDNN, "fp32_precision")


def switches() -> list[Any]:
    """What they say now; None where PyTorch will not say."""
    owners = [(CUDNN, "benchmark"), (deterministic, "fill_uninitialized_memory"), (MATMUL, "allow_tf32")]
    owners += [(CUDNN, "allow_tf32")]
    owners += [(owner, "fp32_precision") for owner in (MATMUL, CUDNN.conv, CUDNN.rnn)] if NEWER else []
    said = [next(iter(reproducible._value(owner, name)), None) for owner, name in owners]
    return [*said, torch.are_deterministic_algorithms_enabled()]


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    everything = torch.backends.fp32_precision if NEWER else None
    with reproducible._deterministic(tf32=False):
        pass  # the state that is left is one that can be put back
    yield
    if NEWER:
        torch.backends.fp32_precision = everything
    MATMUL.allow_tf32, CUDNN.allow_tf32, CUDNN.benchmark = False, True, False
    deterministic.fill_uninitialized_memory = True


def older() -> None:
    MATMUL.allow_tf32, CUDNN.allow_tf32, CUDNN.benchmark = True, False, True


def newer() -> None:
    MATMUL.fp32_precision = "tf32"


def for_convolutions() -> None:
    CUDNN.conv.fp32_precision = "ieee"


def for_all() -> None:
    torch.backends.fp32_precision = "tf32"


BEFORE: list[Callable[[], None]] = [lambda: None, older, *([newer, for_convolutions, for_all] if NEWER else [])]


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("tf32", [False, True])
def test_switches_are_set_and_put_back(before: Callable[[], None], tf32: bool) -> None:
    before()
    were = switches()
    with reproducible._deterministic(tf32=tf32):
        said = switches()
        assert said[:4] == [False, False, tf32, tf32] and said[-1] is True
        assert set(said[4:-1]) <= {"tf32" if tf32 else "ieee"}
    now = switches()
    if None in were:  # what could not be read before cannot be put back, and is not missed
        were, now = ([value for i, value in enumerate(said) if i not in (2, 3)] for said in (were, now))
    assert now == were


def test_switches_are_put_back_after_an_error() -> None:
    were = switches()
    with pytest.raises(ZeroDivisionError), reproducible._deterministic(tf32=True):
        1 / 0  # noqa: B018
    assert switches() == were
