"""How a data set is cut into tasks: what belongs where, and that the seed alone decides."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
import torch
from small import make_tasks
from torch.utils.data import DataLoader

from tfm_lite import datasets
from tfm_lite.datasets.groups import random_groups
from tfm_lite.datasets.tasks import Split, Task, TaskSequence, by_class, fingerprint_of
from tfm_lite.seeds import numpy_stream, stream, torch_stream

GROUPS = [[4, 1], [0, 3, 2]]  # neither sorted nor in order
PER_CLASS = {"train": 20, "test": 5}


def whole() -> tuple[Split, Split]:
    """Training and test images of five classes, shuffled; no two images are the same."""
    rng, splits = np.random.RandomState(1), []
    total = 5 * sum(PER_CLASS.values())
    images = rng.randint(0, 256, (total, 2, 3, 3)).astype(np.uint8)
    rows = np.split(rng.permutation(total), [5 * PER_CLASS["train"]])
    for part in rows:
        splits.append(Split(images, part, rng.permutation(np.arange(len(part)) % 5)))
    return splits[0], splits[1]


def cut(*, seed: int = 0, **options: float) -> TaskSequence:
    return by_class("five", *whole(), groups=GROUPS, names=list("abcde"), seed=seed, **options)  # type: ignore[arg-type]


def rows_of(split: Split) -> set[int]:
    assert len(set(split.rows.tolist())) == len(split), "a row occurs twice"
    return set(split.rows.tolist())


def test_splits_are_disjoint_and_cover_everything() -> None:
    train, test = whole()
    parts = [rows_of(part) for task in cut() for part in (task.train, task.valid)]
    assert sum(map(len, parts)) == len(train) and set.union(*parts) == rows_of(train)
    tests = [rows_of(task.test) for task in cut()]
    assert sum(map(len, tests)) == len(test) and set.union(*tests) == rows_of(test)


def test_labels_follow_the_groups() -> None:
    train, test = whole()
    own = dict(zip(np.concatenate([train.rows, test.rows]), np.concatenate([train.labels, test.labels]), strict=True))
    for task, group in zip(cut(), GROUPS, strict=True):
        assert task.classes == tuple("abcde"[c] for c in group)
        for part in (task.train, task.valid, task.test):
            assert set(part.labels.tolist()) == set(range(len(group)))
            assert [own[row] for row in part.rows] == [group[label] for label in part.labels]


@pytest.mark.parametrize(("share", "count"), [(0.1, 2), (0.25, 5), (0.001, 1)])
def test_validation_takes_the_same_share_of_every_class(share: float, count: int) -> None:
    for task in cut(validation=share):
        classes = len(task.classes)
        assert np.bincount(task.valid.labels, minlength=classes).tolist() == [count] * classes
        assert np.bincount(task.train.labels).tolist() == [PER_CLASS["train"] - count] * classes
        assert np.bincount(task.test.labels).tolist() == [PER_CLASS["test"]] * classes


def test_validation_depends_on_the_seed_alone() -> None:
    first, again, other = (
        [(t.valid.rows.tolist(), t.train.rows.tolist()) for t in cut(seed=seed)] for seed in (3, 3, 4)
    )
    assert first == again
    assert all(a != b for a, b in zip(first, other, strict=True))
    turned = by_class("five", *whole(), groups=GROUPS[::-1], names=list("abcde"), seed=3)
    assert [t.valid.rows.tolist() for t in turned][::-1] == [valid for valid, _ in first], "the order of tasks decides"
    mixed = by_class("five", *whole(), groups=[[0, 1], [2, 3, 4]][::-1], names=list("abcde"), seed=3)
    assert {row for t in mixed for row in t.valid.rows} == {row for valid, _ in first for row in valid}, (
        "the task decides"
    )


def test_random_groups() -> None:
    groups = random_groups(102, 4, seed=0)
    assert [len(group) for group in groups] == [26, 26, 25, 25]
    assert sorted(sum(groups, [])) == list(range(102))
    assert groups == random_groups(102, 4, seed=0)
    assert groups != random_groups(102, 4, seed=1)
    # Frozen: published numbers are of these tasks.
    assert groups[0][:6] == [38, 34, 32, 45, 57, 14]
    assert hashlib.blake2b(bytes(sum(groups, [])), digest_size=8).hexdigest() == "b37b8c20da7051eb"


@pytest.mark.parametrize("tasks", [0, -1, 4, 7])
def test_random_groups_refuses_tasks_of_less_than_two_classes(tasks: int) -> None:
    with pytest.raises(ValueError, match="choose 1 to 3"):
        random_groups(7, tasks, seed=0)


def test_a_task_of_one_class_is_refused() -> None:
    split = Split(np.zeros((2, 1, 2, 2), np.uint8), np.arange(2), np.zeros(2, np.int64))
    with pytest.raises(ValueError, match=r"task 6 \(lonely\) has 1 class; a task needs at least two"):
        Task(6, "lonely", ("only",), split, split, split)
    with pytest.raises(ValueError, match="at least two"):
        by_class("five", *whole(), groups=[[0, 1], [2]], names=list("abcde"), seed=0)


def test_a_class_with_one_image_is_refused() -> None:
    train, test = whole()
    keep = np.flatnonzero((train.labels != 3) | (np.arange(len(train)) == np.flatnonzero(train.labels == 3)[0]))
    few = Split(train.images, train.rows[keep], train.labels[keep])
    with pytest.raises(ValueError, match="class 3 has 1 training images"):
        by_class("five", few, test, groups=GROUPS, names=list("abcde"), seed=0)


def test_a_split_wants_one_label_per_row() -> None:
    with pytest.raises(ValueError, match="3 rows but 2 labels"):
        Split(np.zeros((3, 1, 2, 2), np.uint8), np.arange(3), np.zeros(2, np.int64))


@pytest.mark.parametrize(
    ("rows", "labels", "text"),
    [
        ([0, 1, 3], [0, 1, 1], "has the row 3, but its images are the rows 0 to 2"),
        ([0, 1, -1], [0, 1, 1], "has the row -1"),
        ([0, 1, 2], [0, 1, 1.7], "labels are whole numbers, not float64; convert them"),
        ([0.0, 1, 2], [0, 1, 1], "rows are whole numbers, not float64"),
    ],
)
def test_a_split_names_rows_and_labels_that_are_none(rows: list[float], labels: list[float], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        Split(np.zeros((3, 1, 2, 2), np.uint8), np.array(rows), np.array(labels))


@pytest.mark.parametrize("part", ["train", "valid", "test"])
@pytest.mark.parametrize("label", [-1, 2])
def test_a_task_refuses_labels_that_are_not_its_own(part: str, label: int) -> None:
    images, rows = np.zeros((3, 1, 2, 2), np.uint8), np.arange(3)
    good, bad = (Split(images, rows, np.array([0, 1, last])) for last in (1, label))
    parts = {"train": good, "valid": good, "test": good}
    text = rf"the {part} images of task 1 \(two\): number 2 has the label {label}, but labels are 0 to 1\. .*`by_class`"
    with pytest.raises(ValueError, match=text):
        Task(1, "two", ("a", "b"), **(parts | {part: bad}))
    with pytest.raises(ValueError, match=rf"the {part} images of task 1 \(two\) are none; give at least one"):
        Task(1, "two", ("a", "b"), **(parts | {part: Split(images, rows[:0], rows[:0])}))


@pytest.mark.parametrize("which", ["training", "test"])
@pytest.mark.parametrize("label", [-1, 5])
def test_cutting_by_class_refuses_labels_without_a_name(which: str, label: int) -> None:
    parts = {"training": whole()[0], "test": whole()[1]}
    labels = parts[which].labels.copy()
    labels[4] = label
    parts[which] = Split(parts[which].images, parts[which].rows, labels)
    with pytest.raises(
        ValueError, match=rf"the {which} images of five: number 4 has the label {label}, but .* 0 to 4\. Give"
    ):
        by_class("five", parts["training"], parts["test"], groups=GROUPS, names=list("abcde"), seed=0)


@pytest.mark.parametrize(
    ("groups", "text"),
    [
        ([[0, 1], [1, 2]], "name class 1 2 times"),
        ([[0, 5], [1, 2]], "name class 5 1 times"),
        ([[0, -1]], "name class -1 1 times"),
    ],
)
def test_groups_name_each_class_once(groups: list[list[int]], text: str) -> None:
    with pytest.raises(ValueError, match=rf"the groups of five {text}; there are 5 classes, from 0"):
        by_class("five", *whole(), groups=groups, names=list("abcde"), seed=0)


def test_classes_of_no_group_are_left_out() -> None:
    (task,) = by_class("five", *whole(), groups=[[4, 1]], names=list("abcde"), seed=0)
    assert task.classes == ("e", "b") and len(task.test) == 10


def test_items_batches_and_loader_agree() -> None:
    split = cut()[1].train
    loaded = list(DataLoader(split, batch_size=7, shuffle=False))
    images, labels = torch.cat([x for x, _ in loaded]), torch.cat([y for _, y in loaded])
    assert images.dtype == torch.uint8 and labels.dtype == torch.int64
    assert np.array_equal(images.numpy(), split.images[split.rows]) and np.array_equal(labels.numpy(), split.labels)
    chosen = torch.tensor([5, 0, 5])
    for indices in (chosen, chosen.numpy()):
        some, their = split.batch(indices)
        assert torch.equal(some, images[chosen]) and torch.equal(their, labels[chosen])


def test_what_a_batch_or_an_item_holds_is_a_copy() -> None:
    split = cut()[0].train
    before = split.images.copy()
    split[0][0].zero_()
    images, labels = split.batch(np.arange(4))
    images.zero_(), labels.fill_(9)
    assert np.array_equal(split.images, before) and split.labels.max() < 2


def test_moments_are_those_of_the_training_images() -> None:
    train, tasks = whole()[0], cut()
    pixels = train.images[train.rows].astype(np.float64)
    assert tasks.mean == pytest.approx(pixels.mean((0, 2, 3))) and tasks.std == pytest.approx(pixels.std((0, 2, 3)))


def test_sequence() -> None:
    tasks = make_tasks(channels=3, size=8, groups=(3, 2, 4))
    assert (len(tasks), tasks.channels, tasks.size) == (3, 3, 8)
    assert [task.index for task in tasks] == [0, 1, 2] and tasks[-1] is list(tasks)[2]
    assert [task.name for task in tasks] == ["task 1", "task 2", "task 3"]
    assert [len(task.classes) for task in tasks] == [3, 2, 4]


def test_fingerprint_sees_every_pixel_and_label() -> None:
    train, test = whole()
    fingerprint = fingerprint_of(train, test)
    assert cut().fingerprint == cut(seed=5).fingerprint == fingerprint and len(fingerprint) == 16
    images, labels = train.images.copy(), train.labels.copy()
    images[train.rows[-1], -1, -1, -1] ^= 1
    labels[-1] = (labels[-1] + 1) % 5
    assert fingerprint_of(Split(images, train.rows, train.labels), test) != fingerprint
    assert fingerprint_of(Split(train.images, train.rows, labels), test) != fingerprint


def test_streams_have_names() -> None:
    names = [(0,), (1,), (0, "a"), (0, "b"), (0, "a", 1), (0, "a", "1"), (0, "a", 1, 1), (0, "a", 11)]
    assert len({stream(*name) for name in names}) == len(names)
    assert all(0 <= stream(*name) < 2**32 for name in names)
    assert torch.equal(*(torch.rand(5, generator=torch_stream(2, "weights")) for _ in range(2)))
    assert np.array_equal(*(numpy_stream(2, "rows").permutation(50) for _ in range(2)))


def test_names_of_data_sets() -> None:
    assert datasets.names() == ["actions", "alphabets", "birds", "flowers", "imagenet", "many", "tiny_imagenet"]
    with pytest.raises(ValueError, match=r"no data set 'tulips'; the data sets are actions, alphabets, .*flowers"):
        datasets.load("tulips")
