"""The main results in three sentences, each with its scale: for the landing page and the README. All is computed from
records; where they are missing, the sentence says so.

Differences are in points, with half a 95 % interval over the seeds where there are two or more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import mean

from tfm_lite.figures import worth
from tfm_lite.figures.compared import Group, Paired, grouped, listed, paired, trained
from tfm_lite.figures.questions import RIVALS
from tfm_lite.figures.scores import name_of
from tfm_lite.runs.coverage import found
from tfm_lite.runs.results import Result
from tfm_lite.runs.suites import SUITES


def groups(records: Sequence[Result]) -> tuple[dict[str, Group], dict[str, Group]]:
    """Of these records those that the landing page is about, by label: on the letters, and on Flowers at 64 pixels."""
    letters = {name: SUITES[name]() for name in ("alphabets", "methods", "beyond")}
    small = ("flowers", 64, "fp32")
    flowers = [c for c in SUITES["evidence"]() if (c.tasks, c.size, c.precision) == small]
    return grouped(letters, records)[0], grouped({"flowers": flowers}, records)[0]


def sentences(records: Sequence[Result]) -> list[str]:
    """On letters, on photographs, and over the map of :mod:`tfm_lite.figures.worth`."""
    letters, flowers = map(trained, groups(records))
    runs = worth.Runs(found(list(SUITES["pays"]()), records))
    return [_on_letters(letters), _on_flowers(flowers), _over_the_map(runs)]


def _on_letters(own: Mapping[str, Group]) -> str:
    if not {"tfm", "finetune"} <= own.keys():
        return "On letters TFM and fine-tuning are not run yet."
    tfm, tuned = own["tfm"], own["finetune"]
    lost = f"{-mean(tfm.forgetting):.1f} points" if any(tfm.forgetting) else "nothing"
    pairs = {name_of(label): paired(own[label], tfm) for label in RIVALS if label in own}
    above = [f"{name} ({pair})" for name, pair in pairs.items() if pair and pair.always_above]
    return (
        f"On six alphabets of drawn letters, under {_seeds(tfm)}, TFM forgets {lost} and ends at {tfm.average:.1f} %, where "
        f"fine-tuning has forgotten {-mean(tuned.forgetting):.1f} points and ends at {tuned.average:.1f} %; above TFM under "
        f"every seed, in points: {listed(above) or 'no other'}."
    )


def _on_flowers(own: Mapping[str, Group]) -> str:
    names = {"packnet": "PackNet", "single": "a separate full network for each task", "finetune": "fine-tuning"}
    if "tfm" not in own or not names.keys() & own.keys():
        return "On photographs TFM is not run yet."
    less = [_less(paired(own["tfm"], own[label]), name) for label, name in names.items() if label in own]
    return (
        f"On photographs, Oxford Flowers at 64 pixels under {_seeds(own['tfm'])}, it ends at {own['tfm'].average:.1f} %, "
        f"{listed(less)}."
    )


def _over_the_map(runs: worth.Runs) -> str:
    names = {
        "separate, same bytes": "separate networks that keep as many bytes",
        "separate, full": "separate full ones",
    }
    maps = {name: runs.map(worth.QUESTIONS[question]) for question, name in names.items()}
    whole = {name: worth.overall(found) for name, found in maps.items()}
    if not all(whole.values()):
        return "When masks pay is not run yet."
    less = [_less(difference, name) for name, difference in whole.items()]
    (same, *_), moved = maps.values(), ""
    doubling = worth.effects(same)["amount"]
    if doubling and worth.verdict(doubling) != worth.UNSAID:
        moved = f"; the former changes by {doubling} points with each doubling of the new task's images"
    return (
        f"Between two alphabets, more or less alike and with few or many images, under {len(runs.seeds)} seeds, it is on the "
        f"average {listed(less)}{moved}."
    )


def _less(difference: Paired | None, name: str) -> str:
    if difference is None:
        return f"not compared with {name}"
    size = str(difference).lstrip("+−")
    return f"{size} points {'above' if difference.mean > 0 else 'below'} {name}"


def _seeds(group: Group) -> str:
    count = len(group.records)
    return "one seed" if count == 1 else f"{count} seeds"
