"""Change a byte of what a stopped run left, and see that nothing goes wrong in silence.

    python tests/helpers/flips.py --flips 200

Runs of several methods, on letters and on made-up pictures in files, are killed at random places. Of a copy of what is left
one file is drawn (a checkpoint, the store of images or the facts beside it, the record, the lock, the log) and in it one
byte, which becomes another; the file keeps its length and its times, as when a disk goes bad. Then the same command runs
again. Either it ends in the record of a run that nobody disturbed, or it names the file and what to delete, and does so once
that is deleted. ``--kinds`` has more: files that are cut, emptied or grown.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from kills import PLACES, aim, child, config_of
from made_up import make

from tfm_lite import datasets
from tfm_lite.datasets.sets import alphabets
from tfm_lite.runs import results
from tfm_lite.runs.config import Config

METHODS, SETS = ("tfm", "packnet", "joint", "finetune"), ("alphabets", "birds")
TASKS = 3  # of the data set's
STOPS = 3  # stopped runs of every method and data set; a byte is changed in a copy of one of them
DRAWN: list[Any] = []


def flip(content: bytearray, rng: random.Random) -> None:
    content[rng.randrange(len(content))] ^= rng.randint(1, 255)


def cut(content: bytearray, rng: random.Random) -> None:
    del content[rng.randrange(len(content)) :]


def grow(content: bytearray, rng: random.Random) -> None:
    content += rng.randbytes(rng.randint(1, 100))


KINDS: dict[str, Callable[[bytearray, random.Random], None]] = {
    "flip": flip,
    "cut": cut,
    "empty": lambda content, rng: content.clear(),
    "grow": grow,
}


def run(config: Config, data: Path, prepare: Callable[[], None] = lambda: None) -> tuple[int, str]:
    """Run in a process of its own; its exit status (negative: killed) and what it said."""
    said = data / "said"

    def ready() -> None:
        os.dup2(os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
        alphabets._images.cache_clear()
        prepare()

    _, status = os.waitpid(child(config, data, ready), 0)
    text = said.read_text()
    said.unlink()
    return os.waitstatus_to_exitcode(status), text


def record(data: Path) -> dict[str, Any]:
    """The record without its times."""
    (path,) = (data / "cache" / "runs").glob("*/*.json")
    found = asdict(results.load(path))
    found["fits"] = [[fit | {"seconds": 0} for fit in fits] for fits in found["fits"]]
    return found | {"seconds": 0}


def follow(remedy: str, file: Path) -> None:
    """Delete what the message says."""
    if whole := re.search(r"delete (.+), or run with --again", remedy):
        shutil.rmtree(whole[1])
        return
    if both := re.search(r"delete this file and (.+) beside it", remedy):
        file.with_name(both[1]).unlink()
    assert re.search("delete (this file|it|that file)", remedy), f"no remedy: {remedy}"
    file.unlink()


def kind_of(file: Path) -> str:
    if file.suffix[1:].isdigit():
        return "half written"
    if file.suffix == ".json" and "runs" in file.parts:
        return "record"
    return re.sub(r"-.*(\.\w+)$", r"\1", file.name)


def trial(config: Config, state: Path, whole: dict[str, Any], damage: str, rng: random.Random) -> tuple[str, str]:
    """Damage a copy of a stopped run and go on; the kind of file, and how it ended."""
    data = state.with_name("damaged")
    shutil.copytree(state, data)
    file = rng.choice(sorted(path for path in (data / "cache").rglob("*") if path.is_file() and path.stat().st_size))
    content, times = bytearray(file.read_bytes()), file.stat()
    KINDS[damage](content, rng)
    file.write_bytes(content)
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    status, said = run(config, data)
    ended = "harmless"
    if status == 1:
        assert str(file) in said, f"{damage} of {file}: it is not named: {said}"
        follow(said, file)
        ended, (status, said) = "refused", run(config, data)
    elif "made again" in said:
        ended = "made again"
    assert status == 0, f"{damage} of {file}: {said}"
    assert record(data) == whole, f"{damage} of {file}: another record, without a word"
    shutil.rmtree(data)
    return kind_of(file), ended


def stopped(config: Config, fresh: Path, folder: Path, rng: random.Random) -> Path:
    """A copy of the data, with what a run left that was killed at a random place."""
    shutil.copytree(fresh, folder)
    place = rng.choice([place for place in PLACES if place != "growth" or config.method == "tfm"])
    count = rng.randint(1, PLACES[place][2])
    status, said = run(config, folder, lambda: aim(place, count))
    assert status <= 0, said  # negative if it was killed
    return folder


def campaign(flips: int, methods: list[str], kinds: list[str], seed: int, folder: Path) -> Counter[tuple[str, str]]:
    """Damage so many files; kinds of files, and how it ended."""
    rng, states = random.Random(seed), []
    for name in SETS:
        fresh = folder / name
        (fresh / "cache").mkdir(parents=True)
        if name == "birds":
            make(name, fresh, pytest.MonkeyPatch())
        for method in methods:
            config, runs = config_of(method, name), folder / f"{name}-{method}"
            shutil.copytree(fresh, runs / "whole")
            status, said = run(config, runs / "whole")
            assert status == 0, said
            shutil.copytree(runs / "whole" / "cache", fresh / "cache", dirs_exist_ok=True)  # the store is made once
            shutil.rmtree(fresh / "cache" / "runs")
            whole = record(runs / "whole")
            states.append((config, runs / "whole", whole))
            states += [(config, stopped(config, fresh, runs / f"{i}", rng), whole) for i in range(STOPS)]
    return Counter(trial(*rng.choice(states), rng.choice(kinds), rng) for _ in range(flips))


def first_tasks(load: Callable[..., Any]) -> Callable[..., Any]:
    def short(*given: Any, **named: Any) -> Any:
        tasks = load(*given, **named)
        return replace(tasks, tasks=tasks.tasks[:TASKS])

    return short


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flips", type=int, default=20)
    parser.add_argument("--methods", nargs="+", default=list(METHODS))
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=["flip"])
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)  # a process with threads is not safely forked
    DRAWN.extend(alphabets.draw_all(alphabets.SIZES[0]))
    alphabets.draw_all = lambda size: tuple(DRAWN)  # type: ignore[assignment,return-value]
    datasets.load = first_tasks(datasets.load)
    with tempfile.TemporaryDirectory() as folder:
        found = campaign(options.flips, options.methods, options.kinds, options.seed, Path(folder))
    print(json.dumps({f"{kind}: {ended}": count for (kind, ended), count in sorted(found.items())}, indent=1))


if __name__ == "__main__":
    main()
