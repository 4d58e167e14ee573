"""The loop: its order, its protocol, and that the same seed gives the same bits."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from small import SHORT, SMALL, make_method, make_tasks, states_equal

from tfm_lite import methods, metrics, train
from tfm_lite.datasets.tasks import TaskSequence
from tfm_lite.methods.base import Method
from tfm_lite.train import Inputs, Protocol


def test_order_of_the_hooks(tasks: TaskSequence, monkeypatch: pytest.MonkeyPatch) -> None:
    method, calls = make_method("finetune", tasks), []
    method.begin(0, 3)
    optimizer = method.optimizer(list(method.parameters()), 0.1)
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


@pytest.mark.parametrize("name", methods.names())
def test_same_seed_same_bits_and_another_seed_others(name: str, tasks: TaskSequence) -> None:
    def run(seed: int) -> Method:
        method = make_method(name, tasks)
        train.run(method, tasks, protocol=SHORT, seed=seed)
        return method

    first = run(0)
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
    options = {"growths": (0.0, 0.15)} if name.startswith("tfm") else {}
    method = make_method(name, tasks, network, dropout=0.0, **options)
    history = train.run(method, tasks, protocol=Protocol(epochs=epochs, batch=16, patience=5))
    assert all(row[-1] > 0.5 for row in history.matrix)


@pytest.mark.parametrize("name", methods.names())
def test_storage_is_what_is_kept(name: str, tasks: TaskSequence) -> None:
    method = make_method(name, tasks)
    train.run(method, tasks, protocol=SHORT)
    kept = sum(t.numel() * t.element_size() for t in (*method.parameters(), *method.buffers()))
    storage = method.storage()
    boundaries = 4 * len(tasks) * len(method.net.stages) if name.startswith("tfm") else 0  # counted, though no tensor
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
    rates = [report["lr"] for report in reports]
    assert rates == sorted(rates, reverse=True) and set(rates) <= {0.3, 0.3 / 3}
    assert outcome.loss == min(report["valid_loss"] for report in reports)
    assert fit._validate(tasks[:1])[0] == outcome.loss


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
    train.run(make_method("finetune", tasks), tasks, protocol=SHORT, on_epoch=lambda *_: during.append(settings()))
    assert settings() == before and not before[0]
    assert during[0][0] is True and during[0][2] != before[2]
