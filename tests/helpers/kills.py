"""Kill a run again and again, and see that it ends in the bits of one that nobody stopped.

    python tests/helpers/kills.py --method tfm --kills 20 --device cuda

Every kill is a SIGKILL to a real process, which then has no way to tidy up. Every second one comes from outside, at a random
moment; the others strike at a place that is drawn: before a step, in validation, in a test between tasks, when a network is
to grow, with a file half written, with a file whole but not yet under its name, with what is no longer needed half removed.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from tfm_lite import datasets, train
from tfm_lite.methods.base import Method
from tfm_lite.nn.layers import Ternary
from tfm_lite.runs import results
from tfm_lite.runs.config import Config
from tfm_lite.runs.run import run_kept
from tfm_lite.train import Fit, Protocol

# Where a kill may strike, and among how many of these places of one process it is drawn.
PLACES: dict[str, tuple[Any, str, int]] = {
    "a step": (train, "step", 60),
    "validation": (Fit, "_validate", 5),
    "a test": (train, "accuracy", 3),
    "a new task": (Method, "begin", 2),
    "growth": (Ternary, "grow", 8),
    "half a file": (torch, "save", 8),
    "a file without its name": (os, "replace", 8),
    "tidying up": (Path, "unlink", 8),
}
OPTIONS: dict[str, dict[str, Any]] = {"tfm": {"growths": [0.0, 0.05, 0.15], "margin": 0.0, "start": 0.5}}


train.CHECKPOINT_EVERY = 0.0  # else these short runs would have none to go on from


def config_of(method: str, tasks: str = "alphabets") -> Config:
    protocol = Protocol(epochs=3, lr=0.1, patience=1, lr_min=0.02)
    return Config(tasks, method, network="mlp", width=0.2, protocol=protocol, options=OPTIONS.get(method, {}))


def die(*_: Any, **__: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def half(content: object, file: Any) -> None:
    """Write the first half of what ``torch.save`` would, and die."""
    whole = io.BytesIO()
    SAVE(content, whole)
    file.write(whole.getvalue()[: whole.tell() // 2])
    file.flush()
    die()


SAVE = torch.save


def aim(place: str, count: int) -> None:
    """Let this process die when it comes to a place for the ``count``-th time."""
    owner, name, _ = PLACES[place]
    real, last = getattr(owner, name), half if place == "half a file" else die
    seen = [0]

    def wrapped(*arguments: Any, **keywords: Any) -> Any:
        seen[0] += 1
        return (last if seen[0] == count else real)(*arguments, **keywords)

    setattr(owner, name, wrapped)


def child(config: Config, data: Path, prepare: Callable[[], None] = lambda: None, *, device: str = "cpu") -> int:
    """Start the run in a process of its own; its number. A fork, so that twenty do not wait for twenty imports: this process
    itself must not use a GPU."""
    number = os.fork()
    if number:
        return number
    prepare()
    try:
        run_kept(config, data=data, device=device)
    except BaseException as error:
        print(repr(error), file=sys.stderr)
        os._exit(1)
    os._exit(0)


def end_of(number: int) -> bool:
    """Wait for a process: True if it came to its end, False if it was killed."""
    _, status = os.waitpid(number, 0)
    if os.WIFSIGNALED(status):
        return False
    assert os.WEXITSTATUS(status) == 0, "a run ended in an error"
    return True


def outcome(data: Path) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """What a finished run left: its record without times, and the bits of its last checkpoint."""
    (folder,) = (data / "cache" / "runs").iterdir()
    (record,) = folder.glob("*.json")
    left = {path.name for path in folder.iterdir()} - {"lock"}
    assert left == {"log.txt", "task.pt", record.name}, f"something is left over: {sorted(left)}"
    found = asdict(results.load(record))
    found["fits"] = [[fit | {"seconds": 0} for fit in fits] for fits in found["fits"]]
    state = torch.load(folder / "task.pt", weights_only=True)["state"]
    return found | {"seconds": 0}, state


def other_numbers() -> None:
    """Let this process draw other numbers: a run that goes on in it must not end in the same bits."""
    stream = train.stream
    train.stream = lambda seed, *name: stream(seed + 1, *name)


def campaign(
    method: str, kills: int, seed: int, folder: Path, *, device: str = "cpu", wrong: bool = False
) -> Counter[str]:
    """Make that many kills; where they struck. ``wrong``: of a run that goes on with :func:`other_numbers`."""
    rng, struck, config = random.Random(seed), Counter[str](), config_of(method)
    go_on = other_numbers if wrong else lambda: None
    (folder / "whole").mkdir()
    began = time.monotonic()
    assert end_of(child(config, folder / "whole", device=device))
    whole, seconds = outcome(folder / "whole"), time.monotonic() - began
    places = [place for place in PLACES if place != "growth" or method == "tfm"]
    while struck.total() < kills:
        data = folder / "killed"
        data.mkdir()
        while True:
            if struck.total() % 2:
                place = "any moment"
                number = child(config, data, go_on, device=device)
                time.sleep(rng.uniform(0, seconds / 3))
                os.kill(number, signal.SIGKILL)
            else:
                place = places[struck.total() // 2 % len(places)]
                number = child(
                    config, data, lambda p=place: (go_on(), aim(p, rng.randint(1, PLACES[p][2]))), device=device
                )
                rng.random()  # the child's draws are its own
            if end_of(number):
                break
            struck[place] += 1
            if struck.total() == kills:
                assert end_of(child(config, data, go_on, device=device))
                break
        killed = outcome(data)
        assert killed[0] == whole[0], "the records differ"
        assert killed[1].keys() == whole[1].keys()
        assert all(torch.equal(killed[1][name], whole[1][name]) for name in whole[1]), "the weights differ"
        shutil.rmtree(data)
    return struck


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--method", default="tfm")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--wrong", action="store_true", help="go on with other numbers, which must be noticed")
    options = parser.parse_args()
    torch.set_num_threads(1)  # a process with threads is not safely forked
    tasks = datasets.load("alphabets")
    tasks = replace(tasks, tasks=tasks.tasks[:3])
    datasets.load = lambda *_, **__: tasks  # type: ignore[assignment]
    with tempfile.TemporaryDirectory() as folder:
        how: dict[str, Any] = {"device": options.device, "wrong": options.wrong}
        print(json.dumps(campaign(options.method, options.kills, options.seed, Path(folder), **how)))


if __name__ == "__main__":
    main()
