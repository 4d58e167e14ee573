"""What was found before there was a map of when ternary masks pay: two differences that go opposite ways.

Nothing here trains, draws or reads files.
"""

from __future__ import annotations

from collections.abc import Sequence

from tfm_lite.figures.compared import Group, Paired, paired
from tfm_lite.runs.coverage import found
from tfm_lite.runs.results import Result, select
from tfm_lite.runs.suites import SUITES

# By what was compared: the suite, and whether its separate networks are the small ones or the full ones.
FINDINGS = {
    "Flowers, against separate, full": ("flowers_64", False),
    "six alphabets, against separate, same size": ("alphabets", True),
}


def findings(records: Sequence[Result]) -> dict[str, Paired | None]:
    """TFM's average less that of separate networks, in points, seed by seed, of the runs of which every task was learned: on
    Flowers at 64 pixels against full networks; on the six alphabets against those of its own size, all together."""
    return {name: _less(suite, records, small=small) for name, (suite, small) in FINDINGS.items()}


def _less(suite: str, records: Sequence[Result], *, small: bool) -> Paired | None:
    """TFM less the suite's separate networks, over the seeds that both have; None if there are none."""
    rows = [c for c in SUITES[suite]() if c.method == "tfm" or (c.method, "fraction" in c.options) == ("single", small)]
    made = found(rows, records)
    tfm, single = (Group(method, tuple(select(made, method=method))) for method in ("tfm", "single"))
    return paired(tfm, single)
