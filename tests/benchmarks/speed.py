"""Speed of ternary layers as ratios to plain ones, interleaved in one run: ``make bench``.

A training step of TFM at full width against plain fine-tuning, with some of the features frozen; and inference of each of
ten tasks (55 % + 9 x 5 % of the weights) against the full network. AlexNet, 224 pixels, batch 64, float32. What has a target
is measured in ``--rounds`` rounds, the rest in a third of them. With ``--record`` the figures of chapter 7 are written.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import torch

from tfm_lite import train
from tfm_lite.files import written
from tfm_lite.methods import get
from tfm_lite.methods.base import Method
from tfm_lite.nn import growth
from tfm_lite.nn.networks import Builder

RECORD = Path(__file__).parents[2] / "data" / "benchmarks" / "speed.json"
TASKS = 10
FROZEN = (0.25, 0.5, 0.75, 0.95, 1.0)  # shares of the features; with 1.0 nothing but FN and the head learns
TARGETS = {"step, 50 % frozen": 0.93, "step, 95 % frozen": 0.75, "inference, task 1 of 10": 0.65}


def builder(network: str = "alexnet", size: int = 224) -> Builder:
    return Builder.of(network, channels=3, size=size, tasks=TASKS)


def ternary(
    build: Builder, fractions: list[float], *, of: str = "weights", name: str = "tfm", device: str = "cpu"
) -> Method:
    """A TFM method with a network that grew through these sizes; the last task is being learned."""
    method = get(name)(build, of=of).to(device)
    for t, fraction in enumerate(fractions):
        method.begin(t, 25)
        method.grow(t, fraction)
        if t < len(fractions) - 1:
            method.end(t)
    return method


def images(batch: int, channels: int, size: int) -> torch.Tensor:
    """Random images, channels last as a run has them."""
    return torch.randn(batch, channels, size, size).to(memory_format=torch.channels_last)


def stepper(method: Method, x: torch.Tensor, y: torch.Tensor, t: int, **how: float) -> Callable[[], object]:
    optimizer = torch.optim.SGD(method.parameters(), lr=1e-3)
    method.train()
    return lambda: train.step(method, optimizer, x, y, t, clip=10000.0, **how)


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


def measure(rounds: int, batch: int) -> dict[str, dict[str, Any]]:
    """Every ratio by its name, with the frozen share or the number of the task that it belongs to."""
    build = builder()
    x, y = images(batch, 3, build.size), torch.randint(25, (batch,))
    plain = get("finetune")(build)
    plain.begin(0, 25)
    results: dict[str, dict[str, Any]] = {}

    def add(name: str, ours: Callable[[], object], other: Callable[[], object], **of: float) -> None:
        count = rounds if name in TARGETS else max(1, rounds // 3)
        target = {"target": TARGETS[name]} if name in TARGETS else {}
        results[name] = {**of, **compare(ours, other, rounds=count), "rounds": count, **target}

    for share in FROZEN:
        method = ternary(build, [share, 1.0], of="features")
        name = f"step, {100 * share:.0f} % frozen"
        add(name, stepper(method, x, y, 1), stepper(plain, x, y, 0), frozen=share)
    for share in 0.5, 0.95:
        method = ternary(build, [share, 1.0], of="features", name="tfm_no_fn")
        name = f"step without FN, {100 * share:.0f} % frozen"
        add(name, stepper(method, x, y, 1), stepper(plain, x, y, 0), without_fn=share)
    method = ternary(build, growth.schedule(TASKS))
    method.end(TASKS - 1)
    for t in range(TASKS):
        name = f"inference, task {t + 1} of {TASKS}"
        add(name, lambda t=t: method.predict(x, t), lambda: plain.predict(x, 0), task=t + 1)
    return results


def processor() -> str:
    """The processor's name, where the system tells it."""
    about = Path("/proc/cpuinfo")
    lines = about.read_text().splitlines() if about.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def publish(content: dict[str, Any], path: Path | None) -> None:
    """Print what was measured, and write it to ``path`` if there is one."""
    text = json.dumps(content, indent=2)
    print(text)
    if path:
        with written(path) as temporary:
            temporary.write_text(text + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument(
        "--record", type=Path, nargs="?", const=RECORD, help="write it too (default: data/benchmarks/speed.json)"
    )
    options = parser.parse_args()
    setting = {"torch": torch.__version__, "threads": torch.get_num_threads()}
    setting |= {"device": "cpu", "processor": processor(), "batch": options.batch}
    results = measure(options.rounds, options.batch)
    publish({**setting, **results}, options.record)


if __name__ == "__main__":
    main()
