"""Which features come into each layer of somebody's own module, learned by following one run of its forward.

The run is watched at the level of PyTorch's functions. A tensor that a layer made carries its *features*: along which
dimension they lie, and from which layers they come, in runs. Functions that leave features where they are hand them on, a
concatenation joins runs, a sum ties them (they must be equally many for ever), a flatten multiplies positions. A tensor
without features does not depend on any layer that grows; what is seen of it, as of the network's input, belongs to task 1.
A function that is not known here is refused by name as soon as features go into it.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from tfm_lite.nn.convert.features import (
    KEEPING,
    MOVING,
    POOLING,
    SHAPING,
    CannotGrow,
    Features,
    Run,
    changes,
    moved,
    name_of,
    refuse,
    reshaped,
    spatial,
    tensors_in,
    total,
)


@dataclass
class Flow:
    """What a run has shown: the features that each part sees, and which layers' features are added to which."""

    seen: dict[str, Features] = field(default_factory=dict)
    shapes: dict[str, list[int]] = field(default_factory=dict)  # of what goes into each part
    ties: dict[tuple[str, str], str] = field(default_factory=dict)  # two sources, and the function that ties them
    normalized: set[str] = field(default_factory=set)  # layers that batch normalization follows directly


class Follow(TorchFunctionMode):
    """Inside it, one run of a module whose ``parts`` (layers, batch norms and the head, by name) are as yet ordinary."""

    def __init__(self, parts: Mapping[str, nn.Module], head: str) -> None:
        super().__init__()
        self.parts, self.head, self.flow = parts, head, Flow()
        self.owner = {id(p): f"{name}.{kind}" for name, part in parts.items() for kind, p in part.named_parameters()}
        self.known: dict[int, tuple[Tensor, Features]] = {}  # the tensor too: while it lives, its id is its own
        self.made_by: dict[int, str] = {}
        self.inside = False
        for name, part in parts.items():
            part.register_forward_pre_hook(partial(self._enter, name), with_kwargs=True)
            part.register_forward_hook(partial(self._leave, name))

    def of(self, x: Any) -> Features | None:
        return self.known[id(x)][1] if id(x) in self.known else None

    def mark(self, x: Tensor, features: Features | None) -> None:
        self.made_by.pop(id(x), None)
        if features is None or all(not run.source for run in features.runs):
            self.known.pop(id(x), None)
        else:
            self.known[id(x)] = x, features

    # Parts

    def _enter(self, name: str, part: nn.Module, args: Any, kwargs: Any) -> None:
        if name in self.flow.seen:
            raise CannotGrow(f"{name} is used twice in one forward; give each use a layer of its own")
        (x,) = tensors_in((args, kwargs))
        last = isinstance(part, nn.Linear)
        dim = x.dim() - 1 if last else 1
        features = self.of(x) or Features((Run("", x.shape[dim]),), dim)
        if self.of(x) is None and x.requires_grad:
            raise CannotGrow(
                f"what goes into {name} comes from a layer on a way that cannot be followed, such as a custom "
                "autograd.Function; use PyTorch's own functions"
            )
        if features.dim != dim:
            where = "last" if last else "second"
            raise CannotGrow(
                f"the features of {features} are not the {where} dimension of what goes into {name}, "
                f"of shape {tuple(x.shape)}: a layer across other dimensions cannot grow with them"
            )
        if isinstance(part, nn.Conv2d) and x.dim() != 4:
            raise CannotGrow(
                f"{name} gets a tensor of shape {tuple(x.shape)}; a convolution must see batches of maps, "
                "(images, features, height, width)"
            )
        self.flow.seen[name], self.flow.shapes[name] = features, list(x.shape)
        if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d) and id(x) in self.made_by:
            self.flow.normalized.add(self.made_by[id(x)])
        self.inside = True

    def _leave(self, name: str, part: Any, args: Any, out: Tensor) -> None:
        features = self.flow.seen[name] if name != self.head else None
        if features and isinstance(part, nn.Linear | nn.Conv2d):
            self.mark(out, Features((Run(name, part.weight.shape[0]),), features.dim))
            self.made_by[id(out)] = name
        else:
            self.mark(out, features)
        self.inside = False

    # Functions

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        tensors = list(tensors_in((args, kwargs)))
        if not self.inside:
            for tensor in tensors:
                if id(tensor) in self.owner:
                    raise CannotGrow(
                        f"the forward uses {self.owner[id(tensor)]} itself, outside of its layer; call the layer"
                    )
        inputs = [(tensor, self.of(tensor)) for tensor in tensors]
        shapes = [tuple(tensor.shape) for tensor in tensors]
        out = function(*args, **kwargs)
        with_features = any(features for _, features in inputs)
        if self.inside or not with_features or (not list(tensors_in(out)) and not changes(function)):
            return out
        name = name_of(function)
        given = [(shape, features) for shape, (_, features) in zip(shapes, inputs, strict=True)]
        if not isinstance(out, Tensor) or (changes(function) and not KEEPING.fullmatch(name)):
            refuse(name, given)
        self.mark(out, self._features(function, given, out, args, kwargs))
        return out

    def _features(self, function: Any, given: Any, out: Tensor, args: Any, kwargs: Any) -> Features:
        """The features of what comes out of a function; ``given`` are the shapes and features of the tensors in it."""
        name, (shape, features) = name_of(function), given[0]
        if name in ("cat", "concat", "concatenate"):
            dim = kwargs.get("dim", kwargs.get("axis", args[1] if len(args) > 1 else 0)) % out.dim()
            return self._joined(name, given, out, dim)
        if KEEPING.fullmatch(name):
            return self._tied(name, given, out)
        if features is None or (len(given) > 1 and not name.endswith("_as")):
            refuse(name, given)
        if SHAPING.fullmatch(name):
            return reshaped(name, features, shape, out)
        dim = None
        if POOLING.fullmatch(name):
            dim = features.dim if features.dim < len(shape) - spatial(name, len(shape), args, kwargs) else None
        elif MOVING.fullmatch(name):
            dim = moved(function, name, len(shape), features.dim, args, kwargs)
        if dim is None or out.shape[dim] != shape[features.dim]:
            refuse(name, given)
        return replace(features, dim=dim)

    def _joined(self, name: str, given: Any, out: Tensor, dim: int) -> Features:
        known = [features for _, features in given if features]
        if all(features.dim != dim for features in known):
            return self._tied(name, given, out)
        if any(features.dim != dim for features in known):
            refuse(name, given)
        runs = [features.runs if features else (Run("", shape[dim]),) for shape, features in given]
        return Features(tuple(run for part in runs for run in part), dim)

    def _tied(self, name: str, given: Any, out: Tensor) -> Features:
        """Element by element: what several tensors have along the features' dimension must be as much for ever."""
        known = [(features.dim - len(shape), features) for shape, features in given if features and total(features) > 1]
        if not known:  # a single feature, which may be spread over others
            shape, features = next((shape, features) for shape, features in given if features)
            return replace(features, dim=features.dim - len(shape) + out.dim())  # type: ignore[no-any-return]
        dim, first = known[0]
        for shape, features in given:
            if features is None and len(shape) >= -dim and shape[dim] != 1:
                raise CannotGrow(
                    f"{name} joins the features of {first} with a tensor of fixed size {shape[dim]}, which cannot "
                    "grow with them"
                )
        for other_dim, other in known[1:]:
            same = [(run.features, run.area) for run in first.runs] == [(run.features, run.area) for run in other.runs]
            if other_dim != dim or not same:
                raise CannotGrow(
                    f"{name} puts the features of {first} and of {other} together, which do not stand in the "
                    "same order; as they grow they would not meet"
                )
            for a, b in zip(first.runs, other.runs, strict=True):
                self._tie(name, a.source, b.source)
        if out.shape[dim] != total(first):
            refuse(name, given)
        return replace(first, dim=dim + out.dim())

    def _tie(self, name: str, a: str, b: str) -> None:
        if (a == "") != (b == ""):
            raise CannotGrow(
                f"{name} puts the features of {a or b}, which grow, and those of the input, which do not, together"
            )
        if a != b:
            self.flow.ties[a, b] = name


