"""Binary masks, written down as the paper does (Eq. 1 and 2), against the small networks that the package keeps."""

from __future__ import annotations

import torch
from small import make_method, make_tasks
from torch import Tensor

from tfm_lite.methods.single import Single
from tfm_lite.train import Inputs


def dense(method: Single, t: int, x: Tensor) -> tuple[Tensor, list[Tensor], list[Tensor]]:
    """The whole network with the masks of task ``t`` multiplied on: logits, its weights, its masks per layer.

    Weights that join features of two tasks are filled with noise: the masks must make them useless.
    """
    nets, tasks = method.nets.double(), len(method.nets)
    h, before = x.flatten(1), torch.ones(x.flatten(1).shape[1], dtype=torch.float64)
    weights, masks = [], [before]
    for i, stage in enumerate(nets[t].stages):
        own = stage.weight.shape[0]
        mask = torch.zeros(own * tasks, dtype=torch.float64)
        mask[own * t : own * (t + 1)] = 1
        weight = torch.randn(own * tasks, len(before), dtype=torch.float64)
        bias = torch.cat([nets[s].stages[i].bias for s in nets]).detach()
        columns = before.bool() if i else torch.ones(len(before), dtype=torch.bool)
        weight[mask.bool().nonzero(), columns.nonzero().T] = stage.weight.detach()
        weight.requires_grad_()
        h = torch.relu((h @ weight.T + bias) * mask)  # Eq. 1
        weights.append(weight)
        masks.append(mask)
        before = mask
    head = nets[t].heads[t]
    return h[:, before.bool()] @ head.weight.T + head.bias, weights, masks


def test_small_networks_are_the_masked_one() -> None:
    tasks = make_tasks(groups=(3, 2, 4))
    method = make_method("binary", tasks, dropout=0.0)
    for task in tasks:
        method.begin(task.index, len(task.classes))
        method.learned += 1  # shapes only: the networks stay trainable
    for task in tasks:
        t = task.index
        x = next(Inputs(tasks).batches(task.test, size=6))[0].double()
        want, weights, masks = dense(method, t, x)
        got = method(x, t)
        assert torch.allclose(want, got, rtol=1e-12)
        layers = [stage.weight for stage in method.nets[t].stages]
        dense_grads = torch.autograd.grad(want.square().sum(), weights)
        grads = torch.autograd.grad(got.square().sum(), layers)
        for i, (full, small) in enumerate(zip(dense_grads, grads, strict=True)):
            allowed = torch.outer(masks[i + 1], masks[i]).bool()  # Eq. 2: m_i and m_j
            assert torch.allclose(full[allowed].view_as(small), small, rtol=1e-10, atol=1e-12)
            assert not full[~allowed].any()


def test_masks_of_two_tasks_share_no_feature_and_most_weights_are_used_by_none() -> None:
    tasks = make_tasks(groups=(3, 2, 4))
    method = make_method("binary", tasks)
    for task in tasks:
        method.begin(task.index, len(task.classes))
        method.end(task.index)
    whole = [stage.features for stage in method.build.stages]
    assert all(3 * own <= features for own, features in zip(method.widths(), whole, strict=True))
    hidden = method.nets[0].stages[1].weight.numel() * 3
    assert hidden <= whole[0] * whole[1] / 3
