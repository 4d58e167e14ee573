"""The exercises' checks: each passes the right answer, and says of a wrong one what is wrong."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import jupytext
import pytest
import torch

from tfm_lite import metrics
from tfm_lite.exercises import checks
from tfm_lite.methods import get, names
from tfm_lite.methods.base import Method
from tfm_lite.nn import growth
from tfm_lite.nn.layers import MASKED, NORMAL

BOOK = Path(__file__).parents[2] / "book"


def learns(inputs, outputs):  # type: ignore[no-untyped-def]
    used = (outputs != MASKED)[:, None] & (inputs != MASKED)[None]
    return used & ((outputs == NORMAL)[:, None] | (inputs == NORMAL)[None])


def adapted(older, scales, project, weight, activation=torch.relu):  # type: ignore[no-untyped-def]
    scaled = [scale * column for scale, column in zip(scales, older, strict=True)]
    return activation(torch.cat(scaled, 1) @ project.T) @ weight.T


def per_image(model, images, labels, of):  # type: ignore[no-untyped-def]
    """Of every parameter the mean of ``of(gradient)``, one gradient per image."""
    means = [torch.zeros_like(parameter) for parameter in model.parameters()]
    for x, y in zip(images.split(1), labels.split(1), strict=True):
        loss = torch.nn.functional.cross_entropy(model(x), y)
        for mean, gradient in zip(means, torch.autograd.grad(loss, list(model.parameters())), strict=True):
            mean += of(gradient) / len(images)
    return means


def sensitive(model, images, of=torch.abs, norm=lambda z: (z**2).sum(), size=1):  # type: ignore[no-untyped-def]
    """Of every parameter the mean of ``of(gradient)``, one gradient per ``size`` images."""
    batches = images.split(size)
    parts = [torch.autograd.grad(norm(model(x)) / len(x), list(model.parameters())) for x in batches]
    return [torch.stack([of(g) for g in each]).mean(0) for each in zip(*parts, strict=True)]


def pruned(weight, free, share, sizes=torch.abs, among=lambda size, free: size[free]):  # type: ignore[no-untyped-def]
    size = sizes(weight)
    order = among(size, free).sort().values
    count = round(share * len(order))
    return free & (size > order[count - 1]) if count else free


def soft_cross_entropy(temperature):  # type: ignore[no-untyped-def]
    return lambda n, o: torch.nn.functional.cross_entropy(n / temperature, (o / temperature).softmax(1))


def above_chance(accuracy, classes, images, deviations=3):  # type: ignore[no-untyped-def]
    p = 1 / classes
    return accuracy > p + deviations * (p * (1 - p) / images) ** 0.5


class Flagged(Method):
    def after_task(self, t):  # type: ignore[no-untyped-def]
        self.net.requires_grad_(False)


class LearnsNothing(Method):
    def learn(self, task, fit): ...  # type: ignore[no-untyped-def]


class LearnsOneTask(get("freeze")):  # type: ignore[misc]
    def learn(self, task, fit):  # type: ignore[no-untyped-def]
        if task.index == 0:
            fit()


class Ternary(torch.nn.Module):
    """A right answer of chapter 4; ``spoiled`` names what is wrong in others."""

    spoiled = ""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[tuple[int, int]] = []
        self.register_buffer("weight", torch.zeros(0, 0))
        self.register_buffer("bias", torch.zeros(0))

    def grow(self, inputs: int, features: int) -> None:
        old, old_inputs = self.weight.shape
        self.sizes.append((inputs, features))
        self.rows = torch.nn.Parameter(torch.randn(features - old, inputs))
        self.columns = torch.nn.Parameter(torch.randn(old, inputs - old_inputs))
        self.new = torch.nn.Parameter(torch.zeros(features - old))
        if self.spoiled == "columns":
            self.columns = self.columns.detach()
        if self.spoiled == "all":
            self.weight, self.bias = torch.nn.Parameter(self.weight), torch.nn.Parameter(self.bias)
        if self.spoiled == "bias":
            self.bias = torch.nn.Parameter(self.bias)

    def __setattr__(self, name: str, value: object) -> None:
        if isinstance(value, torch.Tensor):
            self.__dict__.get("_buffers", {}).pop(name, None)
            self.__dict__.get("_parameters", {}).pop(name, None)
        super().__setattr__(name, value)

    def forward(self, x: torch.Tensor, t: int) -> torch.Tensor:
        inputs, features = self.sizes[t]
        weight, bias = self.whole()
        return x @ weight[:features, :inputs].contiguous().T + bias[:features]

    def whole(self) -> tuple[torch.Tensor, torch.Tensor]:
        if not hasattr(self, "rows"):
            return self.weight, self.bias
        return torch.cat([torch.cat([self.weight, self.columns], 1), self.rows]), torch.cat([self.bias, self.new])

    def keep(self) -> None:
        if self.spoiled == "keep":
            self.weight, self.bias = self.whole()
            return
        weight, bias = (part.detach() for part in self.whole())
        del self.rows, self.columns, self.new
        self.weight, self.bias = weight, bias


def ternary(spoiled: str) -> type[Ternary]:
    return type("Spoiled", (Ternary,), {"spoiled": spoiled})


# Of each check: a right answer, and wrong ones with words that the explanation must hold.
CASES: dict[Callable[..., str], tuple[object, dict[str, object]]] = {
    checks.check_accuracy: (
        lambda logits, labels: (logits.argmax(1) == labels).float().mean().item(),
        {
            "returned None": lambda logits, labels: None,
            "divide": lambda logits, labels: (logits.argmax(1) == labels).sum(),
            "percent": lambda logits, labels: 100 * (logits.argmax(1) == labels).float().mean(),
            "compare the arg-max": lambda logits, labels: (logits.argmin(1) == labels).float().mean(),
        },
    ),
    checks.check_forgetting: (
        metrics.forgetting,
        {
            "returned None": lambda matrix: None,
            "turned round": lambda matrix: -metrics.forgetting(matrix),
            "leave it out": lambda matrix: sum(metrics.forgetting_of(matrix)) / 3,
            "not 0.900": lambda matrix: 0.9,
        },
    ),
    checks.check_zero_forgetting: (
        get("freeze"),
        {
            "the class itself": print,
            "A flag does not hold a weight": Flagged,
            "What moved": get("finetune"),
            "outputs changed": get("joint"),
            "task 1 was not learned: \\d+% of its images are right, and guessing gets 20%": LearnsNothing,
            "task 2 was not learned": LearnsOneTask,
        },
    ),
    checks.check_weight_mask: (
        lambda inputs, outputs: torch.outer(outputs, inputs),
        {
            "returned None": lambda inputs, outputs: None,
            "turn it round": lambda inputs, outputs: torch.outer(inputs, outputs),
            "both ends|both its ends": lambda inputs, outputs: torch.ones(4, 3),
            "not if one of them": lambda inputs, outputs: (outputs[:, None] + inputs) > 0,
        },
    ),
    checks.check_gradient_mask: (
        learns,
        {
            "returned None": lambda inputs, outputs: None,
            "has the shape": lambda inputs, outputs: learns(inputs, outputs).T,
            "belongs to an old task": lambda i, o: (o != MASKED)[:, None] & (i != MASKED)[None],
            "masked end": lambda i, o: (o == NORMAL)[:, None] | (i == NORMAL)[None],
            "reuses them": lambda i, o: (o == NORMAL)[:, None] & (i == NORMAL)[None],
            "as well": lambda i, o: (o == NORMAL)[:, None] & (i != MASKED)[None],
            "between two normal": lambda i, o: learns(i, o) & ~((o == NORMAL)[:, None] & (i == NORMAL)[None]),
        },
    ),
    checks.check_ternary_linear: (
        Ternary,
        {
            "the class itself": print,
            "has no grow": torch.nn.Identity,
            "an optimizer can move the old ones": ternary("all"),
            "a bias is old with its feature": ternary("bias"),
            "a new input of an old feature": ternary("columns"),
            "no parameter may be left": ternary("keep"),
        },
    ),
    checks.check_feature_norm: (
        lambda x, scale, shift: x * scale.view(-1, *[1] * (x.dim() - 2)) + shift.view(-1, *[1] * (x.dim() - 2)),
        {
            "returned None": lambda x, scale, shift: None,
            "scale first": lambda x, scale, shift: scale * (x + shift),
            "x \\+ shift is": lambda x, scale, shift: scale * x,
            "the channel": lambda x, scale, shift: scale * x + shift,
        },
    ),
    checks.check_smallest_within: (
        growth.smallest_within,
        {
            "returned None": lambda accuracies, margin: None,
            "not 2": lambda accuracies, margin: accuracies.index(max(accuracies)),
            "not 0": lambda accuracies, margin: 0,
        },
    ),
    checks.check_used_slice: (
        lambda weight, inputs, outputs: weight[:outputs, :inputs].clone(),
        {
            "returned None": lambda weight, inputs, outputs: None,
            "outputs by inputs": lambda weight, inputs, outputs: weight[:inputs, :outputs].clone(),
            "first rows": lambda weight, inputs, outputs: weight[-outputs:, -inputs:].clone(),
            "strided view": lambda weight, inputs, outputs: weight[:outputs, :inputs],
        },
    ),
    checks.check_hat_mask: (
        lambda below, above: 1 - torch.minimum(above[:, None], below[None]),
        {
            "returned None": lambda below, above: None,
            "has the shape": lambda below, above: 1 - torch.minimum(below[:, None], above[None]),
            "keeps the rest": lambda below, above: torch.minimum(above[:, None], below[None]),
            "the smaller gate": lambda below, above: 1 - torch.maximum(above[:, None], below[None]),
            "not the product": lambda below, above: 1 - torch.outer(above, below),
            "it is": lambda below, above: torch.ones(4, 3),
        },
    ),
    checks.check_lateral: (
        adapted,
        {
            "returned None": lambda *_: None,
            "has the shape": lambda older, scales, project, weight: torch.cat(older, 1) @ project.T,
            "has a ReLU": lambda *given: adapted(*given, activation=lambda x: x),
            "before they are joined": lambda older, scales, *weights: adapted(older, torch.ones(2), *weights),
            "comes first": lambda older, scales, *weights: adapted(older[::-1], scales.flip(0), *weights),
            "may be negative": lambda *given: adapted(*given).relu(),
            "by its own number": lambda older, scales, *weights: adapted(older, scales.flip(0), *weights),
        },
    ),
    checks.check_prune: (
        pruned,
        {
            "returned None": lambda *_: None,
            "has the shape": lambda *given: pruned(*given)[0],
            "changed what it was given": lambda w, free, share: pruned(w.abs_(), free, share),
            "of type bool": lambda *given: pruned(*given).int(),
            "another task owns": lambda w, free, share: pruned(w, torch.ones_like(free), share),
            "those are what is pruned": lambda w, free, share: free & ~pruned(w, free, share),
            "by magnitude": lambda *given: pruned(*given, sizes=torch.clone),
            "not counted": lambda *given: pruned(*given, among=lambda size, free: size.flatten()),
            "half is kept": lambda w, free, share: free,
            "prunes nothing": lambda w, free, share: pruned(w, free, max(share, 0.5)),
            "leaves one": lambda w, free, share: pruned(w, free, min(share, 0.5)),
        },
    ),
    checks.check_mask_gradient: (
        lambda x, w, real, up: w * (up.T @ x),
        {
            "returned None": lambda *_: None,
            "has the shape": lambda x, w, real, up: (w * (up.T @ x)).T,
            "times the weight": lambda x, w, real, up: up.T @ x,
            "never comes back": lambda x, w, real, up: w * (up.T @ x) * (real > 5e-3),
            "not the real number": lambda x, w, real, up: w * (up.T @ x) * real,
            "sum over the images": lambda x, w, real, up: w * (up.T @ x) / len(x),
            "it is": lambda x, w, real, up: -w * (up.T @ x),
        },
    ),
    checks.check_sensitivity: (
        sensitive,
        {
            "returned None": lambda model, x: None,
            "two parameters": lambda model, x: sensitive(model, x)[:1],
            "has the shape": lambda model, x: [s[None] for s in sensitive(model, x)],
            "signs cancel": lambda model, x: sensitive(model, x, size=len(x)),
            "with its sign": lambda model, x: sensitive(model, x, of=torch.clone),
            "divide by": lambda model, x: [len(x) * s for s in sensitive(model, x)],
            "mean square": lambda model, x: sensitive(model, x, of=torch.square),
            "squared": lambda model, x: sensitive(model, x, norm=torch.norm),
            "not\\n": lambda model, x: [2 * s for s in sensitive(model, x)],
        },
    ),
    checks.check_fisher: (
        lambda model, x, y: per_image(model, x, y, torch.square),
        {
            "returned None": lambda model, x, y: None,
            "two parameters": lambda model, x, y: per_image(model, x, y, torch.square)[:1],
            "has the shape": lambda model, x, y: [f[None] for f in per_image(model, x, y, torch.square)],
            "square of the mean": lambda model, x, y: [g**2 for g in per_image(model, x, y, torch.clone)],
            "clear them": lambda model, x, y: [(len(x) * g) ** 2 for g in per_image(model, x, y, torch.clone)],
            "divide by": lambda model, x, y: [len(x) * f for f in per_image(model, x, y, torch.square)],
            "square it": lambda model, x, y: per_image(model, x, y, torch.abs),
            "most likely class": lambda model, x, y: per_image(model, x, model(x).argmax(1), torch.square),
            "not\\n": lambda model, x, y: [2 * f for f in per_image(model, x, y, torch.square)],
        },
    ),
    checks.check_distillation: (
        lambda new, old, t: sum(map(soft_cross_entropy(t), new, old)),
        {
            "returned None": lambda new, old, t: None,
            "not used": lambda new, old, t: sum(map(soft_cross_entropy(1), new, old)),
            "each head has its own": lambda new, old, t: soft_cross_entropy(t)(torch.cat(new, 1), torch.cat(old, 1)),
            "exchanged": lambda new, old, t: sum(map(soft_cross_entropy(t), old, new)),
            "temperature squared": lambda new, old, t: t**2 * sum(map(soft_cross_entropy(t), new, old)),
            "sum them": lambda new, old, t: sum(map(soft_cross_entropy(t), new, old)) / len(new),
            "divergence": lambda new, old, t: sum(
                soft_cross_entropy(t)(n, o) - soft_cross_entropy(t)(o, o) for n, o in zip(new, old, strict=True)
            ),
            "it is": lambda new, old, t: sum(map(torch.nn.functional.mse_loss, new, old)),
        },
    ),
    checks.check_overhead: (
        lambda features, tasks, bits: (2 * features * tasks + 2 * bits * features * (tasks - 1)) / 8,
        {
            "returned None": lambda features, tasks, bits: None,
            "eight of them": lambda features, tasks, bits: 2 * features * tasks + 2 * bits * features * (tasks - 1),
            "first task has no": lambda features, tasks, bits: (2 + 2 * bits) * features * tasks / 8,
            "a scale and a shift": lambda features, tasks, bits: (2 * tasks + bits * (tasks - 1)) * features / 8,
            "not one": lambda features, tasks, bits: (tasks + 2 * bits * (tasks - 1)) * features / 8,
            "half": lambda features, tasks, bits: (2 * tasks + 64 * (tasks - 1)) * features / 8,
            "not 0": lambda features, tasks, bits: 0,
        },
    ),
    checks.check_trained: (
        above_chance,
        {
            "returned None": lambda accuracy, classes, images: None,
            "was learned": lambda accuracy, classes, images: not above_chance(accuracy, classes, images),
            "lucky as often": lambda accuracy, classes, images: accuracy > 1 / classes,
            "not three": lambda accuracy, classes, images: above_chance(accuracy, classes, images, deviations=1.5),
            "of one who guesses": lambda accuracy, classes, images: (
                accuracy - 3 * (accuracy * (1 - accuracy) / images) ** 0.5 > 1 / classes
            ),
            "chance reaches far": lambda accuracy, classes, images: above_chance(accuracy, classes, 1500),
            "10 of 10": lambda accuracy, classes, images: above_chance(min(accuracy, 0.9), classes, images),
        },
    ),
}


def test_every_check_is_tried() -> None:
    assert {check for name, check in inspect.getmembers(checks) if name.startswith("check_")} == set(CASES)


@pytest.mark.parametrize("check", CASES, ids=lambda check: check.__name__)
def test_the_right_answer_passes(check: Callable[..., str]) -> None:
    assert check(CASES[check][0]) == checks.RIGHT


WRONG = [(check, words, answer) for check, (_, wrong) in CASES.items() for words, answer in wrong.items()]


@pytest.mark.parametrize(("check", "words", "answer"), WRONG, ids=lambda value: getattr(value, "__name__", None))
def test_a_wrong_answer_is_explained(check: Callable[..., str], words: str, answer: object) -> None:
    with pytest.raises(AssertionError, match=words):
        check(answer)


@pytest.mark.parametrize("name", [name for name in names() if get(name).zero_forgetting])
def test_every_method_without_forgetting_passes(name: str) -> None:
    assert checks.check_zero_forgetting(get(name)) == checks.RIGHT


@pytest.mark.long
def test_a_wrong_answer_is_refused_without_assertions_too() -> None:
    """Under ``python -O``, which leaves ``assert`` out."""
    code = """
