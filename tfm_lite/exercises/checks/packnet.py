"""Chapter 10: what a task of PackNet uses, and a layer that prunes and puts back, built by hand."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from tfm_lite.exercises.judge import Judge, check
from tfm_lite.exercises.training import learn

INPUTS, FEATURES, TASKS, SHARE = 16, 4, 3, 0.75  # 64 weights, of which tasks keep 16, 12 and 9
RATE = 0.02


@check
def check_used_weights(judge: Judge, used: Any) -> None:
    """Chapter 10: ``used(weight, owner, t)`` are the weights (O, I) with which task ``t``, counted from 0, runs; an owner is
    0 for nobody, and else its task's index plus 1."""
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(5, 6, generator=generator)
    owner = torch.randint(4, (5, 6), generator=generator)
    for t, part in enumerate(("first", "second", "last")):
        with judge.part(part):
            given = weight.clone(), owner.clone()
            got = used(*given, t)
            judge.must(got is not None, "none")
            judge.must(torch.equal(given[0], weight) and torch.equal(given[1], owner), "in_place")
            mine = (owner > 0) & (owner <= t + 1)
            wrong = {
                "free": weight * (owner <= t + 1),
                "alone": weight * (owner == t + 1),
                "late": weight * ((owner > 0) & (owner <= t)),
                "others": weight * (owner > t + 1),
                "mask": mine,
            }
            judge.equal(judge.tensor(got, weight.shape), weight * mine, wrong, given=f"task {t + 1}")


@check
def check_packnet_linear(judge: Judge, make: Any) -> None:
    """Chapter 10: a linear layer without a bias that PackNet shares out: ``make(inputs, features)`` with ``begin()``,
    ``layer(x, t)``, ``restore()`` after every step, ``prune(share)`` between two trainings, and ``keep()``."""
    judge.module(make)
    torch.manual_seed(0)
    layer: Any = make(INPUTS, FEATURES)
    for name in ("begin", "restore", "prune", "keep"):
        judge.must(hasattr(layer, name), "lacks", name=name)
    asked: list[Tensor] = []
    answers: list[Tensor] = []
    before = torch.zeros(FEATURES, INPUTS, dtype=torch.double)  # the weights with which the task before runs
    for t in range(TASKS):
        x, target = torch.randn(8, INPUTS), torch.randn(8, FEATURES)
        with judge.part("learns"):
            layer.begin()
            judge.must(list(layer.parameters()), "nothing")
            start = weights(judge, layer, t)
            learn(layer, x, target, t, rate=RATE, after_step=layer.restore)
            dense = weights(judge, layer, t)
            judge.must(not torch.equal(start, dense), "still")
        with judge.part("prunes"):
            layer.prune(SHARE)
            pruned(judge, before, dense, weights(judge, layer, t))
        with judge.part("again"):
            sparse = weights(judge, layer, t)
            learn(layer, x, target, t, rate=RATE, after_step=layer.restore)
            after = weights(judge, layer, t)
            judge.must(not torch.equal(sparse, after), "still")
            judge.must(not after[sparse == 0].any(), "regrown")
        with judge.part("reuses"):
            old = before != 0
            judge.must(not old.any() or after[old].any(), "alone")
            judge.must(torch.equal(after[old], before[old]), "changed")
        with judge.part("keeps"):
            layer.keep()
            judge.must(not list(layer.parameters()), "left")
            before = weights(judge, layer, t)
            judge.must(torch.allclose(before, after), "lost")
            for s, answer in enumerate(answers):
                moved = (layer(asked[s], s) - answer).abs().max().item()
                judge.must(moved == 0, "moved", task=t + 1, old=s + 1, moved=f"{moved:.2g}")
        asked.append(x)
        answers = [layer(images, s).detach().clone() for s, images in enumerate(asked)]


def weights(judge: Judge, layer: Any, t: int) -> Tensor:
    """The weights (O, I) with which a layer answers, read from what it says of each input alone."""
    return judge.tensor(layer(torch.eye(INPUTS), t), (INPUTS, FEATURES)).T.clone()


def pruned(judge: Judge, before: Tensor, dense: Tensor, sparse: Tensor) -> None:
    """Whether of the weights that the task may move as many are left as the share says, the largest, and no old one went."""
    old = before != 0
    judge.must(sparse[old].all() or not dense[old].any(), "owned")
    free = int((~old).sum())
    left, right = int((sparse[~old] != 0).sum()), free - round(SHARE * free)
    every = dense.numel() - round(SHARE * dense.numel())
    wrong = {free: "unpruned", free - right: "share", every: "of_all"}
    judge.must(left == right, wrong.get(left, "count"), got=left, right=right, free=free)
    sizes = dense[~old].abs()
    stays = sparse[~old] != 0
    judge.must(sizes[stays].min() >= sizes[~stays].max(), "smallest")
