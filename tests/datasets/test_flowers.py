"""Oxford Flowers, read from a made-up folder of the publisher's form: six classes, two tasks, tiny pictures."""

from __future__ import annotations

import os
import struct
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.io import loadmat, savemat
from torch.utils.data import DataLoader

from tfm_lite import datasets
from tfm_lite.datasets import stores
from tfm_lite.datasets.sets import flowers
from tfm_lite.datasets.tasks import TaskSequence

CLASSES, PER_CLASS, SIZE = 6, {"trnid": 2, "valid": 2, "tstid": 3}, 16
COUNT = CLASSES * sum(PER_CLASS.values())
REAL = os.environ.get("TFM_LITE_DATA", "")


def colour_of(i: int) -> tuple[int, int, int]:
    return 5 * i, 255 - 5 * i, 100


def write_mats(folder: Path) -> dict[str, np.ndarray]:
    """The two .mat files, their numbers counted from 1 and in no order, as the publisher's are."""
    labels = np.arange(COUNT) % CLASSES + 1
    rng, sets = np.random.RandomState(0), {}
    for c in range(1, CLASSES + 1):
        images = rng.permutation(np.flatnonzero(labels == c) + 1)
        for name, part in zip(PER_CLASS, np.split(images, np.cumsum(list(PER_CLASS.values()))[:-1]), strict=True):
            sets[name] = np.append(sets.get(name, np.empty(0, int)), part)
    savemat(folder / "imagelabels.mat", {"labels": labels.astype(np.uint8)})
    savemat(folder / "setid.mat", {name: rng.permutation(part).astype(np.uint16) for name, part in sets.items()})
    return {"labels": labels, **sets}


