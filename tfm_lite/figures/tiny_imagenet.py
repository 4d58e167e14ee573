"""What sections 4.3 and 4.4 of the paper find in its Table 4, each finding as a question to lines by split and method
(Masana et al. 2021)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tfm_lite.figures.scores import Line

Splits = Mapping[str, Mapping[str, Line]]  # lines by split, and there by method

LARGER = "larger first task"
SPLITS = ("random", "semantic", LARGER)
MASKS = ("hat", "packnet", "tfm")
REST = ("finetune", "freeze", "lfl", "lwf", "imm_mode", "ewc")


def averages(lines: Mapping[str, Line], *methods: str) -> list[float]:
    """Of these methods, fractions."""
    return [lines[method].average for method in methods]


def best(lines: Mapping[str, Line], method: str) -> bool:
    """Whether no other method of the table is above this one."""
    return lines[method].average >= max(averages(lines, *REST, *MASKS))


def only_two_above_freezing(s: Splits) -> bool:
    """PackNet and TFM, after a large first task."""
    lines = s[LARGER]
    (freezing,) = averages(lines, "freeze")
    others = "finetune", "lfl", "lwf", "imm_mode", "ewc", "hat"
    above = min(averages(lines, "packnet", "tfm"))
    return above > freezing > max(averages(lines, *others))


def freezing_beats_finetuning(s: Splits) -> bool:
    """On the semantic split, and not on the random one."""
    pairs = {split: averages(s[split], "freeze", "finetune") for split in SPLITS[:2]}
    return pairs["semantic"][0] > pairs["semantic"][1] and pairs["random"][0] < pairs["random"][1]


CLAIMS: dict[str, Callable[[Splits], bool]] = {
    '1. Random: LfL, IMM-mode and EWC "provide some improvement over Finetuning".': lambda s: (
        min(averages(s["random"], "lfl", "imm_mode", "ewc")) > s["random"]["finetune"].average
    ),
    '2. Random: no method beats LwF, "due to tasks being quite similar".': lambda s: best(s["random"], "lwf"),
    '3a. Random: HAT, PackNet and TFM are "very similar", within three points.': lambda s: (
        max(averages(s["random"], *MASKS)) - min(averages(s["random"], *MASKS)) <= 0.03
    ),
    "3b. Random: PackNet is the best of them.": lambda s: (
        s["random"]["packnet"].average == max(averages(s["random"], *MASKS))
    ),
    "4. Semantic: LwF is below HAT, PackNet and TFM.": lambda s: (
        s["semantic"]["lwf"].average < min(averages(s["semantic"], *MASKS))
    ),
    "5a. Semantic: HAT, PackNet and TFM are above all others.": lambda s: (
        min(averages(s["semantic"], *MASKS)) > max(averages(s["semantic"], *REST))
    ),
    "5b. Semantic: TFM is the best.": lambda s: best(s["semantic"], "tfm"),
    "6a. Freezing is better on semantic than on random.": lambda s: (
        s["semantic"]["freeze"].average > s["random"]["freeze"].average
    ),
    "6b. Freezing beats Finetuning on semantic and not on random.": freezing_beats_finetuning,
    "7. Larger: only PackNet and TFM are above Freezing.": only_two_above_freezing,
    "8. Larger: TFM is the best.": lambda s: best(s[LARGER], "tfm"),
    "9. Larger: EWC is too rigid, and ends below Finetuning.": lambda s: (
        s[LARGER]["ewc"].average < s[LARGER]["finetune"].average
    ),
    "10. TFM is above TFM without FN on every split (section 5).": lambda s: all(
        s[split]["tfm"].average > s[split]["tfm_no_fn"].average for split in SPLITS
    ),
}
