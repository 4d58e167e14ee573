"""Checks for the exercises: each tries a solution on small cases and says, in words, what is wrong and why.

A check raises ``AssertionError`` with its explanation, and returns a sentence when all is well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tfm_lite import metrics, train
from tfm_lite.datasets.inputs import Inputs
from tfm_lite.datasets.tasks import Split, TaskSequence, by_class
from tfm_lite.methods.base import Method
from tfm_lite.nn import growth
from tfm_lite.nn.layers import FORWARD_ONLY, MASKED, NORMAL
from tfm_lite.nn.networks import Builder
from tfm_lite.nn.stages import Stage
from tfm_lite.protocol import Protocol

RIGHT = "Right."
# Of five classes: guessing is .2, three standard deviations above it .32, and whoever learned at all has nearly all right.
LEARNED = 0.6


def _must(holds: Any, words: str) -> None:
    """What ``assert`` is, also under ``python -O``."""
    if not holds:
        raise AssertionError(words)


def _tensor(value: Any, shape: Sequence[int], what: str) -> Tensor:
    _must(value is not None, f"your function returned None: it must return {what}")
    result = torch.as_tensor(value, dtype=torch.float64)
    _must(result.shape == torch.Size(shape), f"{what} has the shape {tuple(shape)}, yours has {tuple(result.shape)}")
    return result


def _number(value: Any, what: str) -> float:
    _must(value is not None, f"your function returned None: it must return {what}")
    return float(value)


def check_accuracy(accuracy: Callable[[Tensor, Tensor], Any]) -> str:
    """Chapter 0: ``accuracy(logits, labels)``, (B, classes) and (B,), is the share of right answers."""
    logits = torch.tensor([[2.0, 1.0, 0.0], [0.0, 3.0, 1.0], [0.0, 1.0, 5.0], [4.0, 0.0, 0.0]])
    labels = torch.tensor([0, 1, 1, 2])
    got = _number(accuracy(logits, labels), "a number between 0 and 1")
    _must(got != 2, "that is the number of right answers; divide by how many there are")
    _must(got != 50, "that is in percent; accuracies are fractions everywhere in the package")
    _must(
        got == 0.5,
        f"two of these four answers are right, which makes 0.5, not {got}: compare the arg-max with the label",
    )
    _must(_number(accuracy(logits[:1], labels[:1]), "a number") == 1, "one right answer out of one is an accuracy of 1")
    return RIGHT


def check_forgetting(forgetting: Callable[[list[list[float]]], Any]) -> str:
    """Chapter 1: ``forgetting(matrix)`` is the mean of final minus just-learned accuracy, without the last task."""
    matrix = [[0.9], [0.5, 0.8], [0.3, 0.6, 0.7]]
    got, right = _number(forgetting(matrix), "one number"), metrics.forgetting(matrix)
    _must(
        abs(got + right) > 1e-9,
        "the sign is turned round: it is final minus just-learned, negative when something is lost",
    )
    _must(abs(got - right * 2 / 3) > 1e-9, "the last task had no time to be forgotten: leave it out of the mean")
    _must(abs(got - right) < 1e-9, f"for {matrix} it is ((0.3 - 0.9) + (0.6 - 0.8)) / 2 = {right:.3f}, not {got:.3f}")
    return RIGHT


def check_zero_forgetting(method: Callable[[Builder], Method]) -> str:
    """Chapter 2: a method (its class) learns two tasks, and then task 1 gives the outputs that it gave before.

    Under momentum, weight decay and gradients that are zeros where others would be None, on made-up pictures that are
    easily told apart: both tasks must be learned.
    """
    _must(isinstance(method, type) and issubclass(method, Method), "give the class itself, a subclass of Method")

    class Hostile(method):  # type: ignore[misc,valid-type]
        def optimizer(self, parameters: Any, t: int, protocol: Protocol) -> torch.optim.Optimizer:
            return torch.optim.SGD(parameters, lr=protocol.lr, momentum=0.9, weight_decay=5e-4)

        def after_backward(self, t: Any) -> None:
            super().after_backward(t)
            for parameter in self.parameters():
                if parameter.grad is None:  # as after zero_grad(set_to_none=False)
                    parameter.grad = torch.zeros_like(parameter)

    tasks = _pictures()
    subject = Hostile(Builder.of((Stage(16), Stage(16)), tasks=tasks))
    inputs, short = Inputs(tasks), Protocol(epochs=5, batch=16)
    x, _ = next(inputs.batches(tasks[0].test))
    train.learn(subject, tasks[:1], inputs, protocol=short)
    before, fresh = subject.predict(x, 0), dict(subject.state_dict())
    old = {name: tensor.clone() for name, tensor in fresh.items()}
    train.learn(subject, tasks[:2], inputs, protocol=short)
    drift = (subject.predict(x, 0) - before).abs().max().item()
    moved = [
        name for name, tensor in subject.state_dict().items() if name in old and not torch.equal(tensor, old[name])
    ]
    flagged = [name for name, p in subject.named_parameters() if name in moved and not p.requires_grad]
    _must(
        drift == 0 or not flagged,
        f"task 1's outputs changed by {drift:.2g}. A flag does not hold a weight: {', '.join(flagged)} had a gradient of "
        "zeros, and weight decay moved what has one. What is no parameter is not moved",
    )
    _must(
        drift == 0,
        f"task 1's outputs changed by {drift:.2g} while task 2 was learned. What moved: {', '.join(moved)}",
    )
    for task in tasks:
        right = train.accuracy(subject, task, inputs)
        _must(
            right > LEARNED,
            f"nothing is forgotten, but task {task.index + 1} was not learned: {right:.0%} of its images are right, and "
            f"guessing gets {1 / len(task.classes):.0%}",
        )
    return RIGHT


def _pictures() -> TaskSequence:
    """Two tasks of five classes: a random picture each, under noise. Test images are others than those to learn from."""
    rng, labels, rows = np.random.default_rng(0), np.arange(400) % 10, np.arange(400)
    pictures = rng.integers(0, 256, (10, 1, 6, 6))[labels] + 40 * rng.standard_normal((400, 1, 6, 6))
    images = np.clip(pictures, 0, 255).astype(np.uint8)
    learn, test = (Split(images, rows[part], labels[part]) for part in (slice(200), slice(200, None)))
    groups = [list(range(5)), list(range(5, 10))]
    return by_class("pictures", learn, test, groups=groups, names=list("abcdefghij"), seed=0)


def check_weight_mask(weight_mask: Callable[[Tensor, Tensor], Any]) -> str:
    """Chapter 3: ``weight_mask(inputs, outputs)`` of two binary feature masks (I,) and (O,) is the mask (O, I) of Eq. 2."""
    inputs, outputs = torch.tensor([1, 0, 1]), torch.tensor([1, 1, 0, 0])
    got = weight_mask(inputs, outputs)
    _must(
        got is None or torch.as_tensor(got).shape != (3, 4), "turn it round: a weight has the shape (outputs, inputs)"
    )
    mask = _tensor(got, (4, 3), "the mask of the weights")
    right = torch.outer(outputs, inputs).double()
    _must(not torch.equal(mask, (right + (1 - right)).double()), "every weight is used; a weight needs both its ends")
    either = ((outputs[:, None] + inputs[None]) > 0).double()
    _must(not torch.equal(mask, either), "a weight is used only if both its features are, not if one of them is")
    _must(
        torch.equal(mask, right),
        f"for inputs {inputs.tolist()} and outputs {outputs.tolist()} it is\n{right}\nnot\n{mask}",
    )
    return RIGHT


def check_gradient_mask(gradient_mask: Callable[[Tensor, Tensor], Any]) -> str:
    """Chapter 4: ``gradient_mask(inputs, outputs)`` of two ternary masks (I,), (O,) says which weights (O, I) may learn."""
    inputs = torch.tensor([FORWARD_ONLY, FORWARD_ONLY, NORMAL, MASKED])
    outputs = torch.tensor([FORWARD_ONLY, NORMAL, MASKED])
    got = _tensor(gradient_mask(inputs, outputs), (3, 4), "the mask of the weights that learn")
    _must(got[0, 0] == 0, "a weight between two forward-only features belongs to an old task: it must not learn")
    _must(
        (got[:, 3] == 0).all() and (got[2] == 0).all(), "a weight with a masked end is not used, so it does not learn"
    )
    _must(got[1, 2] == 1, "a weight between two normal features learns")
    _must(
        got[1, 0] == 1, "a normal feature learns its weights from forward-only inputs too: that is how it reuses them"
    )
    _must(
        got[0, 2] == 1,
        "the weight from a new input to an old feature learns as well (Eq. 5): when an older task runs, that input is masked",
    )
    return RIGHT


def check_ternary_linear(make: Callable[[], torch.nn.Module]) -> str:
    """Chapter 4: a linear layer with ``grow(inputs, features)``, ``layer(x, t)`` and ``keep()`` that follows Eq. 4 and 5.

    Under momentum and weight decay. Only what may learn is a parameter, and old tasks keep their outputs to the last bit.
    """
    _must(
        isinstance(make, type) and issubclass(make, torch.nn.Module), "give the class itself, a subclass of nn.Module"
    )
    torch.manual_seed(0)
    layer: Any = make()
    for name in ("grow", "keep"):
        _must(hasattr(layer, name), f"your class has no {name}() yet")
    asked: list[Tensor] = []
    answers: list[Tensor] = []
    kept = torch.zeros(0, 0)  # the weights that the task before uses
    sizes = [(0, 0), (3, 2), (5, 4), (6, 4), (6, 7)]
    for t, ((old_inputs, old), (inputs, features)) in enumerate(pairwise(sizes)):
        layer.grow(inputs, features)
        x, target = torch.randn(8, inputs), torch.randn(8, features)
        _tensor(layer(x, t).detach(), (8, features), f"what task {t + 1} computes of 8 images")
        _count_parameters(layer, old_inputs, old, inputs, features)
        optimizer = torch.optim.SGD(layer.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4)
        for _ in range(5):
            optimizer.zero_grad(set_to_none=False)
            (layer(x, t) - target).square().mean().backward()
            optimizer.step()
        for s, before in enumerate(answers):
            moved = (layer(asked[s], s) - before).abs().max().item()
            _must(moved == 0, f"while task {t + 1} was learned, the outputs of task {s + 1} changed by {moved:.2g}")
        asked.append(x)
        layer.keep()
        _must(not list(layer.parameters()), "after keep() nothing may learn: no parameter may be left")
        with torch.no_grad():
            answers = [layer(images, s) for s, images in enumerate(asked)]
            zero = layer(torch.zeros(1, inputs), t)
            weight = (layer(torch.eye(inputs), t) - zero).T
        _must(
            weight.abs().min() > 1e-7,
            "some feature does not answer to some input: a task uses every weight between what it sees (Eq. 4)",
        )
        _must(
            torch.allclose(weight[:old, :old_inputs], kept, atol=1e-5),
            "old features answer otherwise to old inputs: a task reuses the old weights as they are",
        )
        kept = weight
    return RIGHT


def _count_parameters(layer: torch.nn.Module, old_inputs: int, old: int, inputs: int, features: int) -> None:
    """Whether as many numbers may learn as Eq. 5 and the new biases make."""
    got = sum(parameter.numel() for parameter in layer.parameters())
    rows, columns, biases = (features - old) * inputs, old * (inputs - old_inputs), features - old
    wrong = {
        0: "there is nothing to learn: what may learn must be a parameter, after grow()",
        features * inputs + features: "every weight is a parameter: an optimizer can move the old ones",
        rows + columns + features: "the biases of old features must not be parameters: a bias is old with its feature",
        rows + biases: "a new input of an old feature learns as well (Eq. 5)",
        rows + columns: "the biases of new features learn",
    }
    right = rows + columns + biases
    _must(
        got == right, f"{wrong.get(got, 'other numbers learn than Eq. 5 says')}: {got} parameters where {right} learn"
    )


def check_feature_norm(feature_norm: Callable[[Tensor, Tensor, Tensor], Any]) -> str:
    """Chapter 5: ``feature_norm(x, scale, shift)`` is Eq. 7, for x (B, features) and for maps (B, features, H, W)."""
    scale, shift = torch.tensor([2.0, -1.0, 0.0]), torch.tensor([1.0, 0.5, 3.0])
    x = torch.arange(6.0).view(2, 3)
    got = _tensor(feature_norm(x.clone(), scale, shift), (2, 3), "the normalised features")
    _must(not torch.allclose(got, (scale * (x + shift)).double()), "scale first, then shift")
    _must(torch.allclose(got, (scale * x + shift).double()), f"scale * x + shift is {(scale * x + shift).tolist()}")
    maps = torch.arange(2.0 * 3 * 3 * 3).view(2, 3, 3, 3)
    got = _tensor(feature_norm(maps.clone(), scale, shift), maps.shape, "the normalised maps")
    right = scale[:, None, None] * maps + shift[:, None, None]
    _must(
        torch.allclose(got, right.double()), "on maps the scale belongs to the channel (dimension 1), not to a column"
    )
    return RIGHT


def check_smallest_within(choose: Callable[[list[float], float], Any]) -> str:
    """Chapter 6: ``choose(accuracies, margin)`` is the index of the lowest growth within the margin of the best."""
    cases = [([0.60, 0.70, 0.71], 0.02), ([0.60, 0.70, 0.71], 0.0), ([0.71, 0.70, 0.60], 0.02), ([0.5, 0.7, 0.5], 0.3)]
    for accuracies, margin in cases:
        got, right = choose(list(accuracies), margin), growth.smallest_within(accuracies, margin)
        _must(got is not None, "your function returned None: it must return an index")
        _must(
            got == right,
            f"for {accuracies} and a margin of {margin} it is {right}, not {got}: the first that is at least "
            f"{max(accuracies)} - {margin}",
        )
    return RIGHT


def check_used_slice(used: Callable[[Tensor, int, int], Any]) -> str:
    """Chapter 7: ``used(weight, inputs, outputs)`` is the contiguous block of ``weight`` that a task uses."""
    weight = torch.arange(30.0).view(5, 6)
    got = used(weight, 4, 3)
    _tensor(got, (3, 4), "the slice: outputs by inputs")
    _must(torch.equal(got, weight[:3, :4]), "features are ordered by task: a task uses the first rows and columns")
    _must(
        got.is_contiguous(),
        "the slice is a strided view: the same product on it may sum in another order. Make it contiguous",
    )
    kept = got.clone()
    weight += 1
    _must(torch.equal(got, kept), "the slice shares its memory with the weight, and changed when the weight did")
    return RIGHT


def check_hat_mask(hat_mask: Callable[[Tensor, Tensor], Any]) -> str:
    """Chapter 11: ``hat_mask(below, above)`` of the greatest old gates (I,), (O,) is the factor of each weight's gradient."""
    below, above = torch.tensor([1.0, 0.5, 0.0]), torch.tensor([1.0, 0.5, 0.25, 0.0])
    got = _tensor(hat_mask(below, above), (4, 3), "the factors of the gradient, outputs by inputs")
    right = (1 - torch.minimum(above[:, None], below[None])).double()
    _must(not torch.equal(got, 1 - right), "that is what is protected; the gradient keeps the rest: 1 minus it")
    _must(
        not torch.equal(got, (1 - torch.maximum(above[:, None], below[None])).double()),
        "a weight is spared only as far as old tasks attend to both its ends: take the smaller gate, not the greater",
    )
    _must(
        not torch.equal(got, (1 - torch.outer(above, below)).double()),
        "two gates that are half open spare the weight by a half: the minimum, not the product",
    )
    _must(torch.equal(got, right), f"for gates {below.tolist()} and {above.tolist()} it is\n{right}\nnot\n{got}")
    return RIGHT


