"""A hostile training sees forgetting where there is some, and none where there is none."""

from __future__ import annotations

import pytest

from tfm_lite import methods
from tfm_lite.exercises.hostile import answers_of_task_1, drift, pictures
from tfm_lite.nn.networks import Builder
from tfm_lite.nn.stages import Stage


@pytest.mark.parametrize(("name", "safe"), [("freeze", True), ("finetune", False)])
def test_it_tells_what_forgets(name: str, safe: bool) -> None:
    tasks = pictures()
    answers = answers_of_task_1(methods.get(name)(Builder.of((Stage(16),), tasks=tasks)), tasks)
    assert len(answers) == len(tasks) and answers[0].shape[1] == len(tasks[0].classes)
    assert (drift(answers) == 0) == safe
