"""The paper's sentences on who is better, forgets or learns more, each as a question to tables and runs.

Where a sentence has no number, the one that we take stands here and in the ledger's words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tfm_lite.figures import imagenet, tiny_imagenet
from tfm_lite.figures.evidence import Source
from tfm_lite.figures.fine_grained import OTHERS
from tfm_lite.figures.ledger.places import FINE, TINY
from tfm_lite.figures.ledger.questions import Measure, Parts, Question
from tfm_lite.figures.scores import PAPER

ROWS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(FINE, OTHERS),
    **dict.fromkeys(TINY, (*tiny_imagenet.REST, "hat", "packnet")),
    "imagenet": (*imagenet.REST, "ewc"),
    "letters": tuple(method for method in PAPER if method not in ("joint", "tfm", "tfm_no_fn")),
}  # what TFM is compared with, by the kind of place: what keeps no images
SMALL = (*FINE, "letters")  # where the first task has few images


def lead(one: str, other: str) -> Measure:
    """By how many points the average of one is above that of the other."""
    return lambda s: 100 * (s.lines[one].average - s.lines[other].average)


def over(one: str, *others: str) -> Parts:
    """``one`` over each of the others, by name."""
    return {f"over {PAPER[other]}": lead(one, other) for other in others if other != one}


def on(kinds: Iterable[str], parts: Parts | Measure) -> dict[str, Parts]:
    """The same asked at every kind of place."""
    return dict.fromkeys(kinds, parts if isinstance(parts, Mapping) else {"": parts})


def lost(method: str) -> Measure:
    """How many points of what it had just learned a method loses, over all tasks but the last."""
    return lambda s: -100 * s.lines[method].mean_forgetting


def keeps_all(method: str) -> Measure:
    """Whether no old task of a method has changed."""
    return lambda s: not any(s.lines[method].forgetting)


def compensated(s: Source) -> float:
    """What Finetuning forgets, less what Joint gains on old tasks by later data."""
    return -100 * (s.lines["finetune"].mean_forgetting + s.lines["joint"].mean_forgetting)


def first_task(s: Source) -> float:
    """Accuracy on task 1, just learned: TFM's smaller network less the full one."""
    return 100 * (s.lines["tfm"].learned[0] - s.lines["finetune"].learned[0])


def falls_behind(s: Source) -> float:
    """How much further PackNet is below Finetuning, just learned, on the last task than on the first."""
    gap = [100 * (a - b) for a, b in zip(s.lines["finetune"].learned, s.lines["packnet"].learned, strict=True)]
    return gap[-1] - gap[0]


def _tiny(number: str) -> Question:
    (claim,) = (claim for text, claim in tiny_imagenet.CLAIMS.items() if text.startswith(f"{number}."))
    return Question({"tiny": {"": claim}})


def _imagenet(number: str) -> Question:
    (claim,) = (claim for text, claim in imagenet.CLAIMS.items() if text.startswith(f"{number}."))
    return Question({"imagenet": {"": lambda s: claim(s.lines)}})


QUESTIONS: dict[str, Question] = {
    "finetuning-forgets": Question(on((*FINE, "imagenet", "letters"), lost("finetune"))),
    "compensated": Question(on(SMALL, compensated)),
    "outperforms": Question({kind: over("tfm", *others) for kind, others in ROWS.items()}),
    "hat-forgets": Question(on(SMALL, lost("hat"))),
    "above-hat": Question(on((*FINE, *TINY, "letters"), lead("tfm", "hat"))),
    "match-packnet": Question(on(ROWS, lead("tfm", "packnet")), least=-1.0),
    "packnet-runs-out": Question(on(("imagenet", "letters"), falls_behind)),
    "features-forget-less": Question(on(SMALL, lambda s: lost("ewc")(s) - lost("hat")(s))),
    "fn-crucial": Question(on((*FINE, *TINY, "letters"), lead("tfm", "tfm_no_fn")), least=1.0),
    "fn-improves": Question(on((*FINE, *TINY, "letters"), lead("tfm", "tfm_no_fn"))),
    "fn-on-flowers": Question(
        {
            "flowers": {"": lead("tfm", "tfm_no_fn")},
            **on(("birds", "actions"), lambda s: lead("tfm", "tfm_no_fn")(s) < 1.0),
        },
        least=1.0,
    ),
    "smaller-start": Question(on((*SMALL, "imagenet"), first_task)),
    "joint-upper-bound": Question(
        {kind: over("joint", *ROWS[kind], "tfm") for kind in SMALL},
    ),
    "outperforms-fine": Question(on(FINE, over("tfm", *OTHERS))),
    "packnet-next": Question(on(FINE, over("packnet", *OTHERS[:-1]))),
    "above-packnet-clearly": Question(on(("birds", "actions"), lead("tfm", "packnet")), least=2.0),
    "freezing-is-good": Question(on(SMALL, over("freeze", "finetune", "ewc", "hat"))),
    "masks-keep-all": Question(
        on(
            SMALL,
            {f"{PAPER[m]} loses": lost(m) for m in ("ewc", "hat")}
            | {f"{PAPER[m]} keeps all": keeps_all(m) for m in ("tfm", "packnet", "freeze")},
        )
    ),
    "tiny-some-improvement": _tiny("1"),
    "tiny-lwf": _tiny("2"),
    "tiny-masks-alike": _tiny("3a"),
    "tiny-packnet-first": _tiny("3b"),
    "tiny-lwf-semantic": Question(
        {"semantic": {f"{PAPER[m]} over LwF": lead(m, "lwf") for m in tiny_imagenet.MASKS}},
    ),
    "tiny-masks-above": _tiny("5a"),
    "tiny-tfm-semantic": Question({"semantic": over("tfm", *ROWS["semantic"])}),
    "tiny-freezing-semantic": _tiny("6a"),
    "tiny-only-two": _tiny("7"),
    "tiny-tfm-larger": Question({"larger": over("tfm", *ROWS["larger"])}),
    "tiny-ewc-rigid": _tiny("9"),
    "imagenet-best": Question({"imagenet": over("tfm", *ROWS["imagenet"])}),
    "imagenet-lwf-learns": _imagenet("2a"),
    "imagenet-lwf-forgets": _imagenet("2b"),
    "imagenet-imm-keeps": _imagenet("3a"),
    "imagenet-imm-learns-less": _imagenet("3b"),
    "imagenet-ewc-worst": _imagenet("4"),
    "imagenet-packnet-first": _imagenet("5"),
    "imagenet-zero": _imagenet("6"),
    "imagenet-lower-start": _imagenet("7"),
}