def check_lateral(lateral: Callable[[list[Tensor], Tensor, Tensor, Tensor], Any]) -> str:
    """Chapter 12: ``lateral(older, scales, project, weight)`` is what the older columns add to a new column's product.

    ``older`` are the columns' features, each (B, width); ``scales`` one number per column; ``project`` (width, all older
    features) and ``weight`` (features, width).
    """
    generator = torch.Generator().manual_seed(0)
    older = [torch.rand(5, 3, generator=generator, dtype=torch.float64) for _ in range(2)]
    project, weight = (torch.randn(n, m, generator=generator, dtype=torch.float64) for n, m in ((3, 6), (4, 3)))
    scales = torch.tensor([2.0, -1.0], dtype=torch.float64)

    def by(scaled: list[Tensor], activation: Callable[[Tensor], Tensor] = torch.relu) -> Tensor:
        return activation(torch.cat(scaled, 1) @ project.T) @ weight.T

    scaled = [scale * column for scale, column in zip(scales, older, strict=True)]
    got = _tensor(lateral([column.clone() for column in older], scales, project, weight), (5, 4), "what is added")
    _must(not torch.allclose(got, by(scaled, lambda x: x)), "the adapter has a ReLU between its two products")
    _must(not torch.allclose(got, by(older)), "scale every older column before they are joined")
    _must(not torch.allclose(got, by(scaled[::-1])), "the oldest column comes first")
    _must(not torch.allclose(got, by(scaled).relu()), "the ReLU is inside the adapter; what it adds may be negative")
    _must(
        torch.allclose(got, by(scaled)),
        "scale each column by its own number, concatenate them, project, ReLU, then the last weights",
    )
    return RIGHT


