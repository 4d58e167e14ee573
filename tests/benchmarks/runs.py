"""What a run costs beside its products: ``python tests/benchmarks/runs.py``.

Seconds of a small suite; the share of a training's time that is spent outside forward and backward, with checkpoints
written; seconds to import the package beyond PyTorch's own; steps in bfloat16, and compiled, as ratios to plain ones. Times
are those of the processor where the machine may have other work, and of the clock where said. With ``--record`` the figures
are written to data/benchmarks/runs.json.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import torch
from speed import images, publish
from torch.nn import functional

from tfm_lite import datasets, train
from tfm_lite.checkpoint import Checkpoint
from tfm_lite.datasets.inputs import Inputs
from tfm_lite.methods import get
from tfm_lite.nn.networks import Builder
from tfm_lite.runs import run
from tfm_lite.runs.config import Config, build_method
from tfm_lite.train import QUICK, Protocol

RECORD = Path(__file__).parents[2] / "data" / "benchmarks" / "runs.json"
OVERHEAD, IMPORT, COMPILE = 0.10, 2.0, 0.8  # targets
SUITE = [Config("alphabets", name, protocol=Protocol(epochs=1)) for name in ("finetune", "packnet", "tfm")]


def suite() -> dict[str, float]:
    """All of a small suite: LeNet-5 on alphabets, three methods of one epoch per training."""
    with tempfile.TemporaryDirectory() as folder:
        datasets.load("alphabets")
        clock, processor = perf_counter(), process_time()
        for config in SUITE:
            run.run_kept(config, data=Path(folder))
        return {"clock": perf_counter() - clock, "processor": process_time() - processor}


class Inside:
    """Adds up the time of what it wraps, of the processor."""

    def __init__(self) -> None:
        self.seconds, self.depth = 0.0, 0

    def __call__(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **keywords: Any) -> Any:
            self.depth += 1
            began = process_time()
            try:
                return real(*arguments, **keywords)
            finally:
                self.depth -= 1
                if not self.depth:
                    self.seconds += process_time() - began

        return wrapped


def overhead(config: Config, data: Path | None, epochs: int) -> float:
    """Share of the first task's training that is neither forward, loss, penalty nor backward; checkpoints are written."""
    torch.optim.SGD([torch.zeros(1, requires_grad=True)]).step()  # the first step of a process imports half of PyTorch
    tasks = datasets.load(config.tasks, seed=config.seed, size=config.size, data=data)
    method, inside = build_method(config, tasks), Inside()
    for name in "forward", "loss", "penalty":
        setattr(method, name, inside(getattr(method, name)))
    backward = torch.Tensor.backward
    torch.Tensor.backward = inside(backward)  # type: ignore[method-assign]
    try:
        with tempfile.TemporaryDirectory() as folder:
            method.begin(0, len(tasks[0].classes))
            protocol = Protocol(epochs=epochs, dropout=config.protocol.dropout)
            fit = train.Fit(method, tasks[:1], Inputs(tasks), protocol=protocol, checkpoint=Checkpoint(Path(folder)))
            began = process_time()
            method.learn(tasks[0], fit)
            return 1 - inside.seconds / (process_time() - began)
    finally:
        torch.Tensor.backward = backward  # type: ignore[method-assign]


def importing(rounds: int = 5) -> dict[str, float]:
    """Median seconds of the processor to import PyTorch, and the command line beyond that; in fresh processes."""

    def seconds(module: str) -> float:
        code = f"import {module}; import time; print(time.process_time())"
        return float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)

    pairs = [(seconds("torch"), seconds("tfm_lite.command_line")) for _ in range(rounds)]
    return {
        "torch": statistics.median(a for a, _ in pairs),
        "beyond": statistics.median(b - a for a, b in pairs),
    }


def ratio(ours: Callable[[], object], plain: Callable[[], object], rounds: int) -> float:
    """Median of ours / plain over pairs measured one after the other, each pair in the other order."""

    def seconds(action: Callable[[], object]) -> float:
        began = process_time()
        action()
        return process_time() - began

    ours(), plain(), ours(), plain()
    ratios = []
    for i in range(rounds):
        a, b = (seconds(f) for f in ((ours, plain) if i % 2 else (plain, ours)))
        ratios.append(a / b if i % 2 else b / a)
    return statistics.median(ratios)


def steps(
    network: str, size: int, *, compiled: bool, width: float = 1.0, batch: int = 64, rounds: int = 9
) -> dict[str, float]:
    """A step of fine-tuning in bfloat16, and one with the network compiled, against a plain one."""
    build = Builder.of(network, width=width, channels=1 if network == "lenet" else 3, size=size, tasks=1)
    x, y = images(batch, build.channels, size), torch.randint(10, (batch,))

    def stepper(compiled: bool = False, **how: Any) -> Callable[[], object]:
        method: Any = get("finetune")(build)
        method.begin(0, 10)
        optimizer = torch.optim.SGD(method.parameters(), lr=1e-3)
        if compiled:
            forward = torch.compile(method.net)

            def loss(x: torch.Tensor, y: torch.Tensor, t: int) -> tuple[torch.Tensor, torch.Tensor]:
                logits = forward(x, t)
                return functional.cross_entropy(logits, y), logits

            method.loss = loss
        method.train()
        return lambda: train.step(method, optimizer, x, y, 0, clip=10000.0, **how)

    plain = stepper()
    low = stepper(autocast=lambda: torch.autocast("cpu", torch.bfloat16))
    found = {"bf16": ratio(low, plain, rounds)}
    if compiled:
        found["compiled"] = ratio(stepper(compiled=True), plain, rounds)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of flowers-102, for the overhead at 64 pixels")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--compile", action="store_true", help="measure torch.compile too; it takes minutes")
    parser.add_argument("--record", action="store_true", help="write data/benchmarks/runs.json")
    options = parser.parse_args()
    found: dict[str, Any] = {"torch": torch.__version__, "threads": torch.get_num_threads(), "cores": os.cpu_count()}
    found["import"] = {**importing(), "target": IMPORT}
    found["suite"] = suite()
    configs = {"lenet, alphabets": Config("alphabets", "finetune", width=3.0, protocol=QUICK)}
    configs["lenet, alphabets, tfm"] = Config("alphabets", "tfm", width=3.0, protocol=QUICK)
    if options.data:
        configs["alexnet_64, flowers"] = Config("flowers", "finetune", size=64)
    shares = {name: overhead(config, options.data, options.epochs) for name, config in configs.items()}
    found["share outside forward and backward"] = {**shares, "target": OVERHEAD}
    found["step against plain"] = {
        "lenet": steps("lenet", 28, width=3.0, compiled=options.compile),
        "alexnet_64": steps("alexnet_64", 64, compiled=options.compile),
        "target, compiled": COMPILE,
    }
    publish(found, RECORD if options.record else None)


if __name__ == "__main__":
    main()
