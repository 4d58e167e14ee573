"""A run from its configuration to its record, continued where it stopped; and the folders where runs are kept: one for each,
which one process at a time may write to.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

import tfm_lite
from tfm_lite import datasets, distributed, memory, metrics, train
from tfm_lite.checkpoint import Checkpoint
from tfm_lite.datasets.tasks import TaskSequence
from tfm_lite.devices import about, check_device, check_precision
from tfm_lite.files import InUse, check_room, holder, leftovers, lock, way_out
from tfm_lite.reproducible import reproducible
from tfm_lite.runs import results
from tfm_lite.runs.config import Config, Run
from tfm_lite.runs.progress import Progress, SuiteTable
from tfm_lite.runs.results import Result
from tfm_lite.train import OnEpoch

RECORD = 10**6  # bytes that are enough for a record


def run_experiment(
    config: Config,
    *,
    data: str | Path | None = None,
    folder: str | Path | None = None,
    device: str = "cpu",
    on_epoch: OnEpoch | None = None,
    tasks: TaskSequence | None = None,
) -> Result:
    """Run a configuration and return its record.

    ``folder`` is where checkpoints are kept while it runs, those of this run alone: called again after a stop it goes on
    there, to the same bits. None: none are kept. ``tasks`` replaces the data set of the configuration's name.

    >>> from tfm_lite.train import Protocol
    >>> short = Protocol(epochs=1)
    >>> config = Config("alphabets", "freeze", network="mlp", protocol=short)
    >>> run_experiment(config).forgetting
    0.0
    """
    if not isinstance(config, Config):
        raise ValueError(f"what to run is said by a Config, Config('alphabets', 'tfm'), not by {config!r}")
    if tasks is None:
        tasks = datasets.load(config.tasks, seed=config.seed, size=config.size, data=data)
    return record_of(Run(config, tasks), folder=Path(folder) if folder else None, device=device, on_epoch=on_epoch)


def record_of(run: Run, *, folder: Path | None, device: str, on_epoch: OnEpoch | None) -> Result:
    """Make a run, or go on with it, and return its record; as :func:`run_experiment`."""
    config, tasks, method = run.resolved, run.tasks, run.method()
    check_device(device)
    check_precision(config.precision, device)
    with reproducible(device, precision=config.precision):
        environment = _environment(device)  # before hours of training: nothing may go wrong after them
    history = train.run(
        method,
        tasks,
        protocol=config.protocol,
        seed=config.seed,
        device=device,
        precision=config.precision,
        on_epoch=on_epoch,
        checkpoint=Checkpoint(folder, of=run.key),
    )
    return Result(
        key=run.key,
        config=config.plain(),
        accuracy=[[*row, *[None] * (len(tasks) - len(row))] for row in history.matrix],
        average=metrics.average(history.matrix),
        forgetting=metrics.forgetting(history.matrix),
        memory=method.storage(),
        structure=method.structure(),
        fits=[[asdict(outcome) for outcome in outcomes] for outcomes in history.fits],
        tasks=[task.name for task in tasks],
        images=[len(task.test) for task in tasks],
        seconds=round(sum(outcome.seconds for outcomes in history.fits for outcome in outcomes), 1),
        fingerprint=tasks.fingerprint,
        numerics=train.NUMERICS,
        environment=environment,
    )


def _environment(device: str) -> dict[str, Any]:
    # Asked of the installed package: to import torchvision takes as long as all the rest.
    versions = {"tfm_lite": tfm_lite.__version__, "torch": torch.__version__, "torchvision": version("torchvision")}
    where = {**about(device), "threads": torch.get_num_threads(), "processes": distributed.processes()}
    return {**versions, "python": platform.python_version(), **where}


def run_kept(
    config: Config,
    *,
    data: Path | None = None,
    out: Path | None = None,
    device: str = "cpu",
    again: bool = False,
    bar: bool = False,
    table: SuiteTable | None = None,
    watch: Callable[..., Progress] = Progress,
) -> tuple[Result, Path]:
    """Run a configuration, or go on with it, unless its record is there already; the record and its path.

    ``out`` is where the record goes (None: beside the checkpoints); ``watch`` makes what is told of its epochs. Raises
    :class:`~tfm_lite.files.InUse` if another process has this run in hand, and ``OSError`` before it begins if the disk will
    not do.
    """
    with distributed.first_alone():  # it decodes the images, the others read what it has kept
        tasks = datasets.load(config.tasks, seed=config.seed, size=config.size, data=data)
    run = Run(config, tasks)
    folder, *others = run.folders(data)
    places = [out] if out else [folder, *others]
    out = out or folder
    path = out / f"{results.name_of(run.resolved.plain(), run.key)}.json"
    if path.is_dir():  # better now than when all is learned
        raise ValueError(
            f"{path} is a folder, and the record is to be written there: take it away, or name another --out"
        )
    found = None if again else _recorded(places, run.key)
    if found:
        return found
    with held(folder):
        checkpoint = Checkpoint(folder, of=run.key)
        if again:
            checkpoint.drop("*")
        elif found := _recorded([out], run.key):  # who had the folder until now has finished it
            return found
        if distributed.first():
            checkpoint.tidy()
            check_room(folder, room(run), kept=checkpoint.size())
            check_room(out, RECORD)
        progress = watch(tasks, config.protocol, log=folder / "log.txt", bar=bar, table=table)
        try:
            on_epoch = progress if distributed.first() else None
            result = record_of(run, folder=folder, device=device, on_epoch=on_epoch)
        finally:
            progress.close()
        if distributed.first():
            results.save(result, out)
            for old in leftovers(out, path.name):
                old.unlink()
    return result, path


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep other processes away from a run."""
    let_go = lock(folder) if distributed.first() else None
    if not distributed.agreed(let_go is not None):
        raise InUse(f"{holder(folder)} has this run in hand, in {folder}; it is left alone{way_out(folder)}")
    try:
        yield
    finally:
        if let_go:
            let_go()


def room(run: Run) -> int:
    """Bytes that the checkpoints of a run take at most, by what its method keeps at the end.


    There may be one file for each training of a task, and twice, the old and the new, a file with the network and its
    optimizer and one with the best weights. Methods that hold more while they learn a task come to need more.
    """
    method, classes, config = run.method(), [len(task.classes) for task in run.tasks], run.config
    state = sum(memory.kept(config.method, method.build, classes, **config.options).values())
    return (max(method.fits(t) for t in range(len(run.tasks))) + 6) * state


def _recorded(folders: Iterable[Path], key: str) -> tuple[Result, Path] | None:
    """The record of this key in these folders, if all processes are to find it there; a damaged one counts as none."""
    files = (path for folder in folders for path in sorted(folder.glob(f"*-{key[:8]}.json")))
    found = results.readable(files, results.load)
    path = distributed.agreed(next((path for path, record in found if record.key == key), None))
    return (results.load(path), path) if path else None
