"""Table 1 and the paper's two figures of memory, recomputed; and our account against what a method really keeps."""

from __future__ import annotations

import pytest
import torchvision
from conftest import make_method, tasks_for

from tfm_lite import memory, results
from tfm_lite.networks import stages_of

ALEXNET = memory.size_of(stages_of("alexnet"), as_printed=True)


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
    method = make_method("tfm", tasks, "lenet", grow="schedule", start=1.0)
    for task in tasks:
        method.begin(task.index, len(task.classes))
        method.grow(task.index, 1.0)
        method.end(task.index)
    kept, net = method.storage(), memory.size_of(method.build.stages, channels=1, size=28)
    assert kept["masks"] + kept["norm"] == memory.overhead("tfm, boundaries", net, len(tasks))


def test_errors_name_the_remedy() -> None:
    with pytest.raises(ValueError, match="known are"):
        memory.overhead("nobody", ALEXNET, 4)
    with pytest.raises(ValueError, match="not 0"):
        memory.overhead("tfm", ALEXNET, 0)
