"""TFM over many tasks: ``OMP_NUM_THREADS=1 python tests/benchmarks/many_tasks.py``.

Seconds of the processor that a task takes, learning, its copies of the network and the test of all tasks before, by its
number; and by how much the process grew (resident memory), beside what the method says that it keeps. Made-up tasks of two
classes for an MLP that grows to 800-800, one epoch each. With ``--record`` the figures are written to
data/benchmarks/many_tasks.json.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import torch
from speed import processor, publish

from tfm_lite import train
from tfm_lite.datasets.tasks import Split, TaskSequence, by_class
from tfm_lite.methods.tfm import TFM
from tfm_lite.nn.networks import Builder
from tfm_lite.train import Protocol

RECORD = Path(__file__).parents[2] / "data" / "benchmarks" / "many_tasks.json"
SIZE, PER_CLASS, WIDTH = 28, 40, 4.0
RESIDENT = 5.0  # target: times what is kept


def made_up(tasks: int) -> TaskSequence:
    """Two classes of noise each, on a grey of their own."""
    random = np.random.RandomState(0)
    labels = np.arange(2 * tasks).repeat(PER_CLASS)
    images = random.randint(0, 100, (len(labels), 1, SIZE, SIZE)) + 7 * (labels % 20)[:, None, None, None]
    split = Split(images.astype(np.uint8), np.arange(len(labels)), labels)
    groups = [[2 * t, 2 * t + 1] for t in range(tasks)]
    return by_class("made up", split, split, groups=groups, names=[f"{c}" for c in range(2 * tasks)], seed=0)


def resident() -> float:
    """Resident memory of this process, in MB, after what is free has been given back."""
    gc.collect()
    if hasattr(ctypes.CDLL(None), "malloc_trim"):
        ctypes.CDLL(None).malloc_trim(0)
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("RssAnon"))
    return int(line.split()[1]) / 1000


def measure(count: int) -> dict[str, Any]:
    tasks, protocol = made_up(count), Protocol(epochs=1, dropout=0.0)
    build = Builder.of("mlp", width=WIDTH, channels=1, size=SIZE, tasks=count)
    train.run(
        TFM(build, grow="schedule"), replace(tasks, tasks=tasks.tasks[:2]), protocol=protocol
    )  # what the first steps of a process load
    before, ends = resident(), [process_time()]
    method = TFM(build, grow="schedule")
    end = method.end

    def ended(t: int) -> None:
        end(t)
        ends.append(process_time())

    method.end = ended  # type: ignore[method-assign]
    train.run(method, tasks, protocol=protocol)
    seconds = [b - a for a, b in pairwise(ends)]
    kept, more = sum(method.storage().values()) / 1e6, resident() - before
    return {
        "tasks": count,
        "seconds of task": {str(t + 1): seconds[t] for t in range(0, count, 25)},
        "memory": {"kept": kept, "resident": more, "ratio": more / kept, "target": RESIDENT, "unit": "MB"},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=101)
    parser.add_argument("--record", action="store_true", help="write data/benchmarks/many_tasks.json")
    options = parser.parse_args()
    setting = {"torch": torch.__version__, "threads": torch.get_num_threads(), "processor": processor()}
    publish({**setting, **measure(options.tasks)}, RECORD if options.record else None)


if __name__ == "__main__":
    main()
