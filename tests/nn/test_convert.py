"""Somebody's own network made ternary: what it computes, what it grows by, what comes out of it."""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
import torchvision
from foreign import Branches, Convolutions, Perceptron, Tokens
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from tfm_lite.nn import deploy
from tfm_lite.nn.convert import TernaryNet, ternary
from tfm_lite.nn.convert.parts import Reordered, TernaryPart, in_order
from tfm_lite.nn.growth import schedule, search
from tfm_lite.nn.layers import FORWARD_ONLY, MASKED, NORMAL

pytestmark = pytest.mark.filterwarnings(
    "ignore:Using padding='same' with even kernel"
)  # as PyTorch says of its own layer

# name: what makes it, its head, pixels
SMALL: dict[str, tuple[Callable[[], nn.Module], str, int]] = {
    "perceptron": (Perceptron, "5", 4),
    "convolutions": (Convolutions, "head", 16),
    "branches": (Branches, "head", 6),
    "branches with batch norms": (lambda: Branches(norm=True), "head", 6),
    "tokens": (Tokens, "head", 12),
}
LARGE: dict[str, tuple[Callable[[], nn.Module], str]] = {
    "resnet18": (torchvision.models.resnet18, "fc"),
    "mobilenet_v3_small": (torchvision.models.mobilenet_v3_small, "classifier.3"),
    "densenet121": (torchvision.models.densenet121, "classifier"),
}


