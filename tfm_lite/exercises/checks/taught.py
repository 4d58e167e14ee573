"""Chapter 9: the copy that teaches, and LwF's whole loss."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tfm_lite.exercises.judge import Judge, check

CLASSES = (3, 4, 2)


def drawn(net: nn.Module, seed: int) -> Any:
    """The same network in float64, with weights of this seed."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in net.double().parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=torch.double))
    return net


@check
def check_teacher(judge: Judge, remember: Any) -> None:
    """Chapter 9: ``remember(net)`` is what answers as ``net`` does now, whatever it learns: without dropout, and without a
    gradient; ``net`` itself is left as it was."""
    x = torch.randn(6, 4, generator=torch.Generator().manual_seed(0), dtype=torch.double)

    def made() -> tuple[nn.Module, Any, Tensor]:
        net = drawn(nn.Sequential(nn.Linear(4, 5), nn.Dropout(0.5), nn.Linear(5, 3)), 1)
        with torch.no_grad():
            before = net.eval()(x)
        old = remember(net.train())
        judge.must(old is not None, "none")
        judge.must(callable(old), "kind", asked="a network", kind=type(old).__name__)
        return net, old, before

    def learn(net: nn.Module) -> None:
        judge.must(all(parameter.requires_grad for parameter in net.parameters()), "frozen")
        net(x).square().sum().backward()
        torch.optim.SGD(net.parameters(), lr=0.01, weight_decay=0.1).step()

    with judge.part("answers"):
        _, old, before = made()
        judge.must(torch.equal(old(x), old(x)), "noise")
        judge.equal(judge.tensor(old(x), before.shape), before, given="these images")
    with judge.part("stays"):
        net, old, before = made()
        learn(net)
        judge.equal(judge.tensor(old(x), before.shape), before, cause="moved")
    with judge.part("net"):
        net, _, _ = made()
        learn(net)
        judge.must(all(module.training for module in net.modules()), "asleep")
    with judge.part("silent"):
        judge.must(not made()[1](x).requires_grad, "graph")


class Net(nn.Module):
    """What the answer is given: shared features, a head per task, and a count of how often the shared part has run."""

    def __init__(self, classes: tuple[int, ...], dropout: float = 0.0) -> None:
        super().__init__()
        self.shared, self.dropout, self.passes = nn.Linear(6, 5), nn.Dropout(dropout), 0
        self.heads = nn.ModuleList(nn.Linear(5, count) for count in classes)

    def features(self, x: Tensor) -> Tensor:
        self.passes += 1
        return self.dropout(self.shared(x).relu())


def pair(t: int, dropout: float = 0.0) -> tuple[Net, Any]:
    """The network in its task ``t``, and what it was before the task; nothing in the first."""
    old = drawn(Net(CLASSES[:t], dropout), 2) if t else None
    return drawn(Net(CLASSES[: t + 1]), 1), old if dropout or old is None else old.eval()


def images(t: int) -> tuple[Tensor, Tensor]:
    """A batch of a task, with its labels."""
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(7, 6, generator=generator, dtype=torch.double)
    return x, torch.randint(CLASSES[t], (7,), generator=generator)


def terms(net: Net, old: Any, t: int, temperature: float) -> tuple[Tensor, list[Tensor]]:
    """By hand: the cross-entropy of the new head, and what each old head pays."""
    x, y = images(t)
    h = net.features(x)
    with torch.no_grad():
        before = old.eval().features(x) if t else h
    paid = [
        F.cross_entropy(net.heads[s](h) / temperature, (old.heads[s](before) / temperature).softmax(1).detach())
        for s in range(t)
    ]
    return F.cross_entropy(net.heads[t](h), y), paid


def entropy(t: int, temperature: float) -> Tensor:
    """Of the old heads' softened answers, what each pays at least, in all."""
    _, old = pair(t)
    with torch.no_grad():
        answers = [(old.heads[s](old.features(images(t)[0])) / temperature).softmax(1) for s in range(t)]
    return torch.stack([-(p * p.log()).sum(1).mean() for p in answers]).sum()


def loss_causes(t: int, lam: float, temperature: float) -> dict[str, Tensor]:
    """What the loss is to those who make one mistake; the right one is called so."""
    new, paid = terms(*pair(t), t, temperature)
    other, swapped = torch.stack(paid).sum(), terms(*pair(t), t, 1.0)[1]
    return {
        "right": new + lam * other,
        "one_head": new + lam * paid[-1],
        "first_head": new + lam * paid[0],
        "mean": new + lam * other / t,
        "unweighted": new + other,
        "all_weighted": lam * (new + other),
        "cold": new + lam * torch.stack(swapped).sum(),
        "square": new + lam * temperature**2 * other,
        "divergence": new + lam * (other - entropy(t, temperature)),
        "old_alone": lam * other,
        "new_alone": new,
    }


def slopes(t: int, lam: float, temperature: float) -> tuple[Tensor, Tensor]:
    """By hand, the gradient of the shared weights: of the whole loss, and of the new head's part alone."""
    net, old = pair(t)
    new, paid = terms(net, old, t, temperature)
    both, own = new + lam * torch.stack(paid).sum(), [net.shared.weight]
    return torch.autograd.grad(both, own, retain_graph=True)[0], torch.autograd.grad(new, own)[0]


@check
def check_lwf_loss(judge: Judge, lwf_loss: Any) -> None:
    """Chapter 9: ``lwf_loss(net, old, x, y, t, lam, temperature)`` is the loss of LwF in task ``t``, counted from 0.

    ``net.features(x)`` are the shared features and ``net.heads[s]`` the heads; ``old`` is the copy made before the task, None
    in the first.
    """

    def asked(t: int, net: Net, old: Any, lam: float = 1.5, temperature: float = 2.0) -> Any:
        loss = lwf_loss(net, old, *images(t), t, lam, temperature)
        judge.must(loss is not None, "none")
        return loss

    with judge.part("first"):
        net, _ = pair(0)
        judge.equal(judge.number(asked(0, net, None)), terms(net, None, 0, 2.0)[0], given="a first task")
    with judge.part("value"):
        for t, lam, temperature in (2, 1.5, 2.0), (1, 0.4, 3.0):
            made = {cause: value.detach() for cause, value in loss_causes(t, lam, temperature).items()}
            got = judge.number(asked(t, *pair(t), lam, temperature))
            judge.equal(got, made.pop("right"), made, given=f"task {t + 1}")
    with judge.part("gradient"):
        net, old = pair(2)
        loss = asked(2, net, old)
        judge.must(isinstance(loss, Tensor) and loss.requires_grad, "number")
        loss.backward()
        judge.must(all(parameter.grad is None for parameter in old.parameters()), "taught")
        both, alone = slopes(2, 1.5, 2.0)
        judge.equal(net.shared.weight.grad, both, {"held": alone}, cause="slope")
    with judge.part("once"):
        net, old = pair(2)
        asked(2, net, old)
        judge.must(net.passes == 1 and old.passes == 1, "passes", new=net.passes, old=old.passes)
    with judge.part("quiet"):
        right = loss_causes(2, 1.5, 2.0)["right"].detach()
        judge.equal(judge.number(asked(2, *pair(2, dropout=0.5))), right, cause="noise")
