"""What every method is made of. The base class is fine-tuning; a method overrides the few hooks where it differs."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tfm_lite.datasets.tasks import Task
from tfm_lite.methods.refusals import check_input, check_shape
from tfm_lite.nn.networks import Builder, Network
from tfm_lite.nn.per_task import as_task
from tfm_lite.nn.stages import Kit, Plain
from tfm_lite.options import check_options
from tfm_lite.protocol import Protocol
from tfm_lite.train import Fit

UNDECLARED = "undeclared"  # the role of a tensor of which nobody says what it is kept for

known: dict[str, type[Method]] = {}  # every method that was ever imported, by its name


class Method(nn.Module):
    """A way to learn tasks one after the other.

    A method is a module, and its parameters and buffers are *all* its state: what the optimizer may move is a parameter,
    what it must not is a buffer (:func:`~tfm_lite.nn.stages.freeze` turns the one into the other).

    **Constructor.** ``super().__init__(build)`` first, then the hyper-parameters: keyword arguments with their paper's
    defaults, whose annotations say what they may be (:mod:`tfm_lite.options`); any other value is a ``ValueError``. The
    network is made later, by ``start``.

    **Hooks**, in their order. Tasks are named by their index t, from 0, and every hook is told which:

    1. ``start()``, once, before the first task;
    2. ``before_task(t, classes)``;
    3. ``learn(task, fit)``, in which each call of ``fit`` makes an ``optimizer(parameters, t, protocol)`` and runs, per
       batch, ``before_batch(t, progress)``, ``loss(x, y, t)`` + ``penalty(t)``, backward, ``after_backward(t)``, clip, the
       optimizer's step, ``after_step(t)``;
    4. ``after_task(t)``.

    In a batch that mixes tasks t is the task of each image, int64 (B,), on the CPU. Only a method that calls
    ``fit(seen=True)`` meets one.

    **Kept.** A method is pickled, copied and saved whole like any module (``torch.load(file, weights_only=False)`` runs what
    is in the file: only for files of one's own). What is meant to last is its :meth:`structure` and its ``state_dict()``,
    of which ``rebuild`` and ``load_state_dict`` make it again.

    A subclass with a ``name`` of its own is known by it (:func:`tfm_lite.methods.get`) as soon as its file is imported.

    >>> from tfm_lite import methods
    >>> from tfm_lite.nn.networks import Builder
    >>> build = Builder.of("lenet", channels=1, size=28, tasks=2)
    >>> method = methods.get("freeze")(build)
    >>> method.begin(0, classes=5)
    >>> tuple(method.predict(torch.zeros(3, 1, 28, 28), 0).shape)
    (3, 5)
    >>> method.storage()["heads"]  # bytes
    1700
    """

    name: ClassVar[str] = ""
    paper: ClassVar[str | None] = None  # citation key in the book's bibliography
    zero_forgetting: ClassVar[bool] = False  # a claim: the tests hold it to the last bit
    # What tensors and modules that the method itself makes are kept for, by their names; kits and networks have their own.
    roles: ClassVar[Mapping[str, str]] = {}
    # Values to choose from by tfm_lite.runs.selection, the default first.
    grid: ClassVar[dict[str, tuple[Any, ...]]] = {}
    chosen_with: ClassVar[str] = ""  # another method, whose choice from its grid serves this one too

    kit: Kit[Plain] = Plain
    net: Network[Plain]

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        _check_names(cls)
        if vars(cls).get("name"):
            other = known.setdefault(cls.name, cls)
            if (other.__module__, other.__qualname__) != (cls.__module__, cls.__qualname__):
                raise ValueError(
                    f"two methods have the name {cls.name!r}, {cls.__module__}.{cls.__qualname__} and "
                    f"{other.__module__}.{other.__qualname__}: give one another name"
                )
            known[cls.name] = cls  # a cell or a file that was run again

    def __new__(cls, build: Any = None, **options: Any) -> Self:
        if options:
            check_options(cls, options)
        return super().__new__(cls)

    def __init__(self, build: Builder) -> None:
        if not isinstance(build, Builder):
            raise ValueError(
                f"a method is made with what makes its networks, Builder.of('lenet', tasks=tasks), not with {build!r}"
            )
        super().__init__()
        self.build = build
        self.classes: list[int] = []  # of each task begun
        self.learned = 0  # tasks finished
        self.started = False

    # Hooks

    def start(self) -> None:
        """Make the network."""
        self.net = self.build(self.kit)

    def before_task(self, t: int, classes: int) -> None:
        """Make room for task ``t``. Uses no data: a saved method is rebuilt by calling it again."""
        self.net.add_head(t, classes)

    def learn(self, task: Task, fit: Fit) -> None:
        """Learn the task; ``fit()`` trains on it to the end of the protocol and may be called more than once."""
        fit()

    def after_task(self, t: int) -> None:
        """Make permanent what must not change any more. Uses no data, as ``before_task``."""

    def fits(self, t: int) -> int:
        """How often ``learn`` will call ``fit`` for task ``t``: for the estimate of the time left."""
        return 1

    def optimizer(self, parameters: Iterable[nn.Parameter], t: int, protocol: Protocol) -> torch.optim.Optimizer:
        """A new one for each training of task ``t``: the protocol's, unless the method needs its own."""
        return protocol.fresh(parameters)

    def before_batch(self, t: Any, progress: float) -> None:
        """``progress`` is the share of the epoch's batches that are done, 0 for the first batch."""

    def loss(self, x: Tensor, y: Tensor, t: Any) -> tuple[Tensor, Tensor]:
        """The data term, a scalar, of images (B, channels, size, size) and labels (B,) of task ``t``, and the logits
        (B, classes) that it is of: validation counts by them what is right."""
        logits = self(x, t)
        return F.cross_entropy(logits, y), logits

    def penalty(self, t: Any) -> Tensor | float:
        """The rest of the loss, which uses no data."""
        return 0.0

    def after_backward(self, t: Any) -> None:
        """Gradients are there, not yet clipped."""

    def after_step(self, t: Any) -> None:
        """The optimizer has moved the parameters."""

    def forward(self, x: Tensor, t: int) -> Tensor:
        """Logits (B, classes) of task ``t``."""
        return self.net(x, t)

    # What the loop and the reader use

    @torch.no_grad()
    def predict(self, x: Tensor, t: int) -> Tensor:
        """Logits (B, classes) of task ``t``, as in use: no dropout, no gradients.

        ``x`` is what the network sees, as :class:`~tfm_lite.datasets.inputs.Inputs` makes it. Raises ``ValueError`` if it is
        something else, or the task was not begun.

        Several threads may ask at once. But while a method learns, only the thread in which it learns may: a network is
        either in training or in use, for all who have it, so that dropout would get into the answer, or out of the training.
        Another thread takes a copy, ``copy.deepcopy(method)``, that is made between two epochs, in ``on_epoch``.
        """
        t = as_task(t, len(self.classes))
        check_input(x, self, self.build.channels, self.build.size)
        if any(module.training for module in self.modules()):  # after many tasks eval() takes longer than the product
            self.eval()
        return self(x, t)

    def check_shape(self, shape: Sequence[int]) -> None:
        """Refuse images of another shape (channels, size, size) than the network is made for."""
        check_shape(shape, self.build.channels, self.build.size)

    def ready(self) -> Self:
        """The method with its network made. ``begin`` sees to it; who looks at a network before calls this first."""
        if not self.started:
            self.started = True
            self.start()
        return self

    def _apply(self, fn: Any, recurse: bool = True) -> Self:
        self.ready()  # who moves a method to a device or a type means its network too
        return super()._apply(fn, recurse)

    def begin(self, t: int, classes: int) -> None:
        """Start task ``t``."""
        if t != len(self.classes) or self.learned != t:
            raise ValueError(
                f"task index {t} cannot begin: {self.learned} tasks are learned and {len(self.classes)} begun. "
                f"A learned task is never learned again; give the same data the next index, {len(self.classes)}"
            )
        self.ready()
        self.classes.append(classes)
        self.before_task(t, classes)

    def end(self, t: int) -> None:
        """Finish task ``t``. Raises ``ValueError`` if zero forgetting is claimed and something could still move."""
        self.after_task(t)
        if self.zero_forgetting and (left := [name for name, _ in self.named_parameters()]):
            raise ValueError(
                f"{self.name or type(self).__name__} claims zero forgetting, and after task index {t} {left[0]} is still a "
                "parameter, which the next task would move: freeze() what holds it in after_task (tfm_lite.nn.stages), or "
                "make no claim"
            )
        self.learned += 1

    def role(self, name: str) -> str:
        """What the tensor of this name in ``state_dict()`` is kept for, a line of ``storage()``: what the outermost module
        says of it in its ``roles``."""
        module: Any = self
        for part in name.split("."):
            for cls in type(module).__mro__:
                if role := vars(cls).get("roles", {}).get(part):
                    return str(role)
            module = getattr(module, part)
        return UNDECLARED

    def storage(self) -> dict[str, int]:
        """Bytes of every tensor that the method keeps between tasks, by what it is kept for."""
        kept: dict[str, int] = {}
        for name, tensor in self.state_dict().items():
            kept[self.role(name)] = kept.get(self.role(name), 0) + tensor.numel() * tensor.element_size()
        return kept

    def structure(self) -> dict[str, Any]:
        """Plain JSON from which ``rebuild`` makes the same shapes again."""
        return {"classes": self.classes, "learned": self.learned}

    def reshape(self, t: int, structure: dict[str, Any]) -> None:
        """Give task ``t`` the shape that it had in ``structure``, where ``before_task`` does not.

        What ``structure`` does not have is to be expected: :func:`tfm_lite.memory.kept` asks before anything is learned.
        """

    def rebuild(self, structure: dict[str, Any]) -> None:
        """Bring a fresh method into the shape of a saved one; then ``load_state_dict`` can fill it."""
        for t, classes in enumerate(structure["classes"]):
            self.begin(t, classes)
            self.reshape(t, structure)
            if t < structure["learned"]:
                self.end(t)


HOOKS = [name for name, value in vars(Method).items() if inspect.isfunction(value) and not name.startswith("_")]


def _check_names(cls: type[Method]) -> None:
    """Refuse a hook of a name that nobody calls: it would do nothing, and nobody would know."""
    for name, value in vars(cls).items():
        if not inspect.isfunction(value) or any(name in vars(base) for base in cls.__mro__[1:]):
            continue
        near = difflib.get_close_matches(name, HOOKS, 1, cutoff=0.88)
        if near or name.startswith(("before_", "after_")):
            hint = f"{near[0]}?" if near else f"the hooks are {', '.join(HOOKS)}."
            raise ValueError(
                f"{cls.__name__} has a {name}, which is no hook and is never called: {hint} A function of another use "
                "begins with an underscore"
            )
