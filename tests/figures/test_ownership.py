"""Who learns which weight: what is drawn is what the methods do."""

from __future__ import annotations

import re

import pytest
import torch
from small import SHORT, make_tasks

from tfm_lite import methods
from tfm_lite.figures import ownership
from tfm_lite.nn.networks import Builder
from tfm_lite.nn.stages import Stage

THIRDS = {"grow": "schedule", "start": 1 / 3, "of": "features"}
OPTIONS = {"piggyback": {"mask_lr": 1e-2}, "wsn": {"lr": 1e-2}, "tfm": THIRDS, "tfm_no_fn": THIRDS}
STRIPED = ("finetune", "joint", "ewc", "si", "mas", "imm_mean", "imm_mode", "lwf", "lfl")


@pytest.fixture(scope="module")
def seen() -> dict[str, ownership.Ownership]:
    tasks = make_tasks()
    build = Builder.of((Stage(9), Stage(9)), tasks=tasks, dropout=0.0)
    return {
        name: ownership.watch(methods.get(name)(build, **OPTIONS.get(name, {})), tasks, SHORT)
        for name in methods.names()
    }


def corner(n: int) -> torch.Tensor:
    place = torch.arange(9) < n
    return place[:, None] & place[None]


def test_every_method_can_be_drawn(seen: dict[str, ownership.Ownership]) -> None:
    for one in seen.values():
        assert len(one.learned) == len(one.used) == 3
        assert all(not (moved & ~used).any() for moved, used in zip(one.learned[:1], one.used[:1], strict=True))
        assert ownership.drawing(one).count("<path") >= 3
        assert one.kept and "heads" not in one.kept


def test_what_claims_zero_forgetting_answers_as_it_did(seen: dict[str, ownership.Ownership]) -> None:
    for name, one in seen.items():
        if methods.get(name).zero_forgetting:
            assert one.drift == 0 and "answers as it did" in one.words()
    assert seen["finetune"].drift > 0 and "answers otherwise" in seen["finetune"].words()


def test_striped_methods_let_every_task_move_every_weight(seen: dict[str, ownership.Ownership]) -> None:
    for name in STRIPED:
        assert all(moved.float().mean() > 0.8 for moved in seen[name].learned), name
        assert all(used.all() for used in seen[name].used)
    assert "old images" in seen["joint"].kept and "importances" in seen["ewc"].kept


def test_the_first_task_alone_moves_what_is_then_fixed(seen: dict[str, ownership.Ownership]) -> None:
    for name in ("freeze", "piggyback"):
        assert seen[name].learned[0].all() and not any(moved.any() for moved in seen[name].learned[1:])


def test_a_weight_of_packnet_has_one_owner(seen: dict[str, ownership.Ownership]) -> None:
    one = seen["packnet"]
    assert [int(moved.sum()) for moved in one.learned] == [20, 15, 12]  # a quarter of what is free
    assert int(torch.stack(one.learned).sum(0).max()) == 1
    for t in range(3):
        assert torch.equal(one.used[t], torch.stack(one.learned[: t + 1]).any(0))


def test_tasks_of_wsn_share_weights_and_each_has_one_learner(seen: dict[str, ownership.Ownership]) -> None:
    one = seen["wsn"]
    assert [int(used.sum()) for used in one.used] == [40, 40, 40]  # half of 81, as Python rounds
    assert int(torch.stack(one.learned).sum(0).max()) == 1
    assert torch.equal(one.learned[0], one.used[0])
    assert all(not (moved & ~used).any() for moved, used in zip(one.learned, one.used, strict=True))
    assert (one.used[2] & one.used[0]).any() and (one.used[2] & ~one.used[0]).any()


def test_ternary_masks_are_nested_corners(seen: dict[str, ownership.Ownership]) -> None:
    for name in ("tfm", "tfm_no_fn"):
        for t in range(3):
            assert torch.equal(seen[name].used[t], corner(3 * t + 3))
            assert torch.equal(seen[name].learned[t], corner(3 * t + 3) & ~corner(3 * t))


def test_columns_have_adapters_below_the_diagonal(seen: dict[str, ownership.Ownership]) -> None:
    one, block = seen["pnn"], torch.arange(9) // 3
    for t in range(3):
        assert torch.equal(one.learned[t], (block == t)[:, None] & (block <= t)[None])
    assert torch.equal(one.adapters, block[:, None] > block[None])
    assert 'fill-opacity="0.45"' in ownership.drawing(one)


def test_separate_networks_lie_on_the_diagonal(seen: dict[str, ownership.Ownership]) -> None:
    for name, side in (("binary", 9), ("single", 27)):
        block = torch.arange(side) // (side // 3)
        for t in range(3):
            own = (block == t)[:, None] & (block == t)[None]
            assert torch.equal(seen[name].learned[t], own) and torch.equal(seen[name].used[t], own)


def test_a_poster_names_its_methods_and_says_what_they_keep(seen: dict[str, ownership.Ownership]) -> None:
    shown = ownership.poster([seen["pnn"], seen["tfm"]], caption="**Figure 1.** Two < three.")
    assert re.findall(r"<p><b>(\w+)</b>", shown.html) == ["pnn", "tfm"]
    assert shown.html.count('role="img" aria-label="') == 2
    assert "<b>Figure 1.</b> Two &lt; three." in shown.html
    assert "keeps weights, scale and shift, masks" in shown.html and "tfm: of 81 weights" in shown.text