from test_checks import CASES, WRONG
assert False, "assertions are on"
for check, words, answer in WRONG:
    try:
        print("not refused", check.__name__, words, check(answer))
    except AssertionError:
        pass
print(len(WRONG), {check(right) for check, (right, _) in CASES.items()})
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), str(BOOK.parent)])}
    run = subprocess.run([sys.executable, "-O", "-c", code], capture_output=True, text=True, env=environment)
    assert run.stdout == f"{len(WRONG)} {{'Right.'}}\n", run.stderr


def exercises() -> list[tuple[str, str, str]]:
    """Of every exercise of code: its chapter, the stub's cell, the solution's cell."""
    found = []
    for chapter in sorted(BOOK.glob("[0-9]*.md")):
        cells = [cell.source for cell in jupytext.read(chapter).cells if cell.cell_type == "code"]
        for stub in cells:
            call = re.search(r"^# (checks\.check_\w+\(\w+\))$", stub, re.MULTILINE)
            if call:
                (solution,) = [cell for cell in cells if re.search(rf"^{re.escape(call[1])}$", cell, re.MULTILINE)]
                found.append((chapter.stem, stub, solution))
    return found


@pytest.mark.parametrize(("chapter", "stub", "solution"), exercises(), ids=lambda text: text[:20])
def test_an_exercise_fails_on_its_stub_and_passes_on_its_solution(chapter: str, stub: str, solution: str) -> None:
    names: dict[str, object] = {"torch": torch}
    with pytest.raises(AssertionError):
        exec(re.sub(r"^# (checks\.)", r"\1", stub, flags=re.MULTILINE), names)
    exec(solution, names)


def test_every_concept_chapter_has_an_exercise_of_code() -> None:
    chapters = {path.stem for path in BOOK.glob("0[0-7]_*.md")}
    assert {chapter for chapter, _, _ in exercises()} >= chapters
