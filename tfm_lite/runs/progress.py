"""What a person who waits sees: a bar, an honest estimate of the time left, a log of one line per epoch, and for a suite a
table that fills up."""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from tqdm import tqdm

from tfm_lite import metrics
from tfm_lite.datasets.tasks import TaskSequence
from tfm_lite.learner import Learner
from tfm_lite.protocol import Epoch, Protocol
from tfm_lite.runs.config import Config
from tfm_lite.runs.results import Result

log = logging.getLogger(__name__)


class SuiteTable:
    """What a suite of runs has come to: a line of a table per finished run, and the time that the rest may take."""

    def __init__(self, configs: Sequence[Config]) -> None:
        self.configs = list(configs)
        self.done = 0
        # After every epoch it is asked what the rest may take, and a suite may have thousands of runs: so no list of them.
        self.to_come = Counter(map(_kind, self.configs[1:]))  # after the one at hand
        self.seconds: dict[tuple[str, ...], tuple[float, float]] = {}  # fewest and most of the finished
        self.width = max([len("tasks"), *(len(config.tasks) for config in configs)])

    def header(self) -> str:
        """The line above the table."""
        return f"{'':>9}  {'tasks':{self.width}}  method       seed  average  forgetting     time"

    def row(self, result: Result | None, why: str = "") -> str:
        """The line of the next run, whose record this is; or ``why`` there is none (None)."""
        config = self.configs[self.done]
        self.done += 1
        self.to_come.subtract(map(_kind, self.configs[self.done : self.done + 1]))
        text = f"{self.done:4}/{len(self.configs):<4}  {config.tasks:{self.width}}  {config.method:11}  {config.seed:4}"
        if result is None:
            return f"{text}  {why}"
        for kind in _likenesses(_kind(config)):
            fewest, most = self.seconds.get(kind, (math.inf, 0.0))
            self.seconds[kind] = min(fewest, result.seconds), max(most, result.seconds)
        numbers = f"{100 * result.average:7.1f}  {100 * result.forgetting:10.1f}"
        failed = metrics.failures(result)
        mark = f"  {metrics.named(failed)} not learned" if failed else ""
        return f"{text}  {numbers}  {_span(result.seconds, result.seconds):>7}{mark}"

    def left(self, low: float, high: float) -> tuple[float, float]:
        """Fewest and most seconds left, when the run at hand has these left.

        A run to come takes as long as finished ones of its method on its tasks did; failing those, of its method; failing
        those, as any did; and while none has finished, as the one at hand.
        """
        hand = low, high
        for kind, runs in self.to_come.items():
            fewest, most = next((self.seconds[k] for k in _likenesses(kind) if k in self.seconds), hand)
            low, high = low + runs * fewest, high + runs * most
        return low, high


def _kind(config: Config) -> tuple[str, str]:
    return config.method, config.tasks


def _likenesses(kind: tuple[str, str]) -> list[tuple[str, ...]]:
    """What a run's length is guessed from, best first: runs of its method on its tasks, of its method, any."""
    return [kind, kind[:1], ()]


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
        table: SuiteTable | None = None,
    ) -> None:
        self.tasks, self.protocol, self.log, self.table = tasks, protocol, log, table
        self.lengths: list[int] = []  # epochs of finished trainings
        self.last: Epoch | None = None
        self.words = ""
        self.bar = tqdm(total=1.0, bar_format="{desc} |{bar:20}| {postfix}", disable=not bar, leave=table is None)

    def __call__(self, method: Learner, epoch: Epoch) -> None:
        """Take note of an epoch: in the log, on the bar, and for the estimates to come."""
        if self.last and (epoch.task, epoch.fit) != (self.last.task, self.last.fit):
            self.lengths.append(self.last.epoch)
        self.last = epoch
        if self.log:
            line = " ".join(f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in asdict(epoch).items())
            try:
                with self.log.open("a") as file:
                    file.write(line + "\n")
            except OSError as error:  # what is learned matters more
                log.warning(
                    "%s cannot be written to (%s): no more goes in, and the run goes on", self.log, error.strerror
                )
                self.log = None
        done, total = self._fits(method, epoch.task) + epoch.fit, self._fits(method, len(self.tasks))
        share = (done + epoch.epoch / self.protocol.epochs) / total
        low, high = self.left(epoch, total - done - 1)
        name = f"task {epoch.task + 1}/{len(self.tasks)}, training {done + 1}/{total}"
        text = f"epoch {epoch.epoch}, valid {100 * epoch.valid_accuracy:.1f} %, {_span(low, high)} left"
        if self.table:
            runs = len(self.table.configs)
            share = (self.table.done + share) / runs
            name = f"run {self.table.done + 1}/{runs}, {name}"
            text += f" of the run, {_span(*self.table.left(low, high))} of the suite"
        self.words = f"{name}: {text}"
        self.bar.n = share
        self.bar.set_description_str(name, False)
        self.bar.set_postfix_str(text)

    def close(self) -> None:
        """Leave the bar as it is."""
        self.bar.close()

    def left(self, epoch: Epoch, trainings: int) -> tuple[float, float]:
        """Fewest and most seconds left, with this many trainings to come after the running one."""
        p = self.protocol
        levels = 1 + math.floor(math.log(epoch.lr / p.lr_min) / math.log(p.factor) + 1e-9)
        all_levels = 1 + math.floor(math.log(p.lr / p.lr_min) / math.log(p.factor) + 1e-9)
        remaining = p.epochs - epoch.epoch
        low = min(remaining, max(0, (levels - 1) * p.patience))
        shortest = min(self.lengths, default=min(p.epochs, all_levels * p.patience))
        longest = max(self.lengths, default=p.epochs)
        high = min(remaining, max(low, longest - epoch.epoch if self.lengths else remaining))
        each = epoch.seconds
        return each * (low + trainings * shortest), each * (high + trainings * longest)

    def _fits(self, method: Learner, tasks: int) -> int:
        """How many trainings the first ``tasks`` tasks take."""
        return sum(method.fits(t) for t in range(tasks))


def _span(low: float, high: float) -> str:
    def text(seconds: float) -> str:
        if seconds < 90:
            return f"{seconds:.0f} s"
        return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"

    return text(low) if text(low) == text(high) else f"{text(low)} to {text(high)}"
