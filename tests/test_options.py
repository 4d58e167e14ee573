"""Values that make no sense are refused where they are written: no data set is loaded, no network built."""

from __future__ import annotations

import re
from math import inf, nan
from pathlib import Path
from typing import Any

import pytest
from small import make_method, make_tasks

from tfm_lite import datasets, methods
from tfm_lite.__main__ import main
from tfm_lite.devices import PRECISIONS
from tfm_lite.nn import growth
from tfm_lite.nn.networks import NETWORKS, Builder, stages_of
from tfm_lite.options import Range, fits, options_of, words
from tfm_lite.runs import selection
from tfm_lite.runs.config import Config
from tfm_lite.runs.suites import SUITES
from tfm_lite.train import Protocol

NOT_NEGATIVE, POSITIVE = "a number of at least 0 and finite", "a number above 0 and finite"
SHARE, FRACTION = "a number of at least 0 and at most 1", "a number above 0 and at most 1"
PIXELS = "a whole number of at least 1 and at most 10000"
COUNT, BELOW_1 = "a whole number of at least 1", "a number of at least 0 and below 1"
GROWTHS = f"a list, not empty, each {SHARE}"
OPTIONS: list[tuple[str, str, list[Any], str]] = [
    ("ewc", "lam", [nan, inf, -5, -5.0, "250", None, True, [250.0], 10**400], NOT_NEGATIVE),
    ("ewc", "batch", [0, -1, 1.5, 20.0, True, "1"], COUNT),
    ("imm_mean", "lam", [-0.01, nan], NOT_NEGATIVE),
    ("imm_mode", "lam", [-0.01], NOT_NEGATIVE),
    ("imm_mode", "merge", [0.3, 1, None, "false"], "True or False"),
    ("lfl", "lam", [-1, inf], NOT_NEGATIVE),
    ("lfl", "batch", [0], COUNT),
    ("lwf", "lam", [-1], NOT_NEGATIVE),
    ("lwf", "temperature", [0, -2.0, inf], POSITIVE),
    ("mas", "lam", [-1], NOT_NEGATIVE),
    ("mas", "alpha", [5, -0.1, nan, "None"], f"{SHARE} or None"),
    ("si", "c", [-1], NOT_NEGATIVE),
    ("si", "damping", [0, -0.1], POSITIVE),
    ("hat", "regularization", [nan, -0.75], NOT_NEGATIVE),
    ("hat", "s_max", [-1, 0, 0.5, inf], "a number of at least 1 and finite"),
    ("packnet", "prune", [1, 1.0, -0.1, nan], BELOW_1),
    ("piggyback", "mask_lr", [0, -1e-4], POSITIVE),
    ("piggyback", "head_lr", [0], POSITIVE),
    ("pnn", "width", [0, inf, -1.117], POSITIVE),
    ("single", "fraction", [0, 1.01], FRACTION),
    ("wsn", "share", [0, 1.01, nan, "half"], FRACTION),
    ("wsn", "lr", [0, -1e-3, inf], POSITIVE),
    ("wsn", "scores", ["old", None, True], "'kept' or 'new'"),
    ("binary", "fraction", [0, 2], FRACTION),
    ("tfm", "start", [0, 2, nan, "big"], FRACTION),
    ("tfm", "growths", [[], [-0.1], [0, 1.5], 5, 0.1, "0.1", [0, "0.1"], [nan], None], GROWTHS),
    ("tfm", "margin", [inf, nan, -0.01, 1.5], SHARE),
    ("tfm", "grow", ["fast", None, 1], "'search' or 'schedule'"),
    ("tfm", "of", ["bytes"], "'weights' or 'features'"),
    ("tfm", "norm", ["between", False], "'before' or 'after' or None"),
    ("tfm", "which", ["new"], "'all' or 'old'"),
    ("tfm", "norm_start", ["next", None], "'identity' or 'previous'"),
    ("tfm_no_fn", "start", [0], FRACTION),
    ("tfm", "boost", [0, -1.0, inf, nan, "3"], POSITIVE),
    ("tfm_no_fn", "norm", ["before"], "None"),
]
FIELDS: list[tuple[str, list[Any], str]] = [
    ("tasks", [None, 3], "a word"),
    ("seed", [1.0, "0", None, True, -1], "a whole number of at least 0"),
    ("width", [0, -1.0, inf, nan, "1"], POSITIVE),
    ("size", [0, -28, 28.0, "28", 10_001], f"{PIXELS} or None"),
    ("protocol", [{"epochs": 3}, None], "a Protocol"),
    ("options", [None, [("lam", 1.0)]], "a Mapping"),
    ("precision", ["fp8", None], "'fp32' or 'tf32' or 'bf16'"),
    ("network", [3], "a word or None"),
]
PROTOCOL: list[tuple[str, list[Any], str]] = [
    *((name, [0, -1, 1.5, True], COUNT) for name in ("epochs", "batch", "patience")),
    *((name, [0, -0.05, nan, inf, "0.05"], POSITIVE) for name in ("lr", "lr_min", "clip")),
    ("factor", [1, 0.5, nan], "a number above 1 and finite"),
    *((name, [-0.1, 1, 1.5, nan], BELOW_1) for name in ("dropout", "momentum")),
    ("weight_decay", [-5e-4, inf, "0"], NOT_NEGATIVE),
    ("optimizer", ["Adam", None, ["sgd"]], "'sgd' or 'adam' or 'adamw'"),
]


def refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        make()


@pytest.mark.parametrize(("method", "option", "values", "allowed"), OPTIONS)
def test_an_option_that_makes_no_sense_is_refused(method: str, option: str, values: list[Any], allowed: str) -> None:
    """In a configuration, before anything is loaded, and by the method itself."""
    build = Builder.of("mlp", channels=1, size=12, tasks=2)
    for value in values:
        message = f"{method}'s option {option} is {allowed}, not {value!r}"
        refused(lambda value=value: Config("nowhere", method, options={option: value}), message)
        refused(lambda value=value: methods.get(method)(build, **{option: value}), message)


@pytest.mark.parametrize(("name", "values", "allowed"), FIELDS)
def test_a_field_of_a_run_that_makes_no_sense_is_refused(name: str, values: list[Any], allowed: str) -> None:
    for value in values:
        fields = {"tasks": "nowhere", "method": "tfm", name: value}
        refused(lambda fields=fields: Config(**fields), f"a run's {name} is {allowed}, not {value!r}")


@pytest.mark.parametrize(("name", "values", "allowed"), PROTOCOL)
def test_a_field_of_a_protocol_that_makes_no_sense_is_refused(name: str, values: list[Any], allowed: str) -> None:
    for value in values:
        refused(lambda value=value: Protocol(**{name: value}), f"a protocol's {name} is {allowed}, not {value!r}")


def test_there_are_enough_of_them() -> None:
    rows = [row[-2] for table in (OPTIONS, FIELDS, PROTOCOL) for row in table]
    assert sum(map(len, rows)) >= 60
    tried = {(method, option) for method, option, *_ in OPTIONS}
    of_these = {
        (name, option) for name in dict(tried).keys() - {"tfm_no_fn"} for option in options_of(methods.get(name))
    }
    assert tried >= of_these, "an option that is never tried at a bad value"


def test_what_does_not_go_together_or_does_not_exist_is_refused() -> None:
    refused(lambda: Protocol(lr=0.01, lr_min=0.02), "a protocol's lr_min is at most its lr, 0.01, not 0.02")
    refused(
        lambda: Protocol(optimizer="adam", momentum=0.9),
        "a protocol's momentum is that of 'sgd', not of 'adam', which has its own: leave it 0",
    )
    for network in ("", "resnet"):
        choices = ", ".join(NETWORKS)
        refused(
            lambda network=network: Config("a", "tfm", network=network),
            f"there is no network {network!r}; the networks are {choices}",
        )
    refused(lambda: Config("a", "freeze", options={"lam": 1}), "freeze has no option 'lam'; it has none")
    refused(lambda: Config("a", "mas", options={"lamb": 1}), "mas has no option 'lamb'; its options are lam, alpha")
    with pytest.raises(ValueError, match="there is no method 'tmf'; the methods are binary"):
        Config("a", "tmf")


