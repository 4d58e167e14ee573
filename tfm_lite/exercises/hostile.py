"""A hostile training: would a task that should be safe notice?

Momentum moves a weight whose gradient is 0 if it was moving before, and weight decay moves every weight that an optimizer
has. Whoever relies on a gradient of 0 is found out here; what is no parameter at all is safe.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from torch import Tensor

from tfm_lite import train
from tfm_lite.datasets.inputs import Inputs
from tfm_lite.datasets.tasks import Split, TaskSequence, by_class
from tfm_lite.learner import Learner
from tfm_lite.protocol import QUICK, Protocol

HOSTILE = replace(QUICK, epochs=3, lr=0.01, momentum=0.9, weight_decay=5e-4)


def answers_of_task_1(
    method: Learner, tasks: TaskSequence, *, protocol: Protocol = HOSTILE, device: str = "cpu"
) -> list[Tensor]:
    """The logits (B, classes) of a batch of task 1's test images, after each task has been learned under ``protocol`` on
    this device.

    If nothing is forgotten, all of them are the same bits.
    """
    inputs = Inputs(tasks, device)
    images, _ = next(inputs.batches(tasks[0].test))
    found = []
    for task in tasks:
        train.learn(method, tasks[: task.index + 1], inputs, protocol=protocol)
        found.append(method.predict(images, 0))
    return found


def drift(answers: Sequence[Tensor]) -> float:
    """By how much the logits have moved at most from the first answers to any later ones."""
    return max((later - answers[0]).abs().max().item() for later in answers[1:])


def pictures() -> TaskSequence:
    """Two tasks of five classes: a random picture each, under noise. Test images are others than those to learn from."""
    rng, labels, rows = np.random.default_rng(0), np.arange(400) % 10, np.arange(400)
    drawn = rng.integers(0, 256, (10, 1, 6, 6))[labels] + 40 * rng.standard_normal((400, 1, 6, 6))
    images = np.clip(drawn, 0, 255).astype(np.uint8)
    learn, test = (Split(images, rows[part], labels[part]) for part in (slice(200), slice(200, None)))
    groups = [list(range(5)), list(range(5, 10))]
    return by_class("pictures", learn, test, groups=groups, names=list("abcdefghij"), seed=0)
