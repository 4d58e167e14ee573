"""What can be set in the playground, with every value that it may have: said once, for Python and for the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tfm_lite.figures.playground.data import KINDS, check_kind

# Those of whom the page has an engine, with their names on it.
METHODS = {
    "finetune": "Fine-tuning",
    "freeze": "Freezing",
    "joint": "Joint training",
    "ewc": "EWC",
    "packnet": "PackNet",
    "hat": "HAT",
    "binary": "Binary masks",
    "tfm": "Ternary masks",
}
# What breaks a method that cannot forget, as somebody might build it who only sets gradients to 0.
SWITCHES = {
    "decay": "weight decay on weights that are only masked",
    "momentum": "momentum, kept from task to task",
    "bias": "biases of old features learn",
    "weight": "one old weight learns",
    "norm": "batch normalization, its statistics shared by the tasks",
}


@dataclass(frozen=True)
class Setting:
    """A slider of the page: its label, the values it goes through, the one it opens at, and the method that it is for."""

    label: str
    values: Sequence[Any]
    value: Any
    method: str = ""


SETTINGS = {
    "width": Setting("units per layer", (4, 6, 8, 10, 12, 16, 20, 24), 12),
    "epochs": Setting("epochs per task", (10, 20, 30, 40, 60, 100), 40),
    "lr": Setting("learning rate", (0.02, 0.05, 0.1, 0.2, 0.5), 0.2),
    "batch": Setting("points per step", (5, 10, 20, 50), 10),
    "seed": Setting("seed", tuple(range(10)), 0),
    "lam": Setting("strength λ", (0, 1, 10, 30, 100, 300, 1000), 30, "ewc"),
    "prune": Setting("share pruned", (0, 0.25, 0.5, 0.6, 0.75, 0.9), 0.6, "packnet"),
    "regularization": Setting("price of a unit λ", (0, 0.1, 0.25, 0.75, 2.5), 0.1, "hat"),
    "steepest": Setting("steepness of gates", (5, 20, 50, 400), 50, "hat"),
    "grow": Setting("growth", ("schedule", "search"), "schedule", "tfm"),
    "start": Setting("weights for task 1", (0.1, 0.2, 0.3, 0.4, 0.55, 0.7, 0.85, 1), 0.4, "tfm"),
    "fn": Setting("feature normalization", ("off", "on"), "on", "tfm"),
}
MISSIONS = (
    "See it forget: let fine-tuning learn three tasks or more, and lose 20 points of task 1.",
    "Break what cannot forget: bring one pixel of task 1 to change under ternary masks. There is more than one way.",
    "Run out of room: let PackNet learn three tasks and end with less than a twentieth of its weights free, its last task "
    "below 90 % and its first unharmed. The less it prunes, the less it leaves.",
)
# Two minutes for who has never seen it: a part of the page, and what is said beside it.
TOUR = (
    (
        "lanes",
        "One small network per column. All learn the same tasks, one after the other. In each square, hollow and filled "
        "points are the two classes of a task; the grey is where the network says “filled”.",
    ),
    (
        "bar",
        "Press Play, or go on with “Next task”. While a later task is learned, the points of the earlier ones are gone.",
    ),
    (
        "lanes",
        "Watch task 1 while task 2 is learned. What turns red was answered otherwise when task 1 had just been learned: it "
        "is forgotten. Under ternary masks nothing turns red. Of 1,600 pixels 0 change, to the last bit.",
    ),
    (
        "lanes",
        "The drawing says why. A line has the colour of the task that owns the weight. Orange units are new and learn, blue "
        "ones are older and only used, dashed ones are not there for this task. Point at one, or reach it by Tab and arrows.",
    ),
    (
        "more",
        "Choose other tasks and methods, and how much room there is. “Break it” takes away, one by one, what zero forgetting "
        "stands on.",
    ),
    ("more", "Three missions wait. “As code” has what you see as a few lines for a notebook."),
)
IMPORTS = (
    "from tfm_lite import methods, train",
    "from tfm_lite.figures.playground import tasks",
    "from tfm_lite.nn.networks import Builder",
    "from tfm_lite.nn.stages import Stage",
    "from tfm_lite.protocol import Protocol",
)
MOST = {"tasks": 5, "methods": 3}


def checked(
    tasks: Sequence[str], methods: Sequence[str], broken: Sequence[str], values: Mapping[str, Any]
) -> dict[str, Any]:
    """The state of a playground as plain values. Raises ``ValueError`` for a name or a value that the page does not have."""
    for what, names, known in (
        ("method", methods, METHODS),
        ("switch", broken, SWITCHES),
        ("setting", values, SETTINGS),
    ):
        for name in names:
            if name not in known:
                raise ValueError(f"the playground has no {what} {name!r}; there are {', '.join(known)}")
    for what, names in (("tasks", tasks), ("methods", methods)):
        if not 1 <= len(names) <= MOST[what]:
            raise ValueError(
                f"the playground shows 1 to {MOST[what]} {what}, not {len(names)}: {', '.join(names) or 'none'}"
            )
    for kind in tasks:
        check_kind(kind)
    for name, value in values.items():
        if value not in SETTINGS[name].values:
            choices = ", ".join(map(str, SETTINGS[name].values))
            raise ValueError(f"{name} in the playground is one of {choices}, not {value!r}")
    opening = {name: values.get(name, setting.value) for name, setting in SETTINGS.items()}
    return {"tasks": list(tasks), "methods": list(methods), "broken": list(broken), **opening}


def described() -> dict[str, Any]:
    """The same for the page's script."""
    settings = {name: vars(setting) for name, setting in SETTINGS.items()}
    names = {"methods": METHODS, "switches": list(SWITCHES), "kinds": list(KINDS)}
    return {**names, "settings": settings, "most": MOST, "missions": MISSIONS, "tour": TOUR, "imports": IMPORTS}
