"""Data as people have it: what desktops leave behind, lists that editors saved, other layouts and other names.

The same answer for all publishers' sets and for one's own folder: used where one thing alone can be meant, else refused with
what was found and what to do.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from made_up import CLASSES, KINDS, LEARN, TEST, Kind, make, picture, tiny_keys
from PIL import Image
from scipy.io import savemat

from tfm_lite import datasets
from tfm_lite.__main__ import main
from tfm_lite.datasets.entries import lines
from tfm_lite.datasets.sets import flowers
from tfm_lite.datasets.tasks import TaskSequence

EACH = LEARN + TEST
SETS = [*KINDS, "flowers"]


def write_flowers(folder: Path) -> None:
    """jpg/ and the two lists."""
    labels = np.repeat(np.arange(CLASSES), EACH)
    number = np.arange(len(labels))
    for i, c in enumerate(labels):
        picture(folder / "jpg" / f"image_{i + 1:05}.jpg", int(c), i % EACH)
    savemat(folder / "imagelabels.mat", {"labels": labels + 1})
    parts = {"trnid": number % EACH < 2, "valid": np.isin(number % EACH, (2, 3)), "tstid": number % EACH > 3}
    savemat(folder / "setid.mat", {name: number[chosen] + 1 for name, chosen in parts.items()})


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Write a set, or one's own folder; returns its folder, in ``tmp_path / "data"``."""

    def written(name: str) -> Path:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
        monkeypatch.delenv("TFM_LITE_DATA", raising=False)
        if name == "own":
            for c in range(CLASSES):
                for i in range(EACH):
                    picture(tmp_path / "data" / "photos" / f"class {c:02}" / f"{i}.jpg", c, i)
            return tmp_path / "data" / "photos"
        monkeypatch.setitem(KINDS, "flowers", Kind(flowers, write_flowers, "jpg/image_00009.jpg", True))
        monkeypatch.setattr(flowers.Flowers102, "classes", flowers.Flowers102.classes[:CLASSES])
        monkeypatch.setattr(datasets, "_fingerprints", lambda *_: frozenset())  # the records are of the real ones
        return make(name, tmp_path / "data", monkeypatch)

    return written


def load(name: str, folder: Path) -> TaskSequence:
    return datasets.load(f"folder:{folder}" if name == "own" else name, size=16, data=folder.parent)


def content(name: str, folder: Path) -> str:
    """A hash of all images and labels, in their order."""
    digest = hashlib.blake2b(digest_size=8)
    for task in load(name, folder):
        digest.update(repr(task.classes).encode())
        for split in (task.train, task.valid, task.test):
            images, labels = split.batch(np.arange(len(split)))
            digest.update(images.numpy().tobytes() + labels.numpy().tobytes())
    return digest.hexdigest()


def verify(name: str, folder: Path) -> int:
    return main(["data", "verify", f"folder:{folder}" if name == "own" else name, "--data", str(folder.parent)])


def leave_behind(folder: Path) -> int:
    """What a Mac, Windows, Jupyter, a network drive and an archiver leave; returns how many things there are."""
    count = 0
    for place in [folder, *(path for path in folder.rglob("*") if path.is_dir())]:
        files = [path.name for path in place.iterdir() if path.is_file()]
        for name in [f"._{name}" for name in files[:2]] + [".DS_Store", "Thumbs.db", "desktop.ini", "Icon\r"]:
            (place / name).write_bytes(b"\x00\x05\x16\x07")
            count += 1
        for name in (".ipynb_checkpoints", "@eaDir", "__MACOSX", "lost+found", "$RECYCLE.BIN", ".git", "#recycle"):
            picture(place / name / "image_00001.jpg", 9, 9)
            count += 1
    return count


