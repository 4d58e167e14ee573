"""The loop: its order, its protocol, and that the same seed gives the same bits."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from small import SHORT, SMALL, make_method, make_tasks, quick_options, states_equal

from tfm_lite import methods, metrics, train
from tfm_lite.datasets.tasks import Task, TaskSequence
from tfm_lite.methods.base import Method
from tfm_lite.methods.tfm import TFM
from tfm_lite.nn.networks import Builder, stages_of
from tfm_lite.train import Inputs, Protocol


def test_order_of_the_hooks(tasks: TaskSequence, monkeypatch: pytest.MonkeyPatch) -> None:
    method, calls = make_method("finetune", tasks), []
    method.begin(0, 3)
    optimizer = torch.optim.SGD(method.parameters(), lr=0.1)
    for name in ("before_batch", "loss", "penalty", "after_backward", "after_step"):
        real = getattr(method, name)
        monkeypatch.setattr(method, name, lambda *a, real=real, name=name: (calls.append(name), real(*a))[1])
    for name in ("zero_grad", "step"):
        real = getattr(optimizer, name)
        monkeypatch.setattr(optimizer, name, lambda *a, real=real, name=name: (calls.append(name), real(*a))[1])
    clip = torch.nn.utils.clip_grad_norm_
    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", lambda *a: (calls.append("clip"), clip(*a))[1])
    backward = torch.Tensor.backward
    monkeypatch.setattr(torch.Tensor, "backward", lambda *a: (calls.append("backward"), backward(*a))[1])
    x, y = next(Inputs(tasks).batches(tasks[0].train, size=4))
    train.step(method, optimizer, x, y, 0, clip=1.0)
    order = "before_batch loss penalty zero_grad backward after_backward clip step after_step"
    assert calls == order.split()


class Listener(Method):
    """It writes down which task its hooks are told."""

    def __init__(self, build: Builder) -> None:
        super().__init__(build)
        self.told: dict[str, list[Any]] = {}

    def note(self, hook: str, t: Any) -> None:
        self.told.setdefault(hook, []).append(t)

    def learn(self, task: Task, fit: train.Fit) -> None:
        fit(seen=True)

    def before_batch(self, t: Any, progress: float) -> None:
        self.note("before_batch", t)

    def loss(self, x: torch.Tensor, y: torch.Tensor, t: Any) -> tuple[torch.Tensor, torch.Tensor]:
        if self.training:
            self.note("loss", t)
        return super().loss(x, y, 0)

    def penalty(self, t: Any) -> float:
        if self.training:
            self.note("penalty", t)
        return 0.0

    def after_backward(self, t: Any) -> None:
        self.note("after_backward", t)

    def after_step(self, t: Any) -> None:
        self.note("after_step", t)


def test_every_hook_of_a_batch_is_told_the_task_and_in_a_mixed_one_that_of_each_image() -> None:
    tasks = make_tasks(groups=(3, 2))
    method = Listener(Builder(stages_of("mlp", width=1 / 8), channels=1, size=12, tasks=2))
    train.run(method, tasks, protocol=Protocol(epochs=1, batch=10**4))
    hooks = ["before_batch", "loss", "penalty", "after_backward", "after_step"]
    assert list(method.told) == hooks
    of_each = torch.cat([torch.full((len(task.train),), task.index) for task in tasks])
    for first, second in method.told.values():
        assert first == 0 and isinstance(first, int)
        assert second.dtype == torch.int64 and torch.equal(second, of_each)


@pytest.mark.parametrize("name", methods.names())
def test_same_seed_same_bits_and_another_seed_others(name: str, tasks: TaskSequence) -> None:
    def run(seed: int) -> Method:
        method = make_method(name, tasks)
        train.run(method, tasks, protocol=SHORT, seed=seed)
        return method

    first = run(0)
    torch.manual_seed(99)  # what was drawn before has no say
    assert states_equal(first, run(0))
    assert not states_equal(first, run(1))


def test_first_task_is_the_same_for_methods_of_the_plain_shape(tasks: TaskSequence) -> None:
    first = TaskSequence(tasks.name, tasks.tasks[:1], tasks.mean, tasks.std, tasks.fingerprint)
    found = []
    importance = ("ewc", "si", "mas", "imm_mean", "imm_mode", "lwf")
    for name in ("finetune", "freeze", "joint", "single", "piggyback", *importance):
        method = make_method(name, first)
        train.run(method, first, protocol=SHORT)
        found.append(method.predict(next(Inputs(tasks).batches(tasks[0].test))[0], 0))
    assert all(torch.equal(found[0], other) for other in found)


@pytest.mark.parametrize(("network", "epochs"), [("mlp", 25), ("lenet", 12)])
@pytest.mark.parametrize("name", methods.names())
def test_every_method_learns(name: str, network: str, epochs: int) -> None:
    tasks = make_tasks(groups=(3, 3), size=SMALL[network][2], per_class=40, noise=30.0)
    method = make_method(name, tasks, network, dropout=0.0, **quick_options(name, 0.0, 0.15))
    history = train.run(method, tasks, protocol=Protocol(epochs=epochs, batch=16, patience=5))
    assert all(row[-1] > 0.5 for row in history.matrix)


@pytest.mark.parametrize("name", methods.names())
def test_storage_is_what_is_kept(name: str, tasks: TaskSequence) -> None:
    method = make_method(name, tasks)
    train.run(method, tasks, protocol=SHORT)
    kept = sum(t.numel() * t.element_size() for t in (*method.parameters(), *method.buffers()))
    storage = method.storage()
    boundaries = 4 * len(tasks) * len(method.net.stages) if isinstance(method, TFM) else 0  # counted, though no tensor
    assert sum(storage.values()) - boundaries == kept
    for task in tasks:  # what use caches is not counted
        method.predict(next(Inputs(tasks).batches(task.test))[0], task.index)
    assert method.storage() == storage


def test_joint_starts_again_from_the_initial_weights(tasks: TaskSequence) -> None:
    method = make_method("joint", tasks)
    method.begin(0, 3)
    initial = {name: tensor.clone() for name, tensor in method.net.stages.state_dict().items()}
    with torch.no_grad():
        method.net.stages[0].weight.add_(1)
    method.end(0)
    method.begin(1, 2)
    assert all(torch.equal(initial[name], tensor) for name, tensor in method.net.stages.state_dict().items())


def test_learning_rate_falls_and_best_weights_are_restored(tasks: TaskSequence) -> None:
    reports: list[train.Epoch] = []
    method = make_method("finetune", tasks)
    protocol = Protocol(epochs=30, batch=16, lr=0.3, patience=2, lr_min=0.05)
    method.begin(0, 3)
    fit = train.Fit(method, tasks[:1], Inputs(tasks), protocol=protocol, on_epoch=lambda m, r: reports.append(r))
    outcome = fit()
    rates = [report.lr for report in reports]
    assert rates == sorted(rates, reverse=True) and set(rates) <= {0.3, 0.3 / 3}
    assert outcome.loss == min(report.valid_loss for report in reports)
    assert fit._validate(tasks[:1])[0] == outcome.loss


@pytest.mark.parametrize("name", ["finetune", "joint", "packnet"])
def test_to_learn_each_task_is_to_run_them_all(name: str, tasks: TaskSequence) -> None:
    whole, single = make_method(name, tasks), make_method(name, tasks)
    history, inputs = train.run(whole, tasks, protocol=SHORT, seed=2), Inputs(tasks)
    fits = [train.learn(single, tasks[: t + 1], inputs, protocol=SHORT, seed=2) for t in range(len(tasks))]
    assert states_equal(whole, single) and single.learned == 3
    assert [[replace(f, seconds=0) for f in each] for each in fits] == [
        [replace(f, seconds=0) for f in each] for each in history.fits
    ]
    assert history.matrix[-1] == [train.accuracy(single, task, inputs) for task in tasks]


def test_a_task_is_learned_in_its_turn_and_once(tasks: TaskSequence) -> None:
    method, inputs = make_method("freeze", tasks), Inputs(tasks)
    with pytest.raises(ValueError, match="task index 1 cannot begin: 0 tasks are learned"):
        train.learn(method, tasks[:2], inputs, protocol=SHORT)
    train.learn(method, tasks[:1], inputs, protocol=SHORT)
    with pytest.raises(ValueError, match="A learned task is never learned again"):
        train.learn(method, tasks[:1], inputs, protocol=SHORT)


HELD: dict[str, tuple[dict[str, Any], type[torch.optim.Optimizer], dict[str, Any]]] = {
    "sgd": ({}, torch.optim.SGD, {"momentum": 0, "weight_decay": 0}),
    "momentum": ({"momentum": 0.9}, torch.optim.SGD, {"momentum": 0.9, "weight_decay": 0}),
    "decay": ({"weight_decay": 0.1}, torch.optim.SGD, {"momentum": 0, "weight_decay": 0.1}),
    "adam": ({"optimizer": "adam", "weight_decay": 0.2}, torch.optim.Adam, {"weight_decay": 0.2}),
    "adamw": ({"optimizer": "adamw", "weight_decay": 0.3}, torch.optim.AdamW, {"weight_decay": 0.3}),
}


@pytest.mark.parametrize("held", HELD)
def test_the_optimizer_is_the_protocols(held: str, tasks: TaskSequence, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its class, its settings, and after the training the same bits as with one made by hand; a new one for each training."""
    fields, kind, wanted = HELD[held]
    protocol = Protocol(epochs=2, batch=16, lr=0.02, **fields)
    ours, by_hand, made = make_method("packnet", tasks), make_method("packnet", tasks), list[torch.optim.Optimizer]()
    real = ours.optimizer
    monkeypatch.setattr(ours, "optimizer", lambda *given: made.append(real(*given)) or made[-1])
    monkeypatch.setattr(by_hand, "optimizer", lambda parameters, t, protocol: kind(parameters, lr=0.02, **wanted))
    for method in (ours, by_hand):
        train.learn(method, tasks[:1], Inputs(tasks), protocol=protocol)
    assert [type(optimizer) for optimizer in made] == [kind, kind]
    for group in made[0].param_groups:
        assert {name: group[name] for name in wanted} == wanted
    assert states_equal(ours, by_hand)