@pytest.fixture
def made_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder to give as ``data``."""
    small = replace(flowers.ABOUT, train=CLASSES * 4, test=CLASSES * 3, classes=CLASSES, tasks=2)
    monkeypatch.setattr(flowers, "ABOUT", small)
    monkeypatch.setattr(flowers.Flowers102, "classes", flowers.Flowers102.classes[:CLASSES])
    monkeypatch.setattr(datasets, "_fingerprints", lambda *_: frozenset())  # the records are of the real ones
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    monkeypatch.delenv("TFM_LITE_DATA", raising=False)
    jpg = tmp_path / "data" / "flowers-102" / "jpg"
    jpg.mkdir(parents=True)
    write_mats(jpg.parent)
    for i in range(COUNT):
        Image.new("RGB", (24, 20) if i % 2 else (18, 30), colour_of(i)).save(jpg / f"image_{i + 1:05}.jpg", quality=95)
    return tmp_path / "data"


def load(data: Path | None, *, size: int | None = SIZE, seed: int = 0) -> TaskSequence:
    return datasets.load("flowers", seed=seed, size=size, data=data)


def image(data: Path, number: int) -> Path:
    return data / "flowers-102" / "jpg" / f"image_{number:05}.jpg"


def stored(tasks: TaskSequence) -> np.ndarray:
    return tasks[0].train.images


def kept(folder: Path) -> list[Path]:
    """The stores, and anything that was left behind; not the facts beside a store."""
    return [path for path in sorted((folder / "cache").glob("*")) if path.suffix != ".json"]


def test_counts_labels_and_pictures(made_up: Path) -> None:
    tasks, publisher = load(made_up), write_mats(made_up / "flowers-102")
    assert [len(task.classes) for task in tasks] == [3, 3] and (tasks.channels, tasks.size) == (3, SIZE)
    assert len({name for task in tasks for name in task.classes}) == CLASSES
    for task in tasks:
        # One image in ten for validation, but at least one of every class.
        assert [np.bincount(s.labels).tolist() for s in (task.train, task.valid, task.test)] == [
            [3] * 3,
            [1] * 3,
            [3] * 3,
        ]
    learned = np.concatenate([part.rows for task in tasks for part in (task.train, task.valid)])
    assert sorted(learned + 1) == sorted(np.append(publisher["trnid"], publisher["valid"]))
    assert sorted(np.concatenate([task.test.rows for task in tasks]) + 1) == sorted(publisher["tstid"])
    names = flowers.Flowers102.classes
    for task in tasks:
        for part in (task.train, task.valid, task.test):
            own = [names[publisher["labels"][row] - 1] for row in part.rows]
            assert own == [task.classes[label] for label in part.labels]
    for i, picture in enumerate(stored(tasks)):  # each row is the image of its number
        assert np.abs(picture.mean((1, 2)) - colour_of(i)).max() < 4


def test_seed_decides_about_tasks_but_not_about_images(made_up: Path) -> None:
    first, again, other = load(made_up), load(made_up), load(made_up, seed=1)
    assert [t.classes for t in first] == [t.classes for t in again] != [t.classes for t in other]
    assert [t.valid.rows.tolist() for t in first] == [t.valid.rows.tolist() for t in again]
    assert {row for t in first for row in t.valid.rows} != {row for t in other for row in t.valid.rows}
    assert first.fingerprint == again.fingerprint == other.fingerprint
    assert np.array_equal(stored(first), stored(other))


def test_a_loader_can_read_the_mapped_images(made_up: Path) -> None:
    split = load(made_up)[1].test
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # e.g. of an array that cannot be written to
        ((images, labels),) = DataLoader(split, batch_size=99)
        some, _ = split.batch(np.arange(9))
    assert images.shape == (9, 3, SIZE, SIZE) and labels.tolist() == split.labels.tolist()
    assert torch.equal(images, some)


@pytest.mark.parametrize("size", [None, 40])
def test_size(made_up: Path, size: int | None) -> None:
    assert load(made_up, size=size).size == (size or 64)


def test_wrong_counts(made_up: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flowers, "ABOUT", replace(flowers.ABOUT, test=77))
    with pytest.raises(
        ValueError, match=r"has 24 training images, 18 test images and 6 classes; .* has 24 .*, 77 test"
    ):
        load(made_up)


@pytest.mark.parametrize("mode", ["RGB", "L", "1", "LA", "P", "RGBA", "CMYK", "YCbCr", "I;16"])
@pytest.mark.parametrize("shape", [(50, 20), (20, 50), (16, 16), (9, 11)])
def test_any_mode_becomes_rgb(tmp_path: Path, mode: str, shape: tuple[int, int]) -> None:
    form = "JPEG" if mode in ("RGB", "L", "CMYK", "YCbCr") else "PNG"  # a PNG may well be called .jpg
    file = tmp_path / "image_00001.jpg"
    colour = Image.new("RGB", shape, (250, 40, 60))
    (Image.new(mode, shape, 255 << 8) if mode == "I;16" else colour.convert(mode)).save(file, form)
    picture = stores.decode(file, SIZE)
    assert picture.shape == (3, SIZE, SIZE) and picture.dtype == np.uint8
    if mode in ("RGB", "P", "RGBA", "CMYK", "YCbCr"):
        assert np.abs(picture.mean((1, 2)) - (250, 40, 60)).max() < 12
    else:
        assert np.array_equal(picture[0], picture[1]) and np.array_equal(picture[0], picture[2])
        assert picture.max() > 60


@pytest.mark.parametrize("upright", [True, False])
def test_the_middle_is_cut_out(tmp_path: Path, upright: bool) -> None:
    pixels = np.zeros((40, 120, 3), np.uint8)
    pixels[:, 40:80] = 200
    Image.fromarray(pixels.transpose(1, 0, 2) if upright else pixels).save(tmp_path / "a.png")
    picture = stores.decode(tmp_path / "a.png", 20)
    assert picture.shape == (3, 20, 20) and picture[:, 3:-3, 3:-3].min() > 190


def test_axes_are_not_swapped(tmp_path: Path) -> None:
    pixels = np.zeros((20, 20, 3), np.uint8)
    pixels[:10, :, 0] = 255  # the upper half is red
    Image.fromarray(pixels).save(tmp_path / "a.png")
    picture = stores.decode(tmp_path / "a.png", 20)
    assert picture[0, :10].min() == 255 and picture[0, 10:].max() == 0 and picture[1:].max() == 0


def truncated(file: Path) -> None:
    Image.fromarray(np.random.RandomState(0).randint(0, 256, (60, 60, 3)).astype(np.uint8)).save(file)
    file.write_bytes(file.read_bytes()[:2000])


SPOILT = {
    "truncated": truncated,
    "text": lambda file: file.write_text("<html>Not Found</html>"),
    "empty": lambda file: file.write_bytes(b""),
    # A header that claims more pixels than Pillow is willing to read.
    "bomb": lambda file: file.write_bytes(
        b"BM" + struct.pack("<IIIIiiHHIIiiII", 99, 0, 54, 40, 1 << 15, 1 << 15, 1, 24, *[0] * 6)
    ),
}


@pytest.mark.parametrize("how", SPOILT)
def test_a_spoilt_image_is_named_and_nothing_is_left(made_up: Path, how: str) -> None:
    SPOILT[how](image(made_up, 17))
    with pytest.raises(
        ValueError, match=r"image_00017\.jpg (cannot be read .*unpack its archive again|is too large .*fewer)"
    ):
        load(made_up)
    assert kept(made_up) == [] and not (made_up.parent / "user").exists()
    Image.new("RGB", (20, 20)).save(image(made_up, 17))
    assert len(load(made_up)[0].test) == 9  # and then it goes on as if nothing had been


def test_an_interruption_leaves_nothing(made_up: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> object:
        assert len(kept(made_up)) == 1, "there was nothing to leave"
        raise KeyboardInterrupt

    monkeypatch.setattr(stores, "tqdm", interrupted)
    with pytest.raises(KeyboardInterrupt):
        load(made_up)
    assert kept(made_up) == []


def test_the_cache_takes_its_name_in_one_step(made_up: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unable(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(os, "replace", unable)
    with pytest.raises(OSError, match="the disk is full"):
        load(made_up)
    assert kept(made_up) == []


def test_a_missing_image_is_named(made_up: Path) -> None:
    image(made_up, 3).unlink()
    with pytest.raises(FileNotFoundError, match=r"image_00003\.jpg is missing"):
        load(made_up)
    assert kept(made_up) == []


@pytest.mark.parametrize("other", ["valid", "tstid"])
def test_an_image_in_two_sets_is_named(made_up: Path, other: str) -> None:
    file = made_up / "flowers-102" / "setid.mat"
    sets = {name: ids.ravel() for name, ids in loadmat(file).items() if name in PER_CLASS}
    sets[other][0] = sets["trnid"][5]
    savemat(file, sets)
    with pytest.raises(ValueError, match=rf"name jpg/image_{sets['trnid'][5]:05}\.jpg twice"):
        load(made_up)


def test_a_number_without_a_label_is_named(made_up: Path) -> None:
    file = made_up / "flowers-102" / "setid.mat"
    sets = {name: ids.ravel() for name, ids in loadmat(file).items() if name in PER_CLASS}
    sets["tstid"][0] = COUNT + 1
    savemat(file, sets)
    with pytest.raises(ValueError, match=rf"setid\.mat names image {COUNT + 1}, .* labels for 1 to {COUNT}"):
        load(made_up)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, r"gives image 18 the class 0; the classes are 1 to 6\. Get it again from https"),
        (-5, r"gives image 18 the class -5"),
        (7, r"gives image 18 the class 7"),
        (1.7, r"has 1\.7 as number 18 of its labels, which is not a whole number; get it again from https"),
        (np.nan, r"has nan as number 18 of its labels"),
        (np.inf, r"has inf as number 18 of its labels"),
    ],
)
def test_a_label_that_there_is_not_is_named(made_up: Path, value: float, text: str) -> None:
    file = made_up / "flowers-102" / "imagelabels.mat"
    labels = loadmat(file)["labels"].astype(float)
    labels[0, 17] = value
    savemat(file, {"labels": labels})
    with pytest.raises(ValueError, match=rf"imagelabels\.mat {text}"):
        load(made_up)
    labels[0, 17] = 17 % CLASSES + 1
    savemat(file, {"labels": labels})  # whole numbers written as floats are as good
    assert len(load(made_up)) == 2


@pytest.mark.parametrize("value", [0.5, np.nan, -1, 0])
def test_a_number_of_no_image_is_named(made_up: Path, value: float) -> None:
    file = made_up / "flowers-102" / "setid.mat"
    sets = {name: ids.ravel().astype(float) for name, ids in loadmat(file).items() if name in PER_CLASS}
    sets["valid"][2] = value
    savemat(file, sets)
    text = "has {} as number 3 of its valid" if value % 1 else "names image {}, "
    with pytest.raises(ValueError, match=rf"setid\.mat {text.format(value if value % 1 else int(value))}"):
        load(made_up)


@pytest.mark.parametrize("name", ["labels", "setid"])
def test_a_mat_file_that_is_something_else_is_named(made_up: Path, name: str) -> None:
    file = made_up / "flowers-102" / {"labels": "imagelabels.mat", "setid": "setid.mat"}[name]
    savemat(file, {"unexpected": np.arange(3)})
    with pytest.raises(ValueError, match=rf"{file.name} cannot be read .*get it again from https"):
        load(made_up)


def test_a_mat_file_cut_short_is_named(made_up: Path) -> None:
    file = made_up / "flowers-102" / "setid.mat"
    file.write_bytes(file.read_bytes()[:200])
    with pytest.raises(ValueError, match=r"setid\.mat cannot be read"):
        load(made_up)


@pytest.mark.parametrize("spoil", ["empty", "short", "zeros", "not its checksum"])
def test_a_spoilt_mat_file_is_named(made_up: Path, spoil: str) -> None:
    file = made_up / "flowers-102" / "imagelabels.mat"
    savemat(file, {"labels": np.random.RandomState(0).randint(0, 6, 4000)}, do_compression=True)
    whole = file.read_bytes()
    content = {"empty": b"", "short": whole[:60], "zeros": bytes(len(whole))}
    file.write_bytes(content.get(spoil, whole[:600] + bytes(200) + whole[800:]))
    with pytest.raises(ValueError, match=r"imagelabels\.mat cannot be read"):
        load(made_up)


def test_a_missing_folder_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    monkeypatch.delenv("TFM_LITE_DATA", raising=False)
    with pytest.raises(FileNotFoundError) as caught:
        load(None)
    text = str(caught.value)
    for part in (str(tmp_path / "user" / "tfm_lite"), "flowers-102/", "data fetch flowers", "--data", "TFM_LITE_DATA"):
        assert part in text
    (tmp_path / "flowers-102").mkdir()
    (tmp_path / "flowers-102" / "setid.mat").touch()
    with pytest.raises(FileNotFoundError, match=r"imagelabels\.mat is missing; get it from https"):
        load(tmp_path)


def test_where_data_are_looked_for(made_up: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFM_LITE_DATA", str(made_up))
    fingerprint = load(None).fingerprint
    monkeypatch.setenv("TFM_LITE_DATA", str(made_up / "nowhere"))
    with pytest.raises(FileNotFoundError, match="nowhere"):
        load(None)
    assert load(made_up).fingerprint == fingerprint  # what is given comes before the environment
    monkeypatch.delenv("TFM_LITE_DATA")
    (made_up.parent / "user").mkdir()
    made_up.rename(made_up.parent / "user" / "tfm_lite")
    assert load(None).fingerprint == fingerprint


def test_the_cache_is_used_again(made_up: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fingerprint = load(made_up).fingerprint
    (file,) = kept(made_up)
    before = file.stat().st_mtime_ns
    monkeypatch.setattr(stores, "_decode_all", lambda *_: pytest.fail("the images are decoded again"))
    assert load(made_up).fingerprint == fingerprint
    assert kept(made_up) == [file] and file.stat().st_mtime_ns == before


def test_a_changed_image_is_read_again(made_up: Path) -> None:
    file = image(made_up, 8)
    file.write_bytes(file.read_bytes().ljust(2000, b"\0"))
    before, time = load(made_up), file.stat().st_mtime_ns
    Image.new("RGB", (20, 20), (9, 9, 9)).save(file)
    file.write_bytes(file.read_bytes().ljust(2000, b"\0"))  # same name, same length: its time alone is another
    os.utime(file, ns=(time, time + 5_000_000_000))
    after = load(made_up)
    assert np.abs(stored(after)[7].astype(int) - 9).max() < 4
    assert np.array_equal(np.delete(stored(after), 7, 0), np.delete(stored(before), 7, 0))
    assert after.fingerprint != before.fingerprint


@pytest.mark.parametrize("spoil", ["empty", "text", "short", "another shape", "another type"])
def test_a_spoilt_cache_is_made_again(made_up: Path, spoil: str) -> None:
    before = stored(load(made_up)).copy()
    (file,) = kept(made_up)
    whole = file.read_bytes()
    if spoil.startswith("another"):
        np.save(file, before[1:] if spoil == "another shape" else before.astype(np.int8))
    else:
        file.write_bytes({"empty": b"", "text": b"<html>", "short": whole[:-100]}[spoil])
    with pytest.warns(UserWarning, match=r"the store .*npy is not as it was written; it is made again"):
        assert np.array_equal(stored(load(made_up)), before)
    assert kept(made_up) == [file] and file.read_bytes() == whole


def test_each_size_has_its_own_cache(made_up: Path) -> None:
    sizes = [load(made_up, size=size).size for size in (16, 20, 16)]
    assert sizes == [16, 20, 16] and len(kept(made_up)) == 2


@pytest.mark.parametrize("protected", [".", "cache"])
def test_a_folder_that_cannot_be_written_to(made_up: Path, monkeypatch: pytest.MonkeyPatch, protected: str) -> None:
    (made_up / protected).mkdir(exist_ok=True)
    allowed = os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode, **_: (path, mode) != (made_up / protected, os.W_OK) and allowed(path, mode)
    )
    assert len(load(made_up)) == 2
    assert kept(made_up) == []
    assert len(kept(made_up.parent / "user" / "tfm_lite")) == 1


@pytest.mark.skipif(
    not (Path(REAL) / "flowers-102" / "jpg").is_dir() or not REAL, reason="TFM_LITE_DATA holds no flowers-102"
)
def test_the_publishers_images(tmp_path: Path) -> None:
    (tmp_path / "flowers-102").symlink_to(Path(REAL).resolve() / "flowers-102")  # so that the cache is made here
    tasks = load(tmp_path, size=32)
    assert [len(task.classes) for task in tasks] == [26, 26, 25, 25]
    assert sum(len(task.train) + len(task.valid) for task in tasks) == 2040
    assert sum(len(task.test) for task in tasks) == 6149
    assert [np.bincount(task.valid.labels).tolist() for task in tasks] == [[2] * len(task.classes) for task in tasks]
    assert all(50 < mean < 150 for mean in tasks.mean)
