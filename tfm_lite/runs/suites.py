"""Runs that belong together: every table and figure of the book is a named list of configurations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from tfm_lite.protocol import FULL, QUICK
from tfm_lite.runs import selection
from tfm_lite.runs.config import Config
from tfm_lite.runs.many import many
from tfm_lite.runs.pays import pays

METHODS = ("finetune", "freeze", "joint", "single", "binary", "tfm", "tfm_no_fn")
# The rows of the paper's tables, in its order; Joint is not in its Table 4.
TABLE_3 = ("finetune", "freeze", "joint", "ewc", "hat", "packnet", "tfm_no_fn", "tfm")
TABLE_4 = (
    *("finetune", "freeze", "joint", "lfl", "lwf", "imm_mode", "ewc", "hat", "packnet"),
    *("tfm_no_fn", "tfm"),
)
TABLE_4_AGAIN = ("freeze", "packnet", "hat", "tfm_no_fn", "tfm")  # the rows that are run under more than one seed
TABLE_5 = ("finetune", "freeze", "lwf", "imm_mode", "ewc", "packnet", "tfm")
FINE = {"margin": 0.001}  # the paper's margin for fine-grained sets, as a fraction
SCHEDULE = {"grow": "schedule", "start": 0.55}
FISHER_OF_20 = {"batch": 20, "lam": 5000.0}
OTHERS = ("ewc", "si", "mas", "imm_mean", "imm_mode", "lwf", "lfl", "hat", "packnet", "piggyback", "pnn")


def alphabets(seeds: Sequence[int] = (0, 1, 2)) -> Iterator[Config]:
    """The baselines and TFM on the embedded letters, LeNet-5 at three times its width, in the short form of the chapters.

    TFM starts small, at 30 % of the weights, so that six tasks fit below the plain network. Its margin is 3 points: with 64
    validation images for a task, about two images. ``single`` and ``binary`` run a second time at a size at which they have
    no fewer parameters in all than TFM ends with, on average over the seeds.
    """
    base = Config("alphabets", "", width=3.0, protocol=QUICK)
    yield from _rows(base, METHODS, seeds, {"start": 0.3, "margin": 0.03})
    for seed in seeds:
        yield replace(base, method="single", seed=seed, options={"fraction": 0.11})
        yield replace(base, method="binary", seed=seed, options={"fraction": 0.65})


def flowers_64(seeds: Sequence[int] = (0,)) -> Iterator[Config]:
    """The same on Oxford Flowers at 64 pixels, under the full protocol, with the paper's margin for fine-grained sets."""
    yield from _rows(Config("flowers", "", size=64), METHODS, seeds, FINE)


def methods(seeds: Sequence[int] = (0, 1, 2)) -> Iterator[Config]:
    """The methods that the paper compares with and argues with, on the embedded letters, each with its defaults."""
    for seed in seeds:
        for method in OTHERS:
            yield Config("alphabets", method, seed=seed, width=3.0, protocol=QUICK)


def selected(seeds: Sequence[int] = (0, 1, 2)) -> Iterator[Config]:
    """The same methods with the options that :mod:`tfm_lite.runs.selection` chose, where these are not the defaults."""
    for seed in seeds:
        for choice in selection.load_all():
            if choice.options and choice.config["tasks"] == "alphabets":
                method, options = choice.config["method"], choice.options
                yield Config("alphabets", method, seed=seed, width=3.0, protocol=QUICK, options=options)


def feature_norm(seeds: Sequence[int] = (0, 1, 2)) -> Iterator[Config]:
    """Where feature normalization stands, over which features it runs and where it starts: what the paper leaves open.

    The network grows by a schedule, so that only feature normalization differs.
    """
    base = {"grow": "schedule", "start": 0.3}
    for options in ({"norm": None}, {}, {"norm": "after"}, {"which": "old"}, {"norm_start": "previous"}):
        for seed in seeds:
            yield Config("alphabets", "tfm", seed=seed, width=3.0, protocol=QUICK, options={**base, **options})


def growth(seeds: Sequence[int] = (0, 1, 2)) -> Iterator[Config]:
    """How a network grows: by schedules of weights and of features, and by searches with several margins."""
    schedules: list[dict[str, Any]] = [
        {"grow": "schedule", "start": 0.3},
        {"grow": "schedule", "start": 0.3, "of": "features"},
    ]
    searches = [{"start": 0.3, "margin": margin} for margin in (0.0, 0.03, 0.1)]
    for options in schedules + searches:
        for seed in seeds:
            yield Config("alphabets", "tfm", seed=seed, width=3.0, protocol=QUICK, options=options)