@pytest.mark.parametrize("name", [*SETS, "own"])
def test_what_programs_leave_behind_is_passed_over(
    name: str, write: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write(name)
    whole = content(name, folder)
    count = leave_behind(folder)
    assert content(name, folder) == whole
    capsys.readouterr()
    assert verify(name, folder) == 0
    said = capsys.readouterr().out
    assert f"left     {count:,} of other programs, not read: " in said and "complete: every image can be read" in said
    assert "unused" not in said


@pytest.mark.parametrize("name", ["birds", "imagenet", "own"])
def test_links_that_lead_in_a_circle_end(
    name: str, write: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write(name)
    place = next(
        path for path in folder.rglob("*") if (path.is_dir() and any(path.glob("*.jp*g"))) or any(path.glob("*.JPEG"))
    )
    (place / "round").symlink_to(folder)
    assert verify(name, folder) == 0 and "complete" in capsys.readouterr().out


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.ESTALE])
@pytest.mark.parametrize("name", ["imagenet", "own"])
def test_a_folder_that_cannot_be_read_is_named(
    name: str, number: int, write: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(name)
    scandir = os.scandir

    def unreadable(path: Path) -> object:
        if Path(path).name in ("n00000003", "class 03"):
            raise OSError(number, os.strerror(number), str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", unreadable)
    with pytest.raises(OSError, match=rf"the folder .*3 cannot be read \({os.strerror(number)}\): make it readable"):
        load(name, folder)


# Lists.

SAVED: dict[str, Callable[[str], bytes]] = {
    "with a mark": lambda text: text.encode("utf-8-sig"),
    "by Windows": lambda text: text.replace("\n", "\r\n").encode("utf-8-sig"),
    "in UTF-16": lambda text: text.replace("\n", "\r\n").encode("utf-16"),
    "by an old Mac": lambda text: text.replace("\n", "\r").encode(),
    "with spaces": lambda text: text.replace("\n", " \t \n\n  ").encode(),
    "with blanks for tabs": lambda text: text.replace("\t", "   ").encode(),
    "with an end of file": lambda text: text.encode() + b"\x1a",
    "without an end of line": lambda text: text.rstrip().encode(),
}


@pytest.mark.parametrize("how", SAVED)
@pytest.mark.parametrize("name", ["birds", "actions", "tiny_imagenet"])
def test_lists_are_read_however_an_editor_saved_them(name: str, how: str, write: Callable[[str], Path]) -> None:
    folder = write(name)
    whole = content(name, folder)
    lists = [path for path in folder.rglob("*.txt") if path.stat().st_size]
    assert len(lists) > 2
    for path in lists:
        path.write_bytes(SAVED[how](path.read_text()))
    assert content(name, folder) == whole


def test_a_list_that_is_no_text_is_named(tmp_path: Path) -> None:
    for spoilt in (b"\xff\xfe\x00", b"\x80abc", b"\xef\xbb\xbf\xff"):
        (tmp_path / "a.txt").write_bytes(spoilt)
        with pytest.raises(ValueError, match=r"a\.txt cannot be read .*replace it with that of the archive of a set"):
            lines(tmp_path / "a.txt", of="a set")
    with pytest.raises(FileNotFoundError, match=r"b\.txt is missing \(.* holds 1 file \(a\.txt\)\): put it there"):
        lines(tmp_path / "b.txt", of="a set")


# Layouts.


def deeper(folder: Path) -> None:
    """As after unpacking into a folder of the archive's name."""
    inner = folder / folder.name
    moved = list(folder.iterdir())
    inner.mkdir()
    for path in moved:
        shutil.move(path, inner)
    (folder / ".DS_Store").touch()


def another_name(folder: Path) -> None:
    folder.rename(folder.with_name(folder.name.upper().replace("-", "_") + " "))


def swapped_case(folder: Path) -> None:
    """All names in the other case, but for the keys of classes."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if not path.name.startswith(("n0", "n1")) or path.is_file():
            key, _, rest = path.name.rpartition("_") if path.name.startswith("n") else ("", "", path.name)
            path.rename(path.with_name(f"{key}_{rest.swapcase()}" if key else rest.swapcase()))


def other_ending(folder: Path) -> None:
    for path in list(folder.rglob("*")):
        if path.suffix.lower() in (".jpg", ".jpeg"):
            path.rename(path.with_suffix(".jpeg" if path.suffix == ".jpg" else ".jpg"))


@pytest.mark.parametrize("change", [deeper, another_name, swapped_case, other_ending])
@pytest.mark.parametrize("name", SETS)
def test_another_layout_is_the_same_set(
    name: str, change: Callable[[Path], None], write: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write(name)
    whole = content(name, folder)
    change(folder)
    assert content(name, folder) == whole
    assert verify(name, folder) == 0
    said = capsys.readouterr().out
    assert "complete" in said and "unused" not in said
    assert ("moved    84 images not where the lists say, but found: " in said) == (
        change in (swapped_case, other_ending) and name in ("birds", "actions", "flowers")
    ) or (name == "tiny_imagenet" and "moved    36 images" in said)


@pytest.mark.parametrize("name", SETS)
def test_the_sets_own_folder_may_be_given(name: str, write: Callable[[str], Path], tmp_path: Path) -> None:
    folder = write(name)
    whole = content(name, folder)
    for other in (folder.with_name("a copy"), tmp_path / "elsewhere" / folder.name):
        shutil.copytree(folder, other)
        assert content(name, other / "x") == whole  # its parent is given


@pytest.mark.parametrize(
    ("name", "images"), [("birds", "images"), ("actions", "JPEGImages"), ("flowers", "jpg"), ("tiny_imagenet", "val")]
)
@pytest.mark.parametrize("how", ["one folder too deep", "side by side", "sorted"])
def test_images_that_lie_elsewhere_are_found_by_their_names(
    name: str, images: str, how: str, write: Callable[[str], Path]
) -> None:
    folder = write(name)
    whole = content(name, folder)
    if how == "one folder too deep":
        (folder / images).rename(folder / "x")
        (folder / images).mkdir()
        (folder / "x").rename(folder / images / images)
        if name == "tiny_imagenet":
            (folder / "val" / "val" / "val_annotations.txt").rename(folder / "val" / "val_annotations.txt")
    else:
        for i, path in enumerate(sorted(p for p in (folder / images).rglob("*") if p.suffix != ".txt" and p.is_file())):
            place = folder / images if how == "side by side" else folder / f"sorted {i % 3}"
            place.mkdir(exist_ok=True)
            path.rename(place / path.name)
    assert content(name, folder) == whole


def test_one_of_two_is_not_taken(write: Callable[[str], Path]) -> None:
    folder = write("flowers")
    image, kept = folder / "jpg" / "image_00009.jpg", (folder / "jpg" / "image_00009.jpg").read_bytes()
    image.unlink()
    for name in ("image_00009.png", "image_00009.jpeg"):
        (folder / "jpg" / name).write_bytes(kept)
    two = r"00009\.jpg is missing \(1 of 84 are\) \(jpg/image_00009\.jpeg and jpg/image_00009\.png are there, of which one"
    with pytest.raises(FileNotFoundError, match=two):
        load("flowers", folder)
    (folder / "jpg" / "image_00009.png").unlink()
    load("flowers", folder)
    (folder / "jpg" / "image_00009.jpeg").rename(folder / "image_00009.jpg")
    with pytest.raises(FileNotFoundError, match=r"00009\.jpg is missing .*image_00009\.jpg is there: move it"):
        load("flowers", folder)
    image.symlink_to("nowhere.jpg")
    with pytest.raises(FileNotFoundError, match=r"is missing .*it is a link to nowhere\.jpg, where nothing is"):
        load("flowers", folder)
    for form in ("Flowers 102", "flowers_102"):
        shutil.copytree(folder, folder.parent / form, symlinks=True)
    shutil.rmtree(folder)
    with pytest.raises(ValueError, match="holds Flowers 102/, flowers_102/: take away those that are not meant"):
        load("flowers", folder)


@pytest.mark.parametrize("name", SETS)
def test_where_a_set_is_not_what_is_there_is_said(name: str, write: Callable[[str], Path]) -> None:
    folder = write(name)
    about = KINDS[name].module.ABOUT
    other = folder.rename(folder.parent / "another")
    for archive in about.archives:
        (folder.parent / archive.name).touch()
    with pytest.raises(FileNotFoundError) as caught:
        load(name, folder)
    said = str(caught.value)
    assert "the folder " + about.folder in said and "another/" in said
    assert f"{other} looks like it: name it with --data" in said
    shutil.rmtree(other)
    with pytest.raises(FileNotFoundError) as caught:
        load(name, folder)
    command = "".join(f" --archive {folder.parent / archive.name}" for archive in about.archives)
    assert f"`python -m tfm_lite data fetch {name}{command}` gets it" in str(caught.value)


# Validation images in folders, or without.


def sort_into_classes(tiny: Path, inside: str = "") -> None:
    for line in (tiny / "val" / "val_annotations.txt").read_text().splitlines():
        image, key = line.split()[:2]
        place = tiny / "val" / key / inside
        place.mkdir(parents=True, exist_ok=True)
        (tiny / "val" / "images" / image).rename(place / image)
    (tiny / "val" / "images").rmdir()


@pytest.mark.parametrize("inside", ["", "images"])
@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize("called", ["val", "Val", "validation"])
def test_tiny_imagenets_sorted_validation_images(
    write: Callable[[str], Path], inside: str, listed: bool, called: str
) -> None:
    tiny = write("tiny_imagenet")
    annotations = tiny / "val" / "val_annotations.txt"
    annotations.write_text(
        "\n".join(sorted(annotations.read_text().splitlines(), key=lambda s: int(s.split(".")[0][4:])))
    )
    whole = content("tiny_imagenet", tiny)
    sort_into_classes(tiny, inside)
    if not listed:
        annotations.unlink()
    (tiny / "val").rename(tiny / called)
    assert content("tiny_imagenet", tiny) == whole


def test_tiny_imagenets_training_images_may_lie_in_the_class_folders(write: Callable[[str], Path]) -> None:
    tiny = write("tiny_imagenet")
    whole = content("tiny_imagenet", tiny)
    for image in list(tiny.glob("train/*/images/*")):
        image.rename(image.parents[1] / image.name)
    assert content("tiny_imagenet", tiny) == whole


def test_of_tiny_imagenets_validation_images_nothing_is_guessed(write: Callable[[str], Path]) -> None:
    tiny = write("tiny_imagenet")
    annotations = tiny / "val" / "val_annotations.txt"
    whole = annotations.read_text()
    annotations.unlink()
    with pytest.raises(FileNotFoundError, match=r"nothing says what they show\. Put the list there from the archive"):
        load("tiny_imagenet", tiny)
    annotations.write_text(whole)
    sort_into_classes(tiny)
    image = next(iter((tiny / "val" / tiny_keys()[2]).iterdir()))
    image = image.rename(tiny / "val" / tiny_keys()[3] / image.name)
    with pytest.raises(
        ValueError, match=rf"{image.name} is in .*{tiny_keys()[3]}.* gives it the class {tiny_keys()[2]}"
    ):
        load("tiny_imagenet", tiny)
    shutil.rmtree(tiny / "val" / tiny_keys()[5])
    annotations.unlink()
    with pytest.raises(FileNotFoundError, match=rf"the class folder .*{tiny_keys()[5]} is missing"):
        load("tiny_imagenet", tiny)


def flatten(imagenet: Path) -> dict[str, str]:
    """Put ImageNet's validation images side by side; returns their classes."""
    shown = {}
    for path in list(imagenet.glob("val/*/*")):
        shown[path.stem] = path.parent.name
        path.rename(imagenet / "val" / path.name)
    for path in list(imagenet.glob("val/n*")):
        path.rmdir()
    return dict(sorted(shown.items()))


BESIDE: dict[str, tuple[str, Callable[[str, str], str]]] = {
    "Kaggle's": ("LOC_val_solution.csv", lambda image, key: f"{image},{key} 1 2 3 4 {key} 5 6 7 8 "),
    "a script": ("val/valprep.sh", lambda image, key: f"mv {image}.JPEG {key}/"),
    "a table": ("val_map.txt", lambda image, key: f"{image}.JPEG\t{key}"),
}


@pytest.mark.parametrize("which", BESIDE)
def test_imagenets_flat_validation_images(write: Callable[[str], Path], which: str) -> None:
    folder = write("imagenet")
    whole = content("imagenet", folder)
    name, line = BESIDE[which]
    shown = flatten(folder)
    (folder / "notes.txt").write_bytes(b"\xe9t\xe9 n00000001")
    (folder / name).write_text("ImageId,PredictionString\n" + "".join(line(*pair) + "\n" for pair in shown.items()))
    assert content("imagenet", folder) == whole


@pytest.mark.parametrize("what", ["nothing", "numbers", "too few", "two that disagree"])
def test_of_imagenets_flat_validation_images_nothing_is_guessed(write: Callable[[str], Path], what: str) -> None:
    folder = write("imagenet")
    shown = flatten(folder)
    keys, images = sorted(set(shown.values())), list(shown)
    text = {
        "numbers": "".join(f"{image}.JPEG {keys.index(key)}\n" for image, key in shown.items()),
        "too few": "".join(f"{image}.JPEG {shown[image]}\n" for image in images[1:]),
        "two that disagree": "".join(f"{image}.JPEG {key}\n" for image, key in shown.items()),
    }
    if what in text:
        (folder / "val.txt").write_text(text[what])
    if what == "two that disagree":
        (folder / "other.csv").write_text(f"{images[0]},{keys[-1]}\n")
    some = "36 of 36" if what in ("nothing", "numbers") else "1 of 36"
    with pytest.raises(ValueError, match=rf"which class ILSVRC.*_00000004.* shows \({some} .*LOC_val_solution\.csv"):
        load("imagenet", folder)


# What is refused, with what was found.


def test_folders_of_other_classes_are_no_imagenet(write: Callable[[str], Path]) -> None:
    folder = write("imagenet")
    (folder / "train" / "n00000001").rename(folder / "train" / "cat")
    with pytest.raises(
        ValueError, match=r"train has the folders cat, which are no classes .* own, name them with folder:"
    ):
        load("imagenet", folder)
    shutil.rmtree(folder / "train")
    (folder / "train").mkdir()
    with pytest.raises(FileNotFoundError, match="train is empty: it holds a folder of images for each class"):
        load("imagenet", folder)


@pytest.mark.parametrize("ending", ["HEIC", "heif", "DNG", "jxl"])
def test_pictures_of_a_kind_that_is_not_read_are_not_missed(write: Callable[[str], Path], ending: str) -> None:
    folder = write("own")
    (folder / "class 03" / f"6.{ending}").touch()  # the same picture is there as JPEG
    load("own", folder)
    for name in ("new", "newer"):
        (folder / "class 04" / f"{name}.{ending}").touch()
    with pytest.raises(
        ValueError, match=rf"new\.{ending} \(and 1 more\) is of a kind that is not read: save it as JPEG"
    ):
        load("own", folder)


def own_deeper(folder: Path) -> None:
    deeper(folder)


def own_in_parts(folder: Path) -> None:
    """Half of the images of each class in Train/, the others in testing/."""
    for path in list(folder.glob("*/*")):
        place = folder / ("Train" if int(path.stem) < LEARN else "testing") / path.parent.name
        place.mkdir(parents=True, exist_ok=True)
        path.rename(place / path.name)
    for path in folder.glob("class*"):
        path.rmdir()


def own_in_images(folder: Path) -> None:
    for path in list(folder.glob("*/*")):
        (path.parent / "images").mkdir(exist_ok=True)
        path.rename(path.parent / "images" / path.name)


@pytest.mark.parametrize("change", [own_deeper, own_in_parts, own_in_images])
def test_ones_own_folder_in_other_layouts(write: Callable[[str], Path], change: Callable[[Path], None]) -> None:
    folder = write("own")
    change(folder)
    tasks = load("own", folder)
    assert sum(len(task.classes) for task in tasks) == CLASSES
    tested = sum(len(task.test) for task in tasks)
    assert tested == CLASSES * (TEST if change is own_in_parts else 1)


def both(folder: Path) -> None:
    own_in_parts(folder)
    shutil.copytree(folder / "testing", folder / "Test")


def other_case(folder: Path) -> None:
    own_in_parts(folder)
    (folder / "testing" / "class 03").rename(folder / "testing" / "Class 03")


def inside_out(folder: Path) -> None:
    for path in list(folder.glob("*/*")):
        path.rename(folder / f"{path.parent.name} {path.name}")
    for path in folder.glob("class*"):
        if path.is_dir():
            path.rmdir()


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (both, r"holds Test/ and testing/, of which one is meant: take the other away"),
        (other_case, r"testing/class 03 is missing, .*: rename Class 03/"),
        (inside_out, r"has 0 classes: photos/ holds 84 files \(class 00 0\.jpg, .*Name the folder that holds a folder"),
    ],
)
def test_ones_own_folder_is_not_guessed_at(
    write: Callable[[str], Path], change: Callable[[Path], None], text: str
) -> None:
    folder = write("own")
    change(folder)
    with pytest.raises((ValueError, FileNotFoundError), match=text):
        load("own", folder)


