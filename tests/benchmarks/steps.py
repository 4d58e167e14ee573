"""A training step of every method as a ratio to one of plain fine-tuning, interleaved in one run: ``make bench``.

Each method is learning its second task, PNN its last. AlexNet, 224 pixels, batch 64, float32; ``--network mlp`` measures the
MLP on 28 pixels instead, where what a method adds counts for more. HAT is measured at more steepnesses of its gates than the
one that an epoch begins with, for denormal gates are slow. As in a run, images are channels last and denormals count as 0.
With ``--record`` the figures of the book are written.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch
from speed import TASKS, compare, images, processor, publish, stepper

from tfm_lite import methods
from tfm_lite.methods.base import Method
from tfm_lite.nn.networks import Builder
from tfm_lite.reproducible import reproducible

RECORD = Path(__file__).parents[2] / "data" / "benchmarks" / "steps.json"
CLASSES = 25
TARGETS = {
    **dict.fromkeys(("hat", "packnet", "piggyback"), 1.15),
    **dict.fromkeys(("ewc", "si", "mas", "imm_mean", "imm_mode"), 1.25),
    **dict.fromkeys(("lwf", "lfl"), 1.45),
}
STEEPNESS = (1.0, 50.0, 200.0, 399.0)  # of HAT's gates; "hat" alone is as the epoch's first batch, 1/400
STEEP = {f"hat, s = {s:.0f}": s for s in STEEPNESS}
STEEP_TARGET = 1.45
SHAPES = {"alexnet": (3, 224), "mlp": (1, 28)}


def learning(name: str, build: Builder, device: str = "cpu") -> Method:
    """The method as it learns its second task; PNN, which grows with every task, its last."""
    method = methods.get(name)(build)
    last = build.tasks - 1 if name == "pnn" else 1
    for t in range(last + 1):
        method.begin(t, CLASSES)
        method.to(device)
        if t < last:
            for stage in method.net.stages if name == "packnet" else []:
                stage.prune(method.share)
            method.end(t)
    for importance in method.importance.buffers() if hasattr(method, "importance") else []:
        importance.fill_(1e-3)
    return method


def measure(names: list[str], network: str, *, rounds: int, batch: int) -> dict[str, dict[str, Any]]:
    """The ratio of every method by its name."""
    channels, size = SHAPES[network]
    build = Builder.of(network, channels=channels, size=size, tasks=TASKS)
    x, y = images(batch, channels, size), torch.randint(CLASSES, (batch,))
    plain = methods.get("finetune")(build)
    plain.begin(0, CLASSES)
    results: dict[str, dict[str, Any]] = {}
    for name in names:
        method: Any = learning("hat" if name in STEEP else name, build)
        progress = (STEEP[name] - 1 / method.s_max) / (method.s_max - 1 / method.s_max) if name in STEEP else 0.0
        ours = stepper(method, x, y, len(method.classes) - 1, progress=progress)
        results[name] = {**compare(ours, stepper(plain, x, y, 0), rounds=rounds), "rounds": rounds}
        target = STEEP_TARGET if name in STEEP else TARGETS.get(name) if network == "alexnet" else None
        results[name] |= {"target": target} if target else {}
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("methods", nargs="*", default=[*TARGETS, *STEEP, "pnn"], metavar="METHOD")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--network", choices=SHAPES, help="(both)")
    parser.add_argument(
        "--record", type=Path, nargs="?", const=RECORD, help="write it too (default: data/benchmarks/steps.json)"
    )
    options = parser.parse_args()
    content: dict[str, Any] = {"torch": torch.__version__, "threads": torch.get_num_threads(), "device": "cpu"}
    content |= {"processor": processor(), "batch": options.batch}
    for network in [options.network] if options.network else SHAPES:
        rounds = options.rounds * (1 if network == "alexnet" else 20)  # a step of the MLP takes a millisecond
        with reproducible("cpu"):
            content[network] = measure(options.methods, network, rounds=rounds, batch=options.batch)
    publish(content, options.record)


if __name__ == "__main__":
    main()
