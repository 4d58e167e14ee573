"""What a method is asked, and by whom: another task than it has learned, other images, another thread; and its copies."""

from __future__ import annotations

import copy
import io
import pickle
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from small import SHORT, make_method, make_tasks, quick_options

from tfm_lite import methods, train
from tfm_lite.datasets.inputs import Inputs
from tfm_lite.methods.base import Method
from tfm_lite.methods.finetune import Finetune
from tfm_lite.nn.convert import ternary
from tfm_lite.nn.networks import Builder

TASKS = make_tasks()
X = next(Inputs(TASKS).batches(TASKS[0].test, size=4))[0]


def learned(name: str, tasks: int = 2) -> Method:
    method = make_method(name, TASKS, **quick_options(name, 0.1))
    for t in range(tasks):
        train.learn(method, TASKS[: t + 1], Inputs(TASKS), protocol=SHORT)
    return method


@pytest.fixture(scope="module", params=methods.names())
def method(request: pytest.FixtureRequest) -> Method:
    return learned(request.param)


@pytest.mark.parametrize("t", [0.0, "0", None, True, [0]])
def test_a_task_that_is_none(method: Method, t: Any) -> None:
    with pytest.raises(ValueError, match="a task is named by its index, a whole number from 0, not by"):
        method.predict(X, t)


@pytest.mark.parametrize("t", [2, -1, 99])
def test_a_task_that_was_not_learned(method: Method, t: int) -> None:
    with pytest.raises(ValueError, match=f"task index {t} is not in this network, which has 2 tasks, counted from 0"):
        method.predict(X, t)


def test_a_method_that_has_learned_nothing(method: Method) -> None:
    with pytest.raises(ValueError, match="task index 0 is not in this network, which has none yet"):
        make_method(method.name, TASKS).predict(X, 0)


@pytest.mark.parametrize("t", [1, np.int64(1), np.uint8(1), torch.tensor(1)])
def test_a_task_by_any_whole_number(method: Method, t: Any) -> None:
    assert torch.equal(method.predict(X, t), method.predict(X, 1))


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (X[:, :, :10, :10], r"made for images \(1, 12, 12\) .*, not \(1, 10, 10\): .* size="),
        (X.expand(-1, 3, -1, -1), r"made for images \(1, 12, 12\) .*, not \(3, 12, 12\): .* channels="),
        (X[0], r"a batch of images \(B, 1, 12, 12\), not at \(1, 12, 12\): of a single one x\[None\] is a batch"),
        (X.flatten(1), r"a batch of images \(B, 1, 12, 12\), not at \(4, 144\)"),
        (X.to(torch.uint8), r"normalized floats, not at torch\.uint8: `Inputs\(tasks, device\)\(images\)` makes it"),
        (X.double(), r"the images are torch\.float64, the network is torch\.float32: x\.to\(torch\.float32\)"),
        (X.numpy(), r"at a tensor, not at a ndarray: `Inputs\(tasks, device\)\(images\)` makes it"),
        (X.to("meta"), r"the images are on meta, the network is on cpu: x\.to\('cpu'\)"),
    ],
)
def test_images_that_the_network_cannot_look_at(method: Method, x: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        method.predict(x, 0)


def test_what_it_can_look_at(method: Method) -> None:
    assert method.predict(X[:0], 1).shape == (0, len(TASKS[1].classes))
    with torch.autocast("cpu", torch.bfloat16):
        assert method.predict(X.bfloat16(), 0).shape == (4, 3)
    assert copy.deepcopy(method).double().predict(X.double(), 1).dtype == torch.float64


def whole(method: Method) -> Method:
    file = io.BytesIO()
    torch.save(method, file)
    file.seek(0)
    return torch.load(file, weights_only=False)  # type: ignore[no-any-return]


@pytest.mark.parametrize("how", [lambda m: pickle.loads(pickle.dumps(m)), copy.deepcopy, whole])
def test_a_copy_answers_alike_and_learns_on_alike(method: Method, how: Callable[[Method], Method]) -> None:
    one, other = copy.deepcopy(method), how(method)
    for t in range(2):
        assert torch.equal(other.predict(X, t), method.predict(X, t))
    for each in (one, other):
        train.learn(each, TASKS[:3], Inputs(TASKS), protocol=SHORT)
    assert all(torch.equal(one.predict(X, t), other.predict(X, t)) for t in range(3))
    assert len(method.classes) == 2  # what the copy learns it does not


@pytest.mark.parametrize("grown", [1, 2])
@pytest.mark.parametrize("learning", [True, False])
@pytest.mark.parametrize("how", [lambda m: pickle.loads(pickle.dumps(m)), copy.deepcopy, whole])
def test_a_copy_of_ones_own_network(grown: int, learning: bool, how: Callable[[Any], Any]) -> None:
    net = ternary(torch.nn.Sequential(torch.nn.Linear(5, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2)), head="2")
    for t in range(grown):
        net.grow(classes=2, fraction=(0.5, 1.0)[t])
        if not learning or t < grown - 1:
            net.keep()
    x = torch.randn(3, 5)
    assert all(torch.equal(how(net)(x, t), net(x, t)) for t in range(grown))
    for t in (0.0, "0", True):
        with pytest.raises(ValueError, match="a task is named by its index"):
            net(x, t)


@pytest.mark.parametrize("build", ["lenet", TASKS, None])
def test_what_makes_no_networks(build: Any) -> None:
    with pytest.raises(
        ValueError, match=r"a method is made with what makes its networks, Builder\.of\('lenet', tasks=tasks\)"
    ):
        Finetune(build)


@pytest.mark.parametrize("name", ["tfm", "hat", "packnet"])
def test_several_threads_may_ask_at_once(name: str) -> None:
    method = learned(name)
    wanted, wrong = [method.predict(X, t) for t in range(2)], list[int]()

    def ask(t: int) -> None:
        wrong.extend(t for _ in range(30) if not torch.equal(method.predict(X, t), wanted[t]))

    threads = [threading.Thread(target=ask, args=(i % 2,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_copy_between_two_epochs_may_be_asked_while_the_method_learns() -> None:
    """What `predict` says of other threads: the copy answers without dropout, and the training is as it would have been."""
    answers, copies, threads = [], list[Method](), list[threading.Thread]()

    def take(method: Any, epoch: train.Epoch) -> None:
        copies.append(copy.deepcopy(method))
        threads.append(threading.Thread(target=lambda c=copies[-1]: answers.append(c.predict(X, 0))))
        threads[-1].start()

    quiet, asked = (Finetune(Builder.of("mlp", tasks=TASKS, width=0.1)) for _ in range(2))
    train.learn(quiet, TASKS[:1], Inputs(TASKS), protocol=SHORT)
    train.learn(asked, TASKS[:1], Inputs(TASKS), protocol=SHORT, on_epoch=take)
    for thread in threads:
        thread.join()
    assert torch.equal(quiet.predict(X, 0), asked.predict(X, 0)) and len(answers) == len(copies) > 1
    assert all(any(torch.equal(answer, c.predict(X, 0)) for answer in answers) for c in copies)