def _linear_model() -> tuple[torch.nn.Linear, Tensor]:
    """A model of three inputs and two outputs, and four images for it, the same for everybody."""
    generator = torch.Generator().manual_seed(0)
    model = torch.nn.Linear(3, 2).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return model, torch.randn(4, 3, generator=generator, dtype=torch.double)


def _weight_and_bias(got: Any, what: str) -> tuple[Tensor, Tensor]:
    """What was returned for the two parameters of :func:`_linear_model`."""
    _must(got is not None, "your function returned None: it must return a list of tensors, one per parameter")
    got = list(got)
    _must(len(got) == 2, f"this model has two parameters, a weight and a bias; you returned {len(got)} tensors")
    return _tensor(got[0], (2, 3), what.format("weight")), _tensor(got[1], (2,), what.format("bias"))


def check_fisher(fisher: Callable[[torch.nn.Module, Tensor, Tensor], Any]) -> str:
    """Chapter 8a: ``fisher(model, images, labels)`` is, per parameter, the mean of the squared gradient of each image."""
    model, images = _linear_model()
    labels = torch.tensor([0, 1, 1, 0])
    errors = (model(images).softmax(1) - torch.eye(2)[labels]).detach()  # of each image, by hand: (4, 2)
    each = errors[:, :, None] * images[:, None]
    weight, bias = _weight_and_bias(fisher(model, images, labels), "the Fisher of the {}")
    right, mean = each.square().mean(0), each.mean(0)
    _must(
        not torch.allclose(weight, mean.square()),
        "that is the square of the mean gradient; square the gradient of each image, then average",
    )
    _must(not torch.allclose(weight, each.sum(0).square()), "gradients add up from image to image: clear them")
    _must(
        not torch.allclose(weight, each.square().sum(0)),
        "that is the sum over the images; divide by how many there are",
    )
    _must(not torch.allclose(weight, each.abs().mean(0)), "that is the mean absolute gradient; square it")
    own = (model(images).softmax(1) - torch.eye(2)[model(images).argmax(1)]).detach()
    _must(
        not torch.allclose(weight, (own[:, :, None] * images[:, None]).square().mean(0)),
        "you take the most likely class in place of the label",
    )
    _must(
        torch.allclose(weight, right) and torch.allclose(bias, errors.square().mean(0)),
        f"the Fisher of the weight is\n{right}\nnot\n{weight}",
    )
    return RIGHT


