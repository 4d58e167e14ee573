"""Zero forgetting, bit for bit, for every method that claims it; and a check that is not blind."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from small import HOSTILE, NETWORKS, SHORT, make_method, make_tasks, tasks_for
from torch import Tensor, nn

from tfm_lite import methods, train
from tfm_lite.datasets.tasks import TaskSequence
from tfm_lite.methods.base import Method
from tfm_lite.nn import feature_norm, layers
from tfm_lite.nn.deploy import extract
from tfm_lite.nn.layers import TernaryLayer
from tfm_lite.nn.networks import Network
from tfm_lite.nn.per_task import PerTask
from tfm_lite.nn.stages import BatchNorm
from tfm_lite.train import Inputs

CLAIMS = [name for name in methods.names() if methods.get(name).zero_forgetting]


def probe(tasks: TaskSequence, t: int) -> Tensor:
    return next(Inputs(tasks).batches(tasks[t].test, size=8))[0]


def learn(method: Method, tasks: TaskSequence, hostile: str = "sgd") -> list[list[Tensor]]:
    """Learn all tasks; row t holds, after task t, the logits of a few test images of tasks 0 to t."""
    method.optimizer = HOSTILE[hostile]()  # type: ignore[method-assign]
    rows = []
    for task in tasks:
        train.learn(method, tasks[: task.index + 1], Inputs(tasks), protocol=SHORT)
        rows.append([method.predict(probe(tasks, s), s) for s in range(task.index + 1)])
    return rows


def check(rows: list[list[Tensor]]) -> None:
    """The last logits of every task are those it had when it was learned, to the last bit."""
    assert len(rows) > 1
    for t, row in enumerate(rows):
        assert torch.equal(rows[-1][t], row[t]), f"task {t} moved by {(rows[-1][t] - row[t]).abs().max()}"


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("name", CLAIMS)
def test_nothing_is_forgotten(name: str, network: str, hostile: str) -> None:
    tasks = tasks_for(network)
    method = make_method(name, tasks, network)
    rows = learn(method, tasks, hostile)
    check(rows)

    # after save and load
    again = make_method(name, tasks, network)
    again.rebuild(method.structure())
    again.load_state_dict(method.state_dict())
    assert again.structure() == method.structure()
    assert all(torch.equal(again.predict(probe(tasks, t), t), rows[t][t]) for t in range(len(tasks)))

    # after extraction to plain layers
    if name == "pnn":  # columns are no plain layers, and extraction says so
        with pytest.raises(ValueError, match="cannot be turned into plain layers"):
            extract(method.net, 0)
        return
    for t in range(len(tasks)):
        net = method.nets[t] if hasattr(method, "nets") else method.net
        x = probe(tasks, t)
        assert torch.equal(extract(net, t)(x), rows[t][t])
        assert torch.allclose(extract(net, t, fold=True)(x), rows[t][t], rtol=1e-3, atol=1e-4)


class Residual(Network):
    def features(self, x: Tensor, t: int) -> Tensor:
        return super().features(x + x.flip(3), t)


def test_a_network_with_a_way_of_its_own_is_not_extracted() -> None:
    method = make_method("finetune", make_tasks())
    method.begin(0, 3)
    method.net.__class__ = Residual
    with pytest.raises(ValueError, match="Residual has a features of its own and cannot be turned into plain layers"):
        extract(method.net, 0)


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("network", NETWORKS)
def test_finetuning_fails_that_very_check(network: str, hostile: str) -> None:
    tasks = tasks_for(network)
    with pytest.raises(AssertionError, match="moved by"):
        check(learn(make_method("finetune", tasks, network), tasks, hostile))


@pytest.mark.parametrize("name", ["tfm", "tfm_no_fn"])
def test_nothing_is_forgotten_when_the_network_grows_by_schedule(name: str) -> None:
    tasks = make_tasks(groups=(3, 2, 4, 2))
    check(learn(make_method(name, tasks, grow="schedule"), tasks, "a vandal"))


@pytest.mark.parametrize(
    "options", [{"norm": "after"}, {"which": "old"}, {"norm_start": "previous"}, {"of": "features"}]
)
def test_nothing_is_forgotten_under_every_option(options: dict[str, Any]) -> None:
    tasks = make_tasks()
    check(learn(make_method("tfm", tasks, growths=(0.15,), **options), tasks, "a vandal"))


def test_nothing_is_forgotten_in_channels_last_and_under_autocast() -> None:
    tasks = tasks_for("lenet")
    method = make_method("tfm", tasks, "lenet", growths=(0.1,)).to(memory_format=torch.channels_last)

    def outputs(x: Tensor, t: int) -> tuple[Tensor, Tensor]:
        x = x.to(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            low = method.predict(x, t)
        return method.predict(x, t), low

    for task in tasks:
        train.learn(method, tasks[: task.index + 1], Inputs(tasks), protocol=SHORT)
        if task.index == 0:
            before = outputs(probe(tasks, 0), 0)
    assert all(torch.equal(a, b) for a, b in zip(before, outputs(probe(tasks, 0), 0), strict=True))


def let_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take claims as they are, so that what breaks them can go on to do so."""

    def end(method: Method, t: int) -> None:
        method.after_task(t)
        method.learned += 1

    monkeypatch.setattr(Method, "end", end)


