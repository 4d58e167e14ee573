"""HAT, PackNet, Piggyback and PNN against slow, obvious versions written from the papers' equations, in float64."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from small import make_method, make_tasks
from torch import Tensor

from tfm_lite import train
from tfm_lite.methods import hat, packnet, piggyback, pnn
from tfm_lite.methods.base import Method
from tfm_lite.train import Inputs

TASKS = make_tasks()


def begun(name: str, t: int, network: str = "mlp", **options: object) -> Method:
    """A method in float64 that has finished tasks 0 to t - 1, untrained, and begun task t."""
    method = make_method(name, TASKS, network, dropout=0.0, **options)
    for s in range(t + 1):
        method.begin(s, len(TASKS[s].classes))
        method.double()
        if s < t:
            method.end(s)
    return method


def learn(method: Method, t: int, epochs: int) -> None:
    train.learn(method, TASKS[: t + 1], Inputs(TASKS), protocol=train.Protocol(epochs=epochs, batch=16))


def batch(t: int, count: int = 12) -> tuple[Tensor, Tensor]:
    x, y = next(Inputs(TASKS).batches(TASKS[t].train, size=count))
    return x.double(), y


# HAT


def hat_by_equations(method: Method, x: Tensor, y: Tensor, t: int, s: float) -> dict[str, Tensor]:
    """Loss and gradients of one HAT batch on the MLP, by Eq. 1, 2, 4 and 5 and section 2.5."""
    stages = method.net.stages
    w = [stage.weight.detach().clone().requires_grad_() for stage in stages]
    b = [stage.bias.detach().clone().requires_grad_() for stage in stages]
    e = [stage.tasks[t].values.detach().clone().requires_grad_() for stage in stages]
    old = [torch.zeros_like(each) for each in e]
    for u in range(t):  # the cumulative attention: gates of finished tasks, as steep as in use
        old = [
            torch.maximum(o, 1 / (1 + torch.exp(-method.s_max * stage.tasks[u].values)))
            for o, stage in zip(old, stages, strict=True)
        ]
    h = x.flatten(1)
    gates = [1 / (1 + torch.exp(-s * each)) for each in e]
    for weight, bias, gate in zip(w, b, gates, strict=True):
        h = torch.relu(h @ weight.T + bias) * gate
    head = method.net.heads[t]
    scores = torch.log_softmax(h @ head.weight.T + head.bias, 1)
    free = sum((1 - o).sum() for o in old)
    regularizer = sum((gate * (1 - o)).sum() for gate, o in zip(gates, old, strict=True)) / free
    loss = -scores[range(len(y)), y].mean() + 0.75 * regularizer
    loss.backward()
    found = {"loss": loss.detach()}
    for k in range(len(w)):
        below = old[k - 1] if k else None
        for i in range(w[k].shape[0]):
            for j in range(w[k].shape[1]):
                w[k].grad[i, j] *= 1 - (min(old[k][i], below[j]) if k else old[k][i])
        found[f"weight {k}"] = w[k].grad
        found[f"bias {k}"] = b[k].grad * (1 - old[k])
        cosh = [math.cosh(min(max(s * v, -50.0), 50.0)) + 1 for v in e[k].tolist()]
        found[f"embedding {k}"] = torch.stack(
            [
                g * method.s_max / s * c / (math.cosh(v) + 1)
                for g, c, v in zip(e[k].grad, cosh, e[k].tolist(), strict=True)
            ]
        )
    return found


def hat_by_package(method: Method, x: Tensor, y: Tensor, t: int, progress: float) -> dict[str, Tensor]:
    method.train()
    method.before_batch(t, progress)
    loss = method.loss(x, y, t)[0] + method.penalty(t)
    loss.backward()
    method.after_backward(t)
    found = {"loss": loss.detach()}
    for k, stage in enumerate(method.net.stages):
        found |= {f"weight {k}": stage.weight.grad, f"bias {k}": stage.bias.grad}
        found[f"embedding {k}"] = stage.tasks[t].values.grad
    return found


def compare_hat(progress: float, t: int) -> None:
    # Steeper, and 1 - sigmoid loses the digits that the compensation multiplies up again, in any implementation.
    method = begun("hat", t, s_max=5.0)
    s = (5 - 1 / 5) * progress + 1 / 5
    right = hat_by_equations(method, *batch(t), t, s)
    ours = hat_by_package(method, *batch(t), t, progress)
    for name, value in right.items():
        assert torch.allclose(ours[name], value, rtol=1e-6, atol=1e-12), name


@pytest.mark.parametrize("progress", [0.0, 0.5, 8 / 9])  # the first batch of an epoch, one amid it, the last of nine
@pytest.mark.parametrize("t", [0, 2])
def test_hat_is_its_equations(progress: float, t: int) -> None:
    compare_hat(progress, t)


def test_the_compensation_is_clamped_at_the_steepest() -> None:
    method = begun("hat", 0)
    x, y = batch(0)
    method.before_batch(0, 0.9)
    method.loss(x, y, 0)[0].backward()
    embedding = method.net.stages[0].tasks[0].values
    embedding.grad = torch.ones_like(embedding)
    method.after_backward(0)
    s = (400 - 1 / 400) * 0.9 + 1 / 400
    for value, got in zip(embedding.tolist(), embedding.grad.tolist(), strict=True):
        right = 400 / s * (math.cosh(max(-50.0, min(50.0, s * value))) + 1) / (math.cosh(value) + 1)
        assert got == pytest.approx(right, rel=1e-9)


def no_compensation(method: Method, t: int) -> None:
    """A wrong ``after_backward``: nothing is spared and nothing compensated."""


def gate_at_half(stage: hat.Gated, t: int) -> Tensor:
    """A wrong gate: it forgets the steepness."""
    return torch.sigmoid(stage.tasks[t].values)


def annealed_to_the_last_batch(method: Method, t: int, progress: float) -> None:
    """A wrong annealing: it reaches the greatest steepness too early."""
    for stage in method.net.stages:
        stage.s = (method.s_max - 1 / method.s_max) * min(1.0, progress * 9 / 8) + 1 / method.s_max


def spares_by_one_end(method: Method, t: int) -> None:
    """A wrong ``after_backward``: a weight is spared if either of its features is protected."""
    below = None
    for stage in method.net.stages:
        post = stage.protected.view(-1, 1)
        stage.weight.grad *= 1 - torch.maximum(post, post if below is None else below.view(1, -1))
        below = stage.protected


@pytest.mark.parametrize(
    ("target", "wrong"),
    [
        ((hat.HAT, "after_backward"), no_compensation),
        ((hat.HAT, "after_backward"), spares_by_one_end),
        ((hat.HAT, "before_batch"), annealed_to_the_last_batch),
        ((hat.Gated, "gate"), gate_at_half),
        ((hat.HAT, "penalty"), lambda m, t: 0.0),
    ],
)
def test_wrong_hats_are_caught(target: tuple[type, str], wrong: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(*target, wrong)
    with pytest.raises(AssertionError):
        compare_hat(0.5, 2)


def compare_spared(network: str) -> None:
    """Feature by feature: a weight keeps 1 - min(protected above, protected below) of its gradient, a bias 1 - protected."""
    size = {"lenet": 28, "lenet_bn": 28}[network]
    method = make_method("hat", make_tasks(size=size), network)
    method.begin(0, 3)
    generator = torch.Generator().manual_seed(0)
    for stage in method.net.stages:
        stage.protected = torch.rand(stage.stage.features, generator=generator)
        for parameter in stage.parameters():
            parameter.grad = torch.ones_like(parameter)
    method.after_backward(0)
    below = None
    for stage in method.net.stages:
        for o, post in enumerate(stage.protected.tolist()):
            rows = stage.weight.grad[o].flatten(1) if stage.stage.kernel else stage.weight.grad[o].view(-1, stage.area)
            for i, row in enumerate(rows):  # all weights between feature i below and feature o
                spared = post if below is None else min(post, below[i])
                assert torch.allclose(row, torch.tensor(1 - spared), rtol=1e-6), (stage.name, o, i)
            for parameter in (stage.bias, *(stage.batch_norm.parameters() if stage.stage.norm else [])):
                assert parameter.grad[o].item() == pytest.approx(1 - post, rel=1e-6)
        below = stage.protected.tolist()


@pytest.mark.parametrize("network", ["lenet", "lenet_bn"])
def test_hat_spares_weights_by_both_their_features(network: str) -> None:
    compare_spared(network)


def test_flattened_maps_in_the_wrong_order_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tensor, "repeat_interleave", lambda x, count: x.repeat(count))
    with pytest.raises(AssertionError, match="stage 3"):
        compare_spared("lenet")


def test_hat_keeps_embeddings_within_their_bounds() -> None:
    method = begun("hat", 0)
    with torch.no_grad():
        method.net.stages[0].tasks[0].values.mul_(100)
    method.after_step(0)
    assert method.net.stages[0].tasks[0].values.abs().max() == 6


def test_hat_forgets_a_little_with_soft_gates() -> None:
    """The negative result of the paper's own method: with lambda .1 and s_max 50, old outputs move."""
    method = make_method("hat", TASKS, regularization=0.1, s_max=50.0)
    rows = []
    for t in range(2):
        learn(method, t, epochs=3)
        rows.append(method.predict(batch(0)[0].float(), 0))
    assert (rows[1] - rows[0]).abs().max() > 1e-4


