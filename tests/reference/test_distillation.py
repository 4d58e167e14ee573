"""LwF and LfL against what their papers' equations say, written down slowly in float64.

Each comparison is also run on the errors known from public implementations, and must fail there.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from small import SHORT, make_method, make_tasks
from torch import Tensor

from tfm_lite import train
from tfm_lite.datasets.tasks import TaskSequence
from tfm_lite.methods import lfl, lwf, taught
from tfm_lite.methods.base import Method
from tfm_lite.train import Inputs

Array = np.ndarray


def arrays(module: torch.nn.Module) -> list[Array]:
    """Weights and biases in turn, float64."""
    return [tensor.detach().double().numpy().copy() for tensor in module.state_dict().values()]


def hidden(x: Array, stages: Sequence[Array]) -> Array:
    """The last hidden layer of a multi-layer perceptron with ReLU, for one image."""
    h = x.reshape(-1)
    for weight, bias in zip(stages[::2], stages[1::2], strict=True):
        h = np.maximum(weight @ h + bias, 0)
    return h


def softmax(z: Array) -> Array:
    return np.exp(z) / np.exp(z).sum()


def softened(p: Array, temperature: float) -> Array:
    """LwF: probabilities to the power 1 / T, made to sum to one again."""
    return p ** (1 / temperature) / (p ** (1 / temperature)).sum()


class Snapshot:
    """The stages and the heads of a network at one time, as arrays."""

    def __init__(self, net: Any) -> None:
        self.stages = arrays(net.stages)
        self.heads = [arrays(net.heads[t]) for t in range(len(net.heads))]

    def logits(self, x: Array, t: int) -> Array:
        weight, bias = self.heads[t]
        return weight @ hidden(x, self.stages) + bias


def lwf_loss(x: Array, y: Array, now: Snapshot, before: Snapshot, *, lam: float, temperature: float) -> float:
    """Cross-entropy of the new task, plus lam times that of each old head with its recorded answers, image by image."""
    t, total = len(now.heads) - 1, 0.0
    for image, label in zip(x, y, strict=True):
        total -= math.log(softmax(now.logits(image, t))[label])
        for s in range(t):
            recorded = softened(softmax(before.logits(image, s)), temperature)
            answer = softened(softmax(now.logits(image, s)), temperature)
            total -= lam * float((recorded * np.log(answer)).sum())
    return total / len(x)


def lfl_loss(x: Array, y: Array, now: Snapshot, before: Snapshot, *, lam: float) -> float:
    """Cross-entropy (mean over images) plus lam times half the squared distance of the features (sum over images)."""
    t, entropy, distance = len(now.heads) - 1, 0.0, 0.0
    for image, label in zip(x, y, strict=True):
        entropy -= math.log(softmax(now.logits(image, t))[label])
        distance += float(((hidden(image, now.stages) - hidden(image, before.stages)) ** 2).sum()) / 2
    return entropy / len(x) + lam * distance


def begin_last(name: str, tasks: TaskSequence, **options: Any) -> tuple[Any, Snapshot]:
    """Learn all tasks but the last, begin that one and move every weight a little: the method, and the network before."""
    method = make_method(name, tasks, **options)
    for task in tasks[:-1]:
        train.learn(method, tasks[: task.index + 1], Inputs(tasks), protocol=SHORT)
    before = Snapshot(method.net)
    method.begin(len(tasks) - 1, len(tasks[-1].classes))
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in method.net.parameters():
            parameter += 0.05 * torch.randn(parameter.shape, generator=generator)
    return method.double(), before


def images(tasks: TaskSequence, count: int) -> tuple[Tensor, Tensor]:
    x, y = next(Inputs(tasks).batches(tasks[-1].train, size=count))
    assert len(x) == count
    return x.double(), y


def same(what: str, found: float, wanted: float) -> None:
    assert found == pytest.approx(wanted, rel=1e-10), f"{what}: {found}, not {wanted}"


def check_gradient(what: str, method: Method, x: Tensor, y: Tensor, t: int, reference: Any) -> None:
    """The loss falls along a random direction as its gradient says, measured on the written-down loss."""
    loss, logits = method.loss(x, y, t)
    assert torch.equal(logits, method(x, t))
    same(what, loss.item(), reference())
    parameters = list(method.net.parameters())
    gradients = torch.autograd.grad(loss, parameters, materialize_grads=True)
    generator = torch.Generator().manual_seed(1)
    directions = [torch.randn(p.shape, generator=generator, dtype=p.dtype) for p in parameters]
    values, step = [], 1e-6
    with torch.no_grad():
        for scale in (step, -2 * step, step):  # there, as far to the other side, and back
            for parameter, direction in zip(parameters, directions, strict=True):
                parameter += scale * direction
            values.append(reference())
    slope = sum((g * d).sum().item() for g, d in zip(gradients, directions, strict=True))
    assert (values[0] - values[1]) / (2 * step) == pytest.approx(slope, rel=1e-5), f"{what}: its gradient"


def check_lwf(tasks: TaskSequence, **options: float) -> None:
    method, before = begin_last("lwf", tasks, **options)
    settings = {"lam": 1.0, "temperature": 2.0, **options}
    x, y = images(tasks, 10)
    method.eval()

    def reference() -> float:
        return lwf_loss(x.numpy(), y.numpy(), Snapshot(method.net), before, **settings)

    check_gradient("LwF", method, x, y, len(tasks) - 1, reference)


@pytest.mark.parametrize("options", [{}, {"lam": 2.0, "temperature": 1.0}])
def test_lwf_agrees_with_its_equations(options: dict[str, float], tasks: TaskSequence) -> None:
    check_lwf(tasks, **options)


def one_softmax(method: Any, x: Tensor, y: Tensor, t: int) -> tuple[Tensor, Tensor]:
    """All heads in one softmax."""
    logits = method(x, t)
    if t == 0:
        return F.cross_entropy(logits, y), logits
    h, old = method.net.features(x, t), method.old.features(x, t)
    now = torch.cat([method.net.head(h, s) for s in range(t)], 1)
    before = torch.cat([method.old.head(old, s) for s in range(t)], 1)
    return F.cross_entropy(logits, y) + method.lam * lwf.LwF.distillation(method, now, before), logits


@pytest.mark.parametrize(
    ("place", "wrong"),
    [
        ("loss", one_softmax),
        ("loss", Method.loss),  # no distillation at all, silently
        ("distillation", lambda method, logits, old: F.cross_entropy(logits, old.softmax(1))),  # no temperature
        (
            "distillation",  # Hinton's factor, which the paper does not have
            lambda method, logits, old: 4 * F.cross_entropy(logits / 2, (old / 2).softmax(1)),
        ),
        ("distillation", lambda method, logits, old: F.mse_loss(logits, old)),
    ],
)
def test_a_wrong_distillation_is_caught(
    place: str, wrong: Any, tasks: TaskSequence, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lwf.LwF, place, wrong)
    with pytest.raises(AssertionError, match="LwF"):
        check_lwf(tasks)


def check_lfl(tasks: TaskSequence) -> None:
    method, before = begin_last("lfl", tasks, lam=0.05)
    x, y = images(tasks, 30)
    method.eval()
    method.batch = len(x)

    def reference() -> float:
        return lfl_loss(x.numpy(), y.numpy(), Snapshot(method.net), before, lam=0.05)

    check_gradient("LfL", method, x, y, len(tasks) - 1, reference)
    # What it adds is as strong for a batch of another size: a mean over its images.
    t = len(tasks) - 1
    added = [
        (method.loss(*part, t)[0] - F.cross_entropy(method(part[0], t), part[1])).item()
        for part in ((x, y), (x[:1], y[:1]))
    ]
    single = ((hidden(x[0].numpy(), Snapshot(method.net).stages) - hidden(x[0].numpy(), before.stages)) ** 2).sum()
    same("LfL on one image", added[1], 0.05 / 2 * len(x) * single)


def test_lfl_agrees_with_its_equations(tasks: TaskSequence) -> None:
    check_lfl(tasks)


@pytest.mark.parametrize("mutation", ["mean over the features", "not halved", "distance of the logits", "none"])
def test_a_wrong_distance_is_caught(mutation: str, tasks: TaskSequence, monkeypatch: pytest.MonkeyPatch) -> None:
    def loss(method: Any, x: Tensor, y: Tensor, t: int) -> tuple[Tensor, Tensor]:
        logits = method(x, t)
        if t == 0:
            return F.cross_entropy(logits, y), logits
        h, old = method.net.features(x, t), method.old.features(x, t)
        squares = (h - old).square()
        distance = {
            "mean over the features": squares.mean(1).mean() / 2,
            "not halved": squares.sum(1).mean(),
            "distance of the logits": (method.net.head(h, 0) - method.old.head(old, 0)).square().sum(1).mean() / 2,
            "none": torch.zeros(()),
        }[mutation]
        return F.cross_entropy(logits, y) + method.lam * method.batch * distance, logits

    monkeypatch.setattr(lfl.LfL, "loss", loss)
    with pytest.raises(AssertionError, match="LfL"):
        check_lfl(tasks)


def check_old_network(name: str, tasks: TaskSequence) -> None:
    """The network before the task is there unchanged after training, and answers without dropout while the new one trains."""
    method, before = begin_last(name, tasks)
    x, y = images(tasks, 4)
    seen = []
    features = method.old.features
    method.old.features = lambda *arguments: (seen.append(features(*arguments)), seen[-1])[1]
    t = len(tasks) - 1
    optimizer = torch.optim.SGD(method.parameters(), lr=0.1)
    for _ in range(3):
        method.train()
        optimizer.zero_grad()
        method.loss(x, y, t)[0].backward()
        optimizer.step()
    assert len(seen) >= 3
    wanted = np.stack([hidden(image, before.stages) for image in x.numpy()])
    assert all(np.allclose(h.detach().numpy(), wanted, rtol=1e-10) for h in seen), "the old network moved"


@pytest.mark.parametrize("name", ["lwf", "lfl"])
@pytest.mark.parametrize("mutation", [None, "dropout", "the same network"])
def test_the_old_network_stays(
    name: str, mutation: str | None, tasks: TaskSequence, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = taught.twin
    if mutation == "dropout":

        def twin(net: Any) -> Any:
            old = right(net)
            old.eval = lambda: old
            return old

        monkeypatch.setattr(taught, "twin", twin)
    elif mutation == "the same network":
        monkeypatch.setattr(taught, "twin", lambda net: net)
    if mutation is None:
        check_old_network(name, tasks)
    else:
        with pytest.raises(AssertionError, match="the old network moved"):
            check_old_network(name, tasks)


def first_task(name: str, tasks: TaskSequence, network: str) -> Tensor:
    method = make_method(name, tasks, network)
    train.learn(method, tasks[:1], Inputs(tasks), protocol=SHORT)
    return method.predict(next(Inputs(tasks).batches(tasks[0].test))[0], 0)


def test_the_first_task_is_learned_as_by_finetuning(tasks: TaskSequence) -> None:
    assert torch.equal(first_task("lwf", tasks, "mlp"), first_task("finetune", tasks, "mlp"))


def test_less_forgetting_learning_has_no_dropout_before_the_head(tasks: TaskSequence) -> None:
    assert [stage.stage.dropout for stage in make_method("finetune", tasks).ready().net.stages] == [True, True]
    assert [stage.stage.dropout for stage in make_method("lfl", tasks).ready().net.stages] == [True, False]
    assert not torch.equal(first_task("lfl", tasks, "mlp"), first_task("finetune", tasks, "mlp"))
    pictures = make_tasks(size=28)  # the last layer of LeNet has none in any method
    assert torch.equal(first_task("lfl", pictures, "lenet"), first_task("finetune", pictures, "lenet"))


def check_copy(name: str, tasks: TaskSequence) -> None:
    method = make_method(name, tasks)
    method.begin(0, 3)
    assert "copies" not in method.storage()
    method.end(0)
    before = method.storage()
    method.begin(1, 2)
    assert method.storage()["copies"] == before["weights"] + before["heads"]
    assert not any(key.startswith("old.") for key, _ in method.named_parameters()), "the copy can learn"


@pytest.mark.parametrize("name", ["lwf", "lfl"])
def test_the_copy_cannot_learn_and_is_counted(name: str, tasks: TaskSequence, monkeypatch: pytest.MonkeyPatch) -> None:
    check_copy(name, tasks)
    monkeypatch.setattr(taught, "twin", copy.deepcopy)
    with pytest.raises(AssertionError, match="the copy can learn"):
        check_copy(name, tasks)