def check_sensitivity(sensitivity: Callable[[torch.nn.Module, Tensor], Any]) -> str:
    """Chapter 8b: ``sensitivity(model, images)`` is, per parameter, MAS's mean absolute gradient of the squared logits."""
    model, images = _linear_model()
    logits = model(images).detach()
    each = 2 * logits[:, :, None] * images[:, None]  # of each image, by hand: (4, 2, 3)
    weight, bias = _weight_and_bias(sensitivity(model, images), "the sensitivity to the {}")
    wrong = {
        "signs cancel in a batch: take the absolute gradient of each image, then average": each.mean(0).abs(),
        "that is the mean gradient, with its sign; take absolute values": each.mean(0),
        "that is the sum over the images; divide by how many there are": each.abs().sum(0),
        "that is the mean square; MAS takes absolute values": each.square().mean(0),
        "that is for the norm of the logits; it is the *squared* norm": (each / (2 * logits.norm(dim=1))[:, None, None])
        .abs()
        .mean(0),
    }
    for words, value in wrong.items():
        _must(not torch.allclose(weight, value), words)
    right, right_bias = each.abs().mean(0), (2 * logits).abs().mean(0)
    _must(
        torch.allclose(weight, right) and torch.allclose(bias, right_bias),
        f"the sensitivity to the weight is\n{right}\nand to the bias\n{right_bias}\nnot\n{weight}\nand\n{bias}",
    )
    return RIGHT


