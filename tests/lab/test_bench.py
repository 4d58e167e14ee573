"""The bench of the chapters: it learns as :mod:`tfm_lite.train` does, on the alphabets that were asked for."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from tfm_lite import methods, train
from tfm_lite.lab import Here
from tfm_lite.nn.stages import Stage


def test_it_has_the_alphabets_that_were_asked_for() -> None:
    bench = Here().bench("Greek", "Cyrillic")
    assert bench.names == ["Greek", "Cyrillic"] == [task.name for task in bench.tasks]
    assert [task.index for task in bench.tasks] == [0, 1] and len(bench) == 2
    assert len(Here().bench()) == 6
    with pytest.raises(ValueError, match="no alphabet 'Klingon'"):
        Here().bench("Greek", "Klingon")


def test_it_learns_as_the_loop_does() -> None:
    bench = Here().bench("Greek", "Cyrillic", epochs=2)
    build = bench.build((Stage(8),))
    ours, theirs = (methods.get("finetune")(build) for _ in range(2))
    bench.learn(ours, 0)
    assert len(bench.accuracies(ours)) == 1
    bench.learn(ours, 1, epochs=1)
    train.learn(theirs, bench.tasks[:1], bench.inputs, protocol=replace(train.QUICK, epochs=2))
    train.learn(theirs, bench.tasks, bench.inputs, protocol=replace(train.QUICK, epochs=1))
    letters, labels = bench.images(1)
    assert letters.shape == (len(bench[1].test), 1, 28, 28) and len(labels) == len(letters)
    assert torch.equal(ours.predict(letters, 1), theirs.predict(letters, 1))
    right = (ours.predict(letters, 1).argmax(1) == labels).double().mean().item()
    assert bench.accuracies(ours)[1] == pytest.approx(right)


def test_other_images_are_those_of_one_task_alone() -> None:
    bench = Here().bench("Greek", "Cyrillic")
    other = bench.redrawn(1, lambda images: 255 - images)
    assert (other[1].test.images[:5] == 255 - bench[1].test.images[:5]).all()
    assert torch.equal(other.images(0)[0], bench.images(0)[0])
    assert not torch.equal(other.images(1)[0], bench.images(1)[0])
