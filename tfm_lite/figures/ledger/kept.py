"""Claims of the paper on memory: what a method keeps, by the paper's own rule (:mod:`tfm_lite.memory`)."""

from __future__ import annotations

from collections.abc import Callable

from tfm_lite import memory, methods
from tfm_lite.figures.compared import listed
from tfm_lite.figures.ledger.questions import PARTLY, Finding, held
from tfm_lite.figures.scores import PAPER
from tfm_lite.memory import in_words, overhead
from tfm_lite.nn.networks import Builder, stages_of

LENET = memory.size_of(stages_of("lenet"), channels=1, size=28)
ALEXNET = memory.size_of(stages_of("alexnet"))
VGG = memory.size_of(stages_of("vgg16"), size=64)
AS_PRINTED = memory.size_of(stages_of("alexnet"), as_printed=True)
COUNTED = {"LeNet": LENET, "AlexNet": ALEXNET, "VGGNet": VGG}
PER_WEIGHT = ("ewc", "mas", "si", "packnet", "piggyback")  # what keeps something for every weight
ON_ALEXNET = "arithmetic, AlexNet"


def _figure_1() -> Finding:
    each = {m: overhead(m, AS_PRINTED, 10) for m in ("packnet", "tfm", "hat")}
    network = 4 * AS_PRINTED.weights
    ten = ", ".join(f"{PAPER[m]} {in_words(count)}" for m, count in each.items())
    small = max(each["tfm"], each["hat"])
    reason = f"After ten tasks, by the weights of Table 1: {ten}; the network has {in_words(network)}."
    return held(small < 0.01 * network and 50 * small < each["packnet"], reason, ON_ALEXNET)


def _alexnet() -> Finding:
    whole = ALEXNET.weights + 4096 * 1000
    reason = f"{ALEXNET.weights:,} weights, {whole:,} with a head of a thousand classes; {ALEXNET.features:,} features."
    return held(abs(whole / 60e6 - 1) < 0.05 and ALEXNET.features < 10_000, reason, ON_ALEXNET)


def _two_bits() -> Finding:
    masks, network = overhead("tfm_no_fn", ALEXNET, 10), 4 * ALEXNET.weights
    reason = f"Masks for ten tasks: {in_words(masks)} beside {in_words(network)}. As boundaries they would take less."
    return held(masks < 0.001 * network, reason, ON_ALEXNET)


def _float_per_weight() -> Finding:
    kept = {m: overhead(m, ALEXNET, 10) / (4 * ALEXNET.weights) for m in ("ewc", "mas", "si")}
    each = ", ".join(f"{m} {count:.0f}" for m, count in kept.items())
    reason = f"Floats per weight while a task is learned: {each}. The old weights are kept besides the importance."
    return held(max(kept.values()) <= 1, reason, ON_ALEXNET, otherwise=PARTLY)


def _bit_per_weight() -> Finding:
    mask, index = (overhead(m, ALEXNET, 10) / ALEXNET.weights * 8 for m in ("packnet", "packnet, owner index"))
    reason = f"Ten tasks: {mask:.0f} bits a weight as masks, {index:.0f} if the number of the owner is kept instead."
    return held(mask <= index, reason, ON_ALEXNET, otherwise=PARTLY)


def _two_floats() -> Finding:
    three = overhead("tfm", ALEXNET, 4)
    four = three + 2 * 4 * ALEXNET.features
    reason = f"With FN on all of four tasks {in_words(four)}, without it on the first {in_words(three)}; section 4.2 "
    return held(f"{four / 1e6:.1f}" == "0.2", f"{reason}prints 0.2 Mb.", ON_ALEXNET, otherwise=PARTLY)


def _below_per_weight() -> Finding:
    ratios = {
        name: min(overhead(m, net, 10) for m in PER_WEIGHT) / overhead("tfm", net, 10) for name, net in COUNTED.items()
    }
    each = ", ".join(f"{name} {ratio:.0f} times" for name, ratio in ratios.items())
    return held(min(ratios.values()) > 1, f"The least that is kept per weight, over TFM's, ten tasks: {each}.")


def _in_use_only() -> Finding:
    masks = [m for m in ("hat", "packnet", "piggyback", "tfm") if overhead(m, ALEXNET, 10) > 0 and m in memory.IN_USE]
    rest = [m for m in memory.TRAINING if m not in memory.IN_USE]
    reason = f"In use {listed(masks)} keep something beside the network; {listed(rest)} only while they learn."
    return held(len(masks) == 4 and {"lwf", "lfl", "ewc", "imm_mode"} <= set(rest), reason, ON_ALEXNET)


