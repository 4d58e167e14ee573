"""Files are read back as they were written, are as large as they should be, and say everything by themselves."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from small import SHORT, make_method, make_tasks, quick_options

from tfm_lite import bits, train
from tfm_lite.bits import CODED, FORMATS, pack, read
from tfm_lite.methods.packnet import PackNet
from tfm_lite.methods.tfm import TFM
from tfm_lite.methods.wsn import WSN
from tfm_lite.runs.trained import load_trained

TASKS = make_tasks()
X = torch.randn(5, 1, 12, 12, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def tfm() -> TFM:
    method = make_method("tfm", TASKS, **quick_options("tfm"))
    train.run(method, TASKS, protocol=SHORT)
    assert isinstance(method, TFM)
    return method


@pytest.fixture(scope="module")
def packnet() -> PackNet:
    method = make_method("packnet", TASKS)
    train.run(method, TASKS, protocol=SHORT)
    assert isinstance(method, PackNet)
    return method


def made(most: int) -> list[np.ndarray]:
    random = np.random.RandomState(0)
    return [random.randint(0, most, shape) for shape in ((7,), (3, 5, 2), (0, 4), (1,))]


@pytest.mark.parametrize("width", [CODED, 1, 2, 3, 8, 13, 32])
def test_what_is_packed_is_read(width: int) -> None:
    arrays = made(256 if width == CODED else 2 ** min(width, 31))
    found = read(pack(arrays, width))
    assert [each.shape for each in found] == [each.shape for each in arrays]
    assert all(np.array_equal(a, b) for a, b in zip(found, arrays, strict=True))


@pytest.mark.parametrize(
    "arrays", [[np.zeros(9, int)], [np.full((2, 2), 255)], [np.array([3, 1, 3])], [np.zeros(0, int)]]
)
def test_few_different_numbers_can_be_coded(arrays: list[np.ndarray]) -> None:
    (found,) = read(pack(arrays, CODED))
    assert np.array_equal(found, arrays[0]) and found.shape == arrays[0].shape


def test_a_file_has_its_bits_and_little_else() -> None:
    values = np.random.RandomState(0).randint(0, 4, (40, 100))
    head = 3 + 1 + 2 * 4
    for width in (2, 5, 32):
        assert len(pack([values], width)) == head + 4000 * width // 8


def test_a_code_comes_within_a_bit_of_the_entropy() -> None:
    shares = np.array([0.5, 0.25, 0.125, 0.125])  # whose code has no loss at all
    values = np.arange(4).repeat((8000 * shares).astype(int))
    entropy = -(shares * np.log2(shares)).sum()
    head = 3 + 1 + 4 + 5 + 4  # the arrays, one shape, the code, a length for each number
    assert len(pack([values], CODED)) == head + 8000 * entropy / 8
    odd = np.array([0.6, 0.3, 0.07, 0.03])
    values = np.random.RandomState(0).choice(4, 8000, p=odd)
    size = 8 * (len(pack([values], CODED)) - head) / 8000
    entropy = -(odd * np.log2(odd)).sum()
    assert entropy - 0.05 < size < entropy + 0.2


def test_numbers_without_room_are_refused() -> None:
    with pytest.raises(ValueError, match=r"4 has no room: numbers to be packed are 0 to 3 here; take more bits"):
        pack([np.array([1, 4])], 2)
    with pytest.raises(ValueError, match=r"-1 has no room"):
        pack([np.array([-1])], CODED)
    with pytest.raises(ValueError, match=r"256 has no room: .* 0 to 255"):
        pack([np.array([256])], CODED)
    with pytest.raises(ValueError, match=r"1 to 32 bits, or CODED, not in 33"):
        pack([np.array([1])], 33)


def test_boundaries_say_all_that_masks_say(tfm: TFM, tmp_path: Path) -> None:
    forms = bits.forms(tfm)
    for name, data in forms.items():
        (tmp_path / name).write_bytes(data)
    (bounds,) = read((tmp_path / "boundaries").read_bytes())
    masks = read((tmp_path / "two bits per feature").read_bytes())
    assert bounds.shape == (3, 2)
    for layer, mask in enumerate(masks):
        assert mask.shape == (3, bounds[-1, layer])
        assert ((mask > 0).sum(1) == bounds[:, layer]).all()
        assert ((mask == 2).sum(1) == np.diff(bounds[:, layer], prepend=0)).all()
        for t in range(3):
            assert np.array_equal(mask[t], tfm.net.stages[layer].layer.mask(t))
    assert len(forms["boundaries"]) == tfm.storage()["masks"] + 3 + 1 + 2 * 4


def test_every_form_of_owners_says_the_same(packnet: PackNet, tmp_path: Path) -> None:
    forms = bits.forms(packnet)
    for name, data in forms.items():
        (tmp_path / name).write_bytes(data)
    read_back = {name: read((tmp_path / name).read_bytes()) for name in forms}
    for i, stage in enumerate(packnet.net.stages):
        owner = stage.owner.numpy()
        assert np.array_equal(read_back["owners"][i], owner) and np.array_equal(read_back["owners, coded"][i], owner)
        for t in range(3):
            assert np.array_equal(read_back["a bit per weight"][i][t], (owner > 0) & (owner <= t + 1))
    weights = sum(stage.owner.numel() for stage in packnet.net.stages)
    head = 3 + 2 * 9
    assert len(forms["owners"]) == head + math.ceil(weights * 2 / 8)
    assert len(forms["owners, coded"]) < len(forms["owners"]) < len(forms["a bit per weight"])


def test_coded_masks_of_wsn_say_the_same(tmp_path: Path) -> None:
    wsn = make_method("wsn", TASKS)
    train.run(wsn, TASKS, protocol=SHORT)
    assert isinstance(wsn, WSN)
    forms = {name: read(data) for name, data in bits.forms(wsn).items()}
    for layer, stage in enumerate(wsn.net.stages):
        for t in range(3):
            assert np.array_equal(forms["masks"][layer][t], stage.mask(t))
            assert np.array_equal(forms["masks, coded"][layer] >> t & 1, stage.mask(t))


def test_only_masks_that_are_there_are_written() -> None:
    with pytest.raises(ValueError, match="masks are written of a TFM, a PackNet or a WSN, not of a HAT"):
        bits.forms(make_method("hat", TASKS))  # type: ignore[arg-type]


@pytest.mark.parametrize("form", FORMATS)
def test_feature_normalization_is_read_from_its_file(tfm: TFM, form: str, tmp_path: Path) -> None:
    file = tmp_path / "norm"
    file.write_bytes(bits.pack_norm(tfm, form))
    again = bits.read_norm(file.read_bytes(), tfm, form)
    # Half of the last digit, as a share and, where numbers are so small that digits are lost, at least.
    bound = {"32 bits": (0.0, 0.0), "16 bits": (2.0**-11, 2.0**-25), "8 bits, floating": (2.0**-4, 2.0**-10)}
    for name, exact in bits._norm(tfm).items():
        error = (bits._norm(again)[name] - exact).abs()
        if form in bound:
            share, least = bound[form]
            assert (error <= share * exact.abs() + least).all()
        else:
            assert error.max() <= 0.5001 * (exact.max() - exact.min()) / 255 + 1e-7
    same = [torch.equal(again.predict(X, t), tfm.predict(X, t)) for t in range(3)]
    assert same == ([True] * 3 if form == "32 bits" else [True, False, False])  # task 1 has none


def test_the_size_of_a_normalization_file(tfm: TFM) -> None:
    count, tensors = tfm.storage()["norm"] // 4, len(bits._norm(tfm))
    found = {form: len(bits.pack_norm(tfm, form)) for form in FORMATS}
    assert found == {
        "32 bits": 4 * count,
        "16 bits": 2 * count,
        "8 bits, floating": count,
        "8 bits, grid": count + 8 * tensors,
    }


def test_values_that_are_all_alike_are_on_a_grid_too(tfm: TFM) -> None:
    state = tfm.state_dict()
    flat = {name: torch.full_like(t, 1.5) for name, t in state.items() if tfm.role(name) == "norm"}
    method = bits.read_norm(bits.pack_norm(tfm, "32 bits"), tfm, "32 bits")
    method.load_state_dict(state | flat)
    again = bits.read_norm(bits.pack_norm(method, "8 bits, grid"), method, "8 bits, grid")
    assert all((values == 1.5).all() for values in bits._norm(again).values())


def test_files_of_others_are_refused(tfm: TFM) -> None:
    data = bits.pack_norm(tfm, "16 bits")
    with pytest.raises(
        ValueError, match=rf"the file has {len(data)} bytes, but this method's .* in 32 bits has {2 * len(data)}"
    ):
        bits.read_norm(data, tfm, "32 bits")
    with pytest.raises(ValueError, match=r"written in 32 bits, 16 bits, .*, not in '4 bits'"):
        bits.pack_norm(tfm, "4 bits")


def test_trained_networks_are_written_and_read() -> None:
    method, record = load_trained("alphabets-28-lenet-tfm")
    assert isinstance(method, TFM)
    (bounds,) = read(bits.forms(method)["boundaries"])
    assert bounds.shape == (len(record.tasks), len(method.net.stages))
    assert len(bits.pack_norm(method, "32 bits")) == record.memory["norm"]
    again = bits.read_norm(bits.pack_norm(method, "16 bits"), method, "16 bits")
    assert again.storage() == method.storage()
