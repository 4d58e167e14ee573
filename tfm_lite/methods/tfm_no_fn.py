from __future__ import annotations

from typing import Any

from tfm_lite.methods.tfm import TFM
from tfm_lite.networks import Builder


class TFMWithoutFN(TFM):
    """Ternary feature masks without feature normalization: the paper's ablation "TFM w/o FN"."""

    name = "tfm_no_fn"

    def __init__(self, build: Builder, **options: Any) -> None:
        super().__init__(build, **options, norm=None)
