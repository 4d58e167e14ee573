"""Where a chapter runs, and at which scale: one call in its first cell, and every training in it follows."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from tfm_lite import datasets
from tfm_lite.datasets.tasks import TaskSequence
from tfm_lite.devices import check_device
from tfm_lite.figures import explore
from tfm_lite.lab import times
from tfm_lite.lab.bench import Bench, builder
from tfm_lite.nn.networks import Builder
from tfm_lite.protocol import FULL, QUICK, Protocol


@dataclass(frozen=True)
class Scale:
    """What a chapter's own trainings are made on: a data set at a size in pixels, and the network for it (None: whichever the
    chapter asks for)."""

    words: str
    tasks: str
    size: int
    network: str | None


SCALES = {
    "letters": Scale("drawn letters at 28 pixels, a short protocol", "alphabets", 28, None),
    "small": Scale("photographs of flowers at 64 pixels, the full protocol", "flowers", 64, "alexnet_64"),
    "paper": Scale("photographs of flowers at 224 pixels, the full protocol", "flowers", 224, "alexnet"),
}


@dataclass(frozen=True)
class Here:
    """A device, a scale, and the folder of the data (None: the usual one). Rows of tables are run on ``fastest``.

    >>> run = Here()
    >>> tasks = run.tasks("Greek", "Cyrillic")
    >>> [task.name for task in tasks], run.build("lenet", tasks).size
    (['Greek', 'Cyrillic'], 28)
    """

    scale: str = "letters"
    device: str = "cpu"
    data: Path | None = None
    chapter: str | None = None
    fastest: str = "cpu"

    def tasks(self, *names: str, seed: int = 0) -> TaskSequence:
        """The alphabets of these names, in the order of the data set, none meaning all. At another scale: as many of its
        tasks, from the first."""
        scale = SCALES[self.scale]
        every = datasets.load(scale.tasks, seed=seed, size=scale.size, data=self.data)
        if not names:
            return every
        if self.scale != "letters":
            return replace(every, tasks=every.tasks[: len(names)])
        if unknown := set(names) - {task.name for task in every}:
            raise ValueError(f"there is no alphabet {min(unknown)!r}; there are {', '.join(t.name for t in every)}")
        chosen = [task for task in every if task.name in names]
        return replace(every, tasks=tuple(replace(task, index=t) for t, task in enumerate(chosen)))

    def build(self, network: Any, tasks: TaskSequence, **how: Any) -> Builder:
        """A network for these tasks, as :meth:`~tfm_lite.nn.networks.Builder.of`. At another scale than the letters' that
        scale's, instead of one that is named."""
        return builder(network, tasks, instead=SCALES[self.scale].network, **how)

    def protocol(self, letters: Protocol = QUICK) -> Protocol:
        """This protocol for letters, the full one at the other scales."""
        return letters if self.scale == "letters" else FULL

    def bench(self, *names: str, epochs: int = 15, seed: int = 0) -> Bench:
        """These tasks, set up to be learned by plain SGD, in ``epochs`` epochs each if they are letters."""
        protocol, network = self.protocol(replace(QUICK, epochs=epochs)), SCALES[self.scale].network
        return Bench(self.tasks(*names, seed=seed), protocol=protocol, device=self.device, network=network)

    def claim(self, what: str, holds: bool) -> None:
        """Assert what the text says of the letters' numbers; at another scale, and of what a GPU has rounded otherwise, say
        whether it holds there."""
        if not self.same:
            print(f"{'Holds' if holds else 'Does not hold'} here: {what}.")
        elif not holds:
            raise AssertionError(f"the text says of these numbers: {what}; and it does not hold")

    @property
    def same(self) -> bool:
        """Whether the numbers are those of the page: the same images, on a processor."""
        return self.scale == "letters" and self.device == "cpu"

    def __str__(self) -> str:
        lines = [f"{self.scale}: {SCALES[self.scale].words}", f"on {_device_in_words(self.device)}"]
        if self.chapter:
            lines += [f"{name:7}  {times.of(self.chapter, name, self.device)}" for name in SCALES]
        return "\n".join(lines)


def here(
    chapter: str | None = None, *, scale: str | None = None, device: str | None = None, data: str | Path | None = None
) -> Here:
    """Say where this chapter runs, at which scale, and how long it takes; and return that, for its trainings to follow.

    ``scale`` is "letters", "small" or "paper" (None: ``TFM_LITE_SCALE``, else "letters"). ``device`` is "cpu" or "cuda"
    (None: ``TFM_LITE_DEVICE``, else a GPU if there is one; letters stay on the processor, where their small networks are as
    fast and the numbers are those of the page). ``data`` is the folder of the data sets, as for ``datasets.load``.
    """
    scale = scale or os.environ.get("TFM_LITE_SCALE") or "letters"
    if scale not in SCALES:
        raise ValueError(f"there is no scale {scale!r}; the scales are {', '.join(SCALES)}")
    named = device or os.environ.get("TFM_LITE_DEVICE")
    fastest = named or ("cuda" if torch.cuda.is_available() else "cpu")
    device = named or ("cpu" if scale == "letters" else fastest)
    check_device(device)
    found = Here(scale, device, Path(data) if data is not None else None, chapter, fastest)
    if scale != "letters":
        datasets.look(SCALES[scale].tasks, data=found.data)  # better now than in the middle of a chapter
    explore.LIMIT = explore.PAGE if scale == "letters" else 100 * explore.PAGE  # photographs draw more than letters do
    if torch.device(device).type == "cuda":
        torch.backends.cudnn.allow_tf32 = False  # by hand as in a run, for chapters compare the two
    print(found)
    return found


def _device_in_words(device: str) -> str:
    """With its memory: "the processor (2 cores, 7.8 GiB)"."""
    if torch.device(device).type == "cuda":
        properties = torch.cuda.get_device_properties(device)
        return f"{properties.name} ({properties.total_memory / 2**30:.0f} GiB)"
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    try:
        memory = f", {os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB"
    except (AttributeError, ValueError, OSError):  # Windows does not say
        memory = ""
    return f"the processor ({cores} core{'s' * (cores != 1)}{memory})"
