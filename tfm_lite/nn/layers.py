"""The ternary layers, and the kit that makes networks of them.

Features are ordered by the task that added them, so that for task t those of a layer fall into three runs,

    [0, O(t-1)) forward-only      [O(t-1), O(t)) normal      [O(t), ...) masked

and a layer's ternary mask is nothing but its boundaries O(1), O(2), ... Using task t means using the slice
``W[:O(t), :I(t)]``, where I are the boundaries of the layer below.

**A tensor that learns is a parameter; one that must never change again is a buffer.** That is the whole argument for zero
forgetting: an optimizer cannot be given, and therefore cannot move, what an old task uses.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from tfm_lite.nn.feature_norm import FeatureNorm
from tfm_lite.nn.per_task import PerTask
from tfm_lite.nn.product import BlockProduct, folded, lower
from tfm_lite.nn.stages import BatchNorm, Plain, Stage, Weighted, freeze, initial
from tfm_lite.seeds import torch_stream

MASKED, FORWARD_ONLY, NORMAL = 0, 1, 2  # the three states of a feature


class TernaryLayer(nn.Module):
    """A linear or convolutional layer that grows task by task and never changes what an older task uses.

    ``boundaries[t]`` is (I(t), O(t)): how many inputs and outputs task t uses. The weights of all tasks but the one being
    learned are the buffers ``weight`` and ``bias``; those being learned are the parameters ``rows``, ``columns`` and
    ``new_bias`` (see :class:`BlockProduct`). The bias of an old feature is frozen with it.

    >>> layer, random = TernaryLayer(Stage(8)), torch.Generator()
    >>> layer.grow(4, 3, random)
    >>> layer.keep()
    >>> x = torch.randn(2, 4, generator=random)
    >>> before = layer(x, 0)
    >>> layer.grow(4, 5, random)
    >>> tuple(layer(x, 1).shape), torch.equal(layer(x, 0), before)
    ((2, 5), True)
    """

    weight: Tensor
    bias: Tensor

    def __init__(self, stage: Weighted) -> None:
        super().__init__()
        self.stage = stage
        self.boundaries: list[tuple[int, int]] = []
        self.learning = False
        self.register_buffer("weight", torch.zeros(stage.weight_shape(0, 0)))
        self.register_buffer("bias", torch.zeros(0))
        self._live: tuple[Tensor, ...] = ()  # the slice of the task being learned, and the parameters in it
        self._cast: Tensor | None = None  # the weights of that slice in autocast's type
        self._slices: dict[tuple[int, bool], tuple[Tensor, Tensor]] = {}  # by task, and whether an affine step is in it
        self.register_load_state_dict_post_hook(_join)

    def grow(self, inputs: int, outputs: int, generator: torch.Generator) -> None:
        """Begin the next task, which uses ``inputs`` and ``outputs`` features; what they add to the layer will learn."""
        old_inputs, old_outputs = self.boundaries[-1] if self.boundaries else (inputs, 0)
        if self.learning:
            raise ValueError("the layer is still learning a task; call keep() before it grows for the next")
        if inputs < old_inputs or outputs < old_outputs:
            raise ValueError(
                f"a layer only grows: it has {old_inputs} inputs and {old_outputs} outputs, not {inputs}, {outputs}"
            )
        if not self.boundaries:  # the first task's inputs are no new inputs of old features
            self.weight = self.weight.new_zeros(self.stage.weight_shape(0, inputs))
        self.boundaries.append((inputs, outputs))
        self.learning = True
        fan_in = math.prod(self.stage.weight_shape(1, inputs))
        shapes = (outputs - old_outputs, inputs), (old_outputs, inputs - old_inputs)
        rows, columns = (initial(self.stage.weight_shape(*s), fan_in, generator).to(self.weight) for s in shapes)
        self.rows, self.columns = nn.Parameter(rows), nn.Parameter(columns)
        self.new_bias = nn.Parameter(self.bias.new_zeros(outputs - old_outputs))
        self._join()

    def keep(self) -> None:
        """End the task: what it learned joins the buffers and is never a parameter again."""
        self.weight, self.bias = (part.clone() for part in self.used(len(self.boundaries) - 1))
        del self.rows, self.columns, self.new_bias
        self.learning = False
        self._join()

    def learns(self, t: int) -> bool:
        """Whether ``t`` is the task being learned."""
        return self.learning and t == len(self.boundaries) - 1

    @torch.no_grad()
    def used(self, t: int, affine: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:
        """The weights and biases that task ``t`` uses, each one contiguous slice, cached until another is used.

        That of the task being learned is live: its parameters are windows into it. With an ``affine`` scale and shift the
        slice is another one, into which they are :func:`folded`; it is kept once the task has been learned.
        """
        compiling = torch.compiler.is_compiling()  # then memory has no addresses, and nothing is worth keeping
        if self.learns(t):
            weight, bias, *own = self._live
            learned = self.rows, self.columns, self.new_bias
            for given, window, parameter in zip(learned, self._windows(weight, bias), own, strict=True):
                if given is not parameter or not (compiling or given.data_ptr() == window.data_ptr()):
                    weight, bias = self._slice(t, *learned)  # other tensors stand in for them, or have become theirs
                    break
            return folded(weight, bias, *affine) if affine else (weight, bias)
        key = t, affine is not None
        found = self._slices.get(key)
        if found is None or compiling:
            found = folded(*self._slice(t), *affine) if affine else self._slice(t)
            if not compiling:
                self._slices = {key: found}  # of one task at a time: the slices of all would be many times the layer
        return found

    def _windows(self, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Where rows, columns and new biases of the task being learned stand in its slice."""
        (inputs, _), old = self.boundaries[-1], self.bias.numel()
        known = self.boundaries[-2][0] if len(self.boundaries) > 1 else inputs
        return weight[old:], weight[:old, known:], bias[old:]

    def _slice(self, t: int, *learned: Tensor) -> tuple[Tensor, Tensor]:
        """A slice of the buffers, and of what is ``learned`` if the task is the one being learned."""
        inputs, outputs = self.boundaries[t]
        old, bias = self.weight[:outputs, :inputs], self.bias[:outputs]
        if learned:
            rows, columns, new_bias = learned
            return torch.cat([torch.cat([old, columns], 1), rows]), torch.cat([bias, new_bias])
        return old.contiguous(), bias

    @torch.no_grad()
    def _join(self) -> None:
        """Forget cached slices; give the task being learned a slice of its own, into which its parameters look from now on.

        So a step of an optimizer changes the slice itself, and nothing is copied in a step. What the slice holds of older
        tasks is a copy.
        """
        self._slices.clear()
        self._live, self._cast = (), None
        if self.learning:
            learned = self.rows, self.columns, self.new_bias
            weight, bias = self._slice(len(self.boundaries) - 1, *learned)
            for parameter, window in zip(learned, self._windows(weight, bias), strict=True):
                parameter.data = window
            self._live = weight, bias, *learned

    def forward(self, x: Tensor, t: int, affine: tuple[Tensor, Tensor] | None = None) -> Tensor:
        """The product as task ``t`` uses it, with an ``affine`` scale and shift (O(t),) of its outputs, if any, in it."""
        if self.learns(t):
            blocks = self.rows, self.columns, self.new_bias
            weight, bias = self.used(t)
            if affine is None and (kind := lower(weight)) and weight is self._live[0]:
                weight = self._lowered(kind)
            return BlockProduct.apply(x, weight, bias, *blocks, *(affine or (None, None)), self.stage)  # type: ignore[no-any-return]
        return self.stage.product(x, *self.used(t, affine))

    @torch.no_grad()
    def _lowered(self, kind: torch.dtype) -> Tensor:
        """The live weights in this type: what older tasks use is cast once, what learns in every step."""
        weight, bias, *own = self._live
        if self._cast is None or self._cast.dtype != kind:
            self._cast = weight.to(kind)
        else:  # by .data, for a pass that went before may still want to go back: to the same values
            for window, learned in zip(self._windows(self._cast.data, bias)[:2], own, strict=False):
                window.copy_(learned)
        return self._cast

    def mask(self, t: int) -> Tensor:
        """The ternary mask of the layer's outputs for task ``t``, int8 (features,): a view for readers.

        Nothing computes with it; the boundaries say the same in one number per task.
        """
        mask = torch.full((self.boundaries[-1][1],), MASKED, dtype=torch.int8)
        mask[: self.boundaries[t][1]] = NORMAL
        mask[: self.boundaries[t - 1][1] if t else 0] = FORWARD_ONLY
        return mask

    def __getstate__(self) -> dict[str, Any]:
        """What a copy of the layer is made from: all but the slices, each as large as the layer."""
        return {**self.__dict__, "_slices": {}, "_live": (), "_cast": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._join()

    def _apply(self, fn: Any, recurse: bool = True) -> TernaryLayer:
        super()._apply(fn, recurse)
        self._join()  # the slices are still on the old device
        return self


def _join(layer: TernaryLayer, _: object) -> None:
    layer._join()


class Ternary(Plain):
    """A stage of the ternary kit. It has no features until it grows.

    ``norm`` says where feature normalization stands: "before" the non-linearity, "after" it (and its pool), or None. Before
    the non-linearity of a convolution it is multiplied into the weights: a pass over a map costs more than one over the
    weights. In a stage with batch normalization every task has one of its own instead: its scale and shift do what FN's do.
    """

    roles: ClassVar = {"layer": "weights", "norm": "norm", "batch_norms": "norm"}

    def __init__(
        self, stage: Stage, *, norm: str | None = "before", which: str = "all", start: str = "identity", **plain: Any
    ) -> None:
        if norm not in ("before", "after", None):
            raise ValueError(f"feature normalization is 'before' or 'after' the non-linearity or None, not {norm!r}")
        super().__init__(stage, **plain)
        self.place = None if stage.norm else norm
        self.folds = self.place == "before" and stage.kernel > 0
        self.norm = FeatureNorm(which=which, start=start)
        self.batch_norms: PerTask[BatchNorm] = PerTask()

    def make(self, inputs: int) -> None:
        self.layer = TernaryLayer(self.stage)

    def grow(self, t: int, inputs: int, features: int) -> None:
        """Begin task ``t``, which uses ``inputs`` features of the stage below and ``features`` of this one."""
        old = self.layer.bias.numel()
        self.layer.grow(inputs * self.area, features, torch_stream(self.seed, "weights", self.name, t))
        if self.place and t > 0:
            self.norm.grow(t, old, features, like=self.layer.bias)
        if self.stage.norm:
            self.batch_norms[t] = BatchNorm(features).to(self.layer.bias)

    def keep(self) -> None:
        self.layer.keep()
        self.norm.keep()
        freeze(self.batch_norms)

    def used(self, t: int) -> tuple[Tensor, Tensor]:
        return self.layer.used(t, self._affine(t))

    def product(self, x: Tensor, t: int) -> Tensor:
        return self.layer(x, t, self._affine(t))  # type: ignore[no-any-return]

    def _affine(self, t: int) -> tuple[Tensor, Tensor] | None:
        """What of feature normalization goes into the product."""
        return self.norm.affine(t, self.layer.boundaries[t][1]) if self.folds else None

    def before_activation(self, x: Tensor, t: int) -> Tensor:
        if self.stage.norm:
            return self.batch_norms[t](x)  # type: ignore[no-any-return]
        return self.norm(x, t) if self.place == "before" and not self.folds else x

    def after_pool(self, x: Tensor, t: int) -> Tensor:
        return self.norm(x, t) if self.place == "after" else x
