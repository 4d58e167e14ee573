"""Images that are kept on the device are the same images, and as many of them are kept as there is room for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
from small import SHORT, make_method, make_tasks, states_equal

from tfm_lite import train
from tfm_lite.datasets import resident
from tfm_lite.datasets.augment import Augment
from tfm_lite.datasets.inputs import Inputs
from tfm_lite.datasets.tasks import Split, TaskSequence

TASKS = make_tasks()
BYTES = 12 * 12


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> int:
    """A processor that has so much room for images, as a GPU has."""
    left = [request.param]

    def take(self: resident.Resident, split: Split, sent: Any = resident.Resident.sent) -> Any:
        left[0] -= len(split) * BYTES
        return sent(self, split)

    monkeypatch.setattr(resident, "room", lambda device: left[0])
    monkeypatch.setattr(resident.Resident, "sent", take)
    return int(request.param)


@pytest.mark.parametrize("room", [10**9], indirect=True)
@pytest.mark.parametrize("at_once", [1, 3 * BYTES, 10**6])
@pytest.mark.parametrize("part", ["train", "valid", "test"])
def test_kept_images_are_the_same(room: int, at_once: int, part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resident, "AT_ONCE", at_once)
    split: Split = getattr(TASKS[1], part)
    kept, plain = Inputs(TASKS), Inputs(TASKS)
    kept.hold([split])
    assert set(kept.resident.kept) == {split}
    places = torch.randperm(len(split), generator=torch.Generator().manual_seed(0))
    for indices in (*places.split(5), places[::2], places[:1]):
        for ours, theirs in zip(kept.of(split, indices), plain.of(split, indices), strict=True):
            assert torch.equal(ours, theirs) and ours.dtype == theirs.dtype and ours.stride() == theirs.stride()


@pytest.mark.parametrize("room", [10**9], indirect=True)
@pytest.mark.parametrize("name", ["tfm", "joint", "ewc"])
def test_a_run_on_kept_images_ends_in_the_same_bits(room: int, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tasks, held = replace(TASKS, augment=Augment()), []
    hold = Inputs.hold

    def seen(inputs: Inputs, splits: Iterator[Split]) -> None:
        hold(inputs, splits)
        held.append(len(inputs.resident.kept))

    monkeypatch.setattr(Inputs, "hold", seen)
    ours = make_method(name, tasks)
    history = train.run(ours, tasks, protocol=SHORT)
    assert set(held) == ({2, 4, 6} if name == "joint" else {2})  # the images to learn, and those to validate
    monkeypatch.setattr(resident, "room", lambda device: 0)
    held.clear()
    theirs = make_method(name, tasks)
    assert train.run(theirs, tasks, protocol=SHORT).matrix == history.matrix and set(held) == {0}
    assert states_equal(ours, theirs)


def splits() -> list[Split]:
    return [TASKS[0].train, TASKS[0].valid, TASKS[1].train]  # 39, 3 and 26 images


SIZES = [len(split) * BYTES for split in splits()]


@pytest.mark.parametrize(
    ("room", "kept"),
    [(0, []), (SIZES[0] - 1, [1, 2]), (SIZES[0], [0]), (SIZES[0] + SIZES[1], [0, 1]), (sum(SIZES), [0, 1, 2])],
    indirect=["room"],
)
def test_as_many_are_kept_as_there_is_room_for(room: int, kept: list[int]) -> None:
    inputs = Inputs(TASKS)
    inputs.hold(splits())
    held = [i for i, split in enumerate(splits()) if split in inputs.resident.kept]
    assert held == kept
    for split in splits():
        assert torch.equal(inputs.of(split, torch.arange(3))[0], Inputs(TASKS).of(split, torch.arange(3))[0])


@pytest.mark.parametrize("room", [10**9], indirect=True)
def test_what_is_wanted_no_more_is_let_go(room: int) -> None:
    inputs, (first, second, third) = Inputs(TASKS), splits()
    inputs.hold([first, second])
    images = inputs.resident.kept[second][0]
    inputs.hold([second, third])
    assert set(inputs.resident.kept) == {second, third} and inputs.resident.kept[second][0] is images


def test_on_a_processor_nothing_is_kept(tasks: TaskSequence) -> None:
    inputs = Inputs(tasks)
    inputs.hold([tasks[0].train])
    assert not inputs.resident.kept
