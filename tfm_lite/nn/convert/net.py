"""A network of somebody's own whose layers are ternary."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from typing import Annotated, Any

import torch
from torch import Tensor, nn

from tfm_lite.nn.convert.follow import Flow, rehearse
from tfm_lite.nn.convert.parts import TernaryPart, at
from tfm_lite.nn.convert.per_task import TaskHead, TaskNorm
from tfm_lite.nn.per_task import as_task
from tfm_lite.options import Count, Fraction, Range, check

Part = TernaryPart | TaskNorm | TaskHead
SIZE = "a network's size, a share of the plain network's weights,"
SIZE_PRETRAINED = "a pretrained network's size, 1 before it grows and 1.05 with 5 % more weights,"


class TernaryNet(nn.Module):
    """What :func:`~tfm_lite.nn.convert.ternary` makes: ``net(x, t)`` is the forward of the module as task ``t`` uses it.

    The module's forward has no argument for the task: its layers hear of it from a ``ContextVar`` that is set inside
    ``net(x, t)`` only. So threads may use different tasks at the same time, and there is no current task to forget about.
    """

    def __init__(
        self,
        module: nn.Module,
        parts: Mapping[str, Any],
        flow: Flow,
        example: Any,
        *,
        head: str,
        pretrained: bool = False,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.flow, self.example, self.head, self.pretrained = flow, example, head, pretrained
        self.parts: dict[str, Part] = {
            name: _part(parts[name], name, flow, head, seed, pretrained) for name in flow.seen
        }
        self.module = copy.deepcopy(module, {id(parts[name]): part for name, part in self.parts.items()})
        self.layers = {name: part for name, part in self.parts.items() if isinstance(part, TernaryPart)}
        self.classes: list[int] = []  # of each task begun
        self.learned = 0  # tasks finished
        self.fractions: list[float | None] = []  # the network's size after each task, where it was said as a fraction
        self.widths: list[dict[str, int]] = []  # features of each layer by stage of growth, and the classes
        if pretrained:
            self.widths.append(self._widths(1.0, None))
            for name, part in self.parts.items():
                if not isinstance(part, TaskHead):
                    part.grow(0, self.widths[0])
                    part.take(parts[name])
                    part.keep()

    def forward(self, x: Any, t: int) -> Any:
        """What the module's forward gives for ``x``, with the features and the head of task ``t``."""
        with at(self._stage(t)):
            return self.module(x)

    def grow(self, *, classes: int, fraction: float | None = None, features: Mapping[str, int] | None = None) -> int:
        """Begin the next task, of ``classes`` classes; what learns it are the net's parameters. Its index is returned.

        How large the network is then: a ``fraction`` of the plain network's weights (:mod:`tfm_lite.nn.growth`), which of a
        pretrained network is 1 before it has grown; or ``features`` by the layer's name. A layer that is not named has as
        many as those that it is added to, or else does not grow.
        """
        check("a task's number of classes", classes, Count)
        if self.learned < len(self.classes):
            raise ValueError(
                f"task index {self.learned} is still being learned; call keep() before the net grows again"
            )
        if (fraction is None) == (features is None):
            raise ValueError("say how much the network grows by a fraction or by features, one of the two")
        widths = {**self._widths(fraction, features), self.head: classes}
        self._rehearse(widths)
        stage = len(self.widths)
        for part in self.parts.values():
            part.grow(stage, widths)
            part.train(self.training)
        self.widths.append(widths)
        self.classes.append(classes)
        self.fractions.append(fraction)
        return len(self.classes) - 1

    def keep(self) -> None:
        """End the task: what it learned is never a parameter again."""
        if self.learned == len(self.classes):
            raise ValueError("no task is being learned; call grow() first")
        for part in self.parts.values():
            part.keep()
        self.learned += 1

    @torch.no_grad()
    def extract(self, t: int) -> nn.Module:
        """Task ``t`` as a plain module of the original class, its layers ordinary ones of the task's widths, in eval mode.

        Its outputs are those of ``net(x, t)`` in eval mode, bit for bit, for as long as its parameters ask for no gradients:
        they do not, for PyTorch may compute otherwise where they do. Before a layer behind a concatenation stands a step
        that puts the features of older tasks first, as in use.
        """
        stage = self._stage(t)
        return self._with({name: part.extract(stage, self.widths[stage]) for name, part in self.parts.items()}).eval()

    def masks(self, t: int) -> dict[str, Tensor]:
        """The ternary mask of task ``t`` for each layer's features, int8 (features,): see :mod:`tfm_lite.nn.layers`."""
        return {name: layer.layer.mask(self._stage(t)) for name, layer in self.layers.items()}

    def storage(self) -> dict[str, int]:
        """Bytes of every tensor that is kept, by what it is kept for; a mask is four bytes per task and layer."""
        kept = {"weights": 0, "norm": 0, "heads": 0}
        for part in self.parts.values():
            for name, tensor in part.state_dict().items():
                role = "norm" if isinstance(part, TaskNorm) or name.startswith("norm.") else "weights"
                kept["heads" if isinstance(part, TaskHead) else role] += tensor.numel() * tensor.element_size()
        return {**kept, "masks": 4 * self.learned * len(self.layers)}

    def structure(self) -> dict[str, Any]:
        """Plain JSON from which ``rebuild`` makes the same shapes again."""
        features = [{name: widths[name] for name in self._free()} for widths in self.widths[self.pretrained :]]
        kept = {"classes": self.classes, "learned": self.learned, "fractions": self.fractions}
        return {"pretrained": self.pretrained, "features": features, **copy.deepcopy(kept)}

    def rebuild(self, structure: Mapping[str, Any]) -> None:
        """Bring a fresh net of the same module into the shape of a saved one; then ``load_state_dict`` can fill it."""
        if self.classes:
            raise ValueError(f"only a fresh net can be rebuilt; this one has begun {len(self.classes)} tasks")
        if structure["pretrained"] != self.pretrained:
            raise ValueError(f"the saved net was made with pretrained={structure['pretrained']}; make this one so too")
        for t, (classes, features) in enumerate(zip(structure["classes"], structure["features"], strict=True)):
            self.grow(classes=classes, features=features)
            self.fractions[t] = structure["fractions"][t]
            if t < structure["learned"]:
                self.keep()

    # Inside

    def _stage(self, t: int) -> int:
        return as_task(t, len(self.classes)) + self.pretrained

    def _rehearse(self, widths: Mapping[str, int]) -> None:
        """Refuse widths at which the forward cannot run, before anything has grown."""
        like, example = next(self.buffers()), self.example
        if isinstance(example, Tensor) and example.is_floating_point():
            example = example.to(like.dtype)  # the network may have become another type's since
        device = example.device if isinstance(example, Tensor) else like.device
        plain = {name: part.plain(widths, device) for name, part in self.parts.items()}
        rehearse(self._with(plain), plain, self.flow, widths, example)

    def _with(self, plain: Mapping[str, nn.Module]) -> nn.Module:
        """A copy of the module in which these stand for its parts."""
        return copy.deepcopy(self.module, {id(self.parts[name]): part for name, part in plain.items()})

    def _free(self) -> list[str]:
        """The layers whose widths are chosen: a depth-wise convolution goes by what it sees."""
        return [name for name, layer in self.layers.items() if not layer.product.each]

    def _widths(self, fraction: float | None, features: Mapping[str, int] | None) -> dict[str, int]:
        before = self.widths[-1] if self.widths else {}
        if fraction is None:
            widths = self._asked(features or {}, before)
        else:
            least = Annotated[float, Range(least=1)]
            check(*(SIZE_PRETRAINED, fraction, least) if self.pretrained else (SIZE, fraction, Fraction))
            widths = {name: max(1, round(self.layers[name].full * math.sqrt(fraction))) for name in self._free()}
        for name, layer in self.layers.items():
            if layer.product.each:
                widths[name] = layer.features.size(widths) * layer.product.each
        for name, width in widths.items():
            if width < before.get(name, 1):
                raise ValueError(f"a network only grows: {name} has {before[name]} features, not {width}; ask for more")
        for (a, b), function in self.flow.ties.items():
            if widths[a] != widths[b]:
                raise ValueError(
                    f"{function} puts the features of {a} and {b} together, so they have equally many, not "
                    f"{widths[a]} and {widths[b]}"
                )
        return widths

    def _asked(self, features: Mapping[str, int], before: Mapping[str, int]) -> dict[str, int]:
        """Features by layer as they were asked for, handed on to the layers that must have equally many."""
        for name, count in features.items():
            if name not in self._free():
                raise ValueError(
                    f"{name} is not a layer whose features can be chosen; these are {', '.join(self._free())}"
                )
            check(f"the features of {name}", count, Count)
        asked, ties = dict(features), [pair for tie in self.flow.ties for pair in (tie, tie[::-1])]
        for _ in ties:
            asked = {**{b: asked[a] for a, b in ties if a in asked}, **asked}
        widths = {**{name: before[name] for name in self._free() if name in before}, **asked}
        if missing := [name for name in self._free() if name not in widths]:
            raise ValueError(f"the first task needs the features of every layer; {', '.join(missing)} are not said")
        return widths


def _part(old: Any, name: str, flow: Flow, head: str, seed: int, still: bool) -> Part:
    """What stands for an ordinary layer."""
    what: Any = {"name": name, "features": flow.seen[name]}
    if name == head:
        return TaskHead(old, seed=seed, **what)
    if isinstance(old, nn.Linear | nn.Conv2d):
        return TernaryPart(old, normalized=name in flow.normalized, seed=seed, still=still, **what)
    return TaskNorm(old, still=still, **what)
