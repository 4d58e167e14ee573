"""A network is asked for by name and tasks: the shape of the images and the number of tasks come from them."""

from __future__ import annotations

from typing import Any

import pytest
from small import make_tasks

from tfm_lite.nn.networks import Builder, stages_of
from tfm_lite.nn.stages import Stage

TASKS = make_tasks(channels=3, size=12, groups=(3, 2))


def test_of_tasks_or_of_numbers_it_is_what_is_written_out() -> None:
    written = Builder(stages_of("mlp", width=0.5), channels=3, size=12, tasks=2, seed=4, dropout=0.1)
    assert Builder.of("mlp", tasks=TASKS, width=0.5, seed=4, dropout=0.1) == written
    assert Builder.of("mlp", tasks=2, channels=3, size=12, width=0.5, seed=4, dropout=0.1) == written
    assert Builder.of(stages_of("mlp", width=0.5), tasks=TASKS, seed=4, dropout=0.1) == written
    assert Builder.of("mlp", tasks=TASKS) == Builder(stages_of("mlp"), channels=3, size=12, tasks=2)


def test_stages_of_ones_own_are_widened_too() -> None:
    assert Builder.of([Stage(10), Stage(7)], tasks=TASKS, width=0.5).stages == (Stage(5), Stage(4))


def test_what_is_said_twice_counts_as_it_is_said() -> None:
    build = Builder.of("mlp", tasks=TASKS, channels=1)
    assert (build.channels, build.size, build.tasks) == (1, 12, 2)


@pytest.mark.parametrize("given", [{}, {"channels": 1}, {"size": 28}])
def test_a_number_of_tasks_says_nothing_of_images(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="tasks=3 does not say what the images are: give channels and size as well"):
        Builder.of("mlp", tasks=3, **given)


def test_unknown_networks_and_widths_are_refused() -> None:
    with pytest.raises(ValueError, match="there is no network 'resnet'; the networks are mlp"):
        Builder.of("resnet", tasks=TASKS)
    with pytest.raises(ValueError, match="a factor above 0, not 0"):
        Builder.of("mlp", tasks=TASKS, width=0.0)