# PackNet


def prune_by_sorting(weight: Tensor, free: Tensor, share: float) -> Tensor:
    """Which weights the task keeps: all of the free ones but the ``share`` of smallest magnitude."""
    places = [place for place in range(weight.numel()) if free.view(-1)[place]]
    places.sort(key=lambda place: abs(weight.view(-1)[place].item()))
    kept = torch.zeros(weight.numel(), dtype=torch.bool)
    kept[places[round(share * len(places)) :]] = True
    return kept.view(weight.shape)


def compare_packnet(share: float) -> None:
    method = begun("packnet", 0, prune=share)
    for t in range(3):
        if t:
            method.begin(t, 2)
            for stage in method.net.stages:
                stage.weight.data[stage.mine] = torch.randn(int(stage.mine.sum()), dtype=stage.weight.dtype)
        expected = [prune_by_sorting(stage.weight.detach(), stage.owner == 0, share) for stage in method.net.stages]
        for stage in method.net.stages:
            stage.prune(share)
        assert all(torch.equal(stage.mine, mask) for stage, mask in zip(method.net.stages, expected, strict=True))
        assert all(torch.equal(stage.weight, stage.kept + stage.weight * stage.mine) for stage in method.net.stages)
        method.end(t)


@pytest.mark.parametrize("share", [0.0, 0.5, 0.75])
def test_packnet_prunes_the_smallest_weights_of_every_layer(share: float) -> None:
    torch.manual_seed(0)
    compare_packnet(share)


