"""EWC, SI, MAS and IMM against what their papers' equations say, written down slowly in float64.

Each comparison is also run on the errors known from public implementations, and must fail there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from small import SHORT, make_method, make_tasks
from torch import Tensor

from tfm_lite import methods, train
from tfm_lite.datasets.tasks import Split, Task, TaskSequence
from tfm_lite.methods import ewc, imm_mode, importance, mas, si
from tfm_lite.methods.base import Method
from tfm_lite.train import Fit, Inputs

Weights = list[Tensor]


class Double(Inputs):
    """The same inputs in float64."""

    def __call__(self, images: Tensor, generator: torch.Generator | None = None) -> Tensor:
        return super().__call__(images, generator).double()


def shared(method: Method) -> Weights:
    """A copy of the shared weights: W1, b1, W2, b2, ..."""
    return [weight.detach().clone() for weight in method.net.stages.parameters()]


def buffers(module: torch.nn.Module) -> Weights:
    return [tensor.clone() for tensor in module.buffers()]


def head(method: Method, t: int) -> Weights:
    return [parameter.detach().clone() for parameter in method.net.heads[t].parameters()]


def logits(x: Tensor, weights: Sequence[Tensor], last: Sequence[Tensor]) -> Tensor:
    """A multi-layer perceptron with ReLU, written down."""
    h = x.flatten(1)
    for weight, bias in zip(weights[::2], weights[1::2], strict=True):
        h = torch.clamp(h @ weight.T + bias, min=0)
    return h @ last[0].T + last[1]


def log_likelihood(x: Tensor, y: Tensor, weights: Sequence[Tensor], last: Sequence[Tensor]) -> Tensor:
    """The sum of log p(y | x) over the images."""
    z = logits(x, weights, last)
    return sum(z[i, y[i]] - z[i].exp().sum().log() for i in range(len(y)))  # type: ignore[return-value]


def images(tasks: TaskSequence, split: Split) -> tuple[Tensor, Tensor]:
    x, y = split.batch(torch.arange(len(split)))
    return Double(tasks)(x), y


def fisher(tasks: TaskSequence, task: Task, weights: Weights, last: Weights) -> Weights:
    """E[(d log p(y | x) / d weight) ** 2], one image at a time."""
    x, y = images(tasks, task.train)
    total = [torch.zeros_like(weight) for weight in weights]
    for i in range(len(y)):
        leaves = [weight.clone().requires_grad_() for weight in weights]
        log_likelihood(x[i : i + 1], y[i : i + 1], leaves, last).backward()
        for sum_of_squares, leaf in zip(total, leaves, strict=True):
            sum_of_squares += leaf.grad**2
    return [sum_of_squares / len(y) for sum_of_squares in total]


def sensitivity(tasks: TaskSequence, task: Task, weights: Weights, last: Weights) -> Weights:
    """MAS: E[|d ||F(x)||^2 / d weight|], one image at a time."""
    x, _ = images(tasks, task.train)
    total = [torch.zeros_like(weight) for weight in weights]
    for i in range(len(x)):
        leaves = [weight.clone().requires_grad_() for weight in weights]
        (logits(x[i : i + 1], leaves, last) ** 2).sum().backward()
        for sum_of_sizes, leaf in zip(total, leaves, strict=True):
            sum_of_sizes += leaf.grad.abs()
    return [sum_of_sizes / len(x) for sum_of_sizes in total]


def same(what: str, found: Sequence[Tensor], wanted: Sequence[Tensor], *, rel: float = 1e-9) -> None:
    """Fails, naming ``what``, unless all tensors agree in float64."""
    assert len(found) == len(wanted)
    for a, b in zip(found, wanted, strict=True):
        assert a.dtype == torch.float64 and a.shape == b.shape
        scale = b.abs().max().clamp(min=1e-300)
        assert b.abs().max() > 0 and (a - b).abs().max() <= rel * scale, f"{what}: off by {(a - b).abs().max() / scale}"


class Recorder:
    """A ``fit`` that remembers the shared weights as training leaves them, before the method goes on."""

    def __init__(self, fit: Fit) -> None:
        self.fit, self.inputs, self.seed = fit, fit.inputs, fit.seed

    def __call__(self) -> None:
        self.fit()
        self.weights, self.head = shared(self.fit.method), head(self.fit.method, self.fit.t)


Trained = list[tuple[Weights, Weights]]  # per task: the shared weights and the head as training left them


def learn(name: str, tasks: TaskSequence, **options: Any) -> tuple[Any, Trained]:
    method, trained = make_method(name, tasks, **options).double(), []
    for task in tasks:
        method.begin(task.index, len(task.classes))
        fit = Recorder(Fit(method, tasks[: task.index + 1], Double(tasks), protocol=SHORT))
        method.learn(task, fit)  # type: ignore[arg-type]
        method.end(task.index)
        trained.append((fit.weights, fit.head))
    return method, trained


def check_penalty(method: Any, strength: float, t: int) -> None:
    """The penalty ``strength * sum(importance * (w - old) ** 2)`` and its gradient, somewhere off the old weights."""
    torch.manual_seed(0)
    with torch.no_grad():
        for weight in method.net.stages.parameters():
            weight += 0.01 * torch.randn_like(weight)
    triples = list(zip(shared(method), buffers(method.old), buffers(method.importance), strict=True))
    value = sum((factor * (weight - old) ** 2).sum() for weight, old, factor in triples)
    found = method.penalty(t)
    same("penalty", [found.detach()], [strength * torch.as_tensor(value)])
    parameters = list(method.net.stages.parameters())
    if found.requires_grad:
        gradients = torch.autograd.grad(found, parameters)
    else:  # SI adds it itself to what backward left
        for parameter in parameters:
            parameter.grad = torch.zeros_like(parameter)
        method.after_backward(t)
        gradients = tuple(parameter.grad for parameter in parameters)
    same("its gradient", gradients, [2 * strength * factor * (weight - old) for weight, old, factor in triples])


# EWC


def check_ewc(tasks: TaskSequence) -> None:
    method, trained = learn("ewc", tasks)
    per_task = [fisher(tasks, task, *found) for task, found in zip(tasks, trained, strict=True)]
    means = [sum(values) / len(tasks) for values in zip(*per_task, strict=True)]
    same("Fisher", buffers(method.importance), means)
    same("anchor", buffers(method.old), trained[-1][0])
    check_penalty(method, 250 / 2, len(tasks))


def test_ewc_agrees_with_its_equations(tasks: TaskSequence) -> None:
    check_ewc(tasks)


def fisher_of_batches(*arguments: Any, batch: int) -> Weights:
    return importance.fisher(*arguments, batch=20)


def fisher_of_the_batchs_sum(method: Method, task: Task, fit: Any, *, batch: int) -> Weights:
    """The gradient of a batch's mean loss, squared, and called a mean of squares."""
    return [value * 20 for value in importance.fisher(method, task, fit, batch=20)]


