"""What cannot become ternary is refused by its name, with the remedy, before anything is trained."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
import torchvision
from foreign import Branches
from torch import Tensor, nn

from tfm_lite.nn.convert import CannotGrow, ternary


class Net(nn.Module):
    """Two convolutions, what stands between them, and a head; ``forward`` is replaced."""

    def __init__(self, between: nn.Module | None = None, **more: Any) -> None:
        super().__init__()
        self.first, self.second, self.head = (
            nn.Conv2d(3, 8, 3, padding=1),
            nn.Conv2d(8, 8, 3, padding=1),
            nn.Linear(8, 4),
        )
        self.between = between or nn.Identity()
        for name, part in more.items():
            setattr(self, name, part)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.second(self.between(self.first(x))).mean((2, 3)))


def test_a_vision_transformer_is_refused_by_name() -> None:
    with pytest.raises(CannotGrow) as refusal:
        ternary(torchvision.models.vit_b_16(), head="heads.head")
    lines = str(refusal.value).splitlines()
    assert lines[0] == "this VisionTransformer cannot become ternary:" and len(lines) == 5
    assert "- class_token (a parameter of VisionTransformer itself)" in lines[1]
    assert "- encoder.pos_embedding (a parameter of Encoder itself)" in lines[2]
    assert "encoder.layers.encoder_layer_0.ln_1" in lines[3] and "and 23 more (LayerNorm)" in lines[3]
    assert "BatchNorm1d" in lines[3]  # the remedy
    assert "encoder_layer_0.self_attention" in lines[4] and "attention mixes all features" in lines[4]


class Sub(nn.Conv2d):
    def forward(self, input: Tensor) -> Tensor:
        return super().forward(input) * 2


STATEFUL: dict[str, tuple[Callable[[], nn.Module], str]] = {
    "LayerNorm": (lambda: nn.LayerNorm(8), r"between \(LayerNorm\): .*BatchNorm"),
    "GroupNorm": (lambda: nn.GroupNorm(2, 8), r"between \(GroupNorm\): .*BatchNorm"),
    "instance norm": (lambda: nn.InstanceNorm2d(8, affine=True), r"between \(InstanceNorm2d\): .*affine=False"),
    "PReLU": (lambda: nn.PReLU(), r"between \(PReLU\): .*LeakyReLU"),
    "transposed convolution": (lambda: nn.ConvTranspose2d(8, 8, 1), r"between \(ConvTranspose2d\): .*in front of"),
    "attention": (lambda: nn.MultiheadAttention(8, 2), r"between \(MultiheadAttention\): .*attention"),
    "transformer": (lambda: nn.TransformerEncoderLayer(8, 2), r"between \(TransformerEncoderLayer\): .*in front of"),
    "frozen batch norm": (lambda: torchvision.ops.FrozenBatchNorm2d(8), "pretrained=True it is frozen"),
    "no statistics": (
        lambda: nn.BatchNorm2d(8, track_running_stats=False),
        "between .*track_running_stats=False.*track them",
    ),
    "no momentum": (lambda: nn.BatchNorm2d(8, momentum=None), "between .*momentum=None.*0.1"),
    "groups": (lambda: nn.Conv2d(8, 8, 1, groups=4), "between .*4 groups.*groups=1 or groups=in_channels"),
    "a subclass": (lambda: Sub(8, 8, 1), r"between \(Sub\): .*use nn.Conv2d itself"),
    "weight norm": (lambda: nn.utils.parametrizations.weight_norm(nn.Conv2d(8, 8, 1)), "without parametrizations"),
    "spectral norm": (lambda: nn.utils.spectral_norm(nn.Conv2d(8, 8, 1)), "a hook on it"),
}


@pytest.mark.parametrize("case", STATEFUL)
def test_what_holds_state_is_refused_with_the_remedy(case: str) -> None:
    make, word = STATEFUL[case]
    with pytest.raises(CannotGrow, match=word):
        ternary(Net(make()), "head")


def test_parameters_and_buffers_of_a_module_itself_are_refused() -> None:
    net = Net()
    net.scale = nn.Parameter(torch.ones(1))
    net.between.register_buffer("mean", torch.zeros(3))
    with pytest.raises(CannotGrow) as refusal:
        ternary(net, "head")
    assert "- scale (a parameter of Net itself)" in str(refusal.value) and "make it the weight of a layer" in str(
        refusal.value
    )
    assert "between" in str(refusal.value) and len(str(refusal.value).splitlines()) == 3


def test_layers_that_are_used_twice_or_tied_are_refused() -> None:
    class Twice(Net):
        def forward(self, x: Tensor) -> Tensor:
            return self.head(self.second(self.second(self.first(x))).mean((2, 3)))

    shared, tied = Net(), Net()
    shared.between = shared.second
    tied.between = nn.Conv2d(8, 8, 3, padding=1)
    tied.between.weight = tied.second.weight
    for net, word in (
        (Twice(), "second is used twice in one forward"),
        (shared, "second, between are one layer under several names"),
        (tied, "second.weight, between.weight are one tensor under several names"),
    ):
        with pytest.raises(CannotGrow, match=word):
            ternary(net, "head")


@pytest.mark.parametrize(
    ("head", "word"),
    [
        ("fc", "'fc' is not there; .*it has head"),
        ("second", "'second' is a Conv2d.*it has head"),
        ("", "'' is not there"),
    ],
)
def test_a_head_that_is_none_is_refused(head: str, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        ternary(Net(), head)


def test_what_has_nothing_to_grow_or_has_grown_already_is_refused() -> None:
    with pytest.raises(CannotGrow, match="no layer that could grow"):
        ternary(nn.Sequential(nn.Flatten(), nn.Linear(4, 2)), "1")
    net = ternary(Branches(), "head")
    for again in (net, net.module, nn.Sequential(net, nn.Linear(5, 2))):
        with pytest.raises(CannotGrow, match="left is ternary already"):
            ternary(again, "1")
    with pytest.raises(CannotGrow, match="unused is never used by the forward"):
        ternary(Net(unused=nn.Linear(3, 3)), "head")


# What is done to 8 features between the two layers, and what is said of it.
MIXING: dict[str, tuple[Callable[[Tensor], Tensor], str]] = {
    "shuffled": (
        lambda x: x.view(len(x), 2, 4, *x.shape[2:]).transpose(1, 2).flatten(1, 2),
        r"features of first go through view",
    ),
    "flipped": (lambda x: x.flip(1), r"flip\(\)"),
    "cut": (lambda x: torch.cat(x.chunk(2, 1)[::-1], 1), r"chunk\(\)"),
    "a part": (lambda x: torch.cat([x[:, :4], x[:, :4]], 1), r"getitem\(\)"),
    "chosen by a list": (lambda x: x[:, [1, 0, 2, 3, 4, 5, 6, 7]], r"getitem\(\)"),
    "padded": (lambda x: F.pad(x[:, :, :, :], (0, 0, 0, 0, 1, -1)), r"pad\(\)"),
    "mixed": (lambda x: x.softmax(1), r"softmax\(\)"),
    "multiplied": (lambda x: (x.transpose(1, 3) @ torch.ones(8, 8, device=x.device)).transpose(1, 3), r"matmul\(\)"),
    "averaged": (lambda x: x.mean(1, keepdim=True).expand(-1, 8, -1, -1), r"mean\(\)"),
    "written into": (
        lambda x: torch.zeros_like(x).index_copy_(1, torch.arange(8, device=x.device), x),
        "zeros_like|index_copy",
    ),
    "assigned": (lambda x: _assigned(torch.zeros(x.shape, device=x.device), x), "setitem"),
    "added to what is fixed": (
        lambda x: x + torch.ones(8, 1, 1, device=x.device),
        "first with a tensor of fixed size 8",
    ),
    "across": (
        lambda x: x.permute(0, 2, 3, 1)[:, :8, :, :].contiguous().transpose(1, 1),
        "second dimension of what goes into second",
    ),
    "behind our back": (lambda x: _unseen(x), "second comes from a layer on a way that cannot be followed"),
    "by a function of one's own": (lambda x: Flip.apply(x), r"flip\(\)"),
    "normalized over features": (lambda x: F.layer_norm(x.transpose(1, 3), (8,)).transpose(1, 3), r"layer_norm\(\)"),
}


class Flip(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.flip(1)


def _unseen(x: Tensor) -> Tensor:
    with torch._C.DisableTorchFunction():
        return x.flip(1)


def _assigned(to: Tensor, x: Tensor) -> Tensor:
    to[:] = x
    return to


class Does(nn.Module):
    def __init__(self, what: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.what = what

    def forward(self, x: Tensor) -> Tensor:
        return self.what(x)


@pytest.mark.parametrize("case", MIXING)
def test_what_would_mix_features_is_refused_by_the_function(case: str) -> None:
    what, word = MIXING[case]
    with pytest.raises(CannotGrow, match=word):
        ternary(Net(Does(what)), "head", example=torch.zeros(1, 3, 8, 8))


KEEPING: dict[str, Callable[[Tensor], Tensor]] = {
    "operators": lambda x: (1 - x) * 2 + x / 3 - (-x) ** 2,
    "in place": lambda x: x.mul(2).add_(1).relu_().mul_(x),
    "there and back": lambda x: (
        x.permute(0, 2, 3, 1).reshape(-1, x.shape[1]).view(len(x), *x.shape[2:], -1).movedim(-1, 1)
    ),
    "gates": lambda x: x * x.mean((2, 3), keepdim=True).sigmoid() * torch.where(x > 0, x, 0.1 * x),
    "pools": lambda x: F.interpolate(F.max_pool2d(F.pad(x, (1, 1, 1, 1)), 2), size=x.shape[2:]) + F.instance_norm(x),
    "positions": lambda x: x[:, :, 1:-1, ::2].unsqueeze(1).squeeze(1)[..., :2],
    "a map over all": lambda x: x + torch.ones(8, 8, device=x.device).unsqueeze(0),
}


@pytest.mark.parametrize("case", KEEPING)
def test_what_leaves_features_whole_is_followed(case: str) -> None:
    net = ternary(Net(Does(KEEPING[case])), "head", example=torch.zeros(1, 3, 8, 8))
    for fraction in 0.2, 0.5:
        net.grow(classes=2, fraction=fraction)
        net.keep()
    x = torch.randn(3, 3, 8, 8)
    assert all(torch.equal(net(x, t), net.extract(t)(x)) for t in range(2))
    assert [widths["second"] for widths in net.widths] == [4, 6]


def test_sums_that_would_not_meet_are_refused() -> None:
    class Sum(Net):
        def forward(self, x: Tensor) -> Tensor:
            both = torch.cat([self.first(x), self.between(x)], 1)
            return self.head((both + self.second(both)).mean((2, 3)))

    net = Sum(nn.Conv2d(3, 4, 1), second=nn.Conv2d(12, 12, 1), head=nn.Linear(12, 4))
    with pytest.raises(
        CannotGrow, match=r"features of first and between and of second together.*not stand in the same order"
    ):
        ternary(net, "head")

    class Input(Net):
        def forward(self, x: Tensor) -> Tensor:
            return self.head(self.second(torch.cat([x, x], 1) + self.first(x)).mean((2, 3)))

    with pytest.raises(CannotGrow, match="first with a tensor of fixed size 6"):
        ternary(Input(first=nn.Conv2d(3, 6, 1), second=nn.Conv2d(6, 8, 1)), "head")


class Numbers(Net):
    """Widths written down where the tensors would say them."""

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.adaptive_avg_pool2d(self.second(self.first(x)), 1).view(-1, 8))


class Branching(Net):
    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        return self.head((self.second(x) if x.shape[1] == 8 else x).mean((2, 3)))


def test_a_forward_that_cannot_run_at_other_widths_is_refused_when_it_grows_and_nothing_has_grown() -> None:
    for make, fraction, word in (
        (Numbers, 0.5, "after second it says|widths do not meet at head"),
        (Numbers, 0.3, "after second it says|widths do not meet at head"),
        (Branching, 0.5, "does not call second"),
    ):
        net = ternary(make(), "head")
        with pytest.raises(CannotGrow, match=word):
            net.grow(classes=2, fraction=fraction)
        assert not list(net.parameters()) and not net.classes
        assert net.grow(classes=2, fraction=1.0) == 0  # as it was written


def test_a_layer_held_by_something_else_than_the_module_is_refused() -> None:
    for held, word in ("first", "second comes from a layer on a way"), ("second", r"first go through conv2d\(\)"):

        class Held(Net):
            def forward(self, x: Tensor, held: str = held) -> Tensor:
                x = self.call(x) if held == "first" else self.first(x)
                return self.head((self.call(x) if held == "second" else self.second(x)).mean((2, 3)))

        net = Held()
        layer = getattr(net, held)
        net.call = lambda x, layer=layer: layer(x)
        with pytest.raises(CannotGrow, match=word):
            ternary(net, "head", example=torch.zeros(1, 3, 8, 8))

    class Listed(Net):
        def __init__(self) -> None:
            super().__init__()
            self.list = [self.first, self.second]  # is found in the copy, too

        def forward(self, x: Tensor) -> Tensor:
            for layer in self.list:
                x = layer(x)
            return self.head(x.mean((2, 3)))

    net = ternary(Listed(), "head")
    net.grow(classes=2, fraction=0.5)
    net(torch.randn(2, 3, 8, 8), 0).sum().backward()
    assert all(p.grad is not None for p in net.parameters() if p.numel())

    class Weight(Net):
        def forward(self, x: Tensor) -> Tensor:
            return self.head(self.second(F.conv2d(x, self.first.weight, padding=1)).mean((2, 3)))

    with pytest.raises(CannotGrow, match=r"uses first\.weight itself"):
        ternary(Weight(), "head")


def test_widths_that_do_not_meet_in_use_are_told_by_the_layer() -> None:
    net = ternary(Net(), "head")
    net.grow(classes=2, fraction=0.5)
    with pytest.raises(ValueError, match="do not meet at first: 4 features come in, and it sees 3"):
        net(torch.zeros(2, 4, 8, 8), 0)


def test_an_example_is_asked_for_where_no_size_of_image_fits() -> None:
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(4 * 9 * 7, 8), nn.ReLU(), nn.Linear(8, 2))
    with pytest.raises(CannotGrow, match=r"give example=.*(reduction dim|cannot be multiplied)"):
        ternary(net, "4")
    made = ternary(net, "4", example=torch.zeros(5, 3, 11, 9))
    made.grow(classes=2, fraction=0.5)
    assert made(torch.zeros(5, 3, 11, 9), 0).shape == (5, 2)
    assert made.extract(0)[2].in_features == 3 * 9 * 7


class Looks(Net):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x if x.sum() > 0 else x + 1)


def test_a_forward_that_looks_at_values_needs_an_example() -> None:
    with pytest.raises(CannotGrow, match="give example="):
        ternary(Looks(), "head")
    net = ternary(Looks(), "head", example=torch.ones(1, 3, 8, 8))
    net.grow(classes=2, fraction=0.5)
    assert net(torch.ones(2, 3, 8, 8), 0).shape == (2, 2)
