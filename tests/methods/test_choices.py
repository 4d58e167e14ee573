"""Which choice serves which runs, and those that come with the package."""

from __future__ import annotations

import inspect
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from tfm_lite import methods, train
from tfm_lite.places import shipped
from tfm_lite.runs import selection
from tfm_lite.runs.config import Config
from tfm_lite.runs.suites import SUITES
from tfm_lite.train import Protocol


def made_choice(config: Config, **options: Any) -> selection.Choice:
    whole = replace(config, size=config.size or 28, network=config.network or "lenet")
    return selection.Choice(asdict(whole), [0], ["a"], [], options, "f", train.NUMERICS)


def test_a_choice_serves_runs_of_its_own_kind(tmp_path: Path) -> None:
    base = Config("flowers", "ewc", size=64, network="alexnet_64")
    for config, lam in (
        (base, 1.0),
        (replace(base, tasks="flowers+augmented"), 2.0),
        (replace(base, tasks="actions"), 3.0),
        (replace(base, size=32, network="lenet"), 4.0),
        (replace(base, network="vgg16"), 5.0),
        (replace(base, width=0.5), 6.0),
        (replace(base, protocol=Protocol(epochs=7)), 7.0),
        (replace(base, options={"batch": 20}), 8.0),
        (replace(base, method="si"), 9.0),
    ):
        selection.save(made_choice(config, lam=lam), tmp_path)
    assert len(selection.load_all(tmp_path)) == 9, "two choices have one name"

    def lam(**changes: Any) -> Any:
        return selection.chosen(replace(base, **changes), folder=tmp_path).get("lam")

    assert lam() == lam(network=None) == lam(seed=9) == lam(precision="bf16") == lam(options={"lam": 3}) == 1.0
    found = [lam(tasks="flowers+augmented"), lam(tasks="actions"), lam(size=32, network=None), lam(network="vgg16")]
    found += [lam(width=0.5), lam(protocol=Protocol(epochs=7)), lam(options={"batch": 20}), lam(method="si")]
    assert found == [2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]
    assert lam(tasks="birds") is lam(size=128) is lam(method="hat") is lam(options={"batch": 2}) is None
    assert lam(size=None) == 1.0, "alexnet_64 has a choice at one size"
    with pytest.raises(ValueError, match=r"several choices serve ewc on flowers \(.*\): give the size of the images"):
        lam(size=None, network=None)


def test_tfm_without_fn_takes_what_tfm_chose(tmp_path: Path) -> None:
    config = Config("flowers", "tfm", size=64)
    selection.save(made_choice(replace(config, network="alexnet_64"), start=0.7), tmp_path)
    for options in ({}, {"margin": 0.001}):
        shared = replace(config, method="tfm_no_fn", options=options)
        assert selection.chosen(shared, folder=tmp_path) == {"start": 0.7}
    with pytest.raises(
        ValueError, match="tfm_no_fn has no grid of options to choose from; it takes what is chosen for tfm"
    ):
        selection.combinations("tfm_no_fn")
    assert selection.chosen(replace(config, method="finetune"), folder=tmp_path) == {}


def test_shipped_choices_are_of_today() -> None:
    for choice in selection.load_all():
        assert choice.numerics == train.NUMERICS, f"{choice.name}: select again"
        method = choice.config["method"]
        assert [one["options"] for one in choice.tried] == selection.combinations(method), f"{method}: select again"
        best = max(choice.tried, key=selection.score)
        assert (shipped("selection") / f"{choice.name}.json").is_file(), f"{choice.name}: its file has another name"
        defaults = inspect.signature(methods.get(method).__init__).parameters
        assert choice.options == {n: v for n, v in best["options"].items() if v != defaults[n].default}


def test_the_suite_runs_what_was_chosen() -> None:
    found = {config.method: dict(config.options) for config in SUITES["selected"](seeds=(4,))}
    choices = selection.load_all(tasks="alphabets")
    assert found == {choice.config["method"]: choice.options for choice in choices if choice.options}
    for config in SUITES["methods"](seeds=(4,)):
        assert selection.chosen(config) == found.get(config.method, {})
