"""What section 4.5 of the paper finds in its Table 5, each finding as a question to lines by method (Masana et al. 2021)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from statistics import mean

from tfm_lite.figures.scores import Line

Lines = Mapping[str, Line]

REST = ("finetune", "freeze", "lwf", "imm_mode", "packnet")  # of the rows those that are neither TFM nor EWC


def averages(lines: Lines, *methods: str) -> list[float]:
    """Of these methods, fractions."""
    return [lines[method].average for method in methods]


def packnet_first_then_tfm(lines: Lines) -> bool:
    """PackNet leads on tasks 1 to 3, TFM on 4 to 10."""
    tfm, packnet = lines["tfm"], lines["packnet"]
    pairs = zip(tfm.accuracy, packnet.accuracy, strict=True)
    return [a > b for a, b in pairs] == [False] * 3 + [True] * 7


CLAIMS: dict[str, Callable[[Lines], bool]] = {
    '1. "TFM outperforms all other approaches".': lambda a: a["tfm"].average > max(averages(a, *REST, "ewc")),
    '2a. "LwF does well when learning each new task": just learned, they are above TFM\'s.': lambda a: (
        mean(a["lwf"].learned) > mean(a["tfm"].learned)
    ),
    '2b. Its "older tasks start forgetting more": the first five lose more than the rest.': lambda a: (
        mean(a["lwf"].forgetting[:5]) < mean(a["lwf"].forgetting[5:-1])
    ),
    "3a. IMM-mode forgets less than a point, and gains on some task.": lambda a: (
        a["imm_mode"].mean_forgetting > -0.01 and max(a["imm_mode"].forgetting) > 0
    ),
    "3b. It learns new tasks worse than Finetuning.": lambda a: (
        mean(a["imm_mode"].learned[1:]) < mean(a["finetune"].learned[1:])
    ),
    '4. "EWC has the worst performance".': lambda a: a["ewc"].average < min(averages(a, *REST, "tfm")),
    "5. PackNet leads on tasks 1 to 3, TFM on 4 to 10.": packnet_first_then_tfm,
    "6. PackNet and TFM forget nothing.": lambda a: not any([*a["packnet"].forgetting, *a["tfm"].forgetting]),
    "7. TFM's small start: it learns task 1 worse than the full network.": lambda a: (
        a["tfm"].learned[0] < a["finetune"].learned[0]
    ),
}