def check_prune(prune: Callable[[Tensor, Tensor, float], Any]) -> str:
    """Chapter 10: ``prune(weight, free, share)`` is which of the free weights PackNet keeps, bool as ``free``."""
    weight = torch.tensor([[-0.1, 0.9, 0.3, -0.2], [-0.8, 0.95, 1.2, -0.6]])
    free = torch.tensor([[True, True, True, True], [True, False, False, True]])
    given, mask = weight.clone(), free.clone()
    got = prune(given, mask, 0.5)
    _must(got is not None, "your function returned None: it must return which weights are kept, as bool")
    got = torch.as_tensor(got)
    _must(got.shape == weight.shape, f"which weights are kept has the shape {tuple(weight.shape)}, not {got.shape}")
    _must(
        torch.equal(given, weight) and torch.equal(mask, free),
        "your function changed what it was given: return a new mask",
    )
    _must(got.dtype == torch.bool, f"which weights are kept is of type bool, yours is {got.dtype}")
    right = free & (weight.abs() > 0.3)  # 0.9, 0.8, 0.6 of the six that are free
    _must(not (got & ~free).any(), "a weight that another task owns is not this task's to keep: return free ones only")
    _must(not torch.equal(got, free & ~right), "those are what is pruned, the smallest: return what is kept")
    _must(
        not torch.equal(got, free & (weight > weight[free].median())),
        "by magnitude: a large negative weight is large. Take the absolute value",
    )
    _must(
        not torch.equal(got, free & (weight.abs() > weight.abs().median())),
        "the limit is among the free weights alone: what other tasks own is not counted",
    )
    _must(torch.equal(got, right), f"of\n{weight}\nwith these free\n{free}\nhalf is kept:\n{right}\nnot\n{got}")
    _must(torch.equal(torch.as_tensor(prune(weight, free, 0.0)), free), "a share of 0 prunes nothing")
    most = torch.as_tensor(prune(weight, free, 5 / 6))
    _must(int(most.sum()) == 1 and bool(most[0, 1]), "a share of 5/6 leaves one of six free weights, the largest")
    return RIGHT


