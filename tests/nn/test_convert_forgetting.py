"""What an old task computes in somebody's own network, to the last bit, while and after new ones are learned."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
import torchvision
from foreign import Branches, FineTuned
from small import HOSTILE, make_tasks
from torch import Tensor, nn

from tfm_lite.nn.convert import TernaryNet, ternary
from tfm_lite.nn.layers import TernaryLayer
from tfm_lite.protocol import Protocol

pytestmark = pytest.mark.long

Forgetting = list[tuple[int, str]]
GROUPS = (3, 2, 4)


class KeptAdamW:
    """One AdamW for all tasks, never reset: it still holds the parameters and moments of the tasks before."""

    def __init__(self) -> None:
        self.adam: torch.optim.Optimizer | None = None

    def __call__(self, parameters: Iterator[nn.Parameter], t: int, protocol: Protocol) -> torch.optim.Optimizer:
        if self.adam is None:
            self.adam = torch.optim.AdamW(parameters, lr=1e-3, weight_decay=0.05)
        else:
            known = {p for group in self.adam.param_groups for p in group["params"]}
            self.adam.add_param_group({"params": [p for p in parameters if p not in known]})
        return self.adam


def sgd(parameters: Iterator[nn.Parameter], t: int, protocol: Protocol) -> torch.optim.Optimizer:
    return torch.optim.SGD(parameters, lr=protocol.lr, momentum=0.9, weight_decay=5e-4)


@pytest.fixture(scope="module")
def batches() -> list[list[tuple[Tensor, Tensor]]]:
    """Two small batches of images and labels for each of three tasks."""
    tasks = make_tasks(channels=3, size=32, groups=GROUPS, noise=30.0)
    found = []
    for task in tasks:
        pixels, labels = task.train.batch(torch.arange(12))
        pairs = zip((pixels.float() / 128 - 1).split(6), labels.split(6), strict=True)
        found.append(list(pairs))
    return found


def forgotten(net: Any, optimizer_of: Callable[..., torch.optim.Optimizer], batches: Any, fractions: Any) -> Forgetting:
    """Learns the tasks by one's own loop; at which step old outputs changed, in their bits, and of which task."""
    kept: list[tuple[Tensor, Tensor]] = []
    changed: Forgetting = []

    def look(when: str) -> None:
        net.eval()
        with torch.no_grad():
            changed.extend((t, when) for t, (x, y) in enumerate(kept) if not torch.equal(net(x, t), y))
        net.train()

    for t, fraction in enumerate(fractions):
        net.grow(classes=GROUPS[t], fraction=fraction)
        look(f"grown for {t}")
        optimizer = optimizer_of((p for p in net.parameters() if p.requires_grad), t, Protocol(lr=0.02))
        net.train()
        for step, (x, y) in enumerate(batches[t]):
            optimizer.zero_grad()
            F.cross_entropy(net(x, t), y).backward()
            optimizer.step()
            look(f"task {t}, step {step}")
        net.keep()
        look(f"kept {t}")
        with torch.no_grad():
            kept.append((batches[t][0][0], net.eval()(batches[t][0][0], t)))
    return changed


@pytest.mark.parametrize(
    "optimizer_of", [lambda: sgd, KeptAdamW], ids=["momentum and weight decay", "AdamW, never reset"]
)
def test_resnet18_forgets_nothing(optimizer_of: Any, batches: Any, tmp_path: Path) -> None:
    """The eight lines of the docstring, three tasks; then saved, filled from the file, and taken out."""
    net = ternary(torchvision.models.resnet18(), head="fc")
    assert not forgotten(net, optimizer_of(), batches, (0.02, 0.03, 0.05))
    assert not list(net.parameters())
    torch.save({"structure": net.structure(), "state": net.state_dict()}, tmp_path / "net.pt")
    saved = torch.load(tmp_path / "net.pt", weights_only=True)
    again = ternary(torchvision.models.resnet18(), head="fc")
    again.rebuild(saved["structure"])
    again.load_state_dict(saved["state"])
    for t in range(3):
        x = batches[t][0][0]
        expected = net.eval()(x, t)
        assert torch.equal(again.eval()(x, t), expected)
        assert torch.equal(net.extract(t)(x), expected) and torch.equal(again.extract(t)(x), expected)


