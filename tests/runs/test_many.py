"""Fifty tasks: which runs there are, that separate networks of equal bytes are that, and that nothing is forgotten."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from small import make_tasks
from torch import Tensor

from tfm_lite import memory, methods, train
from tfm_lite.datasets.sets.many import LETTERS, TASKS
from tfm_lite.nn.networks import Builder
from tfm_lite.protocol import Protocol
from tfm_lite.runs.many import EQUAL, GROWING, PROTOCOL, ROWS, WIDTH
from tfm_lite.runs.run import run_experiment
from tfm_lite.runs.suites import SUITES

CONFIGS = list(SUITES["many"]())
CLASSES = [LETTERS] * TASKS


def build(tasks: int) -> Builder:
    return Builder.of("lenet", channels=1, size=28, tasks=tasks, width=WIDTH)


def test_every_method_runs_under_every_seed_once() -> None:
    names = [config.identity for config in CONFIGS]
    assert len({*names}) == len(names) == 3 * len(ROWS)
    assert {config.method for config in CONFIGS} == {"tfm", "packnet", "pnn", "single", "freeze"}
    assert {config.seed for config in CONFIGS[: len(ROWS)]} == {0}  # a whole seed comes first


def test_separate_networks_are_the_smallest_with_no_fewer_bytes() -> None:
    wanted = sum(memory.kept("tfm", build(TASKS), CLASSES, **GROWING).values())
    below, at = (
        TASKS * sum(memory.kept("single", build(1), CLASSES[:1], fraction=fraction).values())
        for fraction in (round(EQUAL - 0.001, 3), EQUAL)
    )
    assert below < wanted <= at


def test_what_packnet_leaves_for_the_fiftieth_task() -> None:
    weights = memory.size_of(build(TASKS).stages, channels=1, size=28).weights
    prunes = [options.get("prune", 0.75) for method, options in ROWS if method == "packnet"]
    left = [weights * prune ** (TASKS - 1) for prune in prunes]
    assert left[0] < 1 and 0.004 * weights < left[1] < 0.006 * weights


@pytest.mark.long
@pytest.mark.parametrize("name", ["tfm", "packnet", "pnn", "single", "freeze"])
def test_fifty_tasks_and_not_a_bit_of_the_first_is_forgotten(name: str) -> None:
    """Every answer of every task, from when it was learned to the end, fifty tasks later."""
    assert methods.get(name).zero_forgetting
    tasks = make_tasks(groups=(2,) * TASKS, per_class=4)
    protocol = Protocol(epochs=1, batch=8, dropout=0.0)
    options = next(options for method, options in ROWS if method == name)
    small = Builder.of("mlp", width=0.25, channels=1, size=12, tasks=TASKS, dropout=0.0)
    method = methods.get(name)(small, **options)
    inputs, after = train.Inputs(tasks), list[Tensor]()
    x, _ = inputs.of(tasks[0].test, torch.arange(8))
    for t in range(TASKS):
        train.learn(method, tasks[: t + 1], inputs, protocol=protocol)
        after.append(method.predict(x, t))
    assert all(torch.equal(answer, method.predict(x, t)) for t, answer in enumerate(after))
    if name != "freeze":  # and the tasks in between did learn: their answers differ from what they began with
        fresh = methods.get(name)(small, **options)
        fresh.rebuild(method.structure())
        assert not torch.equal(fresh.predict(x, 30), after[30])


@pytest.mark.long
def test_a_run_of_it_runs() -> None:
    config = replace(CONFIGS[0], network="mlp", width=0.25, protocol=replace(PROTOCOL, epochs=1))
    record = run_experiment(config)
    assert len(record.accuracy) == TASKS and record.forgetting == 0
    assert record.structure["fractions"][-1] == pytest.approx(1)