@pytest.mark.parametrize("name", methods.names())
def test_defaults_and_grids_pass_and_every_option_says_what_it_may_be(name: str) -> None:
    tasks = make_tasks()
    for option, parameter in options_of(methods.get(name)).items():
        assert parameter.annotation is not Any, f"{name}: {option} has no annotation"
        assert fits(parameter.default, parameter.annotation)
        Config("a", name, options={option: parameter.default})
        for value in methods.get(name).grid.get(option, ()):
            make_method(name, tasks, **{option: value})
    for options in selection.combinations(name) if methods.get(name).grid else []:
        Config("a", name, options=options)


def test_values_that_must_pass_do() -> None:
    good: list[tuple[str, dict[str, Any]]] = [
        ("mas", {"alpha": None}),
        ("mas", {"alpha": 0, "lam": 0}),
        ("hat", {"s_max": 1}),
        ("packnet", {"prune": 0}),
        ("imm_mode", {"merge": False}),
        ("tfm", {"growths": [0], "margin": 0, "start": 1, "norm": None}),
        ("tfm", {"growths": (0.0, 0.1), "margin": 1.0}),
    ]
    for precision in PRECISIONS:
        for method, options in good:
            Config("a", method, options=options, width=3, precision=precision)  # type: ignore[arg-type]
    Protocol(dropout=0, lr=1, lr_min=1, factor=2)
    for suite in SUITES.values():
        list(suite())  # its configurations are made without an error


def test_a_range_in_words_and_at_its_ends() -> None:
    both = Range(above=0, most=1)
    assert [value in both for value in (0, 1e-9, 1, 1 + 1e-9, nan)] == [False, True, True, False, False]
    other = Range(least=0, below=1)
    assert [value in other for value in (-1e-9, 0, 1 - 1e-9, 1)] == [False, True, True, False]
    assert (str(both), str(other)) == ("above 0 and at most 1", "of at least 0 and below 1")
    assert words(float) == "a number" and words(dict[str, float]) == "a dict"


def test_growth_refuses_them_too() -> None:
    stages = stages_of("mlp")
    refused(lambda: growth.schedule(0), f"a schedule's number of tasks is {COUNT}, not 0")
    refused(lambda: growth.schedule(2, start=0), f"a schedule's start is {FRACTION}, not 0")
    refused(lambda: growth.candidates(0.5, []), f"a search's growths is {GROWTHS}, not []")
    refused(lambda: growth.smallest_within([0.5], nan), f"a search's margin is {SHARE}, not nan")
    for value in (0, 1.2, nan):
        message = f"a network's size, a share of the plain network's, is {FRACTION}, not {value!r}"
        refused(lambda value=value: growth.features_at(stages, value), message)
    message = "what sizes are shares of is 'weights' or 'features', not 'bytes'"
    refused(lambda: growth.features_at(stages, 0.5, of="bytes"), message)
    assert growth.schedule(1, start=0.3) == [0.3]


