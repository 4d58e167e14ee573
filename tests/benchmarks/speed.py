"""Speed of ternary layers as ratios to plain ones, interleaved in one run: ``make bench``.

A training step of TFM at full width against plain fine-tuning, with 50 % and 95 % of the features frozen; and inference
of the first of ten tasks (55 % + 9 x 5 % of the weights) against the full network. AlexNet, 224 pixels, batch 64, float32.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Callable
from time import perf_counter

import torch

from tfm_lite import growth, train
from tfm_lite.methods import get
from tfm_lite.methods.base import Method
from tfm_lite.networks import Builder, stages_of

TARGETS = {"step, 50 % frozen": 0.95, "step, 95 % frozen": 0.78, "inference, task 1 of 10": 0.65}


def builder(network: str = "alexnet", size: int = 224) -> Builder:
    return Builder(stages_of(network), channels=3, size=size, tasks=10)


def ternary(build: Builder, fractions: list[float], *, of: str = "weights") -> Method:
    """A TFM method with a network that grew through these sizes; the last task is being learned."""
    method = get("tfm")(build, of=of)
    for t, fraction in enumerate(fractions):
        method.begin(t, 25)
        method.grow(t, fraction)
        if t < len(fractions) - 1:
            method.end(t)
    return method


def stepper(method: Method, x: torch.Tensor, y: torch.Tensor, t: int) -> Callable[[], None]:
    optimizer = method.optimizer(list(method.parameters()), 1e-3)
    method.train()
    return lambda: train.step(method, optimizer, x, y, t, clip=10000.0)


def seconds(action: Callable[[], object]) -> float:
    began = perf_counter()
    action()
    return perf_counter() - began


def compare(ours: Callable[[], object], plain: Callable[[], object], *, rounds: int) -> dict[str, float]:
    """Median of ours / plain over pairs measured one after the other, each pair in the other order."""
    ours(), plain()
    ratios = []
    for i in range(rounds):
        a, b = (seconds(f) for f in ((ours, plain) if i % 2 else (plain, ours)))
        ratios.append(a / b if i % 2 else b / a)
    return {"ratio": statistics.median(ratios), "low": min(ratios), "high": max(ratios)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--batch", type=int, default=64)
    options = parser.parse_args()
    build = builder()
    x, y = torch.randn(options.batch, 3, build.size, build.size), torch.randint(25, (options.batch,))
    plain = get("finetune")(build)
    plain.begin(0, 25)
    results = {}
    for share in (0.5, 0.95):
        method = ternary(build, [share, 1.0], of="features")
        results[f"step, {100 * share:.0f} % frozen"] = compare(
            stepper(method, x, y, 1), stepper(plain, x, y, 0), rounds=options.rounds
        )
    method = ternary(build, growth.schedule(10))
    method.end(9)
    results["inference, task 1 of 10"] = compare(
        lambda: method.predict(x, 0), lambda: plain.predict(x, 0), rounds=options.rounds
    )
    for name, result in results.items():
        result["target"] = TARGETS[name]
    print(json.dumps({"torch": torch.__version__, "threads": torch.get_num_threads(), **results}, indent=2))


if __name__ == "__main__":
    main()
