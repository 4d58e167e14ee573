"""What came out, in seven questions: each answer is computed from records, and says where there is none yet.

Nothing here trains, draws or reads files. Differences are in points, with half a 95 % interval over seeds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import mean

from tfm_lite import methods
from tfm_lite.figures import compared
from tfm_lite.figures.compared import Group, Paired, listed, paired, trained
from tfm_lite.figures.scores import NAMES
from tfm_lite.runs.coverage import scale

# Separate networks, and one cut up by binary masks, with about as many parameters in all as TFM ends with on the letters.
SMALL, CUT = "single 0.11", "binary 0.65"
RIVALS = ("packnet", "piggyback", "wsn", "lwf", "lfl")
_SENTENCES = {
    "above": "TFM is above {}, clearly.",
    "above under every seed": "TFM is above {} under every seed.",
    "above, with one seed": "With one seed TFM is above {}.",
    "no difference that is clear": "There is no clear difference to {}.",
    "below, with one seed": "With one seed TFM is below {}.",
    "below under every seed": "TFM is below {} under every seed.",
    "below": "TFM is below {}, clearly.",
    "not run yet": "Not run yet: {}.",
}
_NAMES = {
    **NAMES,
    "wsn (new scores)": "WSN with new scores",
    SMALL: "separate small networks",
    CUT: "binary masks",
}


def answered(letters: Mapping[str, Group], photographs: Mapping[str, Group], *, images: int) -> list[list[str]]:
    """A row per question: the question, its answer, and on which runs it rests.

    ``letters`` and ``photographs`` are groups of records by label (:func:`tfm_lite.figures.compared.grouped`), of the
    alphabets and of Flowers; ``images`` are the bytes of the old images that joint training keeps on the letters.
    """
    own, shown = trained(letters), trained(photographs)
    pairs = {
        "Does it forget?": (_forgets(own), [label for label in own if _exact(own[label])]),
        "Is it above methods that share nothing?": (_than(own, (CUT, "freeze", SMALL)), ["tfm", CUT, "freeze", SMALL]),
        "Is it above PackNet, as in the paper?": (_than(own, RIVALS), ["tfm", *RIVALS]),
        "Does feature normalization help?": (_than(own, ("tfm_no_fn",)), ["tfm", "tfm_no_fn"]),
        "Is it small?": (_small(own, images), list(own)),
    }
    rows = [[question, answer, _on("letters", own, labels)] for question, (answer, labels) in pairs.items()]
    photos = {
        "Does sharing pay on photographs?": ("single", "a separate full network per task"),
        "And is it above PackNet there?": ("packnet", ""),
    }
    for i, (question, (other, name)) in enumerate(photos.items()):
        answer = _than(shown, (other,), name=name)
        rows.insert(3 + i, [question, answer, _on("Flowers", shown, ["tfm", other])])
    return rows


def verdict(difference: Paired) -> str:
    """What a difference over seeds comes to, in words.

    >>> verdict(Paired((0, 1, 2), (4.8, 3.8, 4.5)))
    'above'
    >>> verdict(Paired((0, 1), (1.0, -2.0)))
    'no difference that is clear'
    """
    if len(difference.values) < 2:
        return "above, with one seed" if difference.mean > 0 else "below, with one seed"
    if difference.always_above or difference.always_below:
        clear = abs(difference.mean) > difference.half
        return ("above" if difference.mean > 0 else "below") + ("" if clear else " under every seed")
    return "no difference that is clear"


def _exact(group: Group) -> bool:
    return bool(methods.get(group.method).zero_forgetting)


def _forgets(groups: Mapping[str, Group]) -> str:
    lost = [points for group in groups.values() if group.method == "tfm" for points in group.forgetting]
    if not lost:
        return "Not run yet."
    others = sorted({_NAMES[g.method] for g in groups.values() if _exact(g)} - {"TFM", "TFM w/o FN"})
    word = "No: every old answer is right or wrong as it was" if not any(lost) else f"Yes: {min(lost):.1f} points"
    return f"{word}, in {len(lost)} runs. {len(others)} other methods promise the same ({', '.join(others)})."


def _than(groups: Mapping[str, Group], others: Iterable[str], *, name: str = "") -> str:
    """TFM against each of these methods, by what the differences come to, each with its number: TFM less the other."""
    found: dict[str, list[str]] = {}
    for label in others:
        title = name or _NAMES.get(label, label)
        pair = paired(groups["tfm"], groups[label]) if {"tfm", label} <= groups.keys() else None
        found.setdefault(verdict(pair) if pair else "not run yet", []).append(f"{title} ({pair})" if pair else title)
    return " ".join(said.format(listed(found[word])) for word, said in _SENTENCES.items() if word in found)


def _small(groups: Mapping[str, Group], images: int) -> str:
    if not {"tfm", "finetune"} <= groups.keys():
        return "Not run yet."
    average = {label: group.average for label, group in groups.items()}
    plain = int(groups["finetune"].records[0].memory["weights"])
    costs = {
        "By all that is kept": {
            label: mean(compared.total(r, images=images) for r in group.records) for label, group in groups.items()
        },
        "By what is kept beyond the plain network": {
            label: mean(compared.beyond(r, plain, images=images) for r in group.records)
            for label, group in groups.items()
        },
    }
    said = []
    for what, cost in costs.items():
        better = [
            _NAMES.get(label, label)
            for label, group in groups.items()
            if group.method not in ("tfm", "tfm_no_fn")
            and cost[label] <= cost["tfm"]
            and average[label] > average["tfm"]
        ]
        word = (
            f"no: {listed(better)}, above it, keep no more" if better else "yes: what keeps as little is not above it"
        )
        said.append(f"{what}, {word}.")
    return " ".join(said)


def _on(what: str, groups: Mapping[str, Group], labels: Sequence[str]) -> str:
    records = [record for label in labels if label in groups for record in groups[label].records]
    if not records:
        return what
    seeds = {record.config["seed"] for record in records}
    return f"{what}, {len(seeds)} seed{'s' * (len(seeds) > 1)}"


def scales(**groups: Mapping[str, Group]) -> str:
    """At which scale the runs of each kind were made, in words; what was not run is left out."""
    said = []
    for what, own in groups.items():
        records = [record for group in own.values() for record in group.made if not record.config["options"]]
        if records:
            said.append(f"{what.capitalize()}: {scale(records).rpartition(', seed')[0]}.")
    return " ".join(said)