RUN = ["run", "--tasks", "alphabets"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([*RUN, "--size", "0"], f"a run's size is {PIXELS} or None, not 0"),
        (["run", "alphabets", "--size", "0"], "--size cannot change the runs of a suite"),
        ([*RUN, "--network", ""], "there is no network ''; the networks are mlp"),
        (["run", "alphabets", "--network", ""], "--network cannot change the runs of a suite"),
        ([*RUN, "--width", "inf"], f"a run's width is {POSITIVE}, not inf"),
        ([*RUN, "--width", "0"], f"a run's width is {POSITIVE}, not 0.0"),
        ([*RUN, "--seeds", "-1"], "a run's seed is a whole number of at least 0, not -1"),
        ([*RUN, "--epochs", "-3"], "--epochs is a whole number of at least 1, not -3"),
        ([*RUN, "--device", "mps"], "'mps' is no device that runs are made for; write cpu or cuda"),
        ([*RUN, "--option", "margin=NaN"], f"tfm's option margin is {SHARE}, not nan"),
        ([*RUN, "--option", "growths=5"], f"tfm's option growths is {GROWTHS}, not 5"),
        ([*RUN, "--method", "ewc", "--option", "batch=0"], f"ewc's option batch is {COUNT}, not 0"),
        (["run", ""], "there is no suite ''; the suites are alphabets"),
        (["list", "--missing", ""], "there is no suite ''; the suites are alphabets"),
        (["list", "--missing", "alphabets", "--epochs", "0"], "--epochs is a whole number of at least 1, not 0"),
        (
            ["data", "show", "alphabets", "--size", "0"],
            f"the size of the images, in pixels, is {PIXELS} or None, not 0",
        ),
    ],
)
def test_the_command_line_refuses_them_before_it_loads(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasets, "find", None)
    assert main(arguments) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("name", datasets.names())
@pytest.mark.parametrize("command", ["run", "select", "list", "show", "verify"])
def test_a_data_folder_that_is_not_there_is_refused(
    name: str, command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    typo, where = tmp_path / "dta", ["--data", str(tmp_path / "dta")]
    arguments = {
        "run": ["run", "--tasks", name, *where],
        "select": ["select", "--tasks", name, "--method", "ewc", *where],
        "list": ["list", "--missing", "flowers_64", *where],
        "show": ["data", "show", name, *where],
        "verify": ["data", "verify", name if name not in ("alphabets", "many") else "birds", *where],
    }[command]
    assert main(arguments) == 2
    expected = f"the data folder {typo}, named with --data, does not exist: make it, or name another"
    assert expected in capsys.readouterr().err
    monkeypatch.setenv("TFM_LITE_DATA", str(typo))
    with pytest.raises(FileNotFoundError, match=r"dta, named with TFM_LITE_DATA, does not exist"):
        datasets.load(name)
    assert not typo.exists()


def test_seeds_and_methods_that_are_named_twice_count_once(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[tuple[str, int]] = []
    monkeypatch.setattr(
        "tfm_lite.runs.commands._run_all", lambda configs, *_: ran.extend((c.method, c.seed) for c in configs)
    )
    main([*RUN, "--method", "ewc", "tfm", "ewc", "--seeds", "3", "0", "0"])
    assert ran == [("ewc", 3), ("tfm", 3), ("ewc", 0), ("tfm", 0)]
    ran.clear()
    main(["run", "flowers_64", "--only", "tfm", "tfm", "--seeds", "1", "1"])
    assert ran == [("tfm", 1)]


def test_words_of_python_are_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[Any] = []
    monkeypatch.setattr("tfm_lite.runs.commands._run_all", lambda configs, *_: found.append(dict(configs[0].options)))
    main([*RUN, "--method", "mas", "--option", "alpha=None"])
    main([*RUN, "--method", "imm_mode", "--option", "merge=False", "--option", "lam=1"])
    main([*RUN, "--option", "growths=[0, 0.1]", "--option", "norm=after"])
    assert found == [{"alpha": None}, {"merge": False, "lam": 1}, {"growths": [0, 0.1], "norm": "after"}]


def test_the_command_line_says_what_options_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--method", "mas", "finetune"]) == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    tried = ", ".join(map(str, methods.get("mas").grid["lam"]))
    assert lines == ["mas", f"lam 0.1: {NOT_NEGATIVE}; tried: {tried}", f"alpha 0.5: {SHARE} or None", "finetune"]
