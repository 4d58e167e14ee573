"""Claims of the paper that need whole accuracy matrices: of our records, and what the printed tables have of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from tfm_lite import methods, metrics
from tfm_lite.figures.compared import Paired, listed
from tfm_lite.figures.ledger.places import FINE, LETTERS, in_print
from tfm_lite.figures.ledger.questions import CANNOT, OURS, PARTLY, REVERSED, SLIP, Finding
from tfm_lite.runs.results import Result
from tfm_lite.runs.suites import SUITES

MAY_CHANGE = ("finetune", "lwf", "lfl", "imm_mean", "imm_mode", "ewc", "si", "mas", "hat")  # old tasks; no images kept
TITLES = {"alphabets": "letters", **FINE}
RARE = 0.1  # of the old tasks that are measured
STIRS = 0.005  # from this gain on, a fraction, a task is counted as gained


def zero_in_records(records: Sequence[Result]) -> Finding:
    """Whether every run of a method that promises zero forgetting has exactly 0 for every task."""
    own = [r for r in metrics.healthy(records) if methods.get(r.config["method"]).zero_forgetting]
    moved = sorted({r.config["method"] for r in own if any(metrics.forgetting_of(r.accuracy))})
    if not own:
        return Finding(CANNOT, "There is no run of a method that promises it.")
    names = listed(sorted({r.config["method"] for r in own}))
    reason = f"{len(own)} runs of {names}: " + (
        f"{listed(moved)} moved." if moved else "no old task moved by an image."
    )
    return Finding(SLIP if moved else OURS, reason, _scale(own))


def grows_with_tasks(records: Sequence[Result]) -> Finding:
    """Whether what fine-tuning has lost of task 1 is more after all tasks than after the second."""
    own = [r for r in _letters(records) if r.config["method"] == "finetune" and len(r.accuracy) > 2]
    if not own:
        return Finding(CANNOT, "There is no run of fine-tuning on more than two tasks in which all were learned.")
    values = {r.config["seed"]: 100 * (_first(r, 1) - _first(r, -1)) for r in own}
    pair = Paired(tuple(values), tuple(values.values()))
    verdict = OURS if pair.always_above else REVERSED if pair.always_below else PARTLY
    reason = f"On the letters fine-tuning loses {pair} points more of task 1 after the last task than after the second."
    return Finding(verdict, reason, _scale(own))


def rarely_transfers_back(records: Sequence[Result]) -> Finding:
    """How often an old task gains by a later one, of methods that may change it and keep no images."""
    printed = [gain for kind in ("flowers", "birds", "actions", "imagenet") for gain in _printed_changes(kind)]
    own = [r for r in _letters(records) if r.config["method"] in MAY_CHANGE]
    ours = [gain for r in own for gain in metrics.forgetting_of(r.accuracy)[:-1]]
    texts, rare = list[str](), list[bool]()
    for where, gains in (("In print", printed), ("On the letters", ours)):
        if gains:
            count = sum(gain >= STIRS for gain in gains)
            rare.append(count <= RARE * len(gains))
            texts.append(f"{where} {count} of {len(gains)} old tasks gained half a point or more.")
    if not ours:
        return Finding(CANNOT, " ".join([*texts, "There is no run of ours on the letters."]))
    verdict = OURS if all(rare) else REVERSED if not any(rare) else PARTLY
    return Finding(verdict, f"{' '.join(texts)} We call a tenth rare.", f"the printed tables; {_scale(own)}")


def _printed_changes(kind: str) -> Iterator[float]:
    """What the printed table says of old tasks' changes."""
    for method, line in in_print()[kind][0].of[0].lines.items():
        if method in MAY_CHANGE:
            yield from line.forgetting[:-1]


def _first(record: Result, after: int) -> float:
    """Accuracy on task 1 after this task."""
    return float(record.accuracy[after][0] or 0.0)


def _letters(records: Sequence[Result]) -> list[Result]:
    """The runs on letters with the usual options of which every task was learned."""
    configs = [c for suite in LETTERS for c in SUITES[suite]()]
    first = {(c.method, c.seed): c for c in reversed(configs)}.values()
    return metrics.healthy(r for r in records if any(config.describes(r) for config in first))


def _scale(records: Sequence[Result]) -> str:
    """Data sets, each with the number of its seeds."""
    seeds: dict[str, set[int]] = {}
    for record in records:
        name = TITLES.get(record.config["tasks"], record.config["tasks"])
        seeds.setdefault(f"{name}, {record.config['size']} px", set()).add(record.config["seed"])
    each = {name: len(own) for name, own in seeds.items()}
    return "; ".join(f"{name} × {count} seed{'s' * (count > 1)}" for name, count in sorted(each.items()))


RECORDED: dict[str, Callable[[Sequence[Result]], Finding]] = {
    "zero-in-records": zero_in_records,
    "grows-with-tasks": grows_with_tasks,
    "rarely-transfers-back": rarely_transfers_back,
}
