"""Claims of the paper that arithmetic on its printed tables settles, and on growth and methods as they are here."""

from __future__ import annotations

from collections.abc import Callable
from statistics import mean

from tfm_lite import datasets, methods
from tfm_lite.figures.compared import listed
from tfm_lite.figures.ledger.kept import ALEXNET, AS_PRINTED, COUNTED, ON_ALEXNET
from tfm_lite.figures.ledger.places import in_print
from tfm_lite.figures.ledger.questions import PARTLY, Finding, held
from tfm_lite.figures.scores import PAPER
from tfm_lite.nn import growth
from tfm_lite.nn.networks import stages_of
from tfm_lite.runs import results

SETS = {
    "tiny_imagenet": "tiny ImageNet",
    "imagenet": "ImageNet",
    "flowers": "Oxford Flowers",
    "birds": "CUB Birds",
    "actions": "Stanford Actions",
}  # our names of the paper's data sets


def _table_1() -> Finding:
    """Its features are right; its weights are not."""
    rows = {row["network"]: (int(row["weights"]), int(row["features"])) for row in results.published("table_1")}
    own = {name: (net.weights, net.features) for name, net in COUNTED.items()}
    wrong = [name for name in own if rows[name][0] != own[name][0]]
    right = [name for name in own if rows[name][1] == own[name][1]]
    slip = rows["AlexNet"][0] == AS_PRINTED.weights
    words = f"Features agree for {listed(right) or 'none'}; weights do not for {listed(wrong) or 'none'}. AlexNet has "
    words += f"{ALEXNET.weights:,}, printed are {rows['AlexNet'][0]:,}{': its input channels are left out' * slip}. "
    return held(not wrong and len(right) == len(own), f"{words}ResNet-50 is counted in the chapter.")


def _table_2() -> Finding:
    rows = {
        row["dataset"]: tuple(int(row[key]) for key in ("train", "evaluation", "classes"))
        for row in results.published("table_2")
    }
    abouts = {title: datasets.find(name).ABOUT for name, title in SETS.items()}
    odd = [title for title, about in abouts.items() if rows[title] != (about.train, about.test, about.classes)]
    return held(
        not odd, f"The publishers' lists have as many images and classes{f', but for {listed(odd)}' * bool(odd)}."
    )


def _averages(*kinds: str) -> Finding:
    lines = [
        (PAPER[m], place.title, line)
        for kind in kinds
        for place in in_print()[kind]
        for m, line in place.of[0].lines.items()
    ]
    odd = [
        f"{method} on {title}, {100 * mean(line.accuracy):.3f} printed as {100 * line.average:.1f}"
        for method, title, line in lines
        if abs(mean(line.accuracy) - line.average) > 0.000501
    ]
    reason = f"{len(lines) - len(odd)} of {len(lines)} averages are the means of their rows"
    return held(not odd, f"{reason}{f'; not {listed(odd)}' if odd else ''}.")


def _three_orders() -> Finding:
    ratios = {row["network"]: int(row["weights"]) / int(row["features"]) for row in results.published("table_1")}
    over = sum(ratio > 1000 for ratio in ratios.values())
    each = ", ".join(f"{name} {ratio:,.0f}" for name, ratio in ratios.items())
    reason = f"Weights per feature as printed: {each}. More than a thousand for {over} of {len(ratios)}."
    return held(over > len(ratios) / 2, reason, otherwise=PARTLY)


def _quadratic() -> Finding:
    rows = {row["network"]: int(row["weights"]) / int(row["features"]) ** 2 for row in results.published("table_1")}
    near = [name for name, share in rows.items() if 0.5 < share < 2]
    each = ", ".join(f"{name} {share:.2f}" for name, share in rows.items())
    reason = (
        f"Weights over the square of the features, as printed: {each}. Within a factor of two of 1: {listed(near)}."
    )
    return held(len(near) == len(rows), reason, otherwise=PARTLY)


def _same_first_task() -> Finding:
    plain, apart = ("finetune", "freeze", "joint", "ewc", "lwf", "imm_mode"), 0.0
    for kind in ("flowers", "birds", "actions", "imagenet"):
        lines = in_print()[kind][0].of[0].lines
        first = [100 * lines[m].learned[0] for m in plain if m in lines]
        apart = max(apart, max(first) - min(first))
    reason = (
        f"Task 1 just learned is the same for all methods of the plain network, to {apart:.1f} points, on four sets."
    )
    return held(apart < 0.05, reason)


def _ten_steps() -> Finding:
    sizes = growth.schedule(10)
    widths = [sum(growth.features_at(stages_of("alexnet"), size)) for size in sizes]
    reason = f"55 % and nine times 5 % end at {sizes[-1]:.0%} of the weights: {widths[0]:,} to {widths[-1]:,} features."
    return held(abs(sizes[-1] - 1) < 1e-9 and widths[-1] == ALEXNET.features, reason, ON_ALEXNET)


def _one_pass_per_task() -> Finding:
    work = sum(growth.schedule(10))
    reason = (
        "Each of ten tasks has features, FN and a head of its own. Ten passes of a network that grew by the paper's "
    )
    return held(
        work > 1, f"{reason}schedule cost as much as {work:.1f} of the whole: older slices are smaller.", ON_ALEXNET
    )


def _margin_of_search() -> Finding:
    rows = {row["dataset"]: row for row in results.published("table_2")}
    images = {name: round(0.1 * int(rows[name]["train"]) / 4) for name in list(SETS.values())[2:]}
    each = ", ".join(f"{name} {1 / count:.1%}" for name, count in images.items())
    reason = f"One validation image of a task is worth: {each}. A margin of 0.1 % is less: the best size wins."
    return held(all(1 / count < 0.001 for count in images.values()), reason, otherwise=PARTLY)


def _only_masks() -> Finding:
    copies_or_masks = {"binary", "tfm", "tfm_no_fn", "packnet", "piggyback", "wsn", "single", "pnn"}
    more = [m for m in methods.names() if methods.get(m).zero_forgetting and m not in copies_or_masks]
    zero = [
        kind
        for kind in ("flowers", "birds", "actions", "imagenet")
        if not any(in_print()[kind][0].of[0].lines["freeze"].forgetting)
    ]
    reason = f"Neither a mask nor a copy, and exact here: {listed(more) or 'none'}. The paper prints 0.0 for Freezing "
    return held(not more, f"{reason}on {len(zero)} of 4 sets.", otherwise=PARTLY)


def _freezing_often() -> Finding:
    kinds = ("flowers", "birds", "actions", "random", "semantic", "larger", "imagenet")
    lines = {place.title: place.of[0].lines for kind in kinds for place in in_print()[kind]}
    above = [title for title, of in lines.items() if of["freeze"].average > of["finetune"].average]
    reason = f"Freezing is above Finetuning in {len(above)} of {len(lines)} printed columns."
    return held(len(above) > len(lines) / 2, reason)


COUNTS: dict[str, Callable[[], Finding]] = {
    "table-1": _table_1,
    "table-2": _table_2,
    "table-3": lambda: _averages("flowers", "birds", "actions"),
    "table-5": lambda: _averages("imagenet"),
    "three-orders": _three_orders,
    "quadratic": _quadratic,
    "same-first-task": _same_first_task,
    "ten-steps": _ten_steps,
    "one-pass-per-task": _one_pass_per_task,
    "margin-of-search": _margin_of_search,
    "only-masks": _only_masks,
    "freezing-often": _freezing_often,
}