def test_a_wrong_pruning_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def largest(stage: packnet.Packed, share: float) -> None:
        sizes = stage.weight.detach().abs()
        count = round((1 - share) * int(stage.mine.sum()))
        stage.mine = stage.mine & (sizes <= sizes[stage.mine].kthvalue(count).values)
        stage.weight.data *= stage.mine

    monkeypatch.setattr(packnet.Packed, "prune", largest)
    with pytest.raises(AssertionError):
        compare_packnet(0.75)


def check_old_weights_stay() -> None:
    """While a task is learned with momentum and decay, it uses older tasks' weights as they are kept."""
    method = begun("packnet", 0)
    for stage in method.net.stages:
        stage.prune(0.5)
    method.end(0)
    method.begin(1, len(TASKS[1].classes))
    method.double().train()
    optimizer = torch.optim.SGD(method.parameters(), lr=0.1, momentum=0.9, weight_decay=0.1)
    for _ in range(3):
        train.step(method, optimizer, *batch(1), 1, clip=10000.0)
    for stage in method.net.stages:
        assert torch.equal(stage.used(1)[0][~stage.mine], stage.kept[~stage.mine])
        assert not torch.equal(stage.used(1)[0][stage.mine], stage.kept[stage.mine])


def test_packnet_learns_with_old_weights_as_they_are_kept() -> None:
    check_old_weights_stay()


def test_old_weights_that_are_not_put_back_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packnet.PackNet, "after_step", lambda method, t: None)
    with pytest.raises(AssertionError):
        check_old_weights_stay()


def check_pruned() -> None:
    method = make_method("packnet", TASKS)
    pruned: list[list[Tensor]] = []
    for t in range(len(TASKS)):
        learn(method, t, epochs=2)
        pruned.append([stage.used(t)[0] == 0 for stage in method.net.stages])
        for s, masks in enumerate(pruned):
            used = [stage.used(s)[0] for stage in method.net.stages]
            assert all((weight[mask] == 0).all() for weight, mask in zip(used, masks, strict=True)), "it returned"
    owned = [(stage.owner == t + 1).sum() for stage in method.net.stages for t in range(len(TASKS))]
    assert all(count > 0 for count in owned)


def test_a_pruned_weight_never_returns_for_an_old_task() -> None:
    check_pruned()


