"""Table 1 and the paper's two figures of memory, recomputed; and our accounts against what a method really keeps."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision
from small import SMALL, make_method, make_tasks, quick_options, tasks_for

from tfm_lite import memory, methods, train
from tfm_lite.checkpoint import Checkpoint
from tfm_lite.datasets.tasks import Task
from tfm_lite.methods.base import Method
from tfm_lite.nn.networks import Builder, stages_of
from tfm_lite.nn.stages import Stage
from tfm_lite.runs import results
from tfm_lite.train import Protocol

ACCOUNTS = json.loads(Path(__file__).with_name("accounts.json").read_text())
ALEXNET = memory.size_of(stages_of("alexnet"), as_printed=True)


def through(method: Method, tasks: Iterable[Task]) -> Method:
    """The method in the shape it has after these tasks; no weight learns anything."""
    for task in tasks:
        method.begin(task.index, len(task.classes))
        method.reshape(task.index, {})
        method.end(task.index)
    return method


def test_alexnet_is_torchvisions() -> None:
    theirs = torchvision.models.alexnet()
    weights = [p.numel() for name, p in theirs.named_parameters() if name.endswith("weight")]
    assert memory.size_of(stages_of("alexnet")).weights == sum(weights[:-1])


@pytest.mark.parametrize(("network", "row"), [("alexnet", "AlexNet"), ("vgg16", "VGGNet")])
def test_table_1_features_are_as_printed(network: str, row: str) -> None:
    (printed,) = [r for r in results.published("table_1") if r["network"] == row]
    assert memory.size_of(stages_of(network), size=64).features == int(printed["features"])


def test_table_1_weights_of_alexnet_are_printed_without_input_channels() -> None:
    (printed,) = [r for r in results.published("table_1") if r["network"] == "AlexNet"]
    assert ALEXNET.weights == int(printed["weights"])
    assert memory.size_of(stages_of("alexnet")).weights != ALEXNET.weights


@pytest.mark.parametrize(("method", "printed"), [("packnet", 27.3), ("tfm", 0.2)])
def test_four_tasks_on_alexnet_cost_what_section_4_2_says(method: str, printed: float) -> None:
    assert round(memory.overhead(method, ALEXNET, 4) / 1e6, 1) == printed


def test_with_feature_normalization_on_task_1_it_would_cost_more_than_printed() -> None:
    extra = 2 * 4 * ALEXNET.features
    assert round((memory.overhead("tfm", ALEXNET, 4) + extra) / 1e6, 1) != 0.2


def test_boundaries_are_what_tfm_keeps() -> None:
    """A real network at full width from the first task on: the account of masks and FN is exact."""
    tasks = tasks_for("lenet")
    method = through(make_method("tfm", tasks, "lenet", grow="schedule", start=1.0), tasks)
    kept, net = method.storage(), memory.size_of(method.build.stages, channels=1, size=28)
    assert kept["masks"] + kept["norm"] == memory.overhead("tfm, boundaries", net, len(tasks))


def test_the_rule_of_thumb_knows_every_method_of_the_paper() -> None:
    assert set(ACCOUNTS["alexnet"]) == set(memory.IN_USE | memory.TRAINING) & set(methods.names()) | {"pnn"}


@pytest.mark.parametrize("network", ACCOUNTS)
def test_it_is_what_was_once_counted_by_hand(network: str) -> None:
    """Formulas of each method's own, since given up, came to these numbers; AlexNet for ten tasks, LeNet-5 for four."""
    channels, size, classes = (3, 224, [100] * 10) if network == "alexnet" else (1, 28, [3, 2, 4, 3])
    build = Builder(stages_of(network), channels=channels, size=size, tasks=len(classes))
    for name, account in ACCOUNTS[network].items():
        assert memory.kept(name, build, classes) == account, name


def test_some_methods_counted_by_hand() -> None:
    """An MLP of 7 and 5 features on 3x3 pixels with two channels; tasks of 2, 3 and 4 classes."""
    build = Builder((Stage(7), Stage(5)), channels=2, size=3, tasks=3)
    weights, biases, heads = 7 * 18 + 5 * 7, 7 + 5, 2 * 6 + 3 * 6 + 4 * 6
    network = {"weights": 4 * (weights + biases), "heads": 4 * heads}
    copies = {"copies": 4 * (weights + biases), "importances": 4 * (weights + biases)}
    assert memory.kept("finetune", build, [2, 3, 4]) == network
    assert memory.kept("ewc", build, [2, 3, 4]) == network | copies
    assert memory.kept("packnet", build, [2, 3, 4]) == network | {"masks": weights}
    bits = math.ceil(7 * 18 / 8) + math.ceil(5 * 7 / 8)
    assert memory.kept("piggyback", build, [2, 3, 4]) == network | {"masks": 2 * bits}
    assert memory.kept("hat", build, [2, 3, 4]) == network | {"masks": 4 * 12, "embeddings": 4 * 12 * 3}
    assert memory.kept("wsn", build, [2, 3, 4]) == network | {"masks": 3 * bits, "scores": 4 * weights}
    old = {"copies": 4 * (weights + biases + 2 * 6 + 3 * 6)}  # the network before the last task
    assert memory.kept("lwf", build, [2, 3, 4]) == network | old
    grown = memory.kept("tfm", build, [2, 3, 4], fractions=[0.25, 0.5, 1.0])  # widths 4 and 2, 5 and 4, 7 and 5
    heads = 2 * (2 + 1) + 3 * (4 + 1) + 4 * (5 + 1)
    norm = 2 * (5 + 4) + 2 * (7 + 5)
    wanted = {"weights": network["weights"], "heads": 4 * heads, "masks": 4 * 2 * 3, "norm": 4 * norm}
    assert grown == wanted
    assert memory.added("finetune", build, [2, 3, 4]) == [4 * (weights + biases + 2 * 6), 4 * 3 * 6, 4 * 4 * 6]