def test_optimizers_differ(tasks: TaskSequence) -> None:
    ends = []
    for fields, *_ in HELD.values():
        method = make_method("finetune", tasks)
        train.learn(method, tasks[:1], Inputs(tasks), protocol=Protocol(epochs=2, batch=16, lr=0.02, **fields))
        ends.append(method)
    assert not any(states_equal(a, b) for a, b in combinations(ends, 2))


def test_metrics_by_hand() -> None:
    matrix = [[0.5, None, None], [0.25, 0.75, None], [0.25, 0.5, 1.0]]
    assert metrics.average(matrix) == pytest.approx(1.75 / 3)
    assert metrics.forgetting_of(matrix) == [-0.25, -0.25, 0.0]
    assert metrics.forgetting(matrix) == -0.25
    assert metrics.forgetting([[0.5]]) == 0.0
    with pytest.raises(ValueError, match="not complete"):
        metrics.average([[0.5, None], [None, None]])


def test_what_a_network_sees_has_one_layout(tasks: TaskSequence) -> None:
    """Images with one channel may come with odd strides, and a convolution of them would sum in another order."""
    images = torch.randint(256, (4, 8, 8), dtype=torch.uint8)
    usual = images.view(4, 1, 8, 8)
    odd = [torch.from_numpy(images.numpy()[:, None]), usual.to(memory_format=torch.channels_last)]
    assert usual.stride() != odd[0].stride() or usual.stride() != odd[1].stride()
    assert {Inputs(tasks)(image).stride() for image in (usual, *odd)} == {(64, 1, 8, 1)}


