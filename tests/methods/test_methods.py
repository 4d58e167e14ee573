"""What every method does, whatever it is: odd numbers of tasks, of classes and of images, old indices, save and load."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from small import NETWORKS, SHORT, SMALL, make_method, make_tasks, quick_options, tasks_for
from torch import Tensor

from tfm_lite import methods, metrics, train
from tfm_lite.datasets.tasks import TaskSequence
from tfm_lite.methods.base import UNDECLARED, Method
from tfm_lite.train import Inputs, Protocol

NAMES = methods.names()
CLAIM_NOTHING = [name for name in NAMES if not methods.get(name).zero_forgetting]  # test_forgetting.py has the others
ONCE = Protocol(epochs=1, batch=16)


def logits(method: Method, tasks: TaskSequence) -> list[Tensor]:
    return [method.predict(next(Inputs(tasks).batches(task.test, size=8))[0], task.index) for task in tasks]


def check_finite(method: Method, tasks: TaskSequence) -> None:
    assert all(tensor.isfinite().all() for tensor in method.state_dict().values())
    for task, found in zip(tasks, logits(method, tasks), strict=True):
        assert found.isfinite().all() and found.shape == (8, len(task.classes))


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("name", CLAIM_NOTHING)
def test_it_learns_and_survives_the_disk_on_every_network(name: str, network: str) -> None:
    tasks = tasks_for(network)
    method = make_method(name, tasks, network)
    train.run(method, tasks, protocol=ONCE)
    check_finite(method, tasks)
    again = make_method(name, tasks, network)
    again.rebuild(method.structure())
    again.load_state_dict(method.state_dict())
    assert again.structure() == method.structure() and again.storage() == method.storage()
    assert all(torch.equal(a, b) for a, b in zip(logits(again, tasks), logits(method, tasks), strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_one_task_is_enough(name: str) -> None:
    tasks = make_tasks(groups=(3,))
    method = make_method(name, tasks)
    history = train.run(method, tasks, protocol=SHORT)
    assert [len(row) for row in history.matrix] == [1] and metrics.forgetting(history.matrix) == 0.0
    check_finite(method, tasks)


# 28 training images a task: the last batch has one image; or there is one batch in the epoch.
@pytest.mark.parametrize("batch", [27, 1000])
@pytest.mark.parametrize("network", ["mlp", "lenet_bn"])
@pytest.mark.parametrize("name", NAMES)
def test_odd_batches(name: str, network: str, batch: int) -> None:
    tasks = make_tasks(groups=(2, 2), size=SMALL[network][2], per_class=16)
    assert [len(task.train) for task in tasks] == [28, 28]
    method = make_method(name, tasks, network, **quick_options(name))
    steps: list[int] = []
    after_step = method.after_step
    method.after_step = lambda t: (steps.append(1), after_step(t))[1]  # type: ignore[method-assign,func-returns-value]
    history = train.run(method, tasks, protocol=Protocol(epochs=2, batch=batch))
    images = [28, 56 if name == "joint" else 28]  # its second task trains on both
    pairs = zip(images, history.fits, strict=True)
    assert len(steps) == sum(math.ceil(n / batch) * outcome.epochs for n, fits in pairs for outcome in fits)
    check_finite(method, tasks)


@pytest.mark.parametrize("name", NAMES)
def test_an_old_index_is_refused_and_old_data_under_a_new_one_are_not(name: str) -> None:
    tasks = make_tasks(groups=(3, 2))
    twice = replace(tasks, tasks=(*tasks, replace(tasks[0], index=2)))
    method = make_method(name, twice, **quick_options(name))
    history = train.run(method, twice, protocol=ONCE)
    assert [len(row) for row in history.matrix] == [1, 2, 3]
    for t in range(3):
        with pytest.raises(ValueError, match=rf"task index {t} cannot begin.*give the same data the next index, 3"):
            method.begin(t, 3)
    method.begin(3, 2)
    with pytest.raises(ValueError, match="task index 3 cannot begin: 3 tasks are learned and 4 begun"):
        method.begin(3, 2)


@pytest.mark.parametrize("name", NAMES)
def test_storage_says_what_for(name: str, tasks: TaskSequence) -> None:
    method = make_method(name, tasks, **quick_options(name))
    train.run(method, tasks, protocol=ONCE)
    unsaid = [tensor for tensor in method.state_dict() if method.role(tensor) == UNDECLARED]
    assert not unsaid, f"what is {unsaid[0]} kept for? Say so in the `roles` of the class that makes it"
    storage = method.storage()
    assert all(storage.values()) and "heads" in storage
    features = sum(stage.features for stage in method.build.stages)
    weights = sum(parameter.numel() for parameter in make_method("finetune", tasks).ready().net.stages.parameters())
    biases = features
    wanted = {
        "hat": {"embeddings": 4 * features * 3, "masks": 4 * features},
        "packnet": {"masks": weights - biases},  # a byte per weight
        "piggyback": {"masks": 2 * -(-(weights - biases) // 8)},  # a bit per weight and later task
        "wsn": {"masks": 3 * -(-(weights - biases) // 8), "scores": 4 * (weights - biases)},
    }
    assert storage.items() >= wanted.get(name, {}).items()


@pytest.mark.parametrize(("margin", "growth"), [(0.05, 0.1), (0.0, 0.2), (0.2, 0.0)])
def test_the_search_takes_the_smallest_size_within_the_margin(margin: float, growth: float) -> None:
    tasks = make_tasks(groups=(3, 3))
    tfm = make_method("tfm", tasks, start=0.5, growths=(0.0, 0.1, 0.2), margin=margin)
    accuracies = iter([0.9, 0.5, 0.56, 0.6])  # of task 1, and of the three sizes of task 2

    def fit() -> train.Outcome:
        return train.Outcome(loss=1.0, accuracy=next(accuracies), epochs=1, seconds=0.0)

    for task in tasks:
        tfm.begin(task.index, len(task.classes))
        tfm.learn(task, fit)  # type: ignore[arg-type]
        tfm.end(task.index)
    assert tfm.structure()["fractions"] == pytest.approx([0.5, 0.5 + growth])