@pytest.mark.parametrize("network", SMALL)
@pytest.mark.parametrize("name", methods.names())
def test_it_is_what_storage_says_to_the_byte(name: str, network: str) -> None:
    _, channels, size = SMALL[network]
    tasks = make_tasks(channels=channels, size=size, groups=(3, 2, 4, 3), per_class=4)
    method = make_method(name, tasks, network)
    for task in tasks:
        through(method, [task])
        stored = {role: size for role, size in method.storage().items() if size}
        assert memory.kept(name, method.build, method.classes) == stored
        assert sum(memory.added(name, method.build, method.classes)) == sum(stored.values())


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("single", {"fraction": 0.3}),
        ("binary", {"fraction": 0.5}),
        ("pnn", {"width": 2.0}),
        ("imm_mode", {"merge": False}),
        ("wsn", {"scores": "new"}),
        ("tfm", {"grow": "schedule", "start": 0.2, "which": "old", "of": "features"}),
    ],
)
def test_options_that_change_what_is_kept_are_in_the_account(name: str, options: dict[str, Any]) -> None:
    tasks = tasks_for("lenet")
    method = through(make_method(name, tasks, "lenet", **options), tasks)
    assert memory.kept(name, method.build, method.classes, **options) == method.storage()
    assert memory.kept(name, method.build, method.classes) != method.storage()


@pytest.mark.parametrize("name", methods.names())
@pytest.mark.long
def test_a_real_checkpoint_weighs_what_the_account_says(name: str, tmp_path: Path) -> None:
    """Tasks learned for an epoch each, growth by search; the file from which the run would go on, within 1 %."""
    tasks = make_tasks(channels=3, size=64, groups=(2, 2, 2), per_class=2)
    method = methods.get(name)(Builder.of("alexnet_64", tasks=tasks), **quick_options(name, 0.1, 0.2))
    train.run(method, tasks, protocol=Protocol(epochs=1, batch=64, lr=0.001), checkpoint=Checkpoint(tmp_path))
    shapes = {name: value for name, value in method.structure().items() if name not in ("classes", "learned")}
    account = sum(memory.kept(name, method.build, method.classes, **shapes).values())
    assert (tmp_path / "task.pt").stat().st_size == pytest.approx(account, rel=0.01)


def test_rounding_feature_normalization_touches_nothing_else() -> None:
    tasks = tasks_for("lenet")
    method, other = (through(make_method("tfm", tasks, "lenet", grow="schedule"), tasks) for _ in range(2))
    for name, tensor in method.state_dict().items():
        if method.role(name) == "norm":
            tensor += 1 / 3
    x = torch.rand(4, tasks.channels, tasks.size, tasks.size)
    logits = method.predict(x, 1)  # now there are slices with the scales in them
    rounded = memory.rounded(method, torch.bfloat16)
    before, after = method.state_dict(), rounded.state_dict()
    for name, tensor in before.items():
        if method.role(name) == "norm":
            assert torch.equal(after[name], tensor.bfloat16().float()) and not torch.equal(after[name], tensor)
        else:
            assert torch.equal(after[name], tensor)
    other.load_state_dict(after)
    assert torch.equal(rounded.predict(x, 1), other.predict(x, 1))
    assert torch.equal(rounded.predict(x, 0), method.predict(x, 0))  # the first task has none
    assert torch.equal(method.predict(x, 1), logits) and not torch.equal(rounded.predict(x, 1), logits)


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (12, "12 B"),
        (999.9, "1 kB"),
        (2_340, "2.34 kB"),
        (27_273_856, "27.3 MB"),
        (2.2e9, "2.2 GB"),
        (1.234e12, "1.23 TB"),
    ],
)
def test_bytes_in_words(count: float, words: str) -> None:
    assert memory.in_words(count) == words


def test_errors_name_the_remedy() -> None:
    with pytest.raises(ValueError, match="known are"):
        memory.overhead("nobody", ALEXNET, 4)
    with pytest.raises(ValueError, match="not 0"):
        memory.overhead("tfm", ALEXNET, 0)
    build = Builder.of("mlp", channels=1, size=12, tasks=2)
    with pytest.raises(ValueError, match="there is no method 'nobody'; the methods are"):
        memory.kept("nobody", build, [2])
    with pytest.raises(ValueError, match="tfm has no option 'fractoins'"):
        memory.kept("tfm", build, [2], fractoins=[0.5])
    with pytest.raises(ValueError, match="one task or more"):
        memory.kept("tfm", build, [])
