"""Where runs are kept while they learn and after: a folder for each, which one process at a time may write to."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from tfm_lite import datasets, distributed, results, train
from tfm_lite.checkpoint import Checkpoint
from tfm_lite.datasets._store import cache_folder
from tfm_lite.experiment import Config, build_method, identity, run_experiment
from tfm_lite.files import InUse, check_room, holder, leftovers, lock
from tfm_lite.progress import Progress, Suite
from tfm_lite.results import Result
from tfm_lite.tasks import TaskSequence

RECORD = 10**6  # bytes that are enough for a record
NAME = re.compile(r"(?P<tasks>.+)-\d+-[^-]+-(?P<method>[^-]+)-(?P<seed>seed\d+)-[0-9a-f]{8}")  # as in Result.name
log = logging.getLogger(__name__)


def run_kept(
    config: Config,
    *,
    data: Path | None = None,
    out: Path | None = None,
    device: str = "cpu",
    again: bool = False,
    bar: bool = False,
    suite: Suite | None = None,
) -> tuple[Result, Path]:
    """Run a configuration, or go on with it, unless its record is there already; the record and its path.

    ``out`` is where the record goes (None: beside the checkpoints). Raises :class:`~tfm_lite.files.InUse` if another process
    has this run in hand, and ``OSError`` before it begins if the disk will not do.
    """
    with distributed.first_alone():  # it decodes the images, the others read what it has kept
        tasks = datasets.load(config.tasks, seed=config.seed, size=config.size, data=data)
    config = config.resolved(tasks)
    key = config.key(tasks.fingerprint)
    folder = cache_folder(data) / "runs" / f"{config.tasks}-{config.method}-seed{config.seed}-{key}"
    out = out or folder
    found = None if again else _recorded(out, key)
    if found:
        return found
    with held(folder):
        checkpoint = Checkpoint(folder)
        if again:
            checkpoint.drop("*")
        elif found := _recorded(out, key):  # who had the folder until now has finished it
            return found
        if distributed.first():
            checkpoint.tidy()
            check_room(folder, room(config, tasks), kept=checkpoint.size())
            check_room(out, RECORD)
        progress = Progress(tasks, config.protocol, log=folder / "log.txt", bar=bar, suite=suite)
        how = {"tasks": tasks, "folder": folder, "on_epoch": progress if distributed.first() else None}
        try:
            result = run_experiment(config, **how, device=device)  # type: ignore[arg-type]
        finally:
            progress.close()
        path = out / f"{result.name}.json"
        if distributed.first():
            results.save(result, out)
            for old in leftovers(out, path.name):
                old.unlink()
    return result, path


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep other processes away from a run."""
    number = lock(folder) if distributed.first() else None
    if not distributed.agreed(number is not None):
        raise InUse(f"{holder(folder)} has this run in hand, in {folder}; it is left alone")
    try:
        yield
    finally:
        if number is not None:
            os.close(number)


def room(config: Config, tasks: TaskSequence) -> int:
    """Bytes that the checkpoints of a run take at most, by the size of its network before it has learned anything.

    There may be one file for each training of a task, and twice, the old and the new, a file with the network and its
    optimizer and one with the best weights. Methods that add a network with a task, or a copy, come to need more.
    """
    method = build_method(config, tasks)
    plain = sum(tensor.nbytes for tensor in method.build().state_dict().values())
    state = max(plain, sum(tensor.nbytes for tensor in method.state_dict().values()))
    return (max(method.fits(t) for t in range(len(tasks))) + 6) * state


def missing(configs: Sequence[Config], paths: Iterable[Path]) -> list[int]:
    """Places in the list of the configurations that no record of today's numerics, among these files, is of.

    Of thousands of records only those are read whose names may be of a configuration that is still missing.
    """
    alike: dict[str, list[int]] = {}
    left: dict[tuple[str, ...], set[int]] = {}
    for i, config in enumerate(configs):
        alike.setdefault(config.identity, []).append(i)
        left.setdefault((config.tasks, config.method, f"seed{config.seed}"), set()).add(i)
    for path, record in readable(path for path in paths if left.get(_named(path))):
        if record.numerics == train.NUMERICS:
            places = alike.get(identity(record.config), [])
            left[_named(path)].difference_update(i for i in places if configs[i].describes(record))
    return sorted(set[int]().union(*left.values()))


def kept(data: Path | None, out: Path | None) -> list[Path]:
    """Where the records are that ``run`` would find with these folders."""
    return sorted(out.glob("*.json") if out else (cache_folder(data) / "runs").glob("*/*.json"))


def readable(paths: Iterable[Path]) -> Iterator[tuple[Path, Result]]:
    """The records among these files. What is damaged, or no record, is passed over, with a word."""
    for path in paths:
        try:
            record = results.load(path)
        except (ValueError, OSError) as error:
            _pass_over(str(error))
        else:
            yield path, record


def _named(path: Path) -> tuple[str, ...]:
    """Tasks, method and seed by a record's name; nothing, with a word, if it is not one."""
    if found := NAME.fullmatch(path.stem):
        return found["tasks"], found["method"], found["seed"]
    _pass_over(f"{path} does not have the name of a record")
    return ()


@cache
def _pass_over(why: str) -> None:
    """Say, once, that a file is left out."""
    log.warning("passed over: %s", why)


def _recorded(out: Path, key: str) -> tuple[Result, Path] | None:
    """The record of this key in a folder, if all processes are to find it there; a damaged one counts as none."""
    found = readable(sorted(out.glob(f"*-{key[:8]}.json")))
    path = distributed.agreed(next((path for path, record in found if record.key == key), None))
    return (results.load(path), path) if path else None
