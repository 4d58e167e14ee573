"""Splits, tasks and sequences that somebody made by hand: what is wrong with them is said in words, before anything runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from small import make_method, make_tasks
from torch.utils.data import TensorDataset

from tfm_lite import train
from tfm_lite.datasets.inputs import Inputs
from tfm_lite.datasets.tasks import Split, Task, TaskSequence
from tfm_lite.methods.finetune import Finetune
from tfm_lite.nn.networks import Builder
from tfm_lite.runs.config import Config
from tfm_lite.runs.run import run_experiment
from tfm_lite.train import Protocol

IMAGES, ROWS, LABELS = np.zeros((12, 1, 28, 28), np.uint8), np.arange(12), np.arange(12) % 2


def split(images: Any = IMAGES, rows: Any = ROWS, labels: Any = LABELS) -> Split:
    return Split(images, rows, labels)


def task(index: Any = 0, part: Any = None, *, classes: Any = ("a", "b"), **parts: Any) -> Task:
    every = {name: part or split() for name in ("train", "valid", "test")}
    return Task(index, "first", classes, **(every | parts))


def sequence(*tasks: Any, mean: Any = (1.0,), std: Any = (1.0,)) -> TaskSequence:
    return TaskSequence("mine", tasks, mean, std, "fingerprint")


@pytest.mark.parametrize(
    ("images", "text"),
    [
        (
            np.zeros((12, 28, 28, 3), np.uint8),
            r"uint8 \(12, 28, 28, 3\): channels come .*images\.transpose\(0, 3, 1, 2\)",
        ),
        (np.zeros((12, 28, 28, 1), np.uint8), r"uint8 \(12, 28, 28, 1\): channels come before height and width"),
        (np.zeros((12, 28, 28), np.uint8), r"uint8 \(12, 28, 28\): of grey images images\[:, None\] is one"),
        (np.zeros((12, 1, 28, 32), np.uint8), r"uint8 \(12, 1, 28, 32\): cut or scale them to squares"),
        (np.zeros((12, 784), np.uint8), r"uint8 \(12, 784\): every image has a place for its channels"),
        (
            IMAGES.astype(np.float32),
            r"float32 \(12, 1, 28, 28\): give them unscaled, 0 to 255; of floats .* \(255 \* images",
        ),
        (IMAGES.astype(np.int64), r"int64 \(12, 1, 28, 28\): give them unscaled"),
        (torch.tensor(IMAGES) / 255, r"float32 \(12, 1, 28, 28\): give them unscaled"),
        (list(IMAGES), r"a list: make one array of them, with np\.stack"),
    ],
)
def test_images_that_are_none(images: Any, text: str) -> None:
    with pytest.raises(
        ValueError, match=rf"a split's images are one array, uint8 \(N, channels, size, size\), not {text}"
    ):
        split(images)


@pytest.mark.parametrize("name", ["row", "label"])
@pytest.mark.parametrize(
    ("values", "text"),
    [
        (LABELS / 1.0, r"s are whole numbers, not float64; convert them"),
        (LABELS.astype(bool), r"s are whole numbers, not bool; convert them"),
        (
            np.eye(2, dtype=int)[LABELS],
            r"s are one number per image, not an array \(12, 2\): .* take labels\.argmax\(1\)",
        ),
        (["a", "b"] * 6, r"s are whole numbers, not <U1; convert them"),
    ],
)
def test_rows_and_labels_that_are_none(name: str, values: Any, text: str) -> None:
    with pytest.raises(ValueError, match=f"a split's {name}{text}"):
        split(**{f"{name}s": values})


@pytest.mark.parametrize("make", [list, torch.tensor, lambda values: values.astype(np.int32), np.uint8])
def test_whatever_has_whole_numbers_will_do(make: Callable[[np.ndarray], Any]) -> None:
    made = split(torch.tensor(IMAGES), make(ROWS), make(LABELS))
    assert made.rows.dtype == made.labels.dtype == np.int64 and isinstance(made.images, np.ndarray)
    images, labels = made.batch(torch.arange(5))
    assert images.dtype == torch.uint8 and labels.tolist() == [0, 1, 0, 1, 0]
    tasks = sequence(task(np.int64(0), made, classes=["a", "b"]), mean=[1], std=np.ones(1))
    assert tasks[0].classes == ("a", "b") and (tasks.mean, tasks.std) == ((1.0,), (1.0,))
    train.run(make_method("finetune", tasks, "lenet"), tasks, protocol=Protocol(epochs=1, batch=4))


@pytest.mark.parametrize("index", ["0", 0.0, None, -1, True])
def test_a_tasks_index_is_a_whole_number(index: Any) -> None:
    with pytest.raises(ValueError, match=r"a task's index, which counts from 0, is a whole number of at least 0, not"):
        task(index)


@pytest.mark.parametrize("classes", [2, "ab", None])
def test_a_tasks_classes_are_names(classes: Any) -> None:
    with pytest.raises(
        ValueError, match=r"the classes of task 0 \(first\) are their names, in the order of the labels, not"
    ):
        task(classes=classes)


@pytest.mark.parametrize("part", ["train", "valid", "test"])
@pytest.mark.parametrize(
    ("other", "text"),
    [
        ((IMAGES, LABELS), r"are a Split\(images, rows, labels\), not a tuple"),
        (TensorDataset(torch.tensor(IMAGES)), r"are a Split\(images, rows, labels\), not a TensorDataset"),
        (split(rows=ROWS[:0], labels=LABELS[:0]), "are none; give at least one"),
        (split(labels=LABELS + 8), r": number 0 has the label 8, but labels are 0 to 1\. .* `by_class`"),
        (
            split(np.zeros((12, 3, 28, 28), np.uint8)),
            r"are [13] x 28 x 28 .* one network is for all, so make them alike",
        ),
        (split(np.zeros((12, 1, 32, 32), np.uint8)), r"are 1 x (32 x 32|28 x 28) .* one network is for all"),
    ],
)
def test_a_tasks_splits(part: str, other: Any, text: str) -> None:
    with pytest.raises(ValueError, match=rf"the (train|valid|test) images of task 0 \(first\) ?{text}"):
        task(**{part: other})


@pytest.mark.parametrize(
    ("tasks", "text"),
    [
        ((), r"the tasks of mine are a tuple of Task, at least one, not of nothing"),
        ((split(),), r"are a tuple of Task, at least one, not of Split"),
        ((task(1),), r"number 0 of the tasks of mine has the index 1: .* write replace\(task, index=0\)"),
        ((task(0), task(0)), r"number 1 of the tasks of mine has the index 0"),
        (
            (task(0), task(1, split(np.zeros((12, 3, 28, 28), np.uint8)))),
            r"the images of task 1 \(first\) are 3 x 28 x 28 .*, but the images of task 0 \(first\) are 1 x 28 x 28",
        ),
        ((task(0), task(1, split(np.zeros((12, 1, 32, 32), np.uint8)))), r"are 1 x 32 x 32 .* are 1 x 28 x 28"),
    ],
)
def test_a_sequence_of_tasks(tasks: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        sequence(*tasks)


@pytest.mark.parametrize("name", ["mean", "std"])
@pytest.mark.parametrize("values", [(1.0, 2.0, 3.0), (), 1.0, (float("nan"),), (float("inf"),), ("x",), None])
def test_one_mean_and_one_std_per_channel(name: str, values: Any) -> None:
    with pytest.raises(
        ValueError, match=rf"the {name} of tasks is one finite number per channel.*, here 1, on the scale 0 to"
    ):
        sequence(task(), **{name: values})


@pytest.mark.parametrize("std", [0.0, -1.0])
def test_nothing_is_divided_by_nothing(std: float) -> None:
    with pytest.raises(ValueError, match=r"the std of tasks is one finite number per channel, above 0, here 1"):
        sequence(task(), std=(std,))


@pytest.mark.parametrize(
    ("channels", "size", "text"),
    [
        (
            3,
            28,
            r"\(3, 28, 28\) .* not \(1, 28, 28\): convert them, or make it with Builder\.of\(\.\.\., channels=\.\.\.\)",
        ),
        (
            1,
            32,
            r"\(1, 32, 32\) .* not \(1, 28, 28\): convert them, or make it with Builder\.of\(\.\.\., size=\.\.\.\)",
        ),
    ],
)
@pytest.mark.parametrize("learn", ["run", "learn"])
def test_a_network_that_was_made_for_other_images(channels: int, size: int, text: str, learn: str) -> None:
    method, tasks = Finetune(Builder.of("lenet", tasks=2, channels=channels, size=size)), sequence(task())
    ways = {"run": lambda: train.run(method, tasks), "learn": lambda: train.learn(method, tasks[:1], Inputs(tasks))}
    with pytest.raises(ValueError, match=f"the network is made for images {text}"):
        ways[learn]()
    assert method.classes == []


@pytest.mark.parametrize("shape", [(3, 2, 28, 28), (1, 28, 28), (28, 28)])
def test_images_that_inputs_are_not_of(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"images of these tasks are \(B, 1, size, size\), not \("):
        Inputs(sequence(task()))(torch.zeros(shape, dtype=torch.uint8))


@pytest.mark.parametrize("tasks", [[1], make_tasks()[:1], make_tasks()[0]])
def test_what_is_no_sequence_of_tasks(tasks: Any) -> None:
    with pytest.raises(ValueError, match=r"a run's tasks are a TaskSequence, not a (list|tuple|Task)"):
        run_experiment(Config("mine", "freeze"), tasks=tasks)
    with pytest.raises(ValueError, match=r"inputs are those of a TaskSequence, .* not of a (list|tuple|Task)"):
        Inputs(tasks)


@pytest.mark.parametrize("config", ["alphabets", {"tasks": "alphabets"}, None])
def test_what_is_no_configuration(config: Any) -> None:
    with pytest.raises(ValueError, match=r"what to run is said by a Config, Config\('alphabets', 'tfm'\), not by"):
        run_experiment(config)


def test_good_tasks_are_as_they_were(tasks: TaskSequence) -> None:
    again = replace(tasks, tasks=tuple(replace(task) for task in tasks))
    assert (again.mean, again.std, again.fingerprint) == (tasks.mean, tasks.std, tasks.fingerprint)
    assert all(
        a.train.images is b.train.images and a.train.labels is b.train.labels for a, b in zip(again, tasks, strict=True)
    )
