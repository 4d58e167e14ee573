"""Networks as somebody else writes them: no stages, no tasks, a forward of their own."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Perceptron(nn.Sequential):
    """Its flattened images, a layer without bias, an activation that writes over what it gets."""

    def __init__(self) -> None:
        first, second = nn.Linear(48, 20), nn.Linear(20, 12, bias=False)
        super().__init__(
            nn.Flatten(), first, nn.Hardswish(inplace=True), second, nn.ELU(inplace=True), nn.Linear(12, 5)
        )


class Convolutions(nn.Module):
    """Every way in which a convolution can be said, without batch normalization; maps are flattened in the end."""

    def __init__(self) -> None:
        super().__init__()
        self.uneven = nn.Conv2d(3, 10, (3, 2), stride=(1, 2), padding=(0, 1))
        self.same = nn.Conv2d(10, 12, (4, 3), padding="same", dilation=(1, 2))
        self.round = nn.Conv2d(12, 8, 3, padding=1, padding_mode="circular", bias=False)
        self.each = nn.Conv2d(8, 8, 3, padding=1, groups=8)
        self.twice = nn.Conv2d(8, 16, 3, stride=2, groups=8, bias=False)
        self.wide = nn.Linear(16 * 4, 14)
        self.head = nn.Linear(14, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.uneven(x), inplace=True)
        x = self.each(self.round(F.silu(self.same(x), inplace=True)).tanh_())
        x = F.adaptive_avg_pool2d(self.twice(F.leaky_relu(x)), 2)
        return self.head(self.wide(x.flatten(1)).mul_(0.5))


class Branches(nn.Module):
    """A concatenation of the input and two layers, convolved densely and depth by depth; a sum; batch norms or none."""

    def __init__(self, *, norm: bool = False) -> None:
        super().__init__()
        self.left, self.right = nn.Conv2d(3, 10, 3, padding=1, bias=not norm), nn.Conv2d(3, 7, 1)
        self.norm = nn.BatchNorm2d(20, eps=1e-3, momentum=0.3) if norm else nn.Identity()
        self.each = nn.Conv2d(20, 20, 3, padding=1, groups=20)
        self.dense = nn.Conv2d(20, 9, 3, padding=1)
        self.more = nn.Conv2d(9, 9, 3, padding=1)
        self.last = nn.BatchNorm1d(9 + 20, affine=False) if norm else nn.Identity()
        self.head = nn.Linear(9 + 20, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(torch.cat([self.left(x), x, self.right(x)], dim=1))
        y, z = F.relu(self.each(x)), F.relu(self.dense(x))
        z = z + self.more(z) * torch.sigmoid(z.mean((2, 3), keepdim=True))
        return self.head(self.last(torch.cat((z, y), 1).amax((2, 3))))


class Tokens(nn.Module):
    """Maps become tokens (images, tokens, features), each of which goes through linear layers."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 12, 4, stride=4)
        self.wide, self.narrow = nn.Linear(12, 18), nn.Linear(18, 12, bias=False)
        self.head = nn.Linear(12, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = x + self.narrow(F.gelu(self.wide(x)))
        return self.head(x[:, 1:].mean(1))


class FineTuned(nn.Module):
    """The ordinary way: every task trains the same weights and has a head of its own."""

    def __init__(self, module: nn.Module, head: str) -> None:
        super().__init__()
        self.module, self.features = module, module.get_submodule(head).in_features
        module.set_submodule(head, nn.Identity())
        self.heads = nn.ModuleDict()

    def grow(self, *, classes: int, fraction: float) -> None:
        self.heads[str(len(self.heads))] = nn.Linear(self.features, classes)

    def keep(self) -> None:
        self.heads[str(len(self.heads) - 1)].requires_grad_(False)

    def forward(self, x: Tensor, t: int) -> Tensor:
        return self.heads[str(t)](self.module(x))
