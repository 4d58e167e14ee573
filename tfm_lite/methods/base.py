"""What every method is made of. The base class is fine-tuning; a method overrides the few hooks where it differs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, ClassVar, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tfm_lite.datasets.tasks import Task
from tfm_lite.nn.networks import Builder
from tfm_lite.nn.stages import Plain
from tfm_lite.options import check_options

if TYPE_CHECKING:
    from tfm_lite.train import Fit


class Method(nn.Module):
    """A way to learn tasks one after the other.

    A method is a module, and its parameters and buffers are *all* its state: what the optimizer may move is a parameter,
    what it must not is a buffer. Hyper-parameters are keyword arguments of the constructor with their paper's defaults; their
    annotations say what they may be (:mod:`tfm_lite.options`), and any other value is a ``ValueError``.

    The order of hooks is: ``before_task``; ``learn``, in which each call of ``fit`` runs, per batch, ``before_batch``,
    ``loss`` + ``penalty``, backward, ``after_backward``, clip, the optimizer's step, ``after_step``; ``after_task``.
    Tasks are named by their index t, from 0.

    >>> from tfm_lite import methods
    >>> from tfm_lite.nn.networks import Builder, stages_of
    >>> build = Builder(stages_of("lenet"), channels=1, size=28, tasks=2)
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
    kit: ClassVar[Callable[..., Plain]] = Plain
    grid: ClassVar[
        dict[str, tuple[Any, ...]]
    ] = {}  # values to choose from by tfm_lite.runs.selection, the default first
    chosen_with: ClassVar[str] = ""  # another method, whose choice from its grid serves this one too

    net: Any

    def __new__(cls, build: Any = None, **options: Any) -> Self:
        if options:
            check_options(cls, options)
        return super().__new__(cls)

    def __init__(self, build: Builder) -> None:
        super().__init__()
        self.build = build
        self.classes: list[int] = []  # of each task begun
        self.learned = 0  # tasks finished
        self.start()

    # Hooks

    def start(self) -> None:
        """Make the network; called once, at the end of construction."""
        self.net = self.build(type(self).kit)

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

    def optimizer(self, parameters: Iterable[nn.Parameter], lr: float) -> torch.optim.Optimizer:
        return torch.optim.SGD(parameters, lr=lr)

    def before_batch(self, progress: float) -> None:
        """``progress`` is the share of the epoch's batches that are done, 0 for the first batch."""

    def loss(self, x: Tensor, y: Tensor, t: Any) -> tuple[Tensor, Tensor]:
        """The data term, a scalar, of images (B, channels, size, size) and labels (B,) of task ``t``, and the logits
        (B, classes) that it is of: validation counts by them what is right."""
        logits = self(x, t)
        return F.cross_entropy(logits, y), logits

    def penalty(self, t: Any) -> Tensor | float:
        """The rest of the loss, which uses no data."""
        return 0.0

    def after_backward(self) -> None:
        """Gradients are there, not yet clipped."""

    def after_step(self) -> None:
        """The optimizer has moved the parameters."""

    def forward(self, x: Tensor, t: int) -> Tensor:
        """Logits (B, classes) of task ``t``."""
        return self.net(x, t)  # type: ignore[no-any-return]

    def role(self, name: str) -> str:
        """What the tensor of this name in ``state_dict()`` is kept for: a line of ``storage()``."""
        return "heads" if ".heads." in name else "weights"

    # What the loop and the reader use

    @torch.no_grad()
    def predict(self, x: Tensor, t: int) -> Tensor:
        """Logits (B, classes) of task ``t``, as in use: no dropout, no gradients."""
        if any(module.training for module in self.modules()):  # after many tasks eval() takes longer than the product
            self.eval()
        return self(x, t)  # type: ignore[no-any-return]

    def begin(self, t: int, classes: int) -> None:
        """Start task ``t``."""
        if t != len(self.classes) or self.learned != t:
            raise ValueError(
                f"task index {t} cannot begin: {self.learned} tasks are learned and {len(self.classes)} begun. "
                f"A learned task is never learned again; give the same data the next index, {len(self.classes)}"
            )
        self.classes.append(classes)
        self.before_task(t, classes)

    def end(self, t: int) -> None:
        """Finish task ``t``."""
        self.after_task(t)
        self.learned += 1

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
        """Give task ``t`` the shape that it had in ``structure``, where ``before_task`` does not."""

    def rebuild(self, structure: dict[str, Any]) -> None:
        """Bring a fresh method into the shape of a saved one; then ``load_state_dict`` can fill it."""
        for t, classes in enumerate(structure["classes"]):
            self.begin(t, classes)
            self.reshape(t, structure)
            if t < structure["learned"]:
                self.end(t)
