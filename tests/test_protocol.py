"""When the learning rate falls and training ends: the rule against a second writing of it, over made-up validation losses."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from small import make_method, make_tasks

from tfm_lite import train
from tfm_lite.checkpoint import Checkpoint
from tfm_lite.methods.base import Method
from tfm_lite.train import Inputs, Protocol

TASKS = make_tasks(per_class=6)
# Halves are exact, so that the last rate is lr_min itself and still used.
PROTOCOLS = {
    "patience 1": Protocol(epochs=40, batch=16, lr=0.08, factor=2.0, patience=1, lr_min=0.02, clip=0.25, dropout=0.0),
    "patience 3": Protocol(epochs=40, batch=16, lr=0.08, factor=4.0, patience=3, lr_min=0.02, clip=3.0, dropout=0.0),
    "few epochs": Protocol(epochs=5, batch=16, lr=0.08, factor=2.0, patience=2, lr_min=0.02, dropout=0.0),
}


def by_the_rule(losses: list[float], protocol: Protocol) -> tuple[list[float], int]:
    """The rate of every epoch, and which epoch (from 0) is kept: HAT's rule in other words.

    Each rate lasts until ``patience`` epochs in a row, since it began or since the last record low, have brought no record.
    """
    rates: list[float] = []
    for level in range(100):
        rate = protocol.lr / protocol.factor**level
        if rate < protocol.lr_min:
            break
        fruitless = 0
        while fruitless < protocol.patience and len(rates) < protocol.epochs:
            now = losses[len(rates)]
            fruitless = 0 if all(now < earlier for earlier in losses[: len(rates)]) else fruitless + 1
            rates.append(rate)
    run = losses[: len(rates)]
    return rates, run.index(min(run))


def follow(
    losses: list[float], protocol: Protocol, monkeypatch: pytest.MonkeyPatch, checkpoint: Checkpoint | None = None
) -> tuple[list[float], list[float], list[float], train.Outcome, Method, list[dict[str, torch.Tensor]]]:
    """A training in which these are the validation losses: rates of the optimizer in each epoch, rates reported, norms of
    clipped gradients, outcome, method, and its state after each epoch."""
    method = make_method("finetune", TASKS, dropout=0.0)
    method.begin(0, 3)
    rates: list[float] = []
    norms: list[float] = []
    reports: list[train.Epoch] = []
    states: list[dict[str, torch.Tensor]] = []
    real = train.step

    def look(method: Method, optimizer: torch.optim.Optimizer, *given: Any, **how: Any) -> Any:
        rates.append(optimizer.param_groups[0]["lr"])
        found = real(method, optimizer, *given, **how)
        norms.append(float(torch.cat([p.grad.flatten() for p in method.parameters()]).norm()))
        return found

    def after(method: Method, report: train.Epoch) -> None:
        reports.append(report)
        states.append({name: tensor.clone() for name, tensor in method.state_dict().items()})

    monkeypatch.setattr(train, "step", look)
    monkeypatch.setattr(train.Fit, "_validate", lambda fit, _: (losses[len(reports)], len(reports) / 100))
    fit = train.Fit(method, TASKS[:1], Inputs(TASKS), protocol=protocol, on_epoch=after, checkpoint=checkpoint)
    outcome = fit()
    steps = len(rates) // len(reports)
    assert all(len(set(rates[i : i + steps])) == 1 for i in range(0, len(rates), steps))
    return rates[::steps], [report.lr for report in reports], norms, outcome, method, states


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("name", PROTOCOLS)
def test_the_rate_falls_and_training_ends_by_the_rule(name: str, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    protocol, rng = PROTOCOLS[name], random.Random(seed)
    losses = [float(rng.randint(1, 12)) + (8 - i / 2 if seed % 2 else 0) for i in range(protocol.epochs)]
    losses[:2] = [20.0, 20.0]  # an equal loss is no better one
    wanted, best = by_the_rule(losses, protocol)
    rates, reported, norms, outcome, method, states = follow(losses, protocol, monkeypatch)
    assert rates == pytest.approx(wanted) and reported == rates
    assert (outcome.loss, outcome.accuracy, outcome.epochs) == (losses[best], best / 100, len(wanted))
    assert all(torch.equal(states[best][key], tensor) for key, tensor in method.state_dict().items())
    assert max(norms) <= protocol.clip * 1.001
    if protocol.clip < 1:
        assert max(norms) >= protocol.clip * 0.999  # and it was reached


def test_losses_that_are_no_numbers_are_never_the_best(monkeypatch: pytest.MonkeyPatch) -> None:
    protocol = replace(PROTOCOLS["patience 1"], lr_min=0.04)
    *_, outcome, method, states = follow([float("nan")] * 40, protocol, monkeypatch)
    assert outcome.loss == float("inf") and outcome.epochs == 2
    assert not any(
        torch.equal(states[0][key], tensor) for key, tensor in method.state_dict().items() if "weight" in key
    )


def test_a_checkpoint_waits_until_enough_was_trained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    saved: list[str] = []

    class Watched(Checkpoint):
        def save(self, name: str, content: dict[str, Any]) -> None:
            saved.append(name)

    clock = [0.0]

    def tick() -> float:  # twice an epoch: each epoch takes ten seconds
        clock[0] += 10.0
        return clock[0]

    monkeypatch.setattr(train, "perf_counter", tick)
    monkeypatch.setattr(train, "CHECKPOINT_EVERY", 30.0)
    follow([20.0 - i for i in range(40)], replace(PROTOCOLS["few epochs"], epochs=7), monkeypatch, Watched(tmp_path))
    assert saved == ["epoch-0-0", "epoch-0-0", "fit-0-0"]
