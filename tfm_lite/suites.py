"""Runs that belong together: every table and figure of the book is a named list of configurations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from tfm_lite import selection
from tfm_lite.experiment import Config
from tfm_lite.train import QUICK

METHODS = ("finetune", "freeze", "joint", "single", "binary", "tfm", "tfm_no_fn")
OTHERS = ("ewc", "si", "mas", "imm_mean", "imm_mode", "lwf", "lfl", "hat", "packnet", "piggyback", "pnn")


def alphabets(seeds: Sequence[int] = (0, 1, 2)) -> Iterator[Config]:
    """All methods on the embedded letters, LeNet-5 at three times its width, in the short form of the chapters.

    TFM starts small, at 30 % of the weights, so that six tasks fit below the plain network. Its margin is 3 points: with 64
    validation images for a task, about two images. ``single`` and ``binary`` run a second time at a size at which they have
    no fewer parameters in all than TFM ends with.
    """
    base = Config("alphabets", "", width=3.0, protocol=QUICK)
    yield from _all_methods(base, seeds, {"start": 0.3, "margin": 0.03})
    for seed in seeds:
        yield replace(base, method="single", seed=seed, options={"fraction": 0.11})
        yield replace(base, method="binary", seed=seed, options={"fraction": 0.65})


def flowers_64(seeds: Sequence[int] = (0,)) -> Iterator[Config]:
    """All methods on Oxford Flowers at 64 pixels, under the full protocol, with the paper's margin for fine-grained sets."""
    yield from _all_methods(Config("flowers", "", size=64), seeds, {"margin": 0.001})


def methods(seeds: Sequence[int] = (0, 1, 2)) -> Iterator[Config]:
    """The methods that the paper compares with and argues with, on the embedded letters, each with its defaults."""
    for seed in seeds:
        for method in OTHERS:
            yield Config("alphabets", method, seed=seed, width=3.0, protocol=QUICK)


def selected(seeds: Sequence[int] = (0, 1, 2)) -> Iterator[Config]:
    """The same methods with the options that :mod:`tfm_lite.selection` chose, where these are not the defaults."""
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


def _all_methods(base: Config, seeds: Sequence[int], tfm: dict[str, Any]) -> Iterator[Config]:
    for seed in seeds:
        for method in METHODS:
            yield replace(base, method=method, seed=seed, options=tfm if method.startswith("tfm") else {})


SUITES = {
    "alphabets": alphabets,
    "methods": methods,
    "selected": selected,
    "feature_norm": feature_norm,
    "growth": growth,
    "flowers_64": flowers_64,
}