@pytest.mark.parametrize("wrong", [fisher_of_batches, fisher_of_the_batchs_sum])
def test_squared_means_of_batches_are_caught(wrong: Any, tasks: TaskSequence, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ewc, "fisher", wrong)
    with pytest.raises(AssertionError, match="Fisher"):
        check_ewc(tasks)


def test_a_fisher_that_is_replaced_is_caught(tasks: TaskSequence, monkeypatch: pytest.MonkeyPatch) -> None:
    def learn_and_replace(method: ewc.EWC, task: Task, fit: Any) -> None:
        fit()
        news = importance.fisher(method, task, fit)
        with torch.no_grad():
            for (weight, old, merged), new in zip(method.shared(), news, strict=True):
                old.copy_(weight)
                merged.copy_(new)

    monkeypatch.setattr(ewc.EWC, "learn", learn_and_replace)
    with pytest.raises(AssertionError, match="Fisher"):
        check_ewc(tasks)


@pytest.mark.parametrize("factor", [2.0, 0.0])
def test_a_wrong_factor_of_the_penalty_is_caught(
    factor: float, tasks: TaskSequence, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = importance.Anchored.penalty
    monkeypatch.setattr(importance.Anchored, "penalty", lambda method, t: factor * right(method, t))
    with pytest.raises(AssertionError, match="penalty"):
        check_ewc(tasks)


def test_fisher_of_one_batch_is_its_squared_mean_gradient() -> None:
    """HAT's variant: one gradient per batch. The whole task as one batch does not depend on the order."""
    tasks = make_tasks(groups=(3,))
    method, [(weights, last)] = learn("ewc", tasks, batch=1000)
    x, y = images(tasks, tasks[0].train)
    leaves = [weight.clone().requires_grad_() for weight in weights]
    (log_likelihood(x, y, leaves, last) / len(y)).backward()
    same("Fisher", buffers(method.importance), [leaf.grad**2 for leaf in leaves])


# SI

LR, C, DAMPING = 0.05, 2.0, 0.01


def walk(tasks: TaskSequence) -> tuple[Weights, Weights]:
    """Learn with SI, written down: weights and importances after a few steps on each task."""
    method = make_method("finetune", tasks, dropout=0.0).double()
    weights = shared(method)
    total = [torch.zeros_like(weight) for weight in weights]  # Omega
    for task in tasks:
        method.begin(task.index, len(task.classes))
        last = head(method, task.index)
        method.end(task.index)
        start, path = [weight.clone() for weight in weights], [torch.zeros_like(weight) for weight in weights]  # omega
        for x, y in Double(tasks).batches(task.train, size=8):
            leaves = [tensor.clone().requires_grad_() for tensor in (*weights, *last)]
            (-log_likelihood(x, y, leaves[:-2], leaves[-2:]) / len(y)).backward()
            for k in range(len(weights)):
                gradient = leaves[k].grad
                movement = -LR * (gradient + 2 * C * total[k] * (weights[k] - start[k]))
                weights[k] = weights[k] + movement
                path[k] = path[k] - gradient * movement
            last = [tensor - LR * leaf.grad for tensor, leaf in zip(last, leaves[-2:], strict=True)]
        for k in range(len(weights)):
            moved = weights[k] - start[k]
            total[k] = torch.clamp(total[k] + path[k] / (moved**2 + DAMPING), min=0)
    return weights, total


def check_si(tasks: TaskSequence) -> None:
    method = make_method("si", tasks, dropout=0.0, c=C, damping=DAMPING).double()
    for task in tasks:
        method.begin(task.index, len(task.classes))
        optimizer = torch.optim.SGD(method.parameters(), lr=LR)
        for x, y in Double(tasks).batches(task.train, size=8):
            train.step(method, optimizer, x, y, task.index)
        method.end(task.index)
    weights, total = walk(tasks)
    same("weights", shared(method), weights)
    same("importance", buffers(method.importance), total)
    assert not any(tensor.any() for tensor in buffers(method.path)), "the path integral of a task begins at zero"
    check_penalty(method, C, len(tasks))


def test_si_agrees_with_its_equations(tasks: TaskSequence) -> None:
    check_si(tasks)


AFTER_BACKWARD = si.SI.after_backward


def the_whole_gradient(method: Any, t: int) -> None:
    """The penalty's gradient is taken for the data's, too."""
    AFTER_BACKWARD(method, t)
    method.gradients = [weight.grad.clone() for weight, *_ in method.shared()]


def a_path_of_positive_steps(method: Any, t: int) -> None:
    """The sign of every step is dropped."""
    with torch.no_grad():
        parts = zip(method.shared(), method.gradients, method.work, method.path.buffers(), strict=True)
        for (weight, *_), gradient, (_, before), path in parts:
            path += (gradient * (weight - before)).abs()


def a_path_that_goes_on(right: Callable[..., None]) -> Callable[..., None]:
    """The path integral is not set back."""

    def after_task(method: Any, t: int) -> None:
        kept = buffers(method.path)
        right(method, t)
        for path, value in zip(method.path.buffers(), kept, strict=True):
            path.copy_(value)

    return after_task


@pytest.mark.parametrize(
    ("hook", "wrong"),
    [
        ("after_backward", the_whole_gradient),
        ("after_step", a_path_of_positive_steps),
        ("after_task", a_path_that_goes_on(si.SI.after_task)),
    ],
)
def test_a_wrong_path_integral_is_caught(
    hook: str, wrong: Any, tasks: TaskSequence, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(si.SI, hook, wrong)
    with pytest.raises(AssertionError, match=r"weights|importance"):
        check_si(tasks)


@pytest.mark.parametrize(
    "protocol",
    [train.Protocol(optimizer="adam", lr=0.01), train.Protocol(momentum=0.9, weight_decay=0.1)],
    ids=["adam", "momentum and weight decay"],
)
def test_the_path_is_that_of_any_optimizer(protocol: train.Protocol, tasks: TaskSequence) -> None:
    """Its movement is what the weights really did, its gradient the data's, clipped or not."""
    method: Any = make_method("si", tasks, dropout=0.0, c=C).double()
    for t in range(2):
        method.begin(t, len(tasks[t].classes))
        stepper, wanted = protocol.fresh(method.parameters()), [torch.zeros_like(weight) for weight in shared(method)]
        for x, y in Double(tasks).batches(tasks[t].train, size=8):
            before = shared(method)
            parameters = list(method.net.stages.parameters())
            gradients = torch.autograd.grad(method.loss(x, y, t)[0], parameters)
            whole = [g + 2 * C * f * (w - o) for g, (w, o, f) in zip(gradients, method.shared(), strict=True)]
            train.step(method, stepper, x, y, t, clip=1e-3)
            assert sum(part.detach().square().sum() for part in whole) > 1e-3**2, "clipping does nothing here"
            for path, gradient, start, end in zip(wanted, gradients, before, shared(method), strict=True):
                path -= gradient * (end - start)
        same("path", buffers(method.path), wanted)
        method.end(t)


def test_the_path_ends_where_the_kept_weights_are(tasks: TaskSequence) -> None:
    method: Any = make_method("si", tasks)
    method.begin(0, 3)
    seen: list[tuple[float, Weights, Weights]] = []

    def look(method: Any, report: train.Epoch) -> None:
        seen.append((report.valid_loss, shared(method), buffers(method.path)))

    protocol = train.Protocol(epochs=2, batch=16, lr=0.5, clip=1e4)  # so high that the second epoch is the worse
    Fit(method, tasks[:1], Inputs(tasks), protocol=protocol, on_epoch=look)()
    (best_loss, weights, path), (last_loss, _, last_path) = seen
    assert best_loss < last_loss
    assert all(torch.equal(a, b) for a, b in zip(shared(method), weights, strict=True))
    assert all(torch.equal(a, b) for a, b in zip(buffers(method.path), path, strict=True))
    assert not any(torch.equal(a, b) for a, b in zip(buffers(method.path), last_path, strict=True))


# MAS


def check_mas(tasks: TaskSequence, **options: Any) -> None:
    method, trained = learn("mas", tasks, **options)
    per_task = [sensitivity(tasks, task, *found) for task, found in zip(tasks, trained, strict=True)]
    merged = per_task[0]
    for new in per_task[1:]:
        alpha = options.get("alpha", 0.5)
        old_share, new_share = (1.0, 1.0) if alpha is None else (alpha, 1 - alpha)
        merged = [old_share * a + new_share * b for a, b in zip(merged, new, strict=True)]
    same("importance", buffers(method.importance), merged)
    same("anchor", buffers(method.old), trained[-1][0])
    check_penalty(method, method.strength, len(tasks))


@pytest.mark.parametrize("options", [{}, {"alpha": None}, {"alpha": 0.2}])
def test_mas_agrees_with_its_equations(options: dict[str, Any], tasks: TaskSequence) -> None:
    check_mas(tasks, **options)


@pytest.mark.parametrize("mutation", ["one gradient per batch", "not squared", "signed"])
def test_a_wrong_sensitivity_is_caught(mutation: str, tasks: TaskSequence, monkeypatch: pytest.MonkeyPatch) -> None:
    right = importance.mean_of_gradients

    def wrong(method: Any, task: Task, fit: Any, value: Any, of: Any) -> Weights:
        if mutation == "one gradient per batch":
            return right(method, task, fit, value, of, batch=8)
        if mutation == "not squared":
            return right(method, task, fit, lambda x, y: method(x, task.index).norm(dim=1), of)
        return right(method, task, fit, value, lambda gradient: gradient)

    monkeypatch.setattr(mas, "mean_of_gradients", wrong)
    with pytest.raises(AssertionError, match="importance"):
        check_mas(tasks)


# IMM


def check_imm(name: str, tasks: TaskSequence, **options: Any) -> None:
    method, trained = learn(name, tasks, **options)
    networks = [weights for weights, _ in trained]
    if name == "imm_mean":
        wanted = [sum(values) / len(tasks) for values in zip(*networks, strict=True)]
    else:
        wanted = [torch.zeros_like(weight) for weight in networks[0]]
        fishers = [fisher(tasks, task, *found) for task, found in zip(tasks, trained, strict=True)]
        for k in range(len(wanted)):
            total = sum(f[k] for f in fishers)
            weighted = sum(f[k] * network[k] for f, network in zip(fishers, networks, strict=True))
            mean = sum(network[k] for network in networks) / len(tasks)
            wanted[k] = torch.where(total == 0, mean, weighted / total)
    same("merged", shared(method), wanted)
    same("anchor", buffers(method.old), wanted)
    moved = max((a - b).abs().max().item() for a, b in zip(shared(method), networks[-1], strict=True))
    assert moved > 1e-4, "merged: the merge changes nothing"


@pytest.mark.parametrize("name", ["imm_mean", "imm_mode"])
def test_imm_agrees_with_its_equations(name: str, tasks: TaskSequence) -> None:
    check_imm(name, tasks)


def test_a_merge_that_changes_nothing_is_caught(tasks: TaskSequence, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when the merged value is bound to a loop's variable and never written back."""
    with pytest.raises(AssertionError, match="merged"):
        check_imm("imm_mode", tasks, merge=False)
    ones = imm_mode.IMMMean.shares
    monkeypatch.setattr(imm_mode.IMMMean, "shares", lambda *a: [torch.ones_like(share) for share in ones(*a)])
    with pytest.raises(AssertionError, match="merged"):
        check_imm("imm_mean", tasks)


def test_the_mean_in_place_of_the_mode_is_caught(tasks: TaskSequence, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imm_mode.IMMMode, "shares", imm_mode.IMMMean.shares)
    with pytest.raises(AssertionError, match="merged"):
        check_imm("imm_mode", tasks)


def test_without_a_merge_it_is_l2_transfer(tasks: TaskSequence) -> None:
    method, trained = learn("imm_mode", tasks, merge=False, lam=0.3)
    assert all(torch.equal(a, b) for a, b in zip(shared(method), trained[-1][0], strict=True))
    assert "importances" not in method.storage()
    old = buffers(method.old)
    with torch.no_grad():
        for weight in method.net.stages.parameters():
            weight += 0.1 * torch.randn_like(weight)
    differences = [weight - anchor for weight, anchor in zip(shared(method), old, strict=True)]
    value = sum((difference**2).sum() for difference in differences)
    penalty = method.penalty(3)
    same("penalty", [penalty.detach()], [0.3 / 2 * torch.as_tensor(value)])
    gradients = torch.autograd.grad(penalty, list(method.net.stages.parameters()))
    same("its gradient", gradients, [0.3 * difference for difference in differences])


# All


PLAIN = ["ewc", "si", "mas", "imm_mean", "imm_mode"]


@pytest.mark.parametrize("name", PLAIN)
def test_the_first_task_is_learned_as_by_finetuning(name: str, tasks: TaskSequence) -> None:
    def predictions(name: str) -> Tensor:
        method = make_method(name, tasks)
        train.learn(method, tasks[:1], Inputs(tasks), protocol=SHORT)
        return method.predict(next(Inputs(tasks).batches(tasks[0].test))[0], 0)

    assert torch.equal(predictions(name), predictions("finetune"))


@pytest.mark.parametrize("name", PLAIN)
def test_only_the_networks_own_weights_learn(name: str, tasks: TaskSequence) -> None:
    method = make_method(name, tasks)
    method.begin(0, 3)
    assert {n for n, _ in method.named_parameters()} == {f"net.{n}" for n, _ in method.net.named_parameters()}
    weights = sum(4 * parameter.numel() for parameter in method.net.stages.parameters())
    kept = {"copies": weights, "importances": weights if name != "imm_mean" else 0}
    kept |= {"path integrals": weights} if name == "si" else {}
    storage = method.storage()
    assert all(storage.get(role, 0) == size for role, size in kept.items())
    assert storage["weights"] == weights
    assert methods.get(name).paper
