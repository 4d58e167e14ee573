from __future__ import annotations

from typing import Any

from tfm_lite.methods.tfm import TFM
from tfm_lite.nn.networks import Builder


class TFMWithoutFN(TFM):
    """Ternary feature masks without feature normalization: the paper's ablation "TFM w/o FN".

    It takes the options that were chosen for TFM, so that the two differ in nothing else.
    """

    name = "tfm_no_fn"
    grid = {}
    chosen_with = "tfm"

    def __init__(self, build: Builder, *, norm: None = None, **options: Any) -> None:
        super().__init__(build, norm=norm, **options)
