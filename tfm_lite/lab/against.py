"""The paper's table, the book's records and the reader's own runs, side by side."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tfm_lite.figures import scores, tables
from tfm_lite.figures.explore import Interactive
from tfm_lite.figures.scores import Line
from tfm_lite.lab.scale import Here
from tfm_lite.lab.table import rows
from tfm_lite.runs import coverage, results
from tfm_lite.runs.config import OPEN, Config, identity
from tfm_lite.runs.records import files
from tfm_lite.runs.results import Result


def beside(
    suite: str, *, data: str | None = None, run: Here | None = None, out: str | Path | None = None
) -> Interactive:
    """The average accuracies of a suite's table on one of its data sets: *paper*, *book* and *mine*, and what mine is above
    the book's. What did not train is marked, and not compared.

    *Mine* are the records of runs that were made here, in the data folder of ``run``, or in ``out``; under any seed, and in
    any precision.
    """
    configs = rows(suite, data=data)
    tasks = next(iter(configs.values())).tasks
    paths = files((run or Here()).data, Path(out) if out is not None else None)
    mine = [record for _, record in results.readable(paths, results.load)]
    lines = {"paper": _printed(suite, tasks)}
    lines |= {name: _measured(configs.values(), of) for name, of in {"book": results.load_all(), "mine": mine}.items()}
    return tables.averages(lines, title=f"{suite} on {tasks}: average accuracy in %")


def _printed(suite: str, tasks: str) -> dict[str, Line]:
    """The paper's rows for these tasks; none, if they are of none of its tables."""
    number = suite.removeprefix("table_")[:1]
    name = tasks.split("+")[0]
    where = {"3": {"dataset": name}, "4": {"split": coverage.split_of(tasks)}, "5": dict[str, str]()}.get(number)
    return {} if where is None else scores.printed(results.published(f"table_{number}"), **where)


def _measured(configs: Iterable[Config], records: Iterable[Result]) -> dict[str, Line]:
    """The records of these rows, as lines."""
    without = (*OPEN, "seed", "precision")
    wanted = {identity(config.plain(), without=without) for config in configs}
    return scores.measured(record for record in records if identity(record.config, without=without) in wanted)
