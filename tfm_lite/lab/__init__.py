"""The laboratory: the book's experiments on the reader's own machine, at the reader's scale.

from tfm_lite import lab

run = lab.here("04_ternary_masks")                       # device, scale, and how long this chapter takes
lab.row("table_3", "tfm", data="flowers", run=run)       # a row of a table, with a curve; goes on after a stop
lab.beside("table_3", data="flowers", run=run)           # paper, book, mine
"""

from __future__ import annotations

from tfm_lite.lab.against import beside
from tfm_lite.lab.bench import Bench
from tfm_lite.lab.panel import Panel
from tfm_lite.lab.scale import SCALES, Here, here
from tfm_lite.lab.table import row, rows

__all__ = ["SCALES", "Bench", "Here", "Panel", "beside", "here", "row", "rows"]