def table_3(seeds: Sequence[int] = (0,)) -> Iterator[Config]:
    """Table 3: its 8 rows on Oxford Flowers, CUB Birds and Stanford Actions; AlexNet at 224 pixels, from scratch.

    The margin of the search is the paper's 0.1 point. Baselines have their defaults: the paper does not give its own.

    Hours on two cores in bfloat16, extrapolated from Flowers, where four tasks of 42 to 109 epochs took half an hour: per
    training method 0.5 for Flowers, 1 for Actions, 1.5 for Birds; PackNet twice, Joint about three times, TFM's search four
    times that. In float32 twice as long.
    """
    for tasks in ("flowers", "birds", "actions"):
        yield from _rows(Config(tasks, "", size=224), TABLE_3, seeds, FINE)


def table_3_small(seeds: Sequence[int] = (0,)) -> Iterator[Config]:
    """Table 3 on two cores: Flowers and Actions at 64 pixels, in the AlexNet for that size, otherwise as there.

    Hours on one core, measured for Flowers: fine-tuning 0.12, Freezing 0.06, TFM 0.45, without FN 0.37. From the number of
    steps: PackNet 0.25, EWC and HAT 0.15, Joint 0.4 or more; for Actions, with twice as many images, twice that.
    """
    for tasks in ("flowers", "actions"):
        yield from _rows(Config(tasks, "", size=64), TABLE_3, seeds, FINE)


def table_4(seeds: Sequence[int] = (0,)) -> Iterator[Config]:
    """Table 4: its 10 rows, and Joint, on three ten-task splits of tiny ImageNet; the paper's VGG-16.

    The margin of the search is the paper's 1.5 points.

    For a GPU: on two cores about 200 hours for fine-tuning on a split, by the products it takes, and five times that for TFM.
    """
    yield from _table_4(seeds, width=1.0, part="")


def table_4_medium(seeds: Sequence[int] = (0,)) -> Iterator[Config]:
    """Table 4 in medium: 100 classes with 100 images each, VGG-16 at a quarter of its width.

    Hours on one core and for each split, from five times as many images as the small form has: fine-tuning 1.5, PackNet 3,
    Joint 5 to 8, TFM 5 to 7.
    """
    yield from _table_4(seeds, width=0.25, part="+100x100")


def table_4_small(seeds: Sequence[int] = (0,)) -> Iterator[Config]:
    """Table 4 in small: 20 classes with 100 images each, in five tasks, VGG-16 at a quarter of its width.

    Hours on one core and for each split, from a measured 4 seconds per epoch at 50 epochs per training: fine-tuning 0.3,
    PackNet 0.6, Joint 0.9, TFM 1.2.
    """
    yield from _table_4(seeds, width=0.25, part="+20x100")


def table_5(seeds: Sequence[int] = (0,)) -> Iterator[Config]:
    """Table 5: its 7 rows on ImageNet, ten random tasks of 100 classes, AlexNet at 224 pixels.

    TFM grows by the paper's schedule, 55 % of the weights and 5 % more with each task. EWC has the Fisher of HAT's code, of
    20 images at a time: one image at a time would take longer than training. For several GPUs; nothing of it was measured.
    """
    yield from _rows(Config("imagenet", "", size=224), TABLE_5, seeds, SCHEDULE, ewc=FISHER_OF_20)


def table_5_small(seeds: Sequence[int] = (0,)) -> Iterator[Config]:
    """Table 5 to see that it runs: the first 20 classes of ImageNet with 50 images each, at 64 pixels."""
    yield from _rows(Config("imagenet+20x50", "", size=64), TABLE_5, seeds, SCHEDULE, ewc=FISHER_OF_20)


def figure_1(seeds: Sequence[int] = (0,)) -> Iterator[Config]:
    """Fig. 1: what the mask methods keep after each task of ImageNet; two of its three runs are of Table 5."""
    yield from _rows(Config("imagenet", "", size=224), ("hat", "packnet", "tfm"), seeds, SCHEDULE)


def figure_1_small(seeds: Sequence[int] = (0,)) -> Iterator[Config]:
    """Fig. 1 to see that it runs, on the part of ``table_5_small``."""
    yield from _rows(Config("imagenet+20x50", "", size=64), ("hat", "packnet", "tfm"), seeds, SCHEDULE)