def leave_parameters(layer: TernaryLayer) -> None:
    """A wrong ``keep``: old weights stay parameters, and the next task's optimizer moves them."""
    weight, bias = (part.clone() for part in layer.used(len(layer.boundaries) - 1))
    del layer.rows, layer.columns, layer.new_bias, layer.weight, layer.bias
    layer.weight, layer.bias = nn.Parameter(weight), nn.Parameter(bias)
    layer.learning = False
    layer._slices.clear()


def go_on_counting(norm: BatchNorm, x: Tensor) -> Tensor:
    """The usual batch normalization: its running statistics move on when its parameters are frozen."""
    return F.batch_norm(x, norm.mean, norm.variance, norm.scale, norm.shift, norm.training)


@pytest.mark.parametrize("name", ["freeze", "packnet", "piggyback", "pnn", "wsn"])
def test_running_statistics_that_go_on_are_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BatchNorm, "forward", go_on_counting)
    tasks = tasks_for("lenet_bn")
    with pytest.raises(AssertionError, match="task 0 moved by"):
        check(learn(make_method(name, tasks, "lenet_bn"), tasks))


def test_a_task_whose_batch_normalization_still_learns_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers.Ternary, "keep", lambda stage: (stage.layer.keep(), stage.norm.keep()))
    let_pass(monkeypatch)
    tasks = tasks_for("lenet_bn")
    with pytest.raises(AssertionError, match="task 0 moved by"):
        check(learn(make_method("tfm", tasks, "lenet_bn", growths=(0.15,)), tasks, "a vandal"))


def drift(rows: list[list[Tensor]]) -> float:
    """The farthest that a logit moved after its task was learned."""
    return max((rows[-1][t] - row[t]).abs().max().item() for t, row in enumerate(rows))


@pytest.mark.parametrize("network", ["mlp", "lenet", "lenet_bn"])
def test_hat_drifts_and_so_claims_nothing(network: str) -> None:
    assert "hat" not in CLAIMS
    tasks = tasks_for(network)
    found = {
        hostile: drift(learn(make_method("hat", tasks, network), tasks, hostile))
        for hostile in ("sgd", "momentum and weight decay")
    }
    assert found["sgd"] <= found["momentum and weight decay"] and found["momentum and weight decay"] > 1e-4
    if network == "lenet_bn":  # nothing spares the running statistics
        assert found["sgd"] > 0.1


def freeze_without_copy(module: nn.Module) -> None:
    """A wrong ``freeze``: the buffer shares memory with the parameter that an optimizer still holds."""
    for part in module.modules():
        for name, parameter in list(part.named_parameters(recurse=False)):
            delattr(part, name)
            part.register_buffer(name, parameter.detach())


@pytest.mark.parametrize("mutation", ["old weights stay parameters", "norm shared", "old head learns"])
@pytest.mark.parametrize("refused", [True, False])
def test_a_broken_promise_is_caught(mutation: str, refused: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the end of the first task that breaks it; and by its bits, were that let pass."""
    if mutation == "old weights stay parameters":
        monkeypatch.setattr(TernaryLayer, "keep", leave_parameters)
    elif mutation == "norm shared":
        monkeypatch.setattr(feature_norm.FeatureNorm, "keep", lambda norm: None)
    else:
        monkeypatch.setattr(PerTask, "freeze", lambda heads, t: None)
    tasks = make_tasks()
    if refused:
        with pytest.raises(
            ValueError, match=r"tfm claims zero forgetting, and after task index .* is still a parameter"
        ):
            learn(make_method("tfm", tasks, growths=(0.15,)), tasks)
        return
    let_pass(monkeypatch)
    with pytest.raises(AssertionError, match="moved by"):
        check(learn(make_method("tfm", tasks, growths=(0.15,)), tasks, "a vandal"))


def test_a_buffer_that_an_optimizer_still_holds_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tfm_lite.methods.freeze.freeze", freeze_without_copy)
    tasks = make_tasks()
    with pytest.raises(AssertionError, match="moved by"):
        check(learn(make_method("freeze", tasks), tasks, "a vandal"))
