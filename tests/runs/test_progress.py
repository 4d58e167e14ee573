"""The time that a suite may still take, against the sentence that defines it, run by run."""

from random import Random
from types import SimpleNamespace

import pytest

from tfm_lite.runs.config import Config
from tfm_lite.runs.progress import SuiteTable


def _finished(seconds: float) -> SimpleNamespace:
    """As much of a record as a line of the table needs."""
    return SimpleNamespace(seconds=seconds, average=0.5, forgetting=0.0, accuracy=[[0.5]], classes=[5])


def _left(to_come: list[Config], finished: list[tuple[Config, float]], low: float, high: float) -> tuple[float, float]:
    """Each run to come takes what finished ones most like it took, or what the one at hand takes."""
    fewest, most = low, high
    for config in to_come:
        same_method = [(c, s) for c, s in finished if c.method == config.method]
        alike = [(c, s) for c, s in same_method if c.tasks == config.tasks] or same_method or finished
        times = [s for _, s in alike] or [low, high]
        fewest, most = fewest + min(times), most + max(times)
    return fewest, most


def test_the_rest_of_a_suite_takes_what_runs_like_it_took(monkeypatch):
    monkeypatch.setattr("tfm_lite.metrics.failures", lambda result: [])
    random = Random(0)
    kinds = [(tasks, method) for tasks in ("letters", "flowers", "actions") for method in ("tfm", "hat", "ewc")]
    configs = [Config(tasks, method, seed=seed) for seed in range(3) for tasks, method in random.sample(kinds, 9)]
    table, finished = SuiteTable(configs), list[tuple[Config, float]]()
    for i, config in enumerate(configs):
        assert table.left(3, 7) == pytest.approx(_left(configs[i + 1 :], finished, 3, 7))
        if i % 4 == 2:
            table.row(None, "in the hands of another process")
        else:
            finished.append((config, random.uniform(1, 100)))
            table.row(_finished(finished[-1][1]))


def test_while_nothing_has_finished_the_rest_takes_as_long_as_the_run_at_hand():
    table = SuiteTable([Config("letters", "tfm", seed=seed) for seed in range(100)])
    assert table.left(2, 5) == (200, 500)
