import torch
from torch import nn


def right(layers, seen, between=nn.ReLU, flatten=nn.Flatten, behind=False, start=0):
    parts, before = [], None
    for k, (weight, bias) in enumerate(layers):
        inputs, outputs = seen[k], seen[k + 1]
        if k:
            parts.append(between())
        if weight.dim() == 2 and before is not None and before.dim() == 4:
            parts.append(flatten())
            inputs *= weight.shape[1] // len(before)
        maps = weight.dim() == 4
        size = (inputs, outputs, weight.shape[2]) if maps else (inputs, outputs)
        part = (nn.Conv2d if maps else nn.Linear)(*size)
        with torch.no_grad():
            part.weight.copy_(weight[:outputs, :inputs])
            part.bias.copy_(bias[:outputs])
        parts.append(part)
        before = weight
    return nn.Sequential(*parts, *([between()] if behind else []))


def wrong_kind(layers, seen):
    net = right(layers, seen)
    return lambda x: net(x)


def wrong_whole(layers, seen):
    """Everything, times 0 where it is not seen."""
    every = [layers[0][0].shape[1], *(len(weight) for weight, _ in layers)]
    masked = []
    for (weight, bias), outputs in zip(layers, seen[1:], strict=True):
        keep = (torch.arange(len(bias)) < outputs).float()
        rows = keep.view(-1, *[1] * (weight.dim() - 1))
        masked.append((rows * weight, keep * bias))
    return right(masked, every)


def wrong_places(layers, seen):
    """One input for each channel."""
    flat = []
    for k, (weight, bias) in enumerate(layers):
        channels = len(layers[k - 1][0]) if k else weight.shape[1]
        flat.append((weight[:, :channels], bias))
    return right(flat, seen)


def wrong_bias(layers, seen):
    net = right(layers, seen)
    for part in net:
        if hasattr(part, "bias"):
            part.bias = None
    return net


def wrong_count(layers, seen):
    return right(layers, [*seen[:-1], seen[-1] - 1])


def wrong_relu(layers, seen):
    return right(layers, seen, between=nn.Identity)


def wrong_last(layers, seen):
    return right(layers, seen, behind=True)


class Inside(nn.Module):
    def forward(self, x):
        return x.permute(0, 2, 3, 1).flatten(1)


def wrong_inside(layers, seen):
    return right(layers, seen, flatten=Inside)


def wrong_shared(layers, seen):
    net = right(layers, seen)
    parts = [part for part in net if hasattr(part, "weight")]
    for part, (weight, _) in zip(parts, layers, strict=True):
        outputs, inputs = part.weight.shape[:2]
        part.weight = nn.Parameter(weight[:outputs, :inputs])
    return net


def wrong_value(layers, seen):
    return right([(weight.flip(0), bias) for weight, bias in layers], seen)