def evidence(seeds: Sequence[int] = (0, 1, 2)) -> Iterator[Config]:
    """The runs on photographs that the last chapters need, in order of worth: Table 3 on Flowers at 64 pixels, then at the
    paper's size; on Actions at 64 pixels; Table 4 in small; and what goes on from there.

    Every row has its method's defaults, and after it a row with what was chosen on these data, where that is something else.
    """
    first, others = seeds[:1], seeds[1:]
    flowers, actions = (Config(tasks, "", size=64) for tasks in ("flowers", "actions"))
    for seed in seeds:
        yield from _and_chosen(_rows(flowers, (*TABLE_3, "single", "binary", "lwf", "piggyback", "pnn"), [seed], FINE))
    in_bf16 = replace(flowers, precision="bf16")  # two rows: do they agree with float32's?
    yield from _rows(in_bf16, ("freeze", "packnet"), seeds, FINE)
    flowers_224, actions_224 = (replace(config, size=224, precision="bf16") for config in (flowers, actions))
    by_worth = "freeze", "finetune", "tfm", "joint", "packnet", "tfm_no_fn", "hat", "ewc"
    yield from _rows(flowers_224, by_worth, first, FINE)
    yield from _rows(flowers_224, ("freeze", "packnet", "tfm"), others, FINE)
    for seed in seeds:
        yield from _and_chosen(_rows(actions, TABLE_3, [seed], FINE))
    splits = "", "+larger", "+semantic"
    yield from _table_4(first, width=0.25, part="+20x100", splits=splits)
    yield from _table_4(others, TABLE_4_AGAIN, width=0.25, part="+20x100", splits=splits)
    yield from _rows(actions_224, TABLE_3, first, FINE)
    yield from _table_4(first, ("freeze", "packnet", "tfm"), width=0.25, part="+100x100", splits=splits)


def causes(seeds: Sequence[int] = (0, 1)) -> Iterator[Config]:
    """Why rows on Flowers differ from print: fine-tuning with the clip of HAT's code, which never bites; TFM grown by the
    paper's schedule instead of its search.

    Hours on one core, by the rows that differ in this alone: fine-tuning 0.15, TFM 0.15.
    """
    flowers = Config("flowers", "", size=64)
    for seed in seeds:
        yield replace(flowers, method="finetune", seed=seed, protocol=replace(FULL, clip=10_000.0))
        yield replace(flowers, method="tfm", seed=seed, options=SCHEDULE)


def beyond(seeds: Sequence[int] = (0, 1, 2)) -> Iterator[Config]:
    """Learned masks of after the paper, on the embedded letters: WSN, beside the masks of weights and of features that the
    other suites have there, with the same options. Those runs are the same and are not made again.

    Minutes on one core, by the steps that they take: WSN about as long as fine-tuning.
    """
    base = Config("alphabets", "", width=3.0, protocol=QUICK)
    yield from _rows(base, ("wsn", "packnet", "piggyback", "tfm"), seeds, {"start": 0.3, "margin": 0.03})
    for seed in seeds:
        yield replace(base, method="wsn", seed=seed, options={"scores": "new"})


def _and_chosen(configs: Iterable[Config]) -> Iterator[Config]:
    """Each configuration, and the same with the options that were chosen for its data, if they are others."""
    for config in configs:
        yield config
        options = {**config.options, **selection.chosen(config)}
        if options != config.options:
            yield replace(config, options=options)


def _rows(
    base: Config, rows: Sequence[str], seeds: Sequence[int], tfm: dict[str, Any], **others: dict[str, Any]
) -> Iterator[Config]:
    """A run per seed and row of a table; ``tfm`` are the options of TFM and of its ablation, ``others`` by method."""
    for seed in seeds:
        for method in rows:
            options = tfm if method.startswith("tfm") else others.get(method, {})
            yield replace(base, method=method, seed=seed, options=options)


def _table_4(
    seeds: Sequence[int],
    rows: Sequence[str] = TABLE_4,
    *,
    width: float,
    part: str,
    splits: Sequence[str] = ("", "+semantic", "+larger"),
) -> Iterator[Config]:
    for split in splits:
        base = Config(f"tiny_imagenet{split}{part}", "", network="vgg16", width=width, size=64)
        yield from _rows(base, rows, seeds, {"margin": 0.015})


SUITES = {
    suite.__name__: suite
    for suite in (
        *(alphabets, methods, selected, feature_norm, growth, pays, many, flowers_64),
        *(table_3, table_3_small, table_4, table_4_medium, table_4_small),
        *(table_5, table_5_small, figure_1, figure_1_small, evidence, causes, beyond),
    )
}