def follow(module: nn.Module, parts: Mapping[str, nn.Module], head: str, example: Any) -> Flow:
    """What one run of the module on ``example`` shows; the run is in eval mode, on a copy that shares the weights."""
    device = example.device if isinstance(example, Tensor) else None
    shared: dict[int, Any] = {id(p): nn.Parameter(p.detach().to(device)) for p in module.parameters()}
    shared.update({id(buffer): buffer.to(device) for buffer in module.buffers()})
    copied = copy.deepcopy(module, shared).eval()
    copied(example)  # what cannot run at all says so in its own words
    watch = Follow({name: copied.get_submodule(name) for name in parts}, head)
    with watch:
        copied(example)
    for name in parts:
        if name not in watch.flow.seen:
            raise CannotGrow(
                f"{name} is never used by the forward; remove it, or build the module without it (as with aux_logits=False)"
            )
    return watch.flow


def rehearse(
    module: nn.Module, parts: Mapping[str, nn.Module], flow: Flow, widths: Mapping[str, int], example: Any
) -> None:
    """Run the module, whose ``parts`` have these widths, as it was followed before; refuse one that does not go as then."""
    done: list[str] = []

    def enter(name: str, _: object, args: Any, kwargs: Any) -> None:
        (x,) = tensors_in((args, kwargs))
        shape, features = list(flow.shapes[name]), flow.seen[name]
        shape[features.dim] = features.size(widths)
        if list(x.shape) != shape:
            raise CannotGrow(
                f"widths do not meet at {name}: it should get a tensor of shape {tuple(shape)} and gets {tuple(x.shape)}; "
                "let the forward take sizes from its tensors, not from numbers written down"
            )
        done.append(name)

    for name, part in parts.items():
        part.register_forward_pre_hook(partial(enter, name), with_kwargs=True)
    try:
        with torch.no_grad():
            for tensor in (*module.parameters(), *module.buffers()):
                tensor.zero_()  # memory as it was found may hold anything, also what is no number
            module.eval()(example)
    except CannotGrow:
        raise
    except Exception as error:
        after = done[-1] if done else "its start"
        raise CannotGrow(f"the forward cannot run at other widths; after {after} it says: {error}") from error
    if missing := [name for name in parts if name not in done]:
        raise CannotGrow(
            f"a copy of the module does not call {missing[0]} by its own attributes, as a lambda that holds the layer"
        )
