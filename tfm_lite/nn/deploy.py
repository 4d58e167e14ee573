"""One task's part of a network as plain PyTorch layers, for use without this package's training machinery."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from tfm_lite.nn.feature_norm import Affine
from tfm_lite.nn.layers import Ternary
from tfm_lite.nn.networks import Network
from tfm_lite.nn.product import folded
from tfm_lite.nn.stages import Plain, Stage


@torch.no_grad()
def extract(net: Network[Any], t: int, *, fold: bool = False) -> nn.Sequential:
    """What task ``t`` uses of ``net``, as a sequence of layers from images (B, channels, size, size) to logits.

    The outputs are those of ``net`` in use, bit for bit. The feature normalization of a convolution is in its weights, as in
    use; elsewhere normalization is a step of its own, and ``fold`` multiplies one that stands before the non-linearity into
    the weights: faster, and equal to rounding only. Raises ``ValueError`` if the network or a stage computes in a way of its
    own.

    >>> from tfm_lite.nn.networks import Builder
    >>> build = Builder.of("lenet", channels=1, size=28, tasks=1)
    >>> net = build().eval()
    >>> net.add_head(0, classes=5)
    >>> x = torch.randn(3, 1, 28, 28)
    >>> torch.equal(extract(net, 0)(x), net(x, 0))
    True
    """
    if t not in net.heads:
        raise ValueError(f"task index {t} is not in this network; it has {', '.join(map(str, net.heads))}")
    _check(net, (Network,), "features", "head", "forward")
    layers: list[nn.Module] = []
    for stage in net.stages:
        _check(stage, (Plain, Ternary), "product", "before_activation", "after_pool", "forward")
        weight, bias = (part.clone() for part in stage.used(t))
        norm, before = _norm(stage, t, len(bias))
        if fold and norm and before:
            weight, bias = folded(weight, bias, *_affine(norm))
            norm = None
        layers += _stage(stage.stage, weight, bias, norm, before=before)
    head = net.heads[t]
    sequence = nn.Sequential(*layers, nn.Flatten(), _layer(Stage(0), head.weight.clone(), head.bias.clone()))
    return sequence.eval()


def export_onnx(layers: nn.Module, path: Path, *, channels: int, size: int) -> None:
    """Write extracted layers as an ONNX file for any batch size; needs the optional extra: ``pip install tfm_lite[onnx]``."""
    example = next(layers.parameters()).new_zeros(2, channels, size, size)
    batch = {0: torch.export.Dim("batch", min=1)}
    names: dict[str, Any] = {"input_names": ["images"], "output_names": ["logits"]}
    torch.onnx.export(layers, (example,), str(path), dynamic_shapes=(batch,), dynamo=True, verbose=False, **names)


def _check(part: nn.Module, kinds: tuple[type, ...], *methods: str) -> None:
    """Refuse a network or a stage that computes in a way of its own: nothing is known of what that would be in layers."""
    for name in methods:
        if getattr(type(part), name) not in [getattr(kind, name) for kind in kinds]:
            raise ValueError(f"{type(part).__name__} has a {name} of its own and cannot be turned into plain layers")


def _norm(stage: Any, t: int, features: int) -> tuple[nn.Module | None, bool]:
    """The normalization that task ``t`` uses, if any, and whether it stands before the non-linearity."""
    if stage.stage.norm:
        ours: Any = stage.batch_norms[t] if isinstance(stage, Ternary) else stage.batch_norm
        norm = nn.BatchNorm2d(features, ours.eps) if stage.stage.kernel else nn.BatchNorm1d(features, ours.eps)
        names = "weight", "bias", "running_mean", "running_var"
        values = ours.scale, ours.shift, ours.mean, ours.variance
        norm.load_state_dict(dict(zip(names, values, strict=True)), strict=False)
        return norm.to(ours.mean), True
    if isinstance(stage, Ternary) and t in stage.norm.tasks and not stage.folds:
        return stage.norm.of(t, features), stage.place == "before"
    return None, False


def _affine(norm: Any) -> tuple[Tensor, Tensor]:
    """A normalization in use as a scale and a shift."""
    if isinstance(norm, Affine):
        return norm.scale, norm.shift
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    return scale, norm.bias - norm.running_mean * scale


def _stage(stage: Stage, weight: Tensor, bias: Tensor, norm: nn.Module | None, *, before: bool) -> list[nn.Module]:
    layers: list[nn.Module] = [] if stage.kernel else [nn.Flatten()]
    layers.append(_layer(stage, weight, bias))
    layers += [norm] if norm and before else []
    layers.append(nn.ReLU(inplace=True))  # as in use: with a single feature a new tensor could have other strides
    layers += [nn.MaxPool2d(*stage.pool)] if stage.pool else []
    layers += [norm] if norm and not before else []
    return layers


def _layer(stage: Stage, weight: Tensor, bias: Tensor) -> nn.Module:
    layer: nn.Conv2d | nn.Linear
    if stage.kernel:
        layer = nn.utils.skip_init(
            nn.Conv2d, weight.shape[1], weight.shape[0], stage.kernel, stage.stride, stage.padding
        )
    else:
        layer = nn.utils.skip_init(nn.Linear, weight.shape[1], weight.shape[0])
    layer.weight, layer.bias = nn.Parameter(weight), nn.Parameter(bias)
    return layer