def _network_size() -> Finding:
    printed, true = 4 * AS_PRINTED.weights, 4 * ALEXNET.weights
    reason = f"Table 1's weights in 32 bits: {in_words(printed)}. The true ones: {in_words(true)}."
    return held(abs(printed / 220e6 - 1) < 0.02, reason, ON_ALEXNET)


def _duplicates() -> Finding:
    least = min(overhead(m, ALEXNET, 10) for m in memory.TRAINING) / (4 * ALEXNET.weights)
    reason = f"{listed(list(memory.TRAINING))} keep {least:.0f} network or more besides while they learn."
    return held(least >= 1, reason, ON_ALEXNET)


def _similar_hat() -> Finding:
    tfm, hat = (overhead(m, ALEXNET, 10) for m in ("tfm", "hat"))
    reason = f"Ten tasks: TFM {in_words(tfm)}, HAT {in_words(hat)}, {tfm / hat:.1f} times as much: of the same order."
    return held(tfm <= 1.25 * hat, reason, ON_ALEXNET, otherwise=PARTLY)


def _below_packnet() -> Finding:
    ratios = {name: overhead("packnet", net, 10) / overhead("tfm", net, 10) for name, net in COUNTED.items()}
    each = ", ".join(f"{name} {ratio:.0f}" for name, ratio in ratios.items())
    return held(min(ratios.values()) > 3, f"PackNet keeps so many times as much, ten tasks: {each}.")


def _four_tasks() -> Finding:
    tfm, packnet = (overhead(m, AS_PRINTED, 4) / 1e6 for m in ("tfm", "packnet"))
    reason = f"Four tasks: {tfm:.3f} and {packnet:.1f} MB, by Table 1's weights, and without FN on the first task."
    return held((f"{tfm:.1f}", f"{packnet:.1f}") == ("0.2", "27.3"), reason, ON_ALEXNET)


def _little_norm() -> Finding:
    both, masks = (overhead(m, ALEXNET, 10) for m in ("tfm", "tfm_no_fn"))
    share = (both - masks) / (4 * ALEXNET.weights)
    reason = f"FN of ten tasks is {share:.2%} of the network, and {1 - masks / both:.0%} of what TFM keeps beside it."
    return held(share < 0.01, reason, ON_ALEXNET)


def _distillation_grows() -> Finding:
    two, ten = (max(overhead(m, ALEXNET, tasks) for m in ("lwf", "lfl")) for tasks in (2, 10))
    reason = f"LwF and LfL, which the paper compares with, keep {in_words(two)} at two tasks and {in_words(ten)} at ten: one "
    return held(ten > two, f"{reason}old network. Those that keep data or autoencoders are not here.", otherwise=PARTLY)


def _pnn_grows() -> Finding:
    steps = memory.added("pnn", Builder.of("lenet", channels=1, size=28, tasks=10), [10] * 10)[1:]
    reason = f"Of ten columns the second adds {in_words(steps[0])}, the last {in_words(steps[-1])}: each sees all older ones."
    return held(steps == sorted(set(steps)), reason, "arithmetic, LeNet-5")


def _others_have_one() -> Finding:
    small = Builder.of("lenet", channels=1, size=28, tasks=3)
    grown = memory.added("pnn", small, [10, 10, 10])
    both = methods.get("pnn").zero_forgetting and min(grown) > 10 * 4 * stages_of("lenet")[-1].features
    reason = "PNN has two: each task adds a column, and it forgets nothing." if both else "PNN does not have two."
    return held(not both, f"{reason} Its third, memory, is what it lacks.", "arithmetic, LeNet-5", otherwise=PARTLY)


KEPT: dict[str, Callable[[], Finding]] = {
    "figure-1": _figure_1,
    "alexnet-size": _alexnet,
    "two-bits": _two_bits,
    "float-per-weight": _float_per_weight,
    "bit-per-weight": _bit_per_weight,
    "two-floats": _two_floats,
    "below-per-weight": _below_per_weight,
    "in-use-only-masks": _in_use_only,
    "network-size": _network_size,
    "duplicates": _duplicates,
    "similar-hat": _similar_hat,
    "below-packnet": _below_packnet,
    "four-tasks": _four_tasks,
    "little-norm": _little_norm,
    "distillation-grows": _distillation_grows,
    "pnn-grows": _pnn_grows,
    "others-have-one": _others_have_one,
}
