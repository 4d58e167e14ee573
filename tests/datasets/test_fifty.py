"""Fifty small tasks: which letters are in which, how they are turned, and that no image is in two parts."""

from __future__ import annotations

import numpy as np
import pytest

from tfm_lite import datasets
from tfm_lite.datasets.merged import merged
from tfm_lite.datasets.sets import alphabets, many
from tfm_lite.datasets.tasks import Split, TaskSequence


@pytest.fixture(scope="module")
def tasks() -> TaskSequence:
    return datasets.load("many")


def images(split: Split) -> list[bytes]:
    return [image.tobytes() for image in split.images[split.rows]]


def test_there_are_fifty_tasks_of_four_neighbouring_letters(tasks: TaskSequence) -> None:
    assert len(tasks) == len({task.name for task in tasks}) == 50
    for task in tasks:
        letters = "".join(task.classes)
        assert len(letters) == 4 and task.name.split(" ")[0] == letters
        (place,) = {
            name: every.index(letters) for name, every in alphabets.ALPHABETS.items() if letters in every
        }.values()
        assert place % 4 == 0
        for part, each in (("train", 30), ("valid", 10), ("test", 20)):
            assert np.bincount(getattr(task, part).labels).tolist() == [each] * 4


def test_no_image_is_in_two_parts(tasks: TaskSequence) -> None:
    for task in tasks:
        every = [image for part in ("train", "valid", "test") for image in images(getattr(task, part))]
        assert len({*every}) == len(every)


def test_all_letters_of_a_task_are_turned_alike(tasks: TaskSequence) -> None:
    whole = datasets.load("alphabets")
    upright = whole[0].train.images
    found = set()
    for task in tasks:
        turns = int(task.name.partition(" ")[2].rstrip("°") or 0) // 90
        found.add(turns)
        alphabet = next(a for a in whole if task.classes[0] in a.classes)
        for split in (task.train, task.test):
            for i in (0, len(split) - 1):
                back = np.rot90(split.images[split.rows[i]], -turns, (1, 2))
                assert np.array_equal(back, upright[split.rows[i]])
        known = zip(alphabet.test.rows, alphabet.test.labels, strict=True)
        of = {row: alphabet.classes[label] for row, label in known}
        rows = zip(task.test.rows, task.test.labels, strict=True)
        assert all(of[row] == task.classes[label] for row, label in rows)
    assert found == {0, 1, 2, 3}


def test_the_seed_chooses_tasks_and_validation_images(tasks: TaskSequence) -> None:
    again, other = (datasets.load("many", seed=seed) for seed in (0, 1))
    names = [task.name for task in tasks]
    assert names == [task.name for task in again] and names != [task.name for task in other]
    for a, b in zip(tasks, again, strict=True):
        assert images(a.valid) == images(b.valid) and images(a.train) == images(b.train)
    shared = next(task for task in other if task.name in names)
    same = tasks[names.index(shared.name)]
    assert images(shared.test) == images(same.test) and images(shared.valid) != images(same.valid)
    assert other.fingerprint == tasks.fingerprint != datasets.load("alphabets").fingerprint


def test_a_network_sees_them_as_it_sees_alphabets(tasks: TaskSequence) -> None:
    whole = datasets.load("alphabets")
    assert (tasks.mean, tasks.std, tasks.size) == (whole.mean, whole.std, whole.size)
    with pytest.raises(ValueError, match="alphabets are drawn at 28 or 32 pixels, not 30"):
        datasets.load("many", size=30)
    with pytest.raises(ValueError, match="many has one form only"):
        datasets.load("many+5tasks")


def test_tasks_become_one(tasks: TaskSequence) -> None:
    (task,) = merged(tasks)
    assert len(task.classes) == len({*task.classes}) == 4 * many.TASKS
    assert task.classes[5] == f"{tasks[1].name}: {tasks[1].classes[1]}"
    for part in ("train", "valid", "test"):
        split, parts = getattr(task, part), [getattr(each, part) for each in tasks]
        assert images(split) == [image for each in parts for image in images(each)]
        expected = np.concatenate([each.labels + 4 * t for t, each in enumerate(parts)])
        assert np.array_equal(split.labels, expected)
