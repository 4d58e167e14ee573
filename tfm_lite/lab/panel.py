"""A table's rows behind buttons: choose one, run it, stop it, and go on with it, while the notebook stays free."""

from __future__ import annotations

from functools import partial
from html import escape
from pathlib import Path
from threading import Event, Thread
from typing import Any

from tfm_lite.faults import in_words
from tfm_lite.figures.explore import Interactive
from tfm_lite.figures.scores import name_of
from tfm_lite.lab.against import beside
from tfm_lite.lab.curve import Curve
from tfm_lite.lab.scale import Here
from tfm_lite.lab.table import config_of, rows, said, work
from tfm_lite.learner import Learner
from tfm_lite.protocol import Epoch
from tfm_lite.runs.config import Config


class Stopped(Exception):
    """Stop was pressed."""


class Stoppable(Curve):
    """A curve of a run that ends after the epoch in which ``stop`` is set."""

    def __init__(self, *how: Any, stop: Event, **more: Any) -> None:
        super().__init__(*how, **more)
        self.stop = stop

    def __call__(self, method: Learner, epoch: Epoch) -> None:
        super().__call__(method, epoch)
        if self.stop.is_set():
            raise Stopped


class Panel:
    """Shown as the last value of a cell: a menu of a table's rows, a field for the seed, *Run* and *Stop*, the curve, and
    *paper, book, mine*. Arguments are those of :func:`~tfm_lite.lab.beside`.

    A run goes on in a thread of its own. *Stop* ends it after the epoch at hand; *Run* goes on from its last checkpoint,
    which is at most half a minute of training older, also in another session. Needs ipywidgets and a running kernel.
    """

    def __init__(
        self, suite: str, *, data: str | None = None, run: Here | None = None, out: str | Path | None = None
    ) -> None:
        import ipywidgets as widgets

        self.run, self.out = run or Here(), out
        self.config = partial(config_of, suite, data=data)
        self.beside = partial(beside, suite, data=data, run=self.run, out=out)
        names = [(name_of(method), method) for method in rows(suite, data=data)]
        self.method = widgets.Dropdown(options=names, value=names[-1][1], description="Row")
        self.seed = widgets.BoundedIntText(value=0, min=0, max=10**6, description="Seed")
        self.start = widgets.Button(description="Run", button_style="primary", icon="play")
        self.halt = widgets.Button(description="Stop", icon="stop", disabled=True)
        self.state, self.curve, self.table = widgets.HTML("Nothing runs."), widgets.HTML(), widgets.HTML()
        self.start.on_click(lambda _: self.begin())
        self.halt.on_click(lambda _: self.end())
        controls = widgets.HBox([self.method, self.seed, self.start, self.halt])
        controls.layout.flex_flow = "row wrap"  # a phone has no room for a row of four
        self.box = widgets.VBox([controls, self.state, self.curve, self.table])
        self._stop, self.worker = Event(), Thread()
        self._fill()

    def _repr_mimebundle_(self, **how: Any) -> Any:
        return self.box._repr_mimebundle_(**how)

    def begin(self) -> None:
        """Run the chosen row, or go on with it."""
        config = self.config(self.method.value, seed=self.seed.value)
        self._stop.clear()
        self._busy(True)
        self.state.value = f"{escape(name_of(config.method))} begins on {escape(self.run.fastest)} ..."
        self.worker = Thread(target=self._work, args=[config], daemon=True)
        self.worker.start()

    def end(self) -> None:
        """Let the run end after this epoch."""
        self.state.value = "Stops after this epoch ..."
        self.halt.disabled = True
        self._stop.set()

    def _work(self, config: Config) -> None:
        try:
            result, path = work(
                config, self.run, out=self.out, watch=partial(Stoppable, show=self._draw, stop=self._stop)
            )
            words = f"{said(result)}\nThe record: {path}"
        except Stopped:
            words = "Stopped. Run goes on where it was."
        except Exception as error:  # nobody would see the traceback of a thread
            words = in_words(error)[0]
        self._fill()
        self.state.value = f"<pre>{escape(words)}</pre>"
        self._busy(False)

    def _draw(self, figure: Interactive) -> None:
        self.curve.value = figure.html

    def _fill(self) -> None:
        self.table.value = self.beside().html

    def _busy(self, busy: bool) -> None:
        self.start.disabled = self.method.disabled = self.seed.disabled = busy
        self.halt.disabled = not busy