@pytest.mark.parametrize("name", [*SETS, "own"])
def test_all_that_is_wrong_is_said_at_once(
    name: str, write: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write(name)
    images = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg"))
    cut, text, bomb = images[5], images[20], images[33]
    cut.write_bytes(cut.read_bytes()[:300])
    text.write_text("<html>")
    Image.new("F", (8, 8)).save(bomb, "TIFF")
    assert verify(name, folder) == 2
    said = capsys.readouterr().err
    assert all(f"{path} cannot be read" in said for path in (cut, text, bomb)) and said.count("cannot be read") == 3
    if name in KINDS and KINDS[name].names_all:
        for path in images[40:43]:
            path.unlink()
        assert verify(name, folder) == 2
        said = capsys.readouterr().err
        assert said.count("cannot be read") == 3 and said.count("is missing") == 3


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("birds", ["images.txt", "classes.txt", "train_test_split.txt"]),
        ("actions", [f"ImageSplits/doing_thing_{c:02}_test.txt" for c in (3, 5, 11)]),
        ("tiny_imagenet", ["wnids.txt", "words.txt"]),
        ("flowers", ["imagelabels.mat", "setid.mat"]),
    ],
)
def test_all_lists_that_are_missing_are_said_at_once(
    name: str, files: list[str], write: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write(name)
    for file in files:
        (folder / file).unlink()
    assert verify(name, folder) == 2
    said = capsys.readouterr().err
    assert all(f"{folder / file} is missing" in said for file in files) and len(said.splitlines()) == len(files)


def test_of_very_many_complaints_the_first_are_said(
    write: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write("tiny_imagenet")
    for key in tiny_keys():
        shutil.rmtree(folder / "train" / key)
    assert verify("tiny_imagenet", folder) == 2
    assert "and 2 more" in capsys.readouterr().err
