"""The bench of the chapters: it learns as :mod:`tfm_lite.train` does, on the alphabets that were asked for."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from tfm_lite import methods, train
from tfm_lite.exercises.lab import Lab
from tfm_lite.nn.stages import Stage


def test_it_has_the_alphabets_that_were_asked_for() -> None:
    lab = Lab("Greek", "Cyrillic")
    assert lab.names == ["Greek", "Cyrillic"] == [task.name for task in lab.tasks]
    assert [task.index for task in lab.tasks] == [0, 1] and len(lab) == 2
    assert len(Lab()) == 6
    with pytest.raises(ValueError, match="no alphabet 'Klingon'"):
        Lab("Greek", "Klingon")


def test_it_learns_as_the_loop_does() -> None:
    lab = Lab("Greek", "Cyrillic", epochs=2)
    build = lab.build((Stage(8),))
    ours, theirs = (methods.get("finetune")(build) for _ in range(2))
    lab.learn(ours, 0)
    assert len(lab.accuracies(ours)) == 1
    lab.learn(ours, 1, epochs=1)
    train.learn(theirs, lab.tasks[:1], lab.inputs, protocol=replace(train.QUICK, epochs=2))
    train.learn(theirs, lab.tasks, lab.inputs, protocol=replace(train.QUICK, epochs=1))
    letters, labels = lab.letters(1)
    assert letters.shape == (len(lab[1].test), 1, 28, 28) and len(labels) == len(letters)
    assert torch.equal(ours.predict(letters, 1), theirs.predict(letters, 1))
    right = (ours.predict(letters, 1).argmax(1) == labels).double().mean().item()
    assert lab.accuracies(ours)[1] == pytest.approx(right)


def test_other_images_are_those_of_one_task_alone() -> None:
    lab = Lab("Greek", "Cyrillic")
    other = lab.redrawn(1, lambda images: 255 - images)
    assert (other[1].test.images[:5] == 255 - lab[1].test.images[:5]).all()
    assert torch.equal(other.letters(0)[0], lab.letters(0)[0])
    assert not torch.equal(other.letters(1)[0], lab.letters(1)[0])