def check_mask_gradient(mask_gradient: Callable[[Tensor, Tensor, Tensor, Tensor], Any]) -> str:
    """Chapter 10: ``mask_gradient(x, weight, real, upstream)`` is Piggyback's straight-through gradient of ``real``."""
    generator = torch.Generator().manual_seed(0)
    x, weight, upstream = (
        torch.randn(n, m, generator=generator, dtype=torch.double) for n, m in ((5, 4), (3, 4), (5, 3))
    )
    real = torch.tensor([[1e-2, 1e-3, 2e-2, 0.0], [0.0, 1e-2, 1e-2, 3e-3], [1e-2, 1e-2, 1e-3, 1e-2]]).double()
    got = _tensor(mask_gradient(x.clone(), weight.clone(), real.clone(), upstream.clone()), (3, 4), "the gradient")
    right, mask = weight * (upstream.T @ x), (real > 5e-3).double()
    _must(
        not torch.allclose(got, upstream.T @ x),
        "that is the gradient of the masked weight; that of the mask is times the weight",
    )
    _must(
        not torch.allclose(got, right * mask),
        "straight through means also where the mask is 0: else a weight once left out never comes back",
    )
    _must(
        not torch.allclose(got, right * real),
        "straight through: the step counts as the identity, so its slope is 1 and not the real number",
    )
    _must(not torch.allclose(got, right / len(x)), "upstream is the gradient of the loss as it is: sum over the images")
    _must(torch.allclose(got, right), f"it is\n{right}\nnot\n{got}")
    return RIGHT


