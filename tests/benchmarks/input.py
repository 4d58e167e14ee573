"""Speed and memory of input, as ratios in one run: tiny ImageNet from the store against decoding it again and again.

- batches: images per second of random batches of 64, made float and normalised, from the store, over those of torchvision's
  ``ImageFolder`` with a ``DataLoader`` of two workers that does the same; the store is in the page cache after a first epoch.
- building: time of two processes that only decode, half of the images each, over the time in which the store is built.
- memory: private memory (anonymous; the store is a file) while VGG-16 at a quarter of its width is trained, in a process of
  its own.

``--data DIR`` holds tiny-imagenet-200/; ``--name`` says which part (``tiny_imagenet``). With ``--record`` the figures are
written to data/benchmarks/input.json.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch
from speed import processor, publish
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2

from tfm_lite import datasets, methods, train
from tfm_lite.datasets import folders, stores
from tfm_lite.datasets.names import parse
from tfm_lite.datasets.sets import tiny_imagenet
from tfm_lite.datasets.tasks import TaskSequence
from tfm_lite.nn.networks import Builder

RECORD = Path(__file__).parents[2] / "data" / "benchmarks" / "input.json"
BATCH, WORKERS = 64, 2
BARE = """
import sys
import numpy
from tfm_lite.datasets.pictures import decode
for file in sys.stdin.read().split("\\n"):
    numpy.ascontiguousarray(decode(file, int(sys.argv[1])))
"""
TARGETS = {"batches": 12.0, "building": 1.0, "memory": 1500.0}


def ours(tasks: TaskSequence, images: int) -> float:
    """Images per second from the store."""
    inputs, store = train.Inputs(tasks), tasks[0].train.images
    order = torch.randperm(len(store))[:images]
    began = perf_counter()
    for rows in order.split(BATCH):
        inputs(torch.from_numpy(store[rows.numpy()]))
    return len(order) / (perf_counter() - began)


def theirs(folder: Path, tasks: TaskSequence, images: int) -> float:
    """Images per second of ImageFolder and DataLoader, from the first batch on, when the workers are at work."""
    steps = [v2.ToImage(), v2.ToDtype(torch.float32), v2.Normalize(tasks.mean, tasks.std)]
    loader = DataLoader(
        ImageFolder(str(folder / "train"), v2.Compose(steps)), batch_size=BATCH, shuffle=True, num_workers=WORKERS
    )
    batches = iter(loader)
    next(batches)
    began, done = perf_counter(), 0
    while done < images:
        done += len(next(batches)[0])
    return done / (perf_counter() - began)


def building(files: list[Path], size: int, rounds: int) -> list[float]:
    """Time of bare decoding by two processes over time of building a store, in turns."""
    ratios = []
    for i in range(rounds + 1):
        with tempfile.TemporaryDirectory() as folder:

            def build(folder: str = folder) -> None:
                stores.image_store("benchmark", files, path=Path(folder) / "store.npy", size=size)

            pair = [
                timed(f) for f in ((build, lambda: bare(files, size)) if i % 2 else (lambda: bare(files, size), build))
            ]
        ratios.append(pair[1] / pair[0] if i % 2 else pair[0] / pair[1])
    return ratios[1:]  # the first round brings the files into the page cache


def bare(files: list[Path], size: int) -> None:
    """Two processes decode half of the files each, and keep nothing."""
    command = [sys.executable, "-c", BARE, str(size)]
    running = [subprocess.Popen(command, stdin=subprocess.PIPE, text=True) for _ in range(WORKERS)]
    for k, process in enumerate(running):
        assert process.stdin
        process.stdin.write("\n".join(map(str, files[k::WORKERS])))
        process.stdin.close()
    if any(process.wait() for process in running):
        raise RuntimeError("a process that decodes has failed")


def timed(action: Any) -> float:
    began = perf_counter()
    action()
    return perf_counter() - began


def private_memory() -> float:
    """Private (anonymous) memory of this process, in MB."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("RssAnon"))
    return int(line.split()[1]) / 1000


def memory(name: str, data: Path, steps: int) -> float:
    """The most private memory while a quarter-width VGG-16 learns the first task, in MB."""
    tasks = datasets.load(name, data=data)
    build = Builder.of("vgg16", tasks=tasks, width=0.25)
    method, inputs, most = methods.get("finetune")(build), train.Inputs(tasks), 0.0
    method.begin(0, len(tasks[0].classes))
    optimizer = torch.optim.SGD(method.parameters(), lr=0.05)
    for _ in range(steps):
        images, labels = tasks[0].train.batch(torch.randint(len(tasks[0].train), (BATCH,)))
        train.step(method, optimizer, inputs(images), labels, 0, clip=10000.0)
        most = max(most, private_memory())
    train.accuracy(method, tasks[0], inputs)
    return max(most, private_memory())


def measure(name: str, data: Path, rounds: int, images: int) -> dict[str, Any]:
    tasks = datasets.load(name, data=data)
    folder, found = folders.listing("tiny_imagenet", tiny_imagenet.ABOUT, tiny_imagenet.read, data, parse(name))
    store = tasks[0].train.images
    for start in range(0, len(store), 1024):  # into the page cache, as a first epoch does
        np.add.reduce(store[start : start + 1024], axis=None)
    pairs = [(ours(tasks, images), theirs(folder, tasks, images)) for _ in range(rounds)]
    ratios = [a / b for a, b in pairs]
    files = [folder / file for file in found.files[: 2 * images]]
    built = building(files, tasks.size, rounds)
    command = [sys.executable, __file__, "--memory", "--name", name, "--data", str(data)]
    private = float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return {
        "batches": {
            **spread(ratios),
            "target": TARGETS["batches"],
            "store": statistics.median(a for a, _ in pairs),
            "folder": statistics.median(b for _, b in pairs),
            "unit": "images per second",
        },
        "building": {**spread(built), "target": TARGETS["building"], "images": len(files)},
        "memory": {"megabytes": private, "target": TARGETS["memory"]},
    }


def spread(ratios: list[float]) -> dict[str, float]:
    return {"ratio": statistics.median(ratios), "low": min(ratios), "high": max(ratios), "rounds": len(ratios)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--name", default="tiny_imagenet")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--images", type=int, default=6400, help="of a round")
    parser.add_argument(
        "--record", type=Path, nargs="?", const=RECORD, help="write it too (data/benchmarks/input.json)"
    )
    parser.add_argument("--memory", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.memory:
        print(memory(options.name, options.data, steps=20))
        return
    setting = {"torch": torch.__version__, "threads": torch.get_num_threads(), "processor": processor()}
    setting |= {"tasks": options.name, "processes": stores.processors()}
    publish({**setting, **measure(options.name, options.data, options.rounds, options.images)}, options.record)


if __name__ == "__main__":
    main()
