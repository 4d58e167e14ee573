"""One row of a paper's table, run on the reader's own machine, with a curve while it learns; after a stop it goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from tfm_lite import metrics
from tfm_lite.figures.scores import name_of
from tfm_lite.lab.curve import Curve, shown
from tfm_lite.lab.scale import Here
from tfm_lite.runs import coverage
from tfm_lite.runs.config import Config
from tfm_lite.runs.progress import Progress
from tfm_lite.runs.results import Result
from tfm_lite.runs.run import run_kept
from tfm_lite.runs.suites import SUITES


def rows(suite: str, *, data: str | None = None) -> dict[str, Config]:
    """The rows of a suite's table on one of its data sets, by method; ``data`` is the first word of the data set's name,
    or all of it (None: the suite's first)."""
    if suite not in SUITES:
        raise ValueError(f"there is no suite {suite!r}; the suites are {', '.join(SUITES)}")
    configs = list(SUITES[suite](seeds=(0,)))
    names = list(dict.fromkeys(config.tasks for config in configs))
    chosen = [name for name in names if data in (None, name, name.split("+")[0])]
    if not chosen:
        raise ValueError(f"{suite} has no rows on {data!r}; it has rows on {', '.join(names)}")
    found: dict[str, Config] = {}
    for config in configs:
        if config.tasks == chosen[0]:
            found.setdefault(config.method, config)  # the first: a method's defaults stand before what was chosen
    return found


def config_of(
    suite: str, method: str, *, data: str | None = None, seed: int = 0, precision: str | None = None
) -> Config:
    """What a row of a table is run with."""
    found = rows(suite, data=data)
    if method not in found:
        raise ValueError(f"{suite} has no row {method!r}; its rows are {', '.join(found)}")
    config = replace(found[method], seed=seed)
    return replace(config, precision=precision) if precision else config  # type: ignore[arg-type]


def row(
    suite: str,
    method: str,
    *,
    data: str | None = None,
    seed: int = 0,
    precision: str | None = None,
    run: Here | None = None,
    out: str | Path | None = None,
) -> Result | None:
    """Run a row of a table, such as ``row("table_3", "tfm", data="flowers", run=run)``, or go on with it; its record.

    A curve shows the validation accuracy, and below it how long it may take. Interrupt the cell, and None is returned; run
    again it goes on where it was, to the same bits, and what is finished is found and not run again. ``run`` is what
    :func:`~tfm_lite.lab.here` returned: its data folder and its fastest device are used, not its scale, for a table has its
    own.
    ``out`` is where the record goes (None: beside the checkpoints, in the data folder). ``precision`` replaces the suite's.
    """
    config = config_of(suite, method, data=data, seed=seed, precision=precision)
    try:
        result, path = work(config, run or Here(), out=out, watch=partial(Curve, show=shown()))
    except KeyboardInterrupt:
        print("Stopped. The same cell goes on from the last checkpoint, at most half a minute of training back.")
        return None
    print(said(result), f"The record: {path}", sep="\n")
    return result


def work(config: Config, run: Here, *, out: str | Path | None, watch: Callable[..., Progress]) -> tuple[Result, Path]:
    """Make a run, or find its record, on the reader's device; the record and its file."""
    folder = Path(out) if out is not None else None
    return run_kept(config, data=run.data, out=folder, device=run.fastest, watch=watch)


def said(result: Result) -> str:
    """What a run came to, in a few words, and what of it did not train."""
    name = name_of(result.config["method"])
    lines = [
        f"{name}: {100 * result.average:.1f} % on average, forgetting {100 * result.forgetting:.1f}, "
        f"{result.seconds / 60:.0f} min. {coverage.scale([result]).capitalize()}."
    ]
    return "\n".join(lines + [f"Did not train: {why}." for why in metrics.failures(result).values()])