def check_distillation(distillation: Callable[[list[Tensor], list[Tensor], float], Any]) -> str:
    """Chapter 9: ``distillation(new, old, temperature)`` of two lists of logits (B, classes), one per old head."""
    generator = torch.Generator().manual_seed(0)
    new, old = ([3 * torch.randn(4, n, generator=generator, dtype=torch.double) for n in (3, 5)] for _ in range(2))

    def cross_entropy(now: Tensor, before: Tensor, scale: float = 2.0) -> float:
        return float(-((before / scale).softmax(1) * (now / scale).log_softmax(1)).sum(1).mean())

    pairs = list(zip(new, old, strict=True))
    right = sum(cross_entropy(*pair) for pair in pairs)
    wrong = {
        "the temperature is not used: divide both logits by it": sum(cross_entropy(*pair, 1.0) for pair in pairs),
        "one softmax over all heads is another loss: each head has its own": cross_entropy(
            torch.cat(new, 1), torch.cat(old, 1)
        ),
        "the two sides are exchanged: the old answers are the targets": sum(cross_entropy(o, n) for n, o in pairs),
        "four times too much: take the mean over the images, and no factor of the temperature squared": 4 * right,
        "that is the mean over the heads; sum them": right / 2,
        "that is the divergence: the cross-entropy does not subtract the entropy of the old answers": right
        - sum(cross_entropy(o, o) for o in old),
    }
    got = _number(distillation([z.clone() for z in new], [z.clone() for z in old], 2.0), "a number")
    for words, value in wrong.items():
        _must(abs(got - value) > 1e-6, words)
    _must(abs(got - right) < 1e-6, f"for these logits it is {right:.6f}, not {got:.6f}")
    return RIGHT


def check_overhead(overhead: Callable[[int, int, int], Any]) -> str:
    """Chapter 13: ``overhead(features, tasks, bits)`` is the bytes of TFM's masks and FN, as the paper counts them."""
    got = _number(overhead(1000, 4, 32), "a number of bytes")
    _must(got != 8 * 25_000, "that is in bits; eight of them are a byte")
    _must(got != 33_000, "the first task has no feature normalization: with four tasks, three have it")
    _must(got != 13_000, "FN keeps two numbers per feature, a scale and a shift")
    _must(got != 24_500, "a ternary mask takes two bits per feature and task, not one")
    _must(got == 25_000, f"for 1000 features and 4 tasks it is 1000 bytes of masks and 24000 of FN, not {got}")
    _must(overhead(1000, 4, 16) == 13_000, "with 16 bits FN takes half: use ``bits``")
    _must(overhead(8, 1, 32) == 2, "one task keeps its masks and no FN: 8 features at two bits are 2 bytes")
    return RIGHT


def check_trained(trained: Callable[[float, int, int], Any]) -> str:
    """Chapter 14: whether a task of so many ``classes``, tested on so many ``images``, was learned at this ``accuracy``."""

    def says(accuracy: float, classes: int, images: int) -> bool:
        value = trained(accuracy, classes, images)
        _must(value is not None, "your function returned None: it must return True or False")
        return bool(value)

    # of 25 classes and 1,500 images: chance is .04, its standard deviation .00506, and three above it is .0552
    _must(says(0.4, 25, 1500), "40 % on 25 classes is ten times what guessing gives, and was learned")
    _must(
        not says(0.0401, 25, 1500), "4.01 % on 25 classes: above 1 / 25, but one who guesses is lucky as often as not"
    )
    _must(
        not says(0.05, 25, 1500),
        "5 % is two standard deviations above chance, not three: each is the square root of p (1 - p) / images",
    )
    _must(
        says(0.056, 25, 1500),
        "5.6 % is more than three standard deviations above chance: they are those of one who guesses, with p = 1 / classes",
    )
    _must(
        not says(0.9, 2, 10), "9 of 10 right, of two classes, happens to guessers: with few images chance reaches far"
    )
    _must(says(1.0, 2, 10), "10 of 10 right, of two classes, is above .5 by more than three standard deviations")
    return RIGHT
