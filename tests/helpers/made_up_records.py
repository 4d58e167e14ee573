"""Records that nobody ran: any suite, any seeds, trained or not."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import Any
from zlib import crc32

import numpy as np

from tfm_lite import metrics
from tfm_lite.runs.config import Config, default_network
from tfm_lite.runs.results import Result
from tfm_lite.train import NUMERICS

PIXELS = {
    "flowers": 224,
    "birds": 224,
    "actions": 224,
    "tiny_imagenet": 64,
    "imagenet": 224,
    "alphabets": 28,
    "made up": 12,
}


def record_of(
    config: Config,
    *,
    tasks: int = 4,
    classes: int = 25,
    images: int = 1000,
    untrained: Collection[int] = (),
    **fields: Any,
) -> Result:
    """A record of a configuration in which all tasks but the ``untrained`` (by index) were learned.

    Accuracies are shares of ``images``. Finetuning forgets and TFM grows.
    """
    draw = np.random.RandomState(crc32(f"{config.method} {config.seed} {config.tasks}".encode()))
    learned = [1 / classes if t in untrained else 0.3 + 0.2 * draw.rand() for t in range(tasks)]
    loss = 0.05 if config.method in ("finetune", "ewc", "lwf", "lfl", "imm_mode", "hat") else 0.0
    matrix: list[list[float | None]] = [
        [round(images * max(0.0, learned[s] - loss * (t - s))) / images for s in range(t + 1)]
        + [None] * (tasks - 1 - t)
        for t in range(tasks)
    ]
    size = config.size or PIXELS[config.tasks.split("+")[0]]
    config = replace(config, size=size, network=config.network or default_network(size))
    structure: dict[str, Any] = {"classes": [classes] * tasks, "learned": tasks}
    if config.method.startswith("tfm"):
        structure["fractions"] = [0.55 + 0.4 * t / tasks for t in range(tasks)]
    result = Result(
        key=config.key("made up"),
        config=config.plain(),
        accuracy=matrix,
        average=metrics.average(matrix),
        forgetting=metrics.forgetting(matrix),
        memory={"weights": 10**6, "heads": 10**4},
        structure=structure,
        fits=[[{"loss": 1.0, "accuracy": 0.5, "epochs": 20, "seconds": 1.0}] for _ in range(tasks)],
        tasks=[f"task {t + 1}" for t in range(tasks)],
        images=[images] * tasks,
        seconds=4.0,
        fingerprint="made up",
        numerics=NUMERICS,
        environment={},
    )
    return replace(result, **fields)


def records_of(configs: Iterable[Config], *, fail: Collection[tuple[str, int]] = (), **shape: Any) -> Iterator[Result]:
    """Records of these configurations; of the methods and seeds that fail, task 3 was not learned."""
    for config in configs:
        yield record_of(config, untrained={2} if (config.method, config.seed) in fail else (), **shape)


def mapped(configs: Iterable[Config], *, fail: Iterable[tuple[str, int]] = ()) -> list[Result]:
    """Records of runs of the suite ``pays``; of the methods and seeds that fail the new task was not learned."""
    found = []
    for config in configs:
        shape: dict[str, Any] = {"classes": [16, 16], "learned": 2}
        if config.method.startswith("tfm"):
            shape["fractions"] = [0.55, 0.7 if "growths" in config.options else 1.0]
        failed = {1} if (config.method, config.seed) in set(fail) else set[int]()
        found.append(record_of(config, tasks=2, classes=16, images=768, untrained=failed, structure=shape))
    return found
