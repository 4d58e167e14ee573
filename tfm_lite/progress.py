"""What a person who waits for a run sees: a bar, an honest estimate of the time left, and a log of one line per epoch."""

from __future__ import annotations

import math
from pathlib import Path

from tqdm import tqdm

from tfm_lite.methods.base import Method
from tfm_lite.tasks import TaskSequence
from tfm_lite.train import Epoch, Protocol


class Progress:
    """Give it to a run as ``on_epoch``.

    Training stops by itself, nobody knows when; so the time left is a range: from "nothing improves any more" to "every
    training takes as long as the protocol allows". Once trainings have finished, their own lengths narrow it.
    """

    def __init__(
        self,
        tasks: TaskSequence,
        protocol: Protocol,
        *,
        log: Path | None = None,
        bar: bool = True,
    ) -> None:
        self.tasks, self.protocol, self.log = tasks, protocol, log
        self.lengths: list[int] = []  # epochs of finished trainings
        self.last: Epoch = {}
        self.bar = tqdm(total=1.0, bar_format="{desc} |{bar:20}| {postfix}", disable=not bar)

    def __call__(self, method: Method, report: Epoch) -> None:
        if self.last and (report["task"], report["fit"]) != (self.last["task"], self.last["fit"]):
            self.lengths.append(self.last["epoch"])
        self.last = report
        if self.log:
            line = " ".join(f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in report.items())
            with self.log.open("a") as file:
                file.write(line + "\n")
        done, total = self._fits(method, report["task"]) + report["fit"], self._fits(method, len(self.tasks))
        self.bar.n = (done + report["epoch"] / self.protocol.epochs) / total
        self.bar.set_description_str(f"task {report['task'] + 1}/{len(self.tasks)}, training {done + 1}/{total}", False)
        low, high = self.left(report, total - done - 1)
        text = f"epoch {report['epoch']}, valid {100 * report['valid_accuracy']:.1f} %, {_span(low, high)} left"
        self.bar.set_postfix_str(text)

    def close(self) -> None:
        self.bar.close()

    def left(self, report: Epoch, trainings: int) -> tuple[float, float]:
        """Fewest and most seconds left, with this many trainings to come after the running one."""
        p = self.protocol
        levels = 1 + math.floor(math.log(report["lr"] / p.lr_min) / math.log(p.factor) + 1e-9)
        all_levels = 1 + math.floor(math.log(p.lr / p.lr_min) / math.log(p.factor) + 1e-9)
        remaining = p.epochs - report["epoch"]
        low = min(remaining, max(0, (levels - 1) * p.patience))
        shortest = min(self.lengths, default=min(p.epochs, all_levels * p.patience))
        longest = max(self.lengths, default=p.epochs)
        high = min(remaining, max(low, longest - report["epoch"] if self.lengths else remaining))
        each = report["seconds"]
        return each * (low + trainings * shortest), each * (high + trainings * longest)

    def _fits(self, method: Method, tasks: int) -> int:
        """How many trainings the first ``tasks`` tasks take."""
        return sum(method.fits(t) for t in range(tasks))


def _span(low: float, high: float) -> str:
    def text(seconds: float) -> str:
        if seconds < 90:
            return f"{seconds:.0f} s"
        return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"

    return text(low) if text(low) == text(high) else f"{text(low)} to {text(high)}"
