"""What reaches old and new features, against plain networks in which everything has its gradient."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from small import make_method, make_tasks

from tfm_lite import train
from tfm_lite.datasets.inputs import Inputs
from tfm_lite.datasets.tasks import TaskSequence
from tfm_lite.methods.reach import Log, Reach, reach, weaker
from tfm_lite.methods.tfm import TFM
from tfm_lite.nn.deploy import extract
from tfm_lite.protocol import Epoch, Protocol
from tfm_lite.seeds import torch_stream

SHORT = Protocol(epochs=2, batch=16, dropout=0.0)


@pytest.fixture(scope="module")
def tasks() -> TaskSequence:
    return make_tasks(size=28)


def growing(tasks: TaskSequence, **options: object) -> TFM:
    """A TFM in the midst of its second task, its FN no longer the identity."""
    method = make_method("tfm", tasks, "lenet", dropout=0.0, grow="schedule", **options)
    assert isinstance(method, TFM)
    train.run(method, replace(tasks, tasks=tasks.tasks[:1]), protocol=SHORT)
    method.begin(1, 2)
    method.grow(1, 0.8)
    random = torch_stream(0, "scales")
    for name, parameter in method.named_parameters():
        if "norm" in name:
            parameter.data += 0.3 * torch.randn(parameter.shape, generator=random)
    return method


@pytest.mark.parametrize("norm", ["before", "after", None])
def test_gradients_are_those_of_a_plain_network(tasks: TaskSequence, norm: str | None) -> None:
    """In which the same weights all learn: rows of old features, too."""
    method = growing(tasks, norm=norm)
    x, y = Inputs(tasks).of(tasks[1].train, torch.arange(20))
    found = reach(method, x, y, 1)
    plain = extract(method.net, 1)
    layers = [module for module in plain.modules() if hasattr(module, "weight") and module.weight.dim() > 1]
    torch.nn.functional.cross_entropy(plain(x), y).backward()
    method.loss(x, y, 1)[0].backward()
    for one, layer, stage in zip(found, layers, method.net.stages, strict=False):
        norms, old = layer.weight.grad.flatten(1).norm(dim=1), stage.layer.boundaries[0][1]
        if stage.folds:  # in the plain network's weights
            norms = norms * stage.norm.tasks[1].scale.abs()
        assert one.gradient == pytest.approx([norms[:old].mean().item(), norms[old:].mean().item()], rel=1e-3)
        assert one.gradient[1] == pytest.approx(stage.layer.rows.grad.flatten(1).norm(dim=1).mean().item(), rel=1e-3)
        assert one.weaker == one.gradient[1] / one.gradient[0]
    assert len(found) == len(method.net.stages)


def test_what_is_active_is_what_comes_out_of_a_product(tasks: TaskSequence) -> None:
    method = growing(tasks, norm=None)
    x, y = Inputs(tasks).of(tasks[1].train, torch.arange(20))
    stage = method.net.stages[0]
    out = stage.product(x, 1)
    old = stage.layer.boundaries[0][1]
    sizes = out.square().mean((0, 2, 3)).sqrt()
    assert reach(method, x, y, 1)[0].active == pytest.approx([sizes[:old].mean().item(), sizes[old:].mean().item()])


def test_looking_changes_nothing(tasks: TaskSequence) -> None:
    method = growing(tasks)
    x, y = Inputs(tasks).of(tasks[1].train, torch.arange(20))
    before = {name: tensor.clone() for name, tensor in method.state_dict().items()}
    reach(method, x, y, 1)
    assert all(torch.equal(tensor, before[name]) for name, tensor in method.state_dict().items())
    assert all(parameter.grad is None for parameter in method.parameters())


def test_a_task_without_old_features_is_refused(tasks: TaskSequence) -> None:
    method = make_method("tfm", tasks, "lenet", grow="schedule")
    x, y = Inputs(tasks).of(tasks[0].train, torch.arange(4))
    for t in (0, 1):
        with pytest.raises(ValueError, match=rf"task index {t} is not being learned after another; ask in on_epoch"):
            reach(method, x, y, t)


def test_a_run_is_watched_and_goes_its_way(tasks: TaskSequence) -> None:
    runs = []
    for watched in (False, True):
        method = make_method("tfm", tasks, "lenet", grow="schedule")
        log = Log(tasks, Inputs(tasks))
        train.run(method, tasks, protocol=SHORT, on_epoch=log if watched else None)
        runs.append(method.state_dict())
    assert all(torch.equal(tensor, runs[1][name]) for name, tensor in runs[0].items())
    assert len(log.epochs) == 2 * SHORT.epochs and all(len(stages) == 4 for stages in log.epochs)
    assert weaker(log.epochs) > 0


def test_the_mean_leaves_out_stages_without_new_features(tasks: TaskSequence) -> None:
    both, none = Reach((1.0, 1.0), (2.0, 1.0)), Reach((1.0, math.nan), (2.0, math.nan))
    assert weaker([[both, none], [Reach((1, 1), (4.0, 1.0)), none]]) == pytest.approx(0.375)
    log = Log(tasks, Inputs(tasks))
    log(None, Epoch(0, 0, 1, 0.1, 1.0, 0.0, 1.0, 0.5, 1.0))  # a first task has nothing to be compared
    assert log.epochs == []


def test_boosted_gradients_are_those_of_new_features_alone(tasks: TaskSequence) -> None:
    x, y = Inputs(tasks).of(tasks[1].train, torch.arange(20))
    found = []
    for boost in (1.0, 3.0):
        method = growing(tasks, boost=boost)
        method.loss(x, y, 1)[0].backward()
        method.after_backward(1)
        found.append({name: p.grad for name, p in method.named_parameters() if p.grad is not None})
    assert {name.rpartition(".")[2] for name in found[0]} >= {"rows", "columns", "new_bias", "scale", "weight"}
    for name, grad in found[0].items():
        assert torch.equal(found[1][name], grad * (3 if name.endswith(("rows", "new_bias")) else 1))


def test_a_first_task_is_not_boosted(tasks: TaskSequence) -> None:
    x, y = Inputs(tasks).of(tasks[0].train, torch.arange(20))
    found = []
    for boost in (1.0, 3.0):
        method = make_method("tfm", tasks, "lenet", grow="schedule", boost=boost, dropout=0.0)
        method.begin(0, 3)
        method.grow(0, 0.55)
        method.loss(x, y, 0)[0].backward()
        method.after_backward(0)
        found.append([p.grad for p in method.parameters() if p.grad is not None])
    assert found[0] and all(torch.equal(a, b) for a, b in zip(*found, strict=True))
