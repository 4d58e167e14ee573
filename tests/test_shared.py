"""Folders that users and machines share: without locks, another user's, full."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from made_up import picture
from others import open_folder, somebody_else

from tfm_lite import datasets, faults, files, places
from tfm_lite.__main__ import main
from tfm_lite.checkpoint import Checkpoint
from tfm_lite.datasets import stores
from tfm_lite.datasets.tasks import TaskSequence
from tfm_lite.files import InUse, holder, lock, way_out, written
from tfm_lite.runs import results, run, selection
from tfm_lite.runs.config import Config
from tfm_lite.runs.progress import Progress
from tfm_lite.train import Protocol

CONFIG = Config("made up", "freeze", network="mlp", width=0.1, protocol=Protocol(epochs=1, batch=16))
UNKNOWN = [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP]  # NFS without its daemon, Lustre, others


@pytest.fixture(autouse=True)
def _said_anew() -> None:
    faults.warn_once.cache_clear()


@pytest.fixture
def made_up(tasks: TaskSequence, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data folder that others may look into; whatever data set is asked for, the made-up tasks come."""
    monkeypatch.setattr(datasets, "load", lambda *_, **__: tasks)
    with open_folder() as folder:
        (folder / "data").mkdir()
        (folder / "user").mkdir(mode=0o777)
        (folder / "user").chmod(0o777)
        monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "user"))
        yield folder / "data"


# Disks without locks


