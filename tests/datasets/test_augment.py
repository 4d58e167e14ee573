"""Crops and flips: what they may do to an image, and that the generator alone decides."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from small import make_method, make_tasks

from tfm_lite import datasets, train
from tfm_lite.datasets.augment import Augment
from tfm_lite.train import Inputs, Protocol


def images(count: int = 200, size: int = 16) -> torch.Tensor:
    return torch.from_numpy(np.random.RandomState(0).randint(0, 256, (count, 3, size, size)).astype(np.uint8))


def drawn(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_every_result_is_a_window_of_the_image_with_mirrored_borders() -> None:
    batch, shift = images(40), 2
    found = Augment(shift=shift / 16)(batch, drawn())
    assert found.dtype == torch.uint8 and found.shape == batch.shape
    seen = set()
    for image, result in zip(batch.numpy(), found.numpy(), strict=True):
        wide = np.pad(image, ((0, 0), (shift, shift), (shift, shift)), mode="reflect")
        matches = [
            (y, x, flip)
            for y in range(2 * shift + 1)
            for x in range(2 * shift + 1)
            for flip in (1, -1)
            if np.array_equal(wide[:, y : y + 16, x : x + 16][:, :, ::flip], result)
        ]
        assert len(matches) == 1
        seen.add(matches[0])
    assert len(seen) > 20 and {y for y, _, _ in seen} == {x for _, x, _ in seen} == set(range(5))


@pytest.mark.parametrize("size", [7, 28, 33, 64])
@pytest.mark.parametrize("shift", [0.0, 0.125, 0.4])
@pytest.mark.parametrize("channels", [1, 3])
def test_bits_and_strides_are_those_of_torchvisions_pad_and_flip(size: int, shift: float, channels: int) -> None:
    """With them the records were made; nothing but the time that importing them takes is to have gone."""
    from torchvision.transforms.v2 import functional

    batch = images(20, size)[:, :channels].contiguous()
    found, draw, pad = Augment(shift)(batch, drawn()), drawn(), round(shift * size)
    corners, turned = torch.randint(0, 2 * pad + 1, (2, 20, 1), generator=draw), torch.rand(20, generator=draw) < 0.5
    wide = functional.pad(batch, [pad], padding_mode="reflect")
    cut = torch.stack(
        [functional.crop(wide[i], int(y), int(x), size, size) for i, (y, x) in enumerate(corners[..., 0].T)]
    )
    wanted = torch.where(turned[:, None, None, None], functional.horizontal_flip(cut), cut)
    assert found.dtype == torch.uint8 and torch.equal(found, wanted)
    assert found.is_contiguous(memory_format=torch.channels_last), "else the float images are copied once more"


@pytest.mark.parametrize(("flip", "share"), [(0.0, 0.0), (0.5, 0.5), (1.0, 1.0)])
def test_flips_alone(flip: float, share: float) -> None:
    batch = images()
    found = Augment(shift=0.0, flip=flip)(batch, drawn())
    turned = [torch.equal(result, image.flip(2)) for result, image in zip(found, batch, strict=True)]
    same = [torch.equal(result, image) for result, image in zip(found, batch, strict=True)]
    assert sum(turned) + sum(same) == len(batch) and sum(turned) / len(batch) == pytest.approx(share, abs=0.1)


def test_the_generator_decides_and_the_batch_is_left_alone() -> None:
    batch = images()
    before, augment = batch.clone(), Augment()
    assert torch.equal(augment(batch, drawn()), augment(batch, drawn()))
    assert not torch.equal(augment(batch, drawn()), augment(batch, drawn(1)))
    assert torch.equal(batch, before)


def losses(augment: Augment | None) -> list[float]:
    tasks, found = replace(make_tasks(size=28), augment=augment), []
    protocol = Protocol(epochs=2, batch=16, lr=0.02)
    method = make_method("finetune", tasks, "lenet")
    train.run(method, tasks, protocol=protocol, on_epoch=lambda m, r: found.append(r.loss))
    return found


def test_training_uses_it_and_testing_does_not() -> None:
    assert losses(Augment()) == losses(Augment()) != losses(None)
    assert losses(Augment(shift=0.0, flip=0.0)) == losses(None)  # nothing else is drawn or changed
    tasks = replace(make_tasks(), augment=Augment())
    inputs, plain = Inputs(tasks), Inputs(replace(tasks, augment=None))
    for (x, _), (y, _) in zip(inputs.batches(tasks[0].test), plain.batches(tasks[0].test), strict=True):
        assert torch.equal(x, y)


def test_it_is_asked_for_by_name() -> None:
    tasks = datasets.load("alphabets+augmented")
    assert tasks.augment == Augment() and tasks.name == "alphabets+augmented"
    assert datasets.load("alphabets").augment is None