def test_a_batch_that_mixes_tasks_has_the_same_layout() -> None:
    tasks = make_tasks(channels=3)
    fit = train.Fit(make_method("joint", tasks), tasks[:2], Inputs(tasks))
    assert fit._gather(tasks[:2], torch.arange(20, 60), torch.Generator())[0].stride() == (432, 1, 36, 3)


def test_joint_mixes_the_tasks_in_every_batch_and_each_image_has_its_own_head(tasks: TaskSequence) -> None:
    """Against its definition: the mean over the batch of each image's loss, of an epoch that takes every image once."""
    method, seen = make_method("joint", tasks, dropout=0.0), []
    method.begin(0, 3)
    method.end(0)
    method.begin(1, 2)
    loss = method.loss

    def look(x: torch.Tensor, y: torch.Tensor, t: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        found = loss(x, y, t)
        if method.training:
            each = [F.cross_entropy(method(x[i : i + 1], s), y[i : i + 1]) for i, s in enumerate(t.tolist())]
            torch.testing.assert_close(found[0], torch.stack(each).mean())
            seen.append(
                (
                    t,
                    [
                        (s, int(label), image)
                        for s, label, image in zip(t.tolist(), y, x.sum((1, 2, 3)).tolist(), strict=True)
                    ],
                )
            )
        return found

    method.loss = look  # type: ignore[method-assign]
    inputs = Inputs(tasks)
    train.Fit(method, tasks[:2], inputs, protocol=Protocol(epochs=1, batch=16))(seen=True)
    assert all(set(t.tolist()) == {0, 1} for t, _ in seen if len(t) == 16)  # the last batch may be a single image
    taken = sorted(image for _, images in seen for image in images)
    given = []
    for task in tasks[:2]:
        x, y = next(inputs.batches(task.train))
        given += [(task.index, int(label), image) for label, image in zip(y, x.sum((1, 2, 3)).tolist(), strict=True)]
    assert [place[:2] for place in taken] == [place[:2] for place in sorted(given)]
    assert [place[2] for place in taken] == pytest.approx([place[2] for place in sorted(given)])


def test_settings_of_pytorch_are_put_back(tasks: TaskSequence) -> None:
    def settings() -> tuple[object, ...]:
        tiny = torch.full((1,), 1e-310, dtype=torch.float64) * 1.0
        backends = torch.backends.cudnn, torch.backends.cuda.matmul
        return (
            *((tiny == 0).item(), torch.are_deterministic_algorithms_enabled(), torch.get_rng_state().tolist()),
            *(backends[0].benchmark, backends[0].allow_tf32, backends[1].allow_tf32),
        )

    before, during = settings(), []
    method = make_method("finetune", tasks)
    predict = method.predict

    def look_on(x: torch.Tensor, t: int) -> torch.Tensor:
        during.append(settings())
        return predict(x, t)

    method.predict = look_on  # type: ignore[method-assign]
    train.run(method, tasks, protocol=SHORT, on_epoch=lambda *_: during.append(settings()))
    assert settings() == before and not before[0]
    assert all(found[0] is True for found in during) and any(found[2] != before[2] for found in during)
    during.clear()
    look = make_method("finetune", tasks)
    train.learn(look, tasks[:1], Inputs(tasks), protocol=SHORT, on_epoch=lambda *_: during.append(settings()))
    assert settings() == before
    assert during[0][0] is True and during[0][2] != before[2]