def refuse(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def flock(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", flock)


@pytest.mark.parametrize("number", UNKNOWN)
def test_where_the_disk_has_no_locks_a_file_stands_for_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, number: int
) -> None:
    refuse(monkeypatch, number)
    let_go, other = lock(tmp_path / "run"), lock(tmp_path / "another run")
    assert let_go and other and lock(tmp_path / "run") is None
    assert holder(tmp_path / "run") == f"process {os.getpid()} on {socket.gethostname()}"
    let_go(), other()
    assert [path.name for path in tmp_path.glob("*/*")] == []
    assert lock(tmp_path / "run")
    (said,) = caplog.messages  # once
    assert (
        said == f"the disk of {tmp_path} has no locks ({os.strerror(number)}): a file lock.soft stands for each instead"
    )


def killed_holder(folder: Path, number: int) -> int:
    """A process that held a folder on a disk without locks, and was killed; its number."""
    program = f"""
import fcntl, sys, time, pathlib
def flock(*_): raise OSError({number}, "no locks")
fcntl.flock = flock
from tfm_lite.files import lock
held = lock(pathlib.Path({str(folder)!r}))
print(held is not None, flush=True)
time.sleep(60)
"""
    other = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert other.stdout and other.stdout.readline() == "True\n"
    other.send_signal(signal.SIGKILL)
    other.communicate()
    return other.pid


@pytest.mark.parametrize("number", UNKNOWN)
def test_what_a_killed_process_held_is_taken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    pid = killed_holder(tmp_path, number)
    assert (tmp_path / "lock.soft").exists() and holder(tmp_path).startswith(f"process {pid} on ")
    refuse(monkeypatch, number)
    let_go = lock(tmp_path)
    assert let_go and lock(tmp_path) is None and holder(tmp_path).startswith(f"process {os.getpid()} on ")


def test_what_another_machine_holds_is_left_alone_and_how_to_get_on_is_said(
    made_up: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _, path = run.run_kept(CONFIG, data=made_up)
    path.unlink()
    killed_holder(path.parent, errno.ENOLCK)
    soft = path.with_name("lock.soft")
    soft.write_text(soft.read_text().replace(socket.gethostname(), "node-7"))  # the same process, on another machine
    refuse(monkeypatch, errno.ENOLCK)
    text = rf"process \d+ on .* has this run in hand, in {path.parent}; it is left alone; if it is gone for good .*, delete"
    with pytest.raises(InUse, match=f"{text} {soft}$"):
        run.run_kept(CONFIG, data=made_up)
    soft.unlink()
    assert run.run_kept(CONFIG, data=made_up)[1] == path
    assert way_out(path.parent) == "" and not soft.exists()


@pytest.mark.parametrize("number", UNKNOWN)
def test_a_run_on_a_disk_without_locks_leaves_nothing_behind(
    made_up: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    refuse(monkeypatch, number)
    _, path = run.run_kept(CONFIG, data=made_up)
    assert {file.name for file in path.parent.iterdir()} == {path.name, "log.txt", "task.pt"}


# Another user's folders


def test_another_users_record_is_found_and_a_new_run_goes_to_ones_own_cache(
    made_up: Path, caplog: pytest.LogCaptureFixture
) -> None:
    theirs = run.run_kept(CONFIG, data=made_up)
    config = Config("made up", "finetune", network="mlp", width=0.1, protocol=CONFIG.protocol)
    with somebody_else(made_up):
        assert run.run_kept(CONFIG, data=made_up) == theirs
        result, path = run.run_kept(config, data=made_up)
        assert run.run_kept(config, data=made_up) == (result, path)
    own = made_up.parent / "user" / "tfm_lite" / "cache"
    assert path.parent.parent == own / "runs" and [file.name for file in made_up.iterdir()] == ["cache"]
    said = f"you may not write in {theirs[1].parent}: what you make is kept in {own}"
    assert caplog.messages[0] == said and len(caplog.messages) == 2  # of another folder the second time


def test_what_is_missing_counts_the_records_of_both(
    made_up: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    configs = [
        Config("made up", name, network="mlp", width=0.1, protocol=CONFIG.protocol)
        for name in ("freeze", "finetune", "si")
    ]
    monkeypatch.setattr("tfm_lite.runs.commands.SUITES", {"three": lambda seeds=(0,): configs})
    run.run_kept(configs[0], data=made_up)
    with somebody_else(made_up):
        run.run_kept(configs[1], data=made_up)
        assert main(["list", "--missing", "three", "--data", str(made_up)]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["2"]


def test_a_run_that_another_user_has_begun_is_begun_anew_in_ones_own_cache(made_up: Path) -> None:
    _, path = run.run_kept(CONFIG, data=made_up)
    path.unlink()
    path.with_name("lock").touch()
    with somebody_else(path.parent):  # the folder of runs is everybody's, this one is not
        _, own = run.run_kept(CONFIG, data=made_up)
    assert own.is_relative_to(made_up.parent / "user") and not path.exists()


@pytest.mark.parametrize("name", ["lock", "holder"])
def test_a_file_of_the_lock_that_another_user_left(tmp_path: Path, name: str) -> None:
    with open_folder() as folder:
        (folder / "run").mkdir()
        (folder / "run").chmod(0o777)
        (folder / "run" / name).touch(mode=0o444)
        with somebody_else(folder / "run" / name):
            if name == "lock":
                with pytest.raises(OSError, match=r"nothing can be written in .*lock \(Permission .* make it writable"):
                    lock(folder / "run")
            else:
                let_go = lock(folder / "run")
                assert let_go and holder(folder / "run").startswith(f"process {os.getpid()} on ")
                let_go()


def images_in(folder: Path, count: int) -> list[Path]:
    for i in range(count):
        picture(folder / f"{i}.jpg", i % 12, i % 8)
    return [folder / f"{i}.jpg" for i in range(count)]


def store(data: Path, pictures: list[Path]) -> np.ndarray:
    path = stores.store_path("some", pictures, size=8, data=data)
    return stores.image_store("some", pictures, path=path, size=8)[0]


def checked(data: Path, pictures: list[Path]) -> np.ndarray:
    path = stores.store_path("some", pictures, size=8, data=data)
    return stores.Checked("some", pictures, path=path, size=8)[np.arange(len(pictures))]


@pytest.mark.parametrize("make", [store, checked])
def test_another_users_store_is_used_and_made_again_elsewhere_if_it_is_damaged(
    made_up: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path, list[Path]], np.ndarray]
) -> None:
    pictures = images_in(made_up / "pictures", 5)
    before = np.array(make(made_up, pictures))
    (theirs,) = (made_up / "cache").glob("*.npy")
    with somebody_else(made_up), monkeypatch.context() as patch:
        patch.setattr(stores, "_decode_all", lambda *_: pytest.fail("the images are decoded again"))
        assert np.array_equal(make(made_up, pictures), before)
    theirs.chmod(0o644)
    theirs.write_bytes(theirs.read_bytes()[:-9])
    with somebody_else(made_up):
        with pytest.warns(UserWarning, match=f"the store {theirs} is not as it was written; it is made again"):
            assert np.array_equal(make(made_up, pictures), before)
        assert np.array_equal(make(made_up, pictures), before)  # found at once: a warning would be an error
    (own,) = (made_up.parent / "user" / "tfm_lite" / "cache").glob("*.npy")
    assert own.name == theirs.name


def test_where_nothing_at_all_may_be_written_is_said(made_up: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = images_in(made_up / "pictures", 5)
    (made_up.parent / "user").chmod(0o555)
    text = (
        r"nothing can be written in .*user/tfm_lite/cache.* \(Permission denied\): make it writable .* or name another"
    )
    with somebody_else(made_up):
        for action in (lambda: store(made_up, pictures), lambda: run.run_kept(CONFIG, data=made_up)):
            with pytest.raises(OSError, match=text):
                action()


def test_a_data_folder_that_one_may_not_look_into(made_up: Path) -> None:
    made_up.chmod(0o700)
    if os.geteuid():
        made_up.chmod(0o000)
    with somebody_else(), pytest.raises(PermissionError, match=f"may not look into the data folder {made_up}: ask its"):
        places.data_folder(made_up)


def test_processes_of_the_same_number_on_two_machines_do_not_write_into_each_others_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getpid", lambda: 7)  # as in two containers
    path = tmp_path / "file"
    with written(path) as one, written(path) as other:
        one.write_text("one")
        other.write_text("another")
        assert one != other and {*files.leftovers(tmp_path, "file")} == {one, other}
    assert path.read_text() == "one" and list(tmp_path.iterdir()) == [path]  # the block that ends last


# Full disks


@contextmanager
def no_room(size: int) -> Iterator[None]:
    """A limit on the size of files stands for the full disk: a write fails in the midst."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def write_record(folder: Path, tasks: TaskSequence) -> None:
    result = results.load(next(places.shipped("results").glob("*.json")))
    results.save(result, folder)


def write_checkpoint(folder: Path, tasks: TaskSequence) -> None:
    Checkpoint(folder).save("task", {"weights": torch.zeros(5000)})


def write_choice(folder: Path, tasks: TaskSequence) -> None:
    choice = selection.load_all()[0]
    selection.save(choice.__class__(**{**vars(choice), "tried": choice.tried * 100}), folder)


def write_store(folder: Path, tasks: TaskSequence) -> None:
    pictures = images_in(folder.parent / "pictures", 30)
    stores.image_store("some", pictures, path=folder / "store.npy", size=8)


def write_sums(folder: Path, tasks: TaskSequence) -> None:
    pictures = [images_in(folder.parent / "pictures", 1)[0]] * 1000
    stores.Checked("some", pictures, path=folder / "store.npy", size=1)


def write_large_store(folder: Path, tasks: TaskSequence) -> None:
    pictures = [images_in(folder.parent / "pictures", 1)[0]] * (stores.FEW + 1)
    stores.Checked("some", pictures, path=folder / "store.npy", size=8)


def write_picture(folder: Path, tasks: TaskSequence) -> None:
    with written(folder / "sheet.png") as temporary:
        temporary.write_bytes(bytes(5000))


KINDS = [write_record, write_checkpoint, write_choice, write_store, write_large_store, write_sums, write_picture]


@pytest.mark.parametrize("write", KINDS)
def test_a_full_disk_is_told_in_words_and_nothing_half_written_is_left(
    tmp_path: Path, tasks: TaskSequence, write: Callable[[Path, TaskSequence], None]
) -> None:
    words = rf"{tmp_path}/folder/[^ ]+ cannot be written \(File too large\): make room"
    with (
        no_room(3500 if write is write_sums else 1000),
        pytest.raises(OSError, match=words),
    ):  # the store's sums come after it
        write(tmp_path / "folder", tasks)
    assert list((tmp_path / "folder").iterdir()) == []
    write(tmp_path / "folder", tasks)
    assert list((tmp_path / "folder").iterdir())


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES])
def test_whatever_the_disk_refuses_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def fsync(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(files.os, "fsync", fsync)
    words = re.escape(os.strerror(number))
    with pytest.raises(
        OSError, match=rf"file cannot be written \({words}\): .* name another folder with TFM_LITE_DATA"
    ):
        files.write_json(tmp_path / "file", {"a": 1})
    assert list(tmp_path.iterdir()) == []


def test_what_goes_wrong_with_other_files_is_not_laid_on_the_one_that_is_written(tmp_path: Path) -> None:
    def copy() -> None:
        with written(tmp_path / "copy"):
            raise PermissionError(errno.EACCES, "Permission denied", str(tmp_path / "another"))

    with pytest.raises(PermissionError, match="another"):
        copy()


def test_a_log_that_cannot_be_written_stops_no_run(
    made_up: Path, tasks: TaskSequence, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    before = run.run_kept(CONFIG, data=made_up)[0]
    (folder,) = (made_up / "cache" / "runs").iterdir()
    (folder / "log.txt").unlink()
    (folder / "log.txt").mkdir()  # nothing can be appended to it
    after = run.run_kept(CONFIG, data=made_up, again=True)[0]
    assert after.accuracy == before.accuracy
    (said,) = caplog.messages
    assert said.startswith(f"{folder / 'log.txt'} cannot be written to (Is a directory): no more goes in, and the run")
    assert Progress(tasks, CONFIG.protocol, bar=False).log is None
