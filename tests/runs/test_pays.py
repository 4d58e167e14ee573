"""When do ternary masks pay? What is among the runs that say it, in which order, and that separate networks stand apart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tfm_lite import memory
from tfm_lite.datasets.names import parse
from tfm_lite.datasets.sets import alphabets
from tfm_lite.nn.networks import Builder
from tfm_lite.protocol import Protocol
from tfm_lite.runs import pays
from tfm_lite.runs.pays import AMOUNTS, BOOSTED, COARSE, FINE, FIRST, GROWTHS, NEW, OLD, ROWS, START, Cell
from tfm_lite.runs.run import run_experiment
from tfm_lite.runs.suites import SUITES

CONFIGS = list(SUITES["pays"]())


def test_every_place_has_every_row_under_every_seed_once() -> None:
    names = [config.identity for config in CONFIGS]
    assert len(set(names)) == len(names)
    for seed in range(5):
        for cell in pays.cells():
            assert {cell.config(row, seed).identity for row in ROWS} <= {*names}
        for cell in pays.cells(COARSE):
            assert {cell.config(row, seed).identity for row in BOOSTED} <= {*names}
    assert len(pays.cells()) == len(OLD) * len(FIRST) * len(AMOUNTS) == len({*pays.cells()})


def test_a_whole_coarse_map_comes_first() -> None:
    coarse = [cell.config(row, 0) for cell in pays.cells(COARSE) for row in ROWS]
    singles = [config for config in CONFIGS[: len(CONFIGS) // 4] if config.method == "single" and config.seed == 0]
    start = CONFIGS[: len(coarse) + len(singles)]
    assert {config.identity for config in start} == {config.identity for config in coarse + singles}
    amounts = [amount_of(config.tasks) for config in CONFIGS if not config.options.get("boost")]
    assert {*amounts[: len(amounts) // 2]} == {*COARSE} and {*amounts} == {*COARSE, *FINE}


def amount_of(tasks: str) -> int:
    return parse(tasks).letters[-1][1]


def test_the_new_task_is_always_the_same_alphabet() -> None:
    for config in CONFIGS:
        (old, first), (new, amount) = parse(config.tasks).letters
        assert new == NEW and old in OLD.values() and first in FIRST and amount in AMOUNTS
    sizes = {name.replace(" ", "_"): len(letters) for name, letters in alphabets.ALPHABETS.items()}
    assert {sizes[name] for name in OLD.values()} == {sizes[NEW]}


def test_every_task_of_separate_networks_is_run_in_every_size() -> None:
    apart = [config for config in CONFIGS if config.method == "single"]
    sizes = {config.options.get("fraction", 1.0) for config in apart}
    assert sizes == {*pays.fractions()} and len(sizes) == len(GROWTHS) + 1
    for t, words in enumerate(({cell.old for cell in pays.cells()}, {cell.new for cell in pays.cells()})):
        found = {(c.options.get("fraction", 1.0), c.seed, c.tasks.split("+")[1 + t]) for c in apart}
        assert found == {(size, seed, word) for size in sizes for seed in range(5) for word in words}


def test_equal_networks_keep_no_fewer_bytes_and_hardly_more() -> None:
    build = Builder.of("lenet", tasks=2, channels=1, size=28, width=pays.WIDTH)
    for growth in GROWTHS:
        fraction = pays.equal(START + growth)
        tfm = sum(memory.kept("tfm", build, [16, 16], fractions=[START, START + growth]).values())
        single, less = (
            sum(memory.kept("single", build, [16, 16], fraction=share).values())
            for share in (fraction, fraction - 0.001)
        )
        assert less < tfm <= single < 1.06 * tfm  # layers have whole features


def test_search_and_schedule_may_end_alike() -> None:
    assert Cell("same", 10, 5).config("tfm", 0).options["growths"] == list(GROWTHS)
    assert START + max(GROWTHS) == 1.0


@pytest.fixture
def short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which alphabets of a few letters are drawn."""
    monkeypatch.setattr(alphabets, "ALPHABETS", {"small Cyrillic": "бг", "Georgian": "აბ", "Cyrillic": "БГД"})
    return tmp_path


@pytest.mark.filterwarnings("ignore:the images of .* have the fingerprint")  # of fewer letters than the shipped records
def test_separate_networks_are_the_same_beside_any_other(short: Path) -> None:
    """To the bit: so each old and each new task is run once, and not in all pairs."""
    once = Protocol(epochs=2, batch=16, dropout=0.0)
    found = {}
    for cell in (Cell("sister", 10, 5), Cell("unlike", 10, 5), Cell("sister", 10, 20)):
        record = run_experiment(replace(cell.separate(0.3, 0), width=0.5, protocol=once), data=short)
        found[cell] = record.accuracy[-1], [fit[0]["loss"] for fit in record.fits]
    (a, a_loss), (b, b_loss), (c, c_loss) = found.values()
    assert (a[1], a_loss[1]) == (b[1], b_loss[1]) and (a[0], a_loss[0]) == (c[0], c_loss[0])
    assert a_loss[0] != b_loss[0] and a_loss[1] != c_loss[1]


@pytest.mark.filterwarnings("ignore:the images of .* have the fingerprint")  # of fewer letters than the shipped records
def test_a_first_task_is_the_same_however_the_network_grows_later(short: Path) -> None:
    once, cell = Protocol(epochs=2, batch=16, dropout=0.0), Cell("same", 10, 5)
    first = [
        run_experiment(replace(cell.config(row, 0), width=0.5, protocol=once), data=short).fits[0][0]["loss"]
        for row in ("tfm", "schedule", "no FN", "boost 3")
    ]
    assert len(set(first)) == 1
