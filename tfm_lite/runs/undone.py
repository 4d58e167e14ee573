"""What of several runs cannot be done: it is said at once, does not stop the others, and is said again at the end."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from tfm_lite import datasets, distributed
from tfm_lite.faults import DONE, REFUSED, in_words
from tfm_lite.files import InUse
from tfm_lite.runs.config import Config

BUSY = "in the hands of another process"


class Undone:
    """What of these runs could not be done, and why. ``own`` are files that the user brought."""

    def __init__(self, configs: Sequence[Config], *, own: Sequence[Path] = ()) -> None:
        self.configs, self.own = configs, own
        self.lines: list[str] = []
        self.count = 0

    def without_data(self, data: Path | None) -> list[Config]:
        """The configurations whose data sets are there, as far as that can be seen before an image is read.

        Raises ``ValueError`` if there is none.
        """
        absent: dict[str, str] = {}
        for name in dict.fromkeys(config.tasks for config in self.configs):
            try:
                datasets.look(name, data=data)
            except Exception as error:
                absent[name] = in_words(error, own=self.own)[0]
        absent = distributed.agreed(absent)
        there = [config for config in self.configs if config.tasks not in absent]
        if not there:
            raise ValueError("\n".join(absent.values()))
        for name, why in absent.items():
            runs = sum(config.tasks == name for config in self.configs)
            self._note(f"all of {name}", why, runs)
        return there

    def note(self, config: Config, error: Exception, *, runs: int = 1) -> str:
        """Say that a run came to nothing, or several that are one but for their seeds; and in a few words that it did.

        What another process has in hand is not undone.

        Raises the error where nobody could go on: one of several processes without the others, or without a reader.
        """
        if isinstance(error, InUse):
            return BUSY
        if distributed.several() or isinstance(error, BrokenPipeError):
            raise error
        seed = f", seed {config.seed}" if runs == 1 else ""
        self._note(f"{config.method} of {config.tasks}{seed}", in_words(error, own=self.own)[0], runs)
        return "not done"

    def end(self) -> int:
        """Say all of it once more, and return the exit status."""
        if not self.lines:
            return DONE
        runs = f"{self.count} of {len(self.configs)} runs are not done; mend this, and the same command does them"
        _say("\n  ".join([f"error: {runs}:", *self.lines]))
        return REFUSED

    def _note(self, what: str, why: str, runs: int) -> None:
        self.lines.append(f"{what}: {why}")
        self.count += runs
        _say(f"not done: {self.lines[-1]}")


def _say(text: str) -> None:
    if distributed.first():
        print(text, file=sys.stderr, flush=True)
