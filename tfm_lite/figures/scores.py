"""What a method scores on each task, printed by the paper or measured by us, and which of these numbers may be used.

Nothing here trains or reads files. Methods have this package's names, accuracies are fractions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import mean, stdev
from typing import Any, overload

from tfm_lite import metrics
from tfm_lite.runs.results import Result

# The paper's names of methods, in the order of its tables.
PAPER = {
    "finetune": "Finetuning",
    "freeze": "Freezing",
    "joint": "Joint",
    "lfl": "LfL",
    "lwf": "LwF",
    "imm_mode": "IMM-mode",
    "ewc": "EWC",
    "hat": "HAT",
    "packnet": "PackNet",
    "tfm_no_fn": "TFM w/o FN",
    "tfm": "TFM",
}
_OURS = {name: method for method, name in PAPER.items()}
# As figures and tables write them; of the paper's own the paper's.
NAMES = {
    **PAPER,
    **{"si": "SI", "mas": "MAS", "imm_mean": "IMM-mean", "piggyback": "Piggyback", "wsn": "WSN", "pnn": "PNN"},
    **{"single": "separate networks", "binary": "binary masks"},
}


def name_of(label: str) -> str:
    """As figures and tables write a method; what a label says after it, of its options, stays."""
    method, *options = label.split(" ", 1)
    return " ".join([NAMES.get(method, method), *options])


class Untrained(ValueError):
    """A number was asked for that is of a failed training: of a task that was not learned, or spoilt by one."""


@dataclass(frozen=True)
class Cell:
    """An accuracy as a table shows it (None: there is none), with the forgetting or the spread over seeds.

    ``note`` says what is wrong with it. A value with a note may be looked at, but is not compared with anything.
    """

    value: float | None
    forgetting: float | None = None
    spread: float = 0.0
    note: str = ""

    @property
    def counts(self) -> bool:
        """Whether it may be compared."""
        return self.value is not None and not self.note


@dataclass(frozen=True)
class Numbers(Sequence[float]):
    """What cells hold, as numbers to compute with. To read one that does not count raises :class:`Untrained`."""

    cells: tuple[Cell, ...]
    what: Callable[[Cell], Any]
    why: str

    def __len__(self) -> int:
        return len(self.cells)

    @overload
    def __getitem__(self, i: int) -> float: ...
    @overload
    def __getitem__(self, i: slice) -> Numbers: ...
    def __getitem__(self, i: int | slice) -> float | Numbers:
        if isinstance(i, slice):
            return Numbers(self.cells[i], self.what, self.why)
        if not self.cells[i].counts:
            raise Untrained(self.why)
        return float(self.what(self.cells[i]))


@dataclass(frozen=True)
class Line:
    """A method's line of a table, in cells to look at; and the same as numbers to compute with, where they count.

    ``tasks`` are the final accuracies with their forgetting, ``whole`` is the average as it stands there, ``new`` are the
    accuracies just learned. Measured over several seeds, all are means, and ``whole`` has the standard deviation. ``failed``
    says what did not train, "TFM did not train on task 3", or nothing.
    """

    tasks: tuple[Cell, ...]
    whole: Cell
    new: tuple[Cell, ...] = ()
    seeds: int = 1
    failed: str = ""

    @property
    def cells(self) -> list[Cell]:
        """A task each, and the average."""
        return [*self.tasks, self.whole]

    @property
    def accuracy(self) -> Numbers:
        """Of every task in the end."""
        return Numbers(self.tasks, lambda cell: cell.value, self.failed)

    @property
    def learned(self) -> Numbers:
        """Accuracy on every task right after learning it."""
        return Numbers(self.new, lambda cell: cell.value, self.failed)

    @property
    def forgetting(self) -> Numbers:
        """Final less just-learned accuracy."""
        return Numbers(self.tasks, lambda cell: cell.forgetting, self.failed)

    @property
    def average(self) -> float:
        return Numbers((self.whole,), lambda cell: cell.value, self.failed)[0]

    @property
    def mean_forgetting(self) -> float:
        """Over all tasks but the last; 0 where tasks are not told apart."""
        return mean(self.forgetting[:-1]) if len(self.tasks) > 1 else 0.0


def printed(rows: Iterable[Mapping[str, str]], **where: str) -> dict[str, Line]:
    """Lines of Table 3, 4 or 5 from its rows (:func:`tfm_lite.runs.results.published`) in which columns have these values."""
    found: dict[str, list[Mapping[str, str]]] = {}
    for row in rows:
        if all(row[column] == value for column, value in where.items()):
            found.setdefault(_OURS[row["method"]], []).append(row)
    lines = {}
    for method, given in found.items():
        tasks = [cell for cell in given if cell.get("task", "average") != "average"]
        average = next(cell for cell in given if cell.get("task", "average") == "average")
        pairs = [(_fraction(cell["accuracy"]), _fraction(cell["forgetting"])) for cell in tasks]
        whole = Cell(_fraction(average.get("average") or average["accuracy"]))
        lines[method] = Line(tuple(Cell(a, f) for a, f in pairs), whole, tuple(Cell(a - f) for a, f in pairs))
    return lines


def _fraction(percent: str) -> float:
    return round(float(percent) / 100, 6)  # 37.8 / 100 is not quite 0.378


def measured(records: Iterable[Result]) -> dict[str, Line]:
    """Lines of the records of one suite, the mean over the seeds of each method.

    Where a task was not learned under some seeds, its cell shows the mean of the others, and says how many are left out. It
    does not count: the mean of what went well is not what the method does.
    """
    found: dict[str, dict[str, list[Result]]] = {}
    for record in records:
        options = ", ".join(f"{name} {value}" for name, value in record.config["options"].items())
        found.setdefault(record.config["method"], {}).setdefault(options, []).append(record)
    lines = {}
    for method in [*PAPER, *sorted(found.keys() - PAPER)]:
        for options, group in found.get(method, {}).items():  # those of different options are not seeds of one thing
            name = method if len(found[method]) == 1 else f"{method}, {options or 'defaults'}"
            lines[name] = _line(PAPER.get(name, name), group)
    return lines


def _line(name: str, records: Sequence[Result]) -> Line:
    seeds, matrices = len(records), [record.accuracy for record in records]
    trained, sound = ([of(record) for record in records] for of in (metrics.trained, metrics.sound))
    failed = [t for t, each in enumerate(zip(*trained, strict=True)) if not all(each)]
    bad = sum(not all(each) for each in trained)
    which = metrics.named(failed)
    tasks, new = [], []
    for t in range(len(matrices[0])):
        good, counts = ([each[t] for each in of] for of in (trained, sound))
        final, learned, lost = (
            [of(matrix)[t] for matrix in matrices] for of in (metrics.final, metrics.learned, metrics.forgetting_of)
        )
        new.append(_cell(learned, good, note="did not train"))
        note = f"{which} did not train" if any(good) else "did not train"  # the first: it was learned, and spoilt since
        tasks.append(replace(_cell(final, counts, note=note, shown=good), forgetting=_cell(lost, counts).value))
    whole = _cell(
        [record.average for record in records], [all(each) for each in trained], note=f"{which} did not train"
    )
    spread = stdev(record.average for record in records) if whole.counts and seeds > 1 else 0.0
    where = f" under {bad} of {seeds} seeds" if seeds > 1 else ""
    fault = f"{name} did not train on {which}{where}" if failed else ""
    return Line(tuple(tasks), replace(whole, spread=spread), tuple(new), seeds, fault)


def _cell(values: Sequence[float], counts: Sequence[bool], *, note: str = "", shown: Sequence[bool] = ()) -> Cell:
    """The mean over the seeds that count. Where none does, over those to be shown, or nothing, and ``note`` says why."""
    kept, rest = ([v for v, yes in zip(values, of, strict=False) if yes] for of in (counts, shown))
    if not kept:
        return Cell(mean(rest) if rest else None, note=note)
    out = len(values) - len(kept)
    return Cell(mean(kept), note=f"{out} of {len(values)} seeds did not train" if out else "")