@pytest.mark.parametrize(
    "optimizer_of", [lambda: sgd, KeptAdamW], ids=["momentum and weight decay", "AdamW, never reset"]
)
def test_fine_tuning_forgets_at_once(optimizer_of: Any, batches: Any) -> None:
    narrow = ternary(torchvision.models.resnet18(), head="fc")
    narrow.grow(classes=3, fraction=0.02)
    net = FineTuned(narrow.extract(0).requires_grad_(), "fc")
    changed = forgotten(net, optimizer_of(), batches, (1.0, 1.0, 1.0))
    assert (0, "task 1, step 0") in changed and (1, "task 2, step 0") in changed


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("norm", [True, False])
@pytest.mark.parametrize("pretrained", [True, False])
def test_no_optimizer_reaches_what_is_kept(hostile: str, norm: bool, pretrained: bool, batches: Any) -> None:
    net = ternary(Branches(norm=norm), "head", pretrained=pretrained)
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    fractions = (1.2, 1.5, 1.9) if pretrained else (0.3, 0.6, 1.0)
    assert not forgotten(net, HOSTILE[hostile](), batches, fractions)
    state = net.state_dict()
    for name, tensor in before.items():  # of the pretrained network, batch norms' statistics too
        assert torch.equal(state[name][tuple(map(slice, tensor.shape))], tensor)
    assert len(before) >= 10 * pretrained


@pytest.mark.parametrize(
    ("make", "head", "size"),
    [
        (torchvision.models.mobilenet_v3_small, "classifier.3", 32),
        (torchvision.models.vgg11_bn, "classifier.6", 32),
        (torchvision.models.densenet121, "classifier", 32),
    ],
)
def test_other_networks_forget_nothing(make: Any, head: str, size: int, batches: Any) -> None:
    net = ternary(make(), head)
    assert not forgotten(net, sgd, [pair[:1] for pair in batches], (0.01, 0.015))
    for t in range(2):
        x = batches[t][0][0]
        assert torch.equal(net.eval()(x, t), net.extract(t)(x))


@pytest.mark.parametrize("what", ["weights", "batch norms", "heads"])
def test_what_stays_a_parameter_is_caught(what: str, batches: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each sort of tensor that keep() freezes, left as it was, shows in the check."""
    net = ternary(Branches(norm=True), "head")
    if what == "weights":
        monkeypatch.setattr(TernaryLayer, "keep", lambda layer: setattr(layer, "learning", False))
    else:
        part = net.parts["last" if what == "batch norms" else "head"]
        monkeypatch.setattr(type(part), "keep", lambda part: None)
    try:
        changed = forgotten(net, HOSTILE["a vandal"](), batches, (0.3, 0.6, 1.0))
    except (KeyError, RuntimeError, AttributeError):
        assert what == "weights"  # a layer that was not kept has nothing to go on from
    else:
        assert changed


def test_a_task_may_begin_from_a_copy(batches: Any) -> None:
    """As a search does: the copy learns, what it was copied from stays as it was."""
    net = ternary(Branches(norm=True), "head")
    assert not forgotten(net, sgd, batches, (0.4,))
    x = batches[0][0][0]
    expected, twin = net(x, 0), copy.deepcopy(net)
    assert isinstance(twin, TernaryNet) and not _forgets(twin, batches)
    assert torch.equal(net(x, 0), expected) and torch.equal(twin.eval()(x, 0), expected)
    assert net.classes == [3] and twin.classes == [3, 2]


def _forgets(net: TernaryNet, batches: Any) -> bool:
    before = net.eval()(batches[0][0][0], 0)
    net.grow(classes=2, fraction=0.6)
    F.cross_entropy(net.train()(batches[1][0][0], 1), batches[1][0][1]).backward()
    sgd(net.parameters(), 1, Protocol(lr=0.1)).step()
    net.keep()
    return not torch.equal(net.eval()(batches[0][0][0], 0), before)