def images(size: int, *, count: int = 4, seed: int = 0, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(count, 3, size, size, generator=torch.Generator().manual_seed(seed)).to(dtype)


def example(name: str) -> Tensor | None:
    """The small convolutions fit no size of image that is tried; the perceptron would take images for vectors."""
    return images(SMALL[name][2])


def grown(name: str, *, dtype: torch.dtype = torch.float64) -> TernaryNet:
    """A small network that has learned two tasks and learns a third; nothing of it is zero or one."""
    make, head, size = SMALL[name]
    torch.manual_seed(0)
    net = ternary(make(), head, example=example(name)).to(dtype)
    for t, fraction in enumerate((0.3, 0.6, 0.9)):
        net.grow(classes=3 + t, fraction=fraction)
        with torch.no_grad():
            for parameter in net.parameters():
                parameter += 0.1 * torch.randn_like(parameter)
        net.train()(images(size, dtype=dtype), t)  # statistics of batch norms
        if t < 2:
            net.keep()
    return net.eval()


@pytest.mark.parametrize("name", SMALL)
def test_gradients_are_those_of_the_plain_network_for_what_is_new(name: str) -> None:
    net = grown(name)
    plain = net.extract(2).requires_grad_()
    x = images(SMALL[name][2], dtype=torch.float64)
    out, expected = net(x, 2), plain(x)
    torch.testing.assert_close(out, expected)
    for outputs in out, expected:
        (outputs * torch.arange(1.0, 1 + outputs.numel()).view_as(outputs).sin()).sum().backward()
    checked = 0
    for part_name, part in net.layers.items():
        ordinary: Any = plain.get_submodule(part_name)
        ordinary = ordinary[1] if isinstance(ordinary, nn.Sequential) else ordinary
        layer, weight = part.layer, ordinary.weight.grad
        affine = part.norm.affine(2, layer.boundaries[2][1])
        scale = affine[0].detach() if affine else torch.ones(len(weight), dtype=torch.float64)
        by_feature = scale.view(-1, *[1] * (weight.dim() - 1))
        old, known = layer.boundaries[1][1], layer.boundaries[1][0]
        torch.testing.assert_close(layer.rows.grad, (weight * by_feature)[old:])
        if layer.columns.numel():
            torch.testing.assert_close(layer.columns.grad, (weight * by_feature)[:old, known:])
        assert (ordinary.bias is None) == (not part.product.bias)
        if part.product.bias:
            torch.testing.assert_close(layer.new_bias.grad, (ordinary.bias.grad * scale)[old:])
        if affine:
            used, bias = layer.used(2)
            of_scale = (weight * used).flatten(1).sum(1)
            if part.product.bias:
                torch.testing.assert_close(part.norm.tasks[2].shift.grad, ordinary.bias.grad)
                of_scale = of_scale + ordinary.bias.grad * bias
            torch.testing.assert_close(part.norm.tasks[2].scale.grad, of_scale)
        checked += 1
    assert checked == len(net.layers) > 1


class Asked(TorchDispatchMode):
    """Notes the kernel and the stride with which PyTorch is asked for the gradients of a convolution's weights."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[tuple[int, ...], list[int]]] = []

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if function is torch.ops.aten.convolution_backward.default and args[-1][1]:
            self.found.append((tuple(args[2].shape[2:]), args[4]))
        return function(*args, **kwargs or {})


@pytest.mark.parametrize("stride", [2, 3, (1, 2)])
def test_a_kernel_of_one_place_never_steps_where_onednn_would_write_past_its_memory(stride: Any) -> None:
    """In a block of few channels that lie one beside the other, as those of images do here."""
    stepping = nn.Conv2d(8, 12, 1, stride)
    plain = nn.Sequential(nn.Conv2d(3, 8, 3), stepping, nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(48, 2))
    net = ternary(plain, head="4").double()  # not computed by oneDNN: so a failure is no crash
    for t, fraction in enumerate((0.5, 1.0)):
        net.grow(classes=2, fraction=fraction)
        if t == 0:
            net.keep()
    x = images(9, dtype=torch.float64).to(memory_format=torch.channels_last)
    with Asked() as asked:
        net(x, 1).square().sum().backward()
    assert [step for kernel, step in asked.found if kernel == (1, 1)] == [[1, 1]] * 2  # rows and columns
    task = net.extract(1).requires_grad_()
    task(x).square().sum().backward()
    layer, wanted = net.layers["1"].layer, task.get_submodule("1").weight.grad
    known, old = layer.boundaries[0]
    torch.testing.assert_close(layer.rows.grad, wanted[old:])
    torch.testing.assert_close(layer.columns.grad, wanted[:old, known:])


@torch.no_grad()
@pytest.mark.parametrize("name", SMALL)
def test_extracted_tasks_are_plain_modules_with_the_same_bits(name: str) -> None:
    net, x = grown(name, dtype=torch.float32), images(SMALL[name][2])
    for _ in range(2):  # while the last task is learned, and after
        for t in range(3):
            plain = net.extract(t)
            assert type(plain) is type(net.module) and not plain.training
            assert torch.equal(plain(x), net(x, t))
            assert all(type(part).__module__.startswith("torch.") for part in _leaves(plain))
        if net.learned < 3:
            net.keep()
    for parameter in plain.parameters():
        parameter.zero_()
    assert net(x, 2).abs().max() > 0  # a copy: what is done to it does not come back


def _leaves(module: nn.Module) -> list[nn.Module]:
    return [part for part in module.modules() if not list(part.children()) and not isinstance(part, Reordered)]


def test_widths_go_by_the_fraction_and_sums_stay_sums() -> None:
    net = ternary(torchvision.models.resnet18(), head="fc")
    net.grow(classes=2, fraction=0.25)
    assert net.widths[0]["conv1"] == 32 and net.widths[0]["layer4.1.conv2"] == 256
    net.keep()
    net.grow(classes=4, fraction=0.36)
    first, last = net.extract(0), net.extract(1)
    assert (first.conv1.in_channels, first.conv1.out_channels, first.fc.in_features) == (3, 32, 256)
    assert (last.bn1.num_features, last.layer2[0].conv1.in_channels, last.layer2[0].conv1.out_channels) == (38, 38, 77)
    assert (last.fc.in_features, last.fc.out_features) == (307, 4)


def test_groups_of_a_depthwise_convolution_grow_with_what_they_see() -> None:
    net = ternary(torchvision.models.mobilenet_v3_small(), head="classifier.3")
    net.grow(classes=2, fraction=0.25)
    plain = net.extract(0)
    depthwise = plain.features[2].block[1][0]
    assert depthwise.groups == depthwise.in_channels == depthwise.out_channels == 36 and depthwise.bias is None
    assert plain.features[2].block[1][1].eps == 1e-3  # the author's, not PyTorch's


@pytest.mark.parametrize("name", [*LARGE, "branches", "branches with batch norms", "convolutions"])
def test_a_pretrained_network_is_what_a_task_starts_from(name: str) -> None:
    """Before anything is learned all old features are there, each in its place, in the first task and in later ones."""
    make, head, size = (*LARGE[name], 64) if name in LARGE else SMALL[name]
    torch.manual_seed(0)
    module = make().double()
    with torch.no_grad():
        for tensor in (*module.parameters(), *module.buffers()):
            if tensor.dim() == 1:  # biases and all of batch norms: as they are made they are zeros and ones
                tensor.add_(0.1 * torch.rand_like(tensor))
    module.eval()
    x = images(size, count=2, dtype=torch.float64)
    net = ternary(module, head, pretrained=True, example=x if name in SMALL else None).eval()
    kept = {k: v.clone() for k, v in net.state_dict().items()}
    expected = _into(module, head, module, x)
    assert not list(net.parameters())
    for t, fraction in enumerate((1.3, 1.8) if name in SMALL else (1.1, 1.2)):
        net.grow(classes=2, fraction=fraction)
        sizes = [[run.size(w) for run in net.parts[head].features.runs] for w in net.widths[-2:]]
        old = in_order(sizes)[: sum(sizes[0])]
        assert sum(sizes[1]) > len(old) == expected.shape[1]
        torch.testing.assert_close(_into(net.module, head, lambda x, t=t: net(x, t), x)[:, old], expected)
        with torch.no_grad():
            for parameter in net.parameters():
                parameter += 0.01 * torch.randn_like(parameter)
        before, expected = expected, _into(net.module, head, lambda x, t=t: net(x, t), x)
        assert not torch.allclose(expected[:, old], before)
        net.keep()
    state = net.state_dict()
    for key, value in kept.items():  # all that was there is there, in the corner of what has grown
        assert torch.equal(state[key][tuple(map(slice, value.shape))], value)
    assert (net.masks(0)[next(iter(net.layers))] == FORWARD_ONLY).any()
    for parameter, before in zip(module.parameters(), copy.deepcopy(module).parameters(), strict=True):
        assert torch.equal(parameter, before)


def _into(module: nn.Module, head: str, forward: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """What goes into the head of ``module`` in one forward."""
    seen: list[Tensor] = []
    hook = module.get_submodule(head).register_forward_pre_hook(lambda _, args: seen.append(args[0].detach()))
    with torch.no_grad():
        forward(x)
    hook.remove()
    return seen[0]


def test_batch_norms_learn_as_their_author_said() -> None:
    net, x = ternary(Branches(norm=True), "head"), images(6)
    net.grow(classes=2, fraction=0.5)
    plain = net.extract(0).train()
    plain(x)
    net.train()(x, 0)
    for name, eps, momentum in ("norm", 1e-3, 0.3), ("last", 1e-5, 0.1):
        norm = plain.get_submodule(name)
        assert (norm.eps, norm.momentum) == (eps, momentum) and norm.running_mean.abs().max() > 0
        torch.testing.assert_close(net.extract(0).get_submodule(name).running_mean, norm.running_mean)


def test_masks_are_ternary_views_of_the_growth() -> None:
    net = grown("branches")
    assert list(net.masks(1)) == ["left", "right", "each", "dense", "more"]
    mask, widths = net.masks(1)["left"], [widths["left"] for widths in net.widths]
    assert mask.dtype == torch.int8 and len(mask) == widths[2]
    spans = (0, widths[0], FORWARD_ONLY), (widths[0], widths[1], NORMAL), (widths[1], widths[2], MASKED)
    assert all(bool((mask[a:b] == state).all()) and a < b for a, b, state in spans)


def test_storage_counts_every_tensor_that_is_kept() -> None:
    net = grown("branches with batch norms")
    net.keep()
    storage = net.storage()
    assert storage.pop("masks") == 4 * 3 * 5
    assert sum(storage.values()) == sum(t.numel() * t.element_size() for t in net.state_dict().values())
    assert storage["heads"] == sum(8 * (w["head"] * (net.parts["head"].features.size(w) + 1)) for w in net.widths)
    assert all(storage.values())


@pytest.mark.parametrize("learning", [True, False])
@pytest.mark.parametrize("pretrained", [True, False])
def test_a_fresh_network_is_filled_from_a_file(learning: bool, pretrained: bool, tmp_path: Path) -> None:
    make, head, size = SMALL["branches with batch norms"]
    net = ternary(make(), head, pretrained=pretrained)
    for t in range(2):
        net.grow(classes=3, fraction=pretrained + 0.3 * (t + 1))
        net.train()(images(size), t)
        if t == 0 or not learning:
            net.keep()
    torch.save({"structure": json.loads(json.dumps(net.structure())), "state": net.state_dict()}, tmp_path / "net.pt")
    saved = torch.load(tmp_path / "net.pt", weights_only=True)
    again = ternary(make(), head, pretrained=pretrained)
    again.rebuild(saved["structure"])
    again.load_state_dict(saved["state"])
    assert again.structure() == net.structure() and again.storage() == net.storage()
    assert [p.shape for p in again.parameters()] == [p.shape for p in net.parameters()]
    for t in range(2):
        assert torch.equal(net.eval()(images(size), t), again.eval()(images(size), t))
        assert torch.equal(net(images(size), t), again.extract(t)(images(size)))
    with pytest.raises(ValueError, match="only a fresh net"):
        again.rebuild(saved["structure"])
    with pytest.raises(ValueError, match=f"pretrained={pretrained}"):
        ternary(make(), head, pretrained=not pretrained).rebuild(saved["structure"])


def test_a_layer_without_bias_never_has_one() -> None:
    net = grown("perceptron")
    assert "3" in net.layers and net.extract(2).get_submodule("3").bias is None
    learned = {name for name, _ in net.named_parameters()}
    assert {"module.3.layer.rows", "module.3.norm.tasks.2.scale", "module.1.norm.tasks.2.shift"} <= learned
    assert not learned & {"module.3.layer.new_bias", "module.3.norm.tasks.2.shift"}


def test_the_first_task_has_no_feature_normalization_and_what_batch_norm_follows_never() -> None:
    net = grown("branches with batch norms")
    assert {name for name, part in net.layers.items() if 1 in part.norm.tasks} == {
        "left",
        "right",
        "each",
        "dense",
        "more",
    }
    assert not any(0 in part.norm.tasks for part in net.layers.values())
    resnet = ternary(torchvision.models.resnet18(), head="fc", pretrained=True)
    resnet.grow(classes=2, fraction=1.1)
    assert not any(part.norm.tasks for part in resnet.layers.values())


def test_growth_by_features_is_handed_on_to_what_is_added() -> None:
    net = ternary(Branches(), "head")
    net.grow(classes=2, features={"left": 4, "right": 2, "more": 3})
    assert net.widths[0] == {"left": 4, "right": 2, "each": 4 + 3 + 2, "dense": 3, "more": 3, "head": 2}
    net.keep()
    net.grow(classes=2, features={"right": 9})
    assert net.widths[1]["right"] == 9 and net.widths[1]["each"] == 4 + 3 + 9 and net.widths[1]["left"] == 4
    with pytest.raises(ValueError, match="fraction or by features"):
        TernaryNet.grow(ternary(Branches(), "head"), classes=2)


@pytest.mark.parametrize(
    ("how", "word"),
    [
        ({"features": {"left": 4, "right": 2}}, "dense, more are not said"),
        ({"features": {"left": 4, "right": 2, "dense": 3, "more": 4}}, "more and dense together.*4 and 3"),
        ({"features": {"left": 4, "up": 2}}, "up is not a layer.*left, right, dense, more"),
        ({"features": {"left": 0, "right": 2, "dense": 3}}, "features of left.*at least 1"),
        ({"fraction": 1.5}, "at most 1, not 1.5"),
        ({"fraction": 0.0}, "above 0"),
        ({"fraction": 0.5, "classes": 0}, "classes.*at least 1"),
        ({"fraction": 0.5, "features": {"left": 4}}, "one of the two"),
    ],
)
def test_growth_that_cannot_be_is_refused_and_changes_nothing(how: dict[str, Any], word: str) -> None:
    net = ternary(Branches(), "head")
    with pytest.raises(ValueError, match=word):
        net.grow(**{"classes": 2, **how})
    assert not net.classes and not list(net.parameters())
    assert net.grow(classes=2, fraction=0.5) == 0


def test_a_network_only_grows_and_one_task_after_the_other() -> None:
    net = ternary(Branches(), "head")
    with pytest.raises(ValueError, match="call grow"):
        net.keep()
    net.grow(classes=2, fraction=0.5)
    with pytest.raises(ValueError, match="index 0 is still being learned; call keep"):
        net.grow(classes=2, fraction=0.6)
    net.keep()
    with pytest.raises(ValueError, match="only grows: left has 7 features, not 5"):
        net.grow(classes=2, fraction=0.25)
    with pytest.raises(ValueError, match="task index 1 is not in this network, which has 1 tasks"):
        net(images(6), 1)
    pretrained = ternary(Branches(), "head", pretrained=True)
    with pytest.raises(ValueError, match=r"1\.05 with 5 % more.*not 0\.05"):
        pretrained.grow(classes=2, fraction=0.05)


def test_a_search_keeps_the_smallest_that_is_good_enough_as_it_was_trained() -> None:
    gains = {0.3: 0.5, 0.35: 0.79, 0.45: 0.8, 0.4: 0.79}

    def train(net: TernaryNet, t: int) -> float:
        assert net.learned == t and net is not start
        with torch.no_grad():
            for parameter in net.parameters():
                parameter += 1
        trained.append(net)
        return gains[round(net.fractions[t], 3)]

    start, trained = ternary(Perceptron(), "5", example=images(4)), list[TernaryNet]()
    net = search(start, train, classes=3, start=0.3)
    assert net is trained[0] and not start.classes and net.fractions == [0.3]
    net.keep()
    start, trained = net, []
    net = search(start, train, classes=2, growths=(0.0, 0.05, 0.1, 0.15), margin=0.02)
    assert [other.fractions[-1] for other in trained] == pytest.approx([0.3, 0.35, 0.4, 0.45])
    assert net is trained[1] and net.classes == [3, 2] and start.classes == [3]
    net.keep()
    net.grow(classes=2, features={"1": 19})
    net.keep()
    with pytest.raises(ValueError, match="by features"):
        search(net, train, classes=2)
    with pytest.raises(ValueError, match=r"validation accuracy.*55"):
        search(ternary(Perceptron(), "5", example=images(4)), lambda net, t: 55.0, classes=2)
    net = ternary(Perceptron(), "5", pretrained=True, example=images(4))
    assert search(net, lambda net, t: 0.5, classes=2, growths=(0.1, 0.2)).fractions == [1.1]


def test_conversion_leaves_the_module_and_the_random_numbers_alone() -> None:
    module, before = Branches(norm=True), None
    before, state = copy.deepcopy(module), torch.get_rng_state()
    net = ternary(module, "head", pretrained=True)
    net.grow(classes=3, fraction=1.1)
    net.train()(images(6), 0).sum().backward()
    net.keep()
    assert torch.equal(torch.get_rng_state(), state)
    for name, tensor in before.state_dict().items():
        assert torch.equal(module.state_dict()[name], tensor)
    assert all(p.grad is None for p in module.parameters()) and module.training
    assert not any(isinstance(part, TernaryPart) for part in module.modules())


def test_new_weights_are_as_widely_spread_as_the_authors() -> None:
    module = Branches()
    for scale, part in (3.0, module.dense), (0.5, module.head), (0.0, module.more):
        nn.init.normal_(part.weight, std=scale / part.weight[0].numel() ** 0.5)
    net = ternary(module, "head", pretrained=False)
    for fraction in 0.4, 1.0:
        net.grow(classes=200, fraction=fraction)
        dense = net.layers["dense"].layer
        for new in dense.rows, dense.columns:
            if new.numel():
                assert new.std().item() * dense.rows[0].numel() ** 0.5 == pytest.approx(3.0, rel=0.15)
        assert not net.layers["more"].layer.rows.any()
        head = net.extract(len(net.classes) - 1).head.weight
        assert head.std().item() * head.shape[1] ** 0.5 == pytest.approx(0.5, rel=0.15)
        net.keep()


def test_a_seed_means_the_same_weights() -> None:
    def weights(seed: int) -> Tensor:
        torch.manual_seed(0)
        net = ternary(Branches(), "head", seed=seed)
        net.grow(classes=3, fraction=0.5)
        return torch.cat([p.detach().flatten() for p in net.parameters()])

    assert torch.equal(weights(1), weights(1)) and not torch.equal(weights(1), weights(2))


def test_threads_may_be_at_different_tasks() -> None:
    """The one waits in the middle of its forward until the other has gone all through it."""
    entered, done, results = threading.Event(), threading.Event(), dict[int, Tensor]()

    class Waiting(nn.Sequential):
        def forward(self, x: Tensor) -> Tensor:
            x = self[0](x)
            if threading.current_thread().name == "slow":
                entered.set()
                assert done.wait(20)
            return self[2](self[1](x).relu())

    net = ternary(Waiting(nn.Linear(5, 8), nn.Linear(8, 8), nn.Linear(8, 3)), "2")
    for fraction in (0.4, 0.8):
        net.grow(classes=2, fraction=fraction)
        net.keep()
    x = torch.randn(4, 5)
    expected = [net(x, t) for t in range(2)]
    slow = threading.Thread(target=lambda: results.update({0: net(x, 0)}), name="slow")
    slow.start()
    assert entered.wait(20)
    results[1] = net(x, 1)
    done.set()
    slow.join()
    assert all(torch.equal(results[t], expected[t]) for t in range(2))
    with pytest.raises(ValueError, match=r"outside net\(x, t\)"):
        net.module(x)


def test_autocast_learns_too() -> None:
    net = grown("convolutions", dtype=torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        loss = F.cross_entropy(net(images(16), 2), torch.tensor([0, 1, 2, 3]))
    loss.backward()
    assert all(p.grad is not None and bool(p.grad.isfinite().all()) for p in net.parameters() if p.numel())
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(net(images(16), 0), net.extract(0)(images(16)))


def test_an_extracted_task_goes_to_onnx(tmp_path: Path) -> None:
    pytest.importorskip("onnxscript")
    onnxruntime = pytest.importorskip("onnxruntime")
    net = grown("branches with batch norms", dtype=torch.float32)
    deploy.export_onnx(net.extract(1), tmp_path / "task.onnx", channels=3, size=6)
    session = onnxruntime.InferenceSession(tmp_path / "task.onnx")
    (logits,) = session.run(None, {"images": images(6).numpy()})
    torch.testing.assert_close(torch.from_numpy(logits), net(images(6), 1).detach(), rtol=1e-4, atol=1e-4)


def test_the_schedule_is_for_anybody() -> None:
    assert schedule(3) == pytest.approx([0.55, 0.775, 1.0])