def test_a_pruned_weight_that_returns_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    right = packnet.Packed.used

    def all_that_are_owned(stage: packnet.Packed, t: int) -> tuple[Tensor, Tensor]:
        return right(stage, t) if t == stage.learning else (stage.kept, stage.bias)

    monkeypatch.setattr(packnet.Packed, "used", all_that_are_owned)
    with pytest.raises(AssertionError, match="it returned"):
        check_pruned()


# Piggyback


def compare_piggyback() -> None:
    method = begun("piggyback", 1)
    generator = torch.Generator().manual_seed(0)
    for stage in method.net.stages:  # masks on both sides of the threshold
        real = stage.masks["real_1"]
        real.data = 1e-2 * torch.rand(real.shape, generator=generator, dtype=torch.float64)
    x, y = batch(1)
    F.cross_entropy(method(x, 1), y).backward()

    used = [(stage.weight * (stage.masks["real_1"] > 5e-3)).detach().requires_grad_() for stage in method.net.stages]
    h = x.flatten(1)
    for weight, stage in zip(used, method.net.stages, strict=True):
        h = torch.relu(h @ weight.T + stage.bias)
    F.cross_entropy(method.net.head(h, 1), y).backward()
    for weight, stage in zip(used, method.net.stages, strict=True):
        assert torch.allclose(stage.masks["real_1"].grad, weight.grad * stage.weight, rtol=1e-9, atol=1e-12)
        assert stage.masks["real_1"].grad.abs().sum() > 0
    before = [(stage.masks["real_1"] > 5e-3) for stage in method.net.stages]
    method.end(1)
    for stage, mask in zip(method.net.stages, before, strict=True):
        assert torch.equal(stage.used(1)[0], stage.weight * mask)


def test_piggybacks_gradient_passes_straight_through() -> None:
    compare_piggyback()


def test_a_gradient_that_stops_at_the_threshold_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(ctx: object, grad: Tensor) -> tuple[Tensor, None]:
        return torch.zeros_like(grad), None

    monkeypatch.setattr(piggyback.Threshold, "backward", staticmethod(stopped))
    with pytest.raises(AssertionError):
        compare_piggyback()


# PNN


def pnn_by_equations(method: Method, x: Tensor, t: int) -> Tensor:
    """The hidden layers of columns 0 to t side by side, feature by feature, by Eq. 2, for the MLP."""
    columns = [x.flatten(1)] * (t + 1)
    for k, stage in enumerate(method.net.stages):
        above = []
        for s in range(t + 1):
            part = stage.columns[s]
            h = columns[s] @ part.weight.T + part.bias
            if k and s:
                older = torch.cat([part.scale[u] * columns[u] for u in range(s)], 1)
                h = h + torch.relu(older @ part.project.T) @ part.lateral.T
            above.append(torch.relu(h))
        columns = above
    return torch.cat(columns, 1)


def compare_pnn() -> None:
    method = begun("pnn", 2)
    x, _ = batch(2)
    assert torch.allclose(method.net.features(x, 2), pnn_by_equations(method, x, 2), rtol=1e-9)


def test_pnn_is_its_equation_and_sees_older_columns() -> None:
    compare_pnn()


def test_a_pnn_without_adapters_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def alone(column: pnn.Column, x: Tensor) -> Tensor:
        split = column.older * column.width
        x = x.view(len(x), -1, column.area)[:, split : split + column.width]
        return column.stage.product(x.contiguous(), column.weight, column.bias)

    monkeypatch.setattr(pnn.Column, "forward", alone)
    with pytest.raises(AssertionError):
        compare_pnn()


def check_columns(network: str) -> None:
    tasks = make_tasks(size=28) if network == "lenet" else TASKS
    method = make_method("pnn", tasks, network)
    for t in range(3):
        method.begin(t, 2)
        if t < 2:
            method.end(t)
    learning = {name for name, _ in method.named_parameters()}
    assert learning and all(".columns.2." in name or ".heads.2." in name for name in learning), "an old column learns"
    x = next(Inputs(tasks).batches(tasks[0].train, size=4))[0]
    method(x, 2).sum().backward()
    assert all(p.grad is not None for p in method.parameters())


@pytest.mark.parametrize("network", ["mlp", "lenet"])
def test_old_columns_have_no_gradient(network: str) -> None:
    check_columns(network)


def test_old_columns_that_learn_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pnn.PNN, "after_task", lambda method, t: None)
    with pytest.raises(ValueError, match=r"after task index 0 net\.stages\.0\.columns\.0\.weight is still a parameter"):
        check_columns("mlp")
