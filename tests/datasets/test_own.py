"""One's own folder of images: every form of it, what records call it, and what is refused."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from made_up import picture
from PIL import Image

from tfm_lite import datasets
from tfm_lite.__main__ import main
from tfm_lite.datasets.names import parse
from tfm_lite.datasets.tasks import TaskSequence
from tfm_lite.runs import records
from tfm_lite.runs.config import Config
from tfm_lite.runs.results import Result
from tfm_lite.runs.run import run_kept
from tfm_lite.train import Protocol

CLASSES, EACH = 7, 8
PART = {"train": 4, "val": 2, "test": 2}


@pytest.fixture(autouse=True)
def _no_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    monkeypatch.delenv("TFM_LITE_DATA", raising=False)


def write(folder: Path, parts: dict[str, int] | None = None, *, classes: int = CLASSES) -> Path:
    """Class folders "class 0", ... of images of which one can tell the class (red) and the number (green)."""
    for c in range(classes):
        places = [part for part, count in (parts or {"": EACH}).items() for _ in range(count)]
        for i, part in enumerate(places):
            picture(folder / part / f"class {c}" / f"{i:02}.jpg", c, i, size=(20, 16))
    return folder


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return write(tmp_path / "photos")


def seen(tasks: TaskSequence) -> dict[str, list[tuple[int, int]]]:
    """Class and number of every image, by what it is for; each must be labelled as its class."""
    found: dict[str, list[tuple[int, int]]] = {}
    for task in tasks:
        for part in ("train", "valid", "test"):
            split = getattr(task, part)
            images, labels = split.batch(np.arange(len(split)))
            for (red, green, _), label in zip(images.float().mean((2, 3)).tolist(), labels.tolist(), strict=True):
                assert task.classes[label] == f"class {round(red / 20)}"
                found.setdefault(part, []).append((round(red / 20), round(green / 30)))
    return {part: sorted(images) for part, images in found.items()}


def test_a_share_of_each_class_is_held_out_the_same_for_every_seed(photos: Path) -> None:
    tasks, other = datasets.from_folder(photos, size=16), datasets.from_folder(photos, size=16, seed=1)
    assert [len(task.classes) for task in tasks] == [3, 2, 2] and (tasks.channels, tasks.size) == (3, 16)
    found, others = seen(tasks), seen(other)
    every = sorted(found["train"] + found["valid"] + found["test"])
    assert every == [(c, i) for c in range(CLASSES) for i in range(EACH)]
    assert [c for c, _ in found["test"]] == sorted([*range(CLASSES)] * 2)
    assert [c for c, _ in found["valid"]] == [*range(CLASSES)]
    assert found["test"] == others["test"] and found["valid"] != others["valid"]
    assert tasks.fingerprint == other.fingerprint
    assert [task.classes for task in tasks] != [task.classes for task in other]
    more = datasets.from_folder(photos, size=16, test=0.99)
    assert [len(task.train) for task in more] == [3, 2, 2], "two of every class are left to learn and to validate"
    assert more.fingerprint != tasks.fingerprint
    assert len({i for _, i in found["test"]}) > 3, "not the same numbers of every class"


@pytest.mark.parametrize("valid", ["val", "valid", "validation"])
def test_parts_that_are_there_are_kept(tmp_path: Path, valid: str) -> None:
    folder = write(tmp_path / "photos", {"train": 4, valid: 2, "test": 2})
    (folder / ".git" / "objects").mkdir(parents=True)
    (folder / "docs").mkdir()
    found = seen(datasets.from_folder(folder, size=16))
    for part, numbers in (("train", range(4)), ("valid", (4, 5)), ("test", (6, 7))):
        assert found[part] == [(c, i) for c in range(CLASSES) for i in numbers]


@pytest.mark.parametrize("part", ["test", "val"])
def test_one_other_part_is_for_testing(tmp_path: Path, part: str) -> None:
    folder = write(tmp_path / "photos", {"train": 6, part: 2})
    found = seen(datasets.from_folder(folder, size=16))
    assert found["test"] == [(c, i) for c in range(CLASSES) for i in (6, 7)]
    assert len(found["valid"]) == CLASSES


def test_train_alone_is_shared_out_and_train_may_be_a_class(tmp_path: Path) -> None:
    alone = write(tmp_path / "alone", {"train": EACH})
    assert len(seen(datasets.from_folder(alone, size=16))["test"]) == 2 * CLASSES
    vehicles = tmp_path / "vehicles"
    for c, name in enumerate(("bus", "car", "train", "tram")):
        for i in range(3):
            picture(vehicles / name / f"{i}.png", c, i)
    tasks = datasets.from_folder(vehicles, 2)
    assert sorted(name for task in tasks for name in task.classes) == ["bus", "car", "train", "tram"]


def test_images_of_the_usual_kinds_in_any_case(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    endings = ("JPG", "jpeg", "png", "gif", "bmp", "TIFF", "tif", "webp", "ppm", "pgm", "avif", "jp2")
    for c in range(4):
        for ending in endings:
            (folder / str(c)).mkdir(parents=True, exist_ok=True)
            image = Image.new("L" if ending == "pgm" else "RGB", (30, 20), "white")
            image.save(folder / str(c) / f"image.{ending}")
        (folder / str(c) / "notes.txt").write_text("not an image")
        (folder / str(c) / "._image.jpg").write_text("another system's own")
    tasks = datasets.from_folder(folder, 2, size=8)
    assert sum(len(getattr(task, part)) for task in tasks for part in ("train", "valid", "test")) == 4 * len(endings)


def test_of_the_same_images_every_way_gives_the_same_tasks(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = datasets.from_folder(photos, 2, size=16, seed=3, larger=True)
    named = datasets.load(f"folder:{photos}+larger+2tasks", seed=3, size=16)
    monkeypatch.chdir(photos.parent)
    near = datasets.load("folder:photos/+larger+2tasks+augmented", seed=3, size=16)
    assert whole.name == named.name == "folder-photos+larger+2tasks" and near.name == f"{whole.name}+augmented"
    assert whole.fingerprint == named.fingerprint == near.fingerprint
    assert near.augment is not None and named.augment is None
    assert [task.classes for task in whole] == [task.classes for task in named] == [task.classes for task in near]
    assert [len(task.classes) for task in whole] == [4, 3]
    assert datasets.load("folder:photos").name == "folder-photos+3tasks" and datasets.load("folder:photos").size == 64
    shutil.move(photos, photos.parent / "moved")
    moved = datasets.load("folder:moved+larger+2tasks", seed=3, size=16)
    assert moved.fingerprint == whole.fingerprint


def test_it_is_decoded_once_and_again_when_it_changes(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = datasets.from_folder(photos, size=16)
    assert len([*(photos.parent / "user" / "tfm_lite" / "cache").glob("folder-photos-16-*.npy")]) == 1
    with monkeypatch.context() as patch:
        patch.setattr("tfm_lite.datasets.stores._decode_all", None)
        assert datasets.from_folder(photos, size=16).fingerprint == first.fingerprint
    picture(photos / "class 0" / "00.jpg", 9, 9, size=(20, 16))
    assert datasets.from_folder(photos, size=16).fingerprint != first.fingerprint
    twin = photos.parent / "elsewhere" / "photos"  # the same names, sizes and times: still other images
    shutil.copytree(photos, twin)
    for file in twin.glob("*/*"):
        file.write_bytes((photos / "class 1" / "01.jpg").read_bytes())
        of = photos / file.relative_to(twin)
        of.write_bytes((photos / "class 2" / "02.jpg").read_bytes())
        for path in (file, of):
            os.utime(path, (1, 1))
    assert datasets.from_folder(photos, size=16).fingerprint != datasets.from_folder(twin, size=16).fingerprint


@pytest.mark.parametrize(
    ("text", "path", "rest"),
    [
        ("folder:photos", "photos", ""),
        ("folder:/my photos/a+b+3tasks", "/my photos/a+b", "3tasks"),
        ("folder:a+3tasks+b+larger+2tasks+augmented", "a+3tasks+b", "larger+2tasks+augmented"),
        ("folder:photos+3tasks/", "photos+3tasks/", ""),
        ("folder:photos+3tasks/+2tasks", "photos+3tasks/", "2tasks"),
        (r"folder:C:\photos+3tasks", r"C:\photos", "3tasks"),
        ("folder:c++", "c++", ""),
    ],
)
def test_a_path_may_have_anything_in_it(text: str, path: str, rest: str) -> None:
    request = parse(text)
    assert request.name == f"folder:{path}" and str(request) == text
    assert str(request).removeprefix(request.name).removeprefix("+") == rest


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("my photos", "my photos"),
        ("a+b-[c]*?", "a_b-_c___"),
        ("photos+3tasks", "photos_3tasks"),
        ("été", "été"),
        ("long " * 20, "long long long long long long lo"),
    ],
)
def test_a_record_has_the_folders_own_name_and_no_path(name: str, called: str, tmp_path: Path) -> None:
    folder = write(tmp_path / "private place" / name, classes=4)
    config = Config(f"folder:{folder}/+2tasks", "finetune", network="mlp", width=0.1, size=8, protocol=TINY)
    result, path = run_kept(config, data=tmp_path)
    assert result.config["tasks"] == f"folder-{called}+2tasks"
    assert path.parent.parent == tmp_path / "cache" / "runs" and "private" not in path.read_text() + str(
        path.relative_to(tmp_path)
    )
    assert not re.search(r'[<>:"/\\|?*\[\]]', path.name), "Windows has no such files, and glob takes them for patterns"
    assert records._named(path) == (f"folder-{called}+2tasks", "finetune", "seed0")


TINY = Protocol(epochs=1, batch=16)


def test_a_run_by_name_is_recorded_once_wherever_the_folder_is(
    photos: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(photos.parent)
    out = photos.parent / "records"
    for name in (f"folder:{photos}", "folder:photos+3tasks", "folder:./photos/+3tasks"):
        command = ["run", "--tasks", name, "--method", "freeze", "--size", "12", "--network", "mlp", "--epochs", "1"]
        assert main([*command, "--out", str(out), "--json"]) == 0
        record = json.loads(capsys.readouterr().out)
        assert record["config"]["tasks"] == "folder-photos+3tasks" and len(record["accuracy"]) == 3
    (only,) = out.iterdir()
    assert only.name.startswith("folder-photos+3tasks-12-mlp-freeze-seed0-")
    assert isinstance(Result(**record), Result)


def test_it_is_shown_and_not_fetched(
    photos: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(photos.parent)
    assert main(["data", "show", f"folder:{photos}+2tasks", "--size", "16"]) == 0
    assert Path("folder-photos+2tasks.png").is_file() and "2 tasks of 7 classes" in capsys.readouterr().out
    assert main(["data", "fetch", f"folder:{photos}"]) == 2
    assert "is your own: nobody else has it to fetch" in capsys.readouterr().err


def test_verify_says_all_of_it_at_once(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (photos / "class 1" / "notes.txt").touch()
    (photos / "class 1" / "._00.jpg").touch()
    (photos / "class 2" / "thumbnails").mkdir()
    shutil.copy(photos / "class 2" / "00.jpg", photos / "class 2" / "thumbnails")
    assert main(["data", "verify", f"folder:{photos}+2tasks"]) == 0
    said = capsys.readouterr().out
    for line in (
        "classes  7",
        "train    42 images, 6 to 6 per class",
        "test     14 images, 2 to 2 per class",
        "images   56 RGB; smallest side 16, largest 20 pixels",
        "left     1 of other programs, not read: class 1/._00.jpg",
        "unused   1 image that is none of these, not read: class 2/thumbnails/00.jpg",
        "others   1 file beside the images that is none, not read: class 1/notes.txt",
        "complete: every image can be read; they make up to 3 tasks",
    ):
        assert f"{line}\n" in said
    for name in ("class 3/02.jpg", "class 5/07.jpg"):
        (photos / name).write_text("<html>")
    assert main(["data", "verify", f"folder:{photos}"]) == 2
    said = capsys.readouterr().err
    assert "class 3/02.jpg cannot be read" in said and "class 5/07.jpg cannot be read" in said


def spoilt(change: Callable[[Path], object], parts: dict[str, int] | None = None) -> Callable[[Path], str]:
    def make(folder: Path) -> str:
        write(folder, parts)
        change(folder)
        return f"folder:{folder}"

    return make


def emptied(path: str, *, left: int = 0) -> Callable[[Path], object]:
    return lambda folder: [file.unlink() for file in sorted((folder / path).iterdir())[left:]]


REFUSED: dict[str, tuple[Callable[[Path], str], str]] = {
    "no folder": (lambda folder: f"folder:{folder}+3task", r"there is no folder .*photos\+3task; .*\[\+Ntasks\]"),
    "few classes": (
        lambda folder: f"folder:{write(folder, classes=5)}",
        r"has 5 classes, too few for 3 tasks .*ask for at most 2, as folder:PATH\+2tasks does",
    ),
    "one class": (lambda folder: f"folder:{write(folder, classes=1)}", "has 1 classes, .*give it more class folders"),
    "no classes": (spoilt(lambda folder: [shutil.rmtree(c) for c in folder.iterdir()]), "has 0 classes"),
    "few images": (
        spoilt(emptied("class 2", left=2)),
        "class 2 has 2 images, and needs one to learn, one to validate, one to test: add some, or take the folder away",
    ),
    "no images": (spoilt(emptied("class 2")), "class 2 has 0 images"),
    "one to train on": (spoilt(emptied("train/class 2", left=1), {"train": 3, "test": 2}), "to learn, one to validate"),
    "none to validate": (spoilt(emptied("val/class 2"), PART), "val/class 2 has 0 images, and needs one to validate"),
    "none to test": (spoilt(emptied("test/class 2"), PART), "test/class 2 has 0 images, and needs one to test"),
    "a class too few": (
        spoilt(lambda folder: shutil.rmtree(folder / "train" / "class 3"), PART),
        "the class folder .*train/class 3 is missing, but there is another of this name: add it",
    ),
    "no train": (spoilt(lambda folder: None, {"test": 3}), "has test/ with class folders, but none in train/"),
    "an image that is none": (
        spoilt(lambda folder: (folder / "class 1" / "01.jpg").write_text("<html>")),
        r"01\.jpg cannot be read .*or replace the file",
    ),
    "a broken link": (
        spoilt(lambda folder: (folder / "class 1" / "11.jpg").symlink_to("nowhere")),
        r"11\.jpg is missing",
    ),
    "semantic": (lambda folder: f"folder:{write(folder)}+semantic", "of one's own images all are taken"),
    "a part": (lambda folder: f"folder:{write(folder)}+4x5", r"4x5: of one's own .*write folder:PATH\[\+larger\]"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_will_not_do_is_refused_with_the_remedy(what: str, tmp_path: Path) -> None:
    make, message = REFUSED[what]
    name = make(tmp_path / "photos")
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        datasets.load(name)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"tasks": 0}, "the number of tasks is a whole number of at least 1, not 0"),
        ({"size": 0}, "the size of the images, in pixels, is"),
        ({"test": 1.0}, "the share of images for testing is a number above 0 and below 1, not 1.0"),
    ],
)
def test_numbers_that_are_none_are_refused(photos: Path, wrong: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        datasets.from_folder(photos, **wrong)  # type: ignore[arg-type]
