"""A run as it goes, in a notebook: validation accuracy by epoch, a line for each training, and the time that may be left."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from time import monotonic
from typing import Any

from tfm_lite.figures import plots
from tfm_lite.figures.colours import of_task
from tfm_lite.figures.explore import Interactive, figure
from tfm_lite.learner import Learner
from tfm_lite.protocol import Epoch
from tfm_lite.runs.progress import Progress

EVERY = 2.0  # seconds between two drawings, of which each takes a tenth of one


class Curve(Progress):
    """What :func:`~tfm_lite.runs.run.run_kept` is to be watched with. ``show`` is given every new figure."""

    def __init__(self, *how: Any, show: Callable[[Interactive], None], **more: Any) -> None:
        super().__init__(*how, **more)
        self.show, self.epochs, self.drawn = show, list[Epoch](), -EVERY

    def __call__(self, method: Learner, epoch: Epoch) -> None:
        super().__call__(method, epoch)
        self.epochs.append(epoch)
        if monotonic() - self.drawn >= EVERY:
            self.draw()

    def close(self) -> None:
        super().close()
        if self.epochs:
            self.draw()

    def draw(self) -> None:
        """Show all epochs so far."""
        fig, ax = plots.axes(height=2.6)
        trainings = [list(own) for _, own in groupby(self.epochs, key=lambda e: (e.task, e.fit))]
        done = self.epochs[0].epoch - 1  # after a stop it is not the first
        for own in trainings:
            at = range(done + 1, done + len(own) + 1)
            ax.plot(
                at,
                [100 * e.valid_accuracy for e in own],
                color=of_task(own[0].task),
                marker="." if len(own) == 1 else "",
            )
            done += len(own)
        ax.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
        ax.set(xlabel="epoch", ylabel="valid. accuracy (%)", ylim=(0, 100), title=self.words.split(": ")[0])
        ends = ", ".join(f"{100 * own[-1].valid_accuracy:.0f} after {len(own)} epochs" for own in trainings)
        words = f"{self.words}{self.resumed}"
        self.show(figure(fig, alt=f"{words}. Validation accuracy in percent, by training: {ends}.", caption=words))
        self.drawn = monotonic()

    @property
    def resumed(self) -> str:
        """After a stop, where the run went on."""
        first = self.epochs[0]
        if (first.task, first.fit, first.epoch) == (0, 0, 1):
            return ""
        return f"; went on after a stop, at task {first.task + 1}, epoch {first.epoch}"


def shown() -> Callable[[Interactive], None]:
    """Where figures appear one in place of the other: below the cell of a notebook. Elsewhere their words are printed."""
    from IPython import get_ipython
    from IPython.display import display

    if get_ipython() is None:
        return lambda figure: print(figure.text)
    handle: Any = None

    def show(figure: Interactive) -> None:
        nonlocal handle
        if handle:
            handle.update(figure)
        else:
            handle = display(figure, display_id=True)

    return show
