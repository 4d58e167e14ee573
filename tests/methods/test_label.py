"""Without a task label: rules on heads whose answers are known; temperatures and gates against their definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from small import SHORT, make_method, make_tasks, quick_options
from torch import Tensor, nn

from tfm_lite import methods, train
from tfm_lite.datasets.inputs import Inputs
from tfm_lite.datasets.tasks import TaskSequence
from tfm_lite.methods import label
from tfm_lite.methods.base import Method
from tfm_lite.methods.label import Gate, Seen

TASKS = make_tasks(groups=(3, 2, 4))
CLEAR = make_tasks(groups=(3, 2, 4), noise=5.0)  # pictures that a linear classifier tells apart


def begun(name: str, tasks: TaskSequence = TASKS) -> Method:
    """A method in the shape that it has after these tasks; no weight learns anything."""
    method = make_method(name, tasks, **quick_options(name))
    for task in tasks:
        method.begin(task.index, len(task.classes))
        method.reshape(task.index, {})
        method.end(task.index)
    return method


def answers(*heads: list[list[float]]) -> list[Tensor]:
    return [torch.tensor(head) for head in heads]


@pytest.mark.parametrize("name", methods.names())
def test_every_head_of_every_method_answers_from_what_it_is_given(name: str) -> None:
    method, inputs = begun(name), Inputs(TASKS)
    x, _ = next(iter(inputs.batches(TASKS[0].test)))
    logits, features = label.passes(method, x)
    assert [each.shape[1] for each in logits] == [3, 2, 4]
    modules = dict(method.named_modules())
    for t, (answer, given) in enumerate(zip(logits, features, strict=True)):
        assert torch.equal(answer, method.predict(x, t))
        heads = [modules[m] for m in modules if f".{m}".endswith(f".heads.{t}")]
        products = [F.linear(given, head.weight, head.bias) for head in heads if head.in_features == given.shape[1]]
        assert any(torch.allclose(product, answer, atol=1e-6) for product in products)
    assert not any(module._forward_pre_hooks for module in modules.values())


def test_a_method_without_heads_is_refused() -> None:
    class Headless(Method):
        def forward(self, x: Tensor, t: int) -> Tensor:
            return x.flatten(1)[:, : self.classes[t]]

    method = Headless(make_method("finetune", TASKS).build)
    method.begin(0, 3)
    with pytest.raises(
        ValueError, match=r"task index 0 of Headless was answered by no module heads\.0: .* head per task"
    ):
        label.passes(method, torch.zeros(2, 1, 12, 12))


def test_rules_choose_the_head_that_is_sure() -> None:
    logits = answers([[9.0, 0, 0], [0, 0, 0]], [[0.0, 0], [5, 0]])
    for scores in (label.entropy(logits), label.energy(logits), label.maximum(logits, [1, 1])):
        assert scores.argmax(1).tolist() == [0, 1]


def test_rules_are_what_they_are_called() -> None:
    logits = answers([[1.0, 2, 0.5]], [[0.0, 0]])
    p = np.exp([1.0, 2, 0.5]) / np.exp([1.0, 2, 0.5]).sum()
    assert label.entropy(logits)[0].tolist() == pytest.approx([(p * np.log(p)).sum() / math.log(3), -1])
    assert label.energy(logits)[0].tolist() == pytest.approx([math.log(np.exp([1.0, 2, 0.5]).mean()), 0])
    assert label.maximum(logits, [1, 3])[0].tolist() == pytest.approx([p.max(), 0.5])
    hot = np.exp([0.5, 1, 0.25])
    assert label.maximum(logits, [2, 3])[0, 0].item() == pytest.approx(hot.max() / hot.sum())
    with pytest.raises(ValueError, match=r"2 heads have 1 temperatures: calibrate\(\) each"):
        label.maximum(logits, [1])


def test_a_head_of_more_classes_is_not_chosen_for_having_more() -> None:
    logits = answers([[0.0] * 16], [[0.0] * 2])
    for scores in (label.entropy(logits), label.energy(logits)):
        assert scores[0, 0].item() == pytest.approx(scores[0, 1].item())


def test_a_temperature_is_where_the_loss_is_least() -> None:
    random = torch.Generator().manual_seed(0)
    logits = 3 * torch.randn(300, 5, generator=random, dtype=torch.float64)
    labels = torch.multinomial((logits / 2).softmax(1), 1, generator=random)[:, 0]
    found = label.temperature(logits, labels)
    assert found == pytest.approx(2, rel=0.25)  # the labels were drawn at 2

    def loss(heat: float) -> float:
        return F.cross_entropy(logits / heat, labels).item()

    assert loss(found) <= min(loss(found * 1.01), loss(found / 1.01))
    assert label.temperature(10 * logits, labels) == pytest.approx(10 * found, rel=1e-6)


def test_temperatures_end_somewhere() -> None:
    logits, right = torch.eye(4), torch.arange(4)
    assert label.temperature(logits, right) == pytest.approx(label.COLDEST)
    assert label.temperature(logits, right.flip(0)) == pytest.approx(label.HOTTEST)


def test_a_head_is_calibrated_by_its_validation_images() -> None:
    method, inputs = begun("finetune"), Inputs(TASKS)
    x, y = inputs.of(TASKS[1].valid, torch.arange(len(TASKS[1].valid)))
    assert label.calibrate(method, TASKS[1], inputs) == pytest.approx(label.temperature(method.predict(x, 1), y))


def test_what_is_found_is_counted_task_by_task() -> None:
    logits = answers(
        [[1.0, 0], [1, 0], [0, 1], [0, 1], [1, 0], [1, 0]],
        [[0.0, 1], [0, 1], [0, 1], [0, 1], [0, 1], [1, 0]],
    )
    seen = Seen(logits, [], torch.tensor([0, 0, 0, 0, 0, 1]), torch.tensor([0, 1, 0, 1, 0, 1]))
    scores = torch.tensor([[1.0, 0], [0, 1], [1, 0], [1, 0], [0, 1], [0, 1]])
    found = seen.by(scores)
    assert found.chosen.tolist() == [0, 1, 0, 0, 1, 1]
    # the second has the label that the head of another task gives it: that is not right
    assert found.right.tolist() == [True, False, False, True, False, False]
    assert found.told.tolist() == [True, False, False, True, True, False]
    assert (found.accuracy, found.found, found.with_label) == (0.2, 0.8, 0.3)
    assert found.confusion() == [pytest.approx([0.6, 0.4]), [0, 1]]
    with pytest.raises(ValueError, match=r"scores are \(images, tasks\), \(6, 2\), not \(6, 3\)"):
        seen.by(torch.zeros(6, 3))


def test_all_images_of_all_tasks_are_looked_at_in_order() -> None:
    method, inputs = begun("finetune"), Inputs(TASKS)
    for split in ("test", "valid"):
        seen = label.look(method, TASKS, inputs, split=split)
        assert torch.bincount(seen.tasks).tolist() == [len(getattr(task, split)) for task in TASKS]
        for task in TASKS:
            own = seen.tasks == task.index
            x, y = inputs.of(getattr(task, split), torch.arange(int(own.sum())))
            assert torch.equal(seen.labels[own], y)
            assert torch.allclose(seen.logits[2][own], method.predict(x, 2), atol=1e-5)
        told = seen.by(torch.zeros(len(seen.tasks), 3)).with_label
        assert told == pytest.approx(np.mean([train.accuracy(method, task, inputs, split=split) for task in TASKS]))


def test_a_gate_is_linear_discriminant_analysis_from_sums() -> None:
    random = torch.Generator().manual_seed(1)
    x, y = torch.randn(60, 4, generator=random, dtype=torch.float64), torch.arange(60) % 5
    x += 2 * torch.eye(5, 4, dtype=torch.float64)[y]
    gate = Gate(shrink=0.2)
    gate.learn(x[y < 2], y[y < 2])
    gate.learn(x[y >= 2], y[y >= 2] - 2)
    means = np.stack([x[y == c].mean(0).numpy() for c in range(5)])
    apart = x.numpy() - means[y.numpy()]
    covariance = apart.T @ apart / 60
    covariance = 0.8 * covariance + 0.2 * np.trace(covariance) / 4 * np.eye(4)
    weight = np.linalg.inv(covariance) @ means.T
    every = x.numpy() @ weight - 0.5 * np.einsum("cf,fc->c", means, weight)
    expected = np.stack([every[:, :2].max(1), every[:, 2:].max(1)], 1)
    assert np.allclose(gate.scores(x).numpy(), expected)
    assert gate.storage() == 4 * (5 * 4 + 4 * 5 // 2)


def test_a_gate_says_what_is_wrong() -> None:
    gate = Gate()
    with pytest.raises(ValueError, match="class 1 of task index 0 has no image"):
        gate.learn(torch.zeros(2, 3), torch.tensor([0, 2]))
    gate.learn(torch.zeros(2, 3), torch.tensor([0, 1]))
    with pytest.raises(ValueError, match="knows 3 features, not 4: give those of one and the same task"):
        gate.learn(torch.zeros(2, 4), torch.tensor([0, 1]))
    with pytest.raises(ValueError, match="shrinks by a share above 0 and up to 1, not by 0"):
        Gate(shrink=0)


@pytest.mark.parametrize("name", ["tfm", "packnet", "single"])
def test_a_gate_on_the_first_tasks_features_finds_tasks_that_are_apart(name: str) -> None:
    method, inputs, gate = make_method(name, CLEAR, **quick_options(name)), Inputs(CLEAR), Gate()
    first = list[Tensor]()
    for t in range(len(CLEAR)):
        train.learn(method, CLEAR[: t + 1], inputs, protocol=SHORT)
        seen = label.look(method, CLEAR, inputs, split="train")
        own = seen.tasks == t
        gate.learn(seen.features[0][own], seen.labels[own])
        first.append(seen.features[0][seen.tasks == 0])
    assert all(torch.equal(each, first[0]) for each in first)  # or its sums would be of other features by now
    seen = label.look(method, CLEAR, inputs)
    assert seen.by(gate.scores(seen.features[0])).found > 0.9 > 3 / len(CLEAR) / 2


def test_the_work_of_a_pass_is_counted_and_slices_save() -> None:
    single, tfm = begun("single"), begun("tfm")
    a, b = (stage.stage.features for stage in single.nets[0].stages)  # type: ignore[attr-defined]
    inputs = 12 * 12
    assert label.work(single) == [2 * (inputs * a + a * b + b * classes) for classes in (3, 2, 4)]
    expected = []
    for t, classes in enumerate((3, 2, 4)):
        weights = [math.prod(stage.layer.boundaries[t]) for stage in tfm.net.stages]  # type: ignore[operator]
        expected.append(2 * (sum(weights) + tfm.net.stages[-1].layer.boundaries[t][1] * classes))  # type: ignore[operator]
    assert label.work(tfm) == expected and expected == sorted(expected)
    assert label.saving([1, 2, 4]) == pytest.approx(1 - 7 / 12) and label.saving([3, 3]) == 0
    assert label.saving(expected) > 0.1


def test_a_head_is_a_module_that_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy of the network inside the method has heads of the same names; those are not what answers."""
    method = begun("finetune")
    method.old = nn.Module()
    method.old.heads = nn.ModuleList([nn.Linear(2, 3)])
    logits, features = label.passes(method, torch.zeros(1, 1, 12, 12))
    assert features[0].shape[1] == method.net.heads[0].in_features and len(logits) == 3
