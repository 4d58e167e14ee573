"""Tasks in other processes: what a DataLoader's workers see is the same, and is not copied to them."""

from __future__ import annotations

import copy
import gc
import io
import pickle
from multiprocessing import context
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from made_up import picture
from torch import Tensor
from torch.utils.data import ConcatDataset, DataLoader, Dataset

from tfm_lite.datasets import sending, stores
from tfm_lite.datasets.tasks import Split, TaskSequence, by_class

COUNT, SIZE = 24, 40
KINDS = ["kept", "checked", "undecoded", "in memory", "one's own file"]


def images_of(kind: str, folder: Path) -> Any:
    """The same images, kept in one way or another."""
    files = [folder / f"{i}.jpg" for i in range(COUNT)]
    for i, file in enumerate(files):
        picture(file, i % 12, i % 8, size=(SIZE, SIZE))
    if kind == "kept":
        return stores.image_store("some", files, path=folder / "kept.npy", size=SIZE)[0]
    if kind == "checked":
        return stores.Checked("some", files, path=folder / "checked.npy", size=SIZE)
    undecoded = stores.Undecoded(files, SIZE)
    if kind == "undecoded":
        return undecoded
    array = undecoded[np.arange(COUNT)]
    if kind == "in memory":
        return array
    np.save(folder / "own.npy", array)
    return np.load(folder / "own.npy", mmap_mode="r")


def tasks_of(kind: str, folder: Path) -> TaskSequence:
    images, labels = images_of(kind, folder), np.arange(COUNT) % 4
    train, test = (Split(images, np.arange(COUNT)[part], labels[part]) for part in (slice(0, 16), slice(16, None)))
    return by_class("some", train, test, groups=[[0, 1], [2, 3]], names=list("abcd"), seed=0)


class Batches(Dataset[tuple[Tensor, Tensor]]):
    """A data set of one's own, that gathers whole batches in the workers."""

    def __init__(self, tasks: TaskSequence) -> None:
        self.tasks = tasks

    def __len__(self) -> int:
        return len(self.tasks)

    def __getitem__(self, t: int) -> tuple[Tensor, Tensor]:
        split = self.tasks[t].train
        return split.batch(np.arange(len(split)))


@pytest.mark.parametrize("start", ["fork", "spawn"])
@pytest.mark.long
def test_workers_see_the_same_images(tmp_path: Path, start: str) -> None:
    every = [tasks_of(kind, tmp_path / kind) for kind in KINDS]
    for tasks in every:
        tasks[0].train.batch(np.arange(3))  # what decodes in threads has started them: a fork does not have them
    splits = [split for tasks in every for task in tasks for split in (task.train, task.valid, task.test)]
    dataset = ConcatDataset([*splits, *map(Batches, every)])
    here = list(DataLoader(dataset, batch_size=None))
    there = list(DataLoader(dataset, batch_size=None, num_workers=1, multiprocessing_context=start, timeout=200))
    assert len(here) == len(there) == len(KINDS) * (COUNT + len(every[0]))
    for mine, theirs in zip(here, there, strict=True):
        assert all(torch.equal(torch.as_tensor(a), torch.as_tensor(b)) for a, b in zip(mine, theirs, strict=True))


def sent_to_a_worker(thing: object) -> bytes:
    """What a process that is being spawned is given to read."""

    class Child:
        DupFd = staticmethod(lambda number: number)

        def duplicate_for_child(self, number: int) -> int:
            return number

    file = io.BytesIO()
    context.set_spawning_popen(Child())
    try:
        ForkingPickler(file).dump(thing)
    finally:
        context.set_spawning_popen(None)
    return file.getvalue()


@pytest.mark.parametrize("kind", KINDS)
def test_tasks_are_sent_without_their_images(tmp_path: Path, kind: str) -> None:
    tasks = tasks_of(kind, tmp_path)
    assert len(sent_to_a_worker(tasks)) < 8000 < COUNT * 3 * SIZE**2 / 10
    if kind != "in memory":
        assert len(pickle.dumps(tasks)) < 8000


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", [lambda tasks: pickle.loads(pickle.dumps(tasks)), copy.deepcopy, copy.copy])
def test_what_arrives_is_the_same(tmp_path: Path, kind: str, how: Any) -> None:
    tasks = tasks_of(kind, tmp_path)
    for task, other in zip(tasks, how(tasks), strict=True):
        for part in ("train", "valid", "test"):
            mine, theirs = getattr(task, part), getattr(other, part)
            every = torch.arange(len(mine))
            assert all(map(torch.equal, mine.batch(every), theirs.batch(every)))
            assert (theirs.images.shape, theirs.images.dtype) == (mine.images.shape, mine.images.dtype)
    assert len({id(task.train.images) for task in how(tasks)}) == 1 or kind in ("checked", "undecoded")


def test_an_array_is_brought_into_shared_memory_once(tmp_path: Path) -> None:
    tasks = tasks_of("in memory", tmp_path)
    before = None
    for _ in range(3):
        sent_to_a_worker(tasks)
        (shared,) = sending._shared.values()
        assert before is None or shared is before
        before = shared
    assert shared.is_shared() and np.array_equal(shared.numpy(), tasks[0].train.images)
    del tasks, shared, before
    gc.collect()
    assert not sending._shared


@pytest.mark.parametrize(
    "part",
    [
        lambda images: images[3:],
        lambda images: images[:, :1],
        lambda images: np.load(images.filename, mmap_mode="c"),
        lambda images: images.transpose(0, 1, 3, 2),
    ],
)
def test_a_part_of_a_file_is_not_taken_for_the_whole(tmp_path: Path, part: Any) -> None:
    images = part(images_of("one's own file", tmp_path))
    if images.flags.writeable:
        images[1] = 7  # in memory alone
    split = Split(images, np.arange(len(images)), np.zeros(len(images), np.int64))
    assert np.array_equal(pickle.loads(pickle.dumps(split)).images, images)


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    content = pickle.dumps(tasks_of("kept", tmp_path))
    (tmp_path / "kept.npy").unlink()
    with pytest.raises(OSError, match=r"the images in .*kept\.npy are not there any more .*: load the tasks again"):
        pickle.loads(content)
