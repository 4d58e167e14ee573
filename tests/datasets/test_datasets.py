"""The data sets of the paper, from made-up folders in the publishers' layouts: what belongs where, and what is refused."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from made_up import CLASSES, KINDS, LEARN, TEST, make, picture, tiny_keys, write_tiny_imagenet
from torch.utils.data import DataLoader

from tfm_lite import datasets
from tfm_lite.datasets import folders, pictures, stores, tasks
from tfm_lite.datasets.about import Listing
from tfm_lite.datasets.groups import larger_first_groups, merged_groups, random_groups
from tfm_lite.datasets.names import Request, parse
from tfm_lite.datasets.sets import tiny_imagenet
from tfm_lite.datasets.tasks import TaskSequence
from tfm_lite.files import read_json, write_json

ALL = list(KINDS)


@pytest.fixture(params=ALL)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def folder(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return make(name, tmp_path / "data", monkeypatch)


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return make("tiny_imagenet", tmp_path / "data", monkeypatch)


def of(text: str, folder: Path, **options: int) -> TaskSequence:
    return datasets.load(text, data=folder.parent, **options)


def sizes(sequence: TaskSequence) -> list[int]:
    return [len(task.classes) for task in sequence]


def frozen(groups: list[list[int]]) -> str:
    return hashlib.blake2b(repr(groups).encode(), digest_size=8).hexdigest()


def test_every_image_is_where_it_belongs(name: str, folder: Path) -> None:
    sequence = of(name, folder)
    assert sequence.name == name and sizes(sequence) == [4, 4, 4] and (sequence.channels, sequence.size) == (3, 16)
    assert len({label for task in sequence for label in task.classes}) == CLASSES
    seen = set()
    for task in sequence:
        for part, count, numbers in (
            ("train", 3, range(LEARN)),
            ("valid", 1, range(LEARN)),
            ("test", TEST, range(4, 7)),
        ):
            split = getattr(task, part)
            assert np.bincount(split.labels).tolist() == [count] * 4
            images, labels = split.batch(np.arange(len(split)))
            for (red, green, blue), label in zip(images.float().mean((2, 3)).tolist(), labels.tolist(), strict=True):
                c = int(task.classes[label][-2:]) - (name == "birds")
                if name == "tiny_imagenet" and c == 3:
                    assert red == green == blue  # its images are grey
                else:
                    assert round(red / 20) == c and round(green / 30) in numbers
                    seen.add((c, round(green / 30)))
    assert len(seen) == (CLASSES - (name == "tiny_imagenet")) * (LEARN + TEST)


def test_others_can_take_the_data_alone(tiny: Path) -> None:
    task = of("tiny_imagenet", tiny)[1]
    images, labels = next(iter(DataLoader(task.train, batch_size=5, shuffle=True)))
    assert images.shape == (5, 3, 16, 16) and images.dtype == torch.uint8 and labels.max() < len(task.classes)


@pytest.mark.parametrize("name", [n for n in ALL if KINDS[n].names_all])
def test_a_missing_image_is_named(folder: Path, name: str) -> None:
    (folder / KINDS[name].sample).unlink()
    with pytest.raises(FileNotFoundError, match=rf"{Path(KINDS[name].sample).name} is missing \(1 of 84"):
        of(name, folder)
    with pytest.raises(FileNotFoundError, match=rf"{Path(KINDS[name].sample).name} is missing, though others"):
        of(f"{name}+partial", folder)


def test_an_annotated_image_that_is_missing_is_named(tiny: Path) -> None:
    (tiny / "val" / "images" / "val_4.JPEG").unlink()
    with pytest.raises(FileNotFoundError, match=r"val_4\.JPEG is missing \(1 of 84"):
        of("tiny_imagenet", tiny)


def test_an_image_too_few_is_counted(name: str, folder: Path) -> None:
    if KINDS[name].names_all:
        pytest.skip("the lists name it")
    where = folder / "train" / (tiny_keys()[1] + "/images" if name == "tiny_imagenet" else "n00000001")
    next(iter(sorted(where.iterdir()))).unlink()
    with pytest.raises(
        ValueError,
        match=r"has 47 training images, 36 test images and 12 classes \(n\d{8} has 3 to train on, n\d{8} has 4\); "
        r".* has 48 .*\+partial",
    ):
        of(name, folder)


@pytest.mark.parametrize("part", ["train", "val"])
def test_a_class_folder_too_few_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    imagenet = make("imagenet", tmp_path / "data", monkeypatch)
    shutil.rmtree(imagenet / part / "n00000004")
    with pytest.raises(FileNotFoundError, match=rf"class folder .*{part}/n00000004 is missing"):
        of("imagenet", imagenet)
    tiny = make("tiny_imagenet", tmp_path / "other", monkeypatch)
    shutil.rmtree(tiny / "train" / tiny_keys()[4])
    with pytest.raises(FileNotFoundError, match=rf"class folder .*{tiny_keys()[4]} is missing"):
        of("tiny_imagenet", tiny)


def test_an_empty_class_folder_is_named(tiny: Path) -> None:
    for image in (tiny / "train" / tiny_keys()[4] / "images").iterdir():
        image.unlink()
    with pytest.raises(
        FileNotFoundError, match=rf"class folder .*{tiny_keys()[4]} has no image \(.*holds 1 folder \(images/\)"
    ):
        of("tiny_imagenet", tiny)


def test_spoilt_images_are_named(name: str, folder: Path) -> None:
    for spoil in (lambda f: f.write_text("<html>Not Found</html>"), lambda f: f.write_bytes(f.read_bytes()[:300])):
        sample = folder / KINDS[name].sample
        whole = sample.read_bytes()
        spoil(sample)
        with pytest.raises(ValueError, match=rf"{sample.name} cannot be read .*unpack its archive again"):
            of(name, folder)
        sample.write_bytes(whole)
    of(name, folder)


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "CMYK", "1"])
@pytest.mark.parametrize("size", [(3, 5), (1, 1), (64, 10)])
def test_odd_modes_and_very_small_images(tiny: Path, mode: str, size: tuple[int, int]) -> None:
    picture(tiny / "val" / "images" / "val_4.JPEG", 3, 4, size=size, mode=mode)
    assert of("tiny_imagenet", tiny).size == 16


@pytest.mark.parametrize(
    ("name", "file", "old", "new", "text"),
    [
        ("birds", "image_class_labels.txt", "3 1\n", "", r"number 3 \(001\.Made_up_Bird_1/Bird_0002_2\.jpg\)"),
        ("birds", "train_test_split.txt", "3 1\n", "3\n", r"train_test_split\.txt has the line '3', which is not"),
        (
            "birds",
            "image_class_labels.txt",
            "3 1\n",
            "3 99\n",
            r"labels\.txt has '99' for image 3 \(001.* 1, 2, 3, \.\.\.",
        ),
        ("birds", "image_class_labels.txt", "3 1\n", "3 0\n", r"has '0' for image 3 .* Get the set again: `python -m"),
        ("birds", "image_class_labels.txt", "3 1\n", "3 1.7\n", r"has '1\.7' for image 3"),
        ("birds", "image_class_labels.txt", "3 1\n", "3 nan\n", r"has 'nan' for image 3"),
        ("birds", "image_class_labels.txt", "3 1\n", "3 1\n3 2\n", r"labels\.txt has two lines for number 3\. Get"),
        (
            "birds",
            "train_test_split.txt",
            "3 1\n",
            "3 2\n",
            r"split\.txt has '2' for image 3 .* one of [01], [01]\. Get",
        ),
        ("birds", "train_test_split.txt", "3 1\n", "3 1.0\n", r"has '1\.0' for image 3"),
        ("birds", "classes.txt", "3 003.", "2 003.", r"classes\.txt has two lines for number 2"),
        (
            "actions",
            "ImageSplits/doing_thing_02_test.txt",
            "02_005",
            "03_005",
            r"02_test\.txt names 'doing_thing_03_005\.jpg'",
        ),
        (
            "tiny_imagenet",
            "val/val_annotations.txt",
            "\tn0",
            "\tn9",
            r"line 1 of .*annotations\.txt gives val_35\.JPEG the",
        ),
        ("tiny_imagenet", "val/val_annotations.txt", "val_34.JPEG\tn", "val_34.JPEG\t", r"line 2 .* the class '\d{8}'"),
        ("birds", "images.txt", "Bird_0002_2.jpg", "Bird_0001_1.jpg", "name images/.*Bird_0001_1.jpg twice"),
        ("actions", "ImageSplits/doing_thing_02_test.txt", "02_005", "02_001", "doing_thing_02_001.jpg twice"),
        ("actions", "ImageSplits/doing_thing_02_test.txt", "02_005", "02_999", "doing_thing_02_999.jpg is missing"),
    ],
)
def test_wrong_lists_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, file: str, old: str, new: str, text: str
) -> None:
    folder = make(name, tmp_path / "data", monkeypatch)
    content = (folder / file).read_text()
    assert old in content
    (folder / file).write_text(content.replace(old, new, 1))
    with pytest.raises((ValueError, FileNotFoundError), match=text):
        of(name, folder)


@pytest.mark.parametrize(
    ("name", "file"),
    [("birds", "classes.txt"), ("actions", "ImageSplits/doing_thing_03_train.txt"), ("tiny_imagenet", "words.txt")],
)
@pytest.mark.parametrize("how", ["missing", "not text"])
def test_a_missing_or_foreign_list_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, file: str, how: str
) -> None:
    folder = make(name, tmp_path / "data", monkeypatch)
    (folder / file).unlink() if how == "missing" else (folder / file).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(
        (ValueError, FileNotFoundError), match=rf"the list .*{Path(file).name} (is missing|cannot be read)"
    ):
        of(name, folder)


def test_a_missing_folder_names_the_next_step(name: str, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=rf"`python -m tfm_lite data fetch {name}` gets it"):
        datasets.load(name, data=tmp_path)


def test_a_part_loads_only_when_asked_for(name: str, folder: Path) -> None:
    remove_class(name, folder)
    if name == "tiny_imagenet":  # its extracts have lists of their own
        kept = [key for c, key in enumerate(tiny_keys()) if c != 1]
        (folder / "wnids.txt").write_text("\n".join(kept) + "\n")
    with pytest.raises((ValueError, FileNotFoundError), match=rf"{name}\+partial"):
        of(name, folder)
    part = of(f"{name}+partial", folder)
    assert part.name == f"{name}+partial" and sizes(part) == [6, 5]  # 11 classes: two tasks of at least four
    assert all(np.bincount(task.test.labels).tolist() == [TEST] * len(task.classes) for task in part)


def remove_class(name: str, folder: Path) -> None:
    """Remove the images of the second class."""
    if name == "actions":
        for file in folder.glob("JPEGImages/doing_thing_01_*"):
            file.unlink()
    elif name == "birds":
        shutil.rmtree(folder / "images" / "002.Made_up_Bird_2")
    elif name == "tiny_imagenet":
        shutil.rmtree(folder / "train" / tiny_keys()[1])
    else:
        for part in ("train", "val"):
            shutil.rmtree(folder / part / "n00000001")


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("+partial", r"single task of 6 classes: .*two tasks, tiny_imagenet\+2tasks\+partial, or .*\+1tasks\+partial"),
        ("+6x2", r"single task of 6 classes: .*two tasks, tiny_imagenet\+2tasks\+6x2"),
        ("+3x2", r"single task of 3 classes: get more of them, or for that one, tiny_imagenet\+1tasks\+3x2"),
        ("+semantic+2x2", r"single task of 2 classes: get more of them, or for that one, tiny_imagenet\+1tasks\+2x2"),
    ],
)
def test_a_single_task_is_made_only_when_asked_for(tiny: Path, text: str, remedy: str) -> None:
    """Six classes came to one task without a word, in which nothing can be forgotten."""
    for key in tiny_keys()[6:]:
        shutil.rmtree(tiny / "train" / key)
    annotations = tiny / "val" / "val_annotations.txt"
    lines = [line for line in annotations.read_text().splitlines() if line.split()[1] in tiny_keys()[:6]]
    annotations.write_text("\n".join(lines))
    (tiny / "wnids.txt").write_text("\n".join(tiny_keys()[:6]))
    with pytest.raises(ValueError, match=remedy):
        of(f"tiny_imagenet{text}", tiny)
    assert sizes(of("tiny_imagenet+1tasks+partial", tiny)) == [6]
    assert sizes(of("tiny_imagenet+2tasks+partial", tiny)) == [3, 3]


def test_the_first_so_many_are_the_same_in_an_extract(tiny: Path, tmp_path: Path) -> None:
    keys = tiny_keys()[:8]
    extract = tmp_path / "extract" / tiny.name
    write_tiny_imagenet(extract)
    (extract / "wnids.txt").write_text("\n".join(keys) + "\n")
    for key in tiny_keys():
        if key not in keys:
            shutil.rmtree(extract / "train" / key)
        else:
            (extract / "train" / key / "images" / f"{key}_{LEARN - 1}.JPEG").unlink()
    annotations = extract / "val" / "val_annotations.txt"
    annotations.write_text(
        "".join(line + "\n" for line in annotations.read_text().splitlines() if line.split()[1] in keys)
    )
    one, other = (of("tiny_imagenet+8x3", folder) for folder in (tiny, extract))
    assert one.fingerprint == other.fingerprint and one.mean == other.mean and sizes(one) == [4, 4]
    for a, b in zip(one, other, strict=True):
        assert a.classes == b.classes and torch.equal(a.train.batch(np.arange(5))[0], b.train.batch(np.arange(5))[0])
    assert sum(len(task.train) + len(task.valid) for task in one) == 24 and sum(len(task.test) for task in one) == 24
    with pytest.raises(ValueError, match=r"asks for 4 training images; .* has 3"):
        of("tiny_imagenet+8x4", extract)
    with pytest.raises(ValueError, match=r"asks for 9 classes; .* has 8"):
        of("tiny_imagenet+9x3", extract)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("birds", Request("birds")),
        ("tiny_imagenet+semantic+20x100", Request("tiny_imagenet", "semantic", None, 20, 100)),
        ("a+larger+5tasks+partial+augmented", Request("a", "larger", 5, None, None, True, True)),
    ],
)
def test_names_are_read(text: str, expected: Request) -> None:
    assert parse(text) == expected and str(expected) == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tiny_imagenet+20x100+larger", r"write 'tiny_imagenet\+larger\+20x100' instead"),
        ("birds+semantic+larger", r"write 'birds\+larger' instead"),
        ("birds+large", "has the word 'large'; the names of data sets have the form NAME"),
        ("birds+0tasks", "has the word '0tasks'"),
        ("birds+4x9+partial", "asks twice for a part"),
        ("alphabets+larger", "alphabets has one form only; write 'alphabets', not 'alphabets"),
        ("tulips+larger", "there is no data set 'tulips'"),
    ],
)
def test_wrong_names_get_the_right_ones(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        datasets.load(text)


def test_semantic_is_for_those_that_have_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make("birds", tmp_path / "data", monkeypatch)
    with pytest.raises(ValueError, match="birds has no semantic split; tiny_imagenet has one"):
        of("birds+semantic", folder)
    assert sizes(of("birds+larger", folder)) == [6, 3, 3] and sizes(of("birds+6tasks", folder)) == [2] * 6


def test_semantic_groups_of_the_classes_present(tiny: Path) -> None:
    groups = {key: g for g, group in enumerate(folders.semantic("tiny_imagenet")) for key in group["classes"]}
    sequence = of("tiny_imagenet+semantic+partial", tiny)
    where = {f"thing {c:02}": groups[key] for c, key in enumerate(tiny_keys())}
    found = {frozenset(where[label] for label in task.classes) for task in sequence}
    assert found == {
        frozenset({0, 1}),
        frozenset({2}),
        frozenset({4, 9}),
    }  # 1 + 2, 3, 4 + 2: the last joins its neighbour
    assert {task.name for task in sequence} != {task.name for task in of("tiny_imagenet", tiny)}
    whole = of("tiny_imagenet+semantic+12x4", tiny)
    assert [task.classes for task in whole] == [task.classes for task in sequence]
    with pytest.raises(ValueError, match="has tasks of its own"):
        of("tiny_imagenet+semantic+5tasks", tiny)


def test_ten_semantic_groups_of_twenty() -> None:
    groups = folders.semantic("tiny_imagenet")
    assert [len(group["classes"]) for group in groups] == [20] * 10
    assert len({key for group in groups for key in group["classes"]}) == 200
    assert len({group["name"] for group in groups}) == 10
    where = {label: group["name"] for group in groups for label in group["classes"].values()}
    for relatives in (("tarantula", "ladybug", "monarch"), ("school bus", "limousine"), ("pizza", "lemon", "espresso")):
        assert len({where[label] for label in relatives}) == 1
    assert where["tarantula"] != where["school bus"] != where["pizza"]
    # Frozen: published numbers are of these groups, in these orders.
    assert frozen([sorted(group["classes"]) for group in groups]) == "6174b032551497b2"
    named = [(group["name"], [20 * g + i for i in range(20)]) for g, group in enumerate(groups)]
    orders = [[group[0] // 20 for group in merged_groups(named, least=1, seed=seed)[0]] for seed in (0, 1)]
    assert orders == [[2, 1, 8, 4, 9, 6, 5, 0, 7, 3], [5, 8, 2, 7, 9, 1, 4, 0, 3, 6]]


@pytest.mark.parametrize(
    ("classes", "tasks", "counts"),
    [
        (200, 10, [110, *[10] * 9]),
        (100, 10, [55, *[5] * 9]),
        (20, 5, [8, 3, 3, 3, 3]),
        (102, 4, [57, 15, 15, 15]),
        (1000, 10, [550, *[50] * 9]),
        (8, 2, [4, 4]),
    ],
)
def test_a_larger_first_task(classes: int, tasks: int, counts: list[int]) -> None:
    if counts[0] == counts[1]:
        with pytest.raises(ValueError, match=f"cannot cut {classes} classes into {tasks} tasks, the first the largest"):
            larger_first_groups(classes, tasks, seed=0)
        return
    groups = larger_first_groups(classes, tasks, seed=0)
    assert [len(group) for group in groups] == counts and sorted(sum(groups, [])) == list(range(classes))
    assert sum(groups, []) == sum(
        random_groups(classes, 2, seed=0), []
    )  # the same order of classes as the random split
    assert groups != larger_first_groups(classes, tasks, seed=1)


def test_splits_are_frozen() -> None:
    assert frozen(random_groups(200, 10, seed=0)) == "ae9c873dfad50916"
    assert frozen(larger_first_groups(200, 10, seed=0)) == "cc9ebb7feba9da00"
    assert frozen(larger_first_groups(20, 5, seed=1)) == "d24414474144bdd5"


def test_validation_images_are_frozen(tiny: Path) -> None:
    rows = [[task.valid.rows.tolist() for task in of("tiny_imagenet", tiny, seed=seed)] for seed in (0, 1)]
    assert frozen(rows[0]) == "4d57216dbc85ce33" and frozen(rows[1]) == "9d4850b8ce720d26"


@pytest.mark.parametrize(("classes", "tasks"), [(8, 9), (20, 7), (5, 2), (20, 1)])
def test_a_larger_first_task_needs_room(classes: int, tasks: int) -> None:
    with pytest.raises(ValueError, match="the first the largest"):
        larger_first_groups(classes, tasks, seed=0)


def test_moments_are_exact() -> None:
    rng = np.random.RandomState(0)
    images = rng.randint(0, 256, (2100, 3, 4, 4)).astype(np.uint8)
    mean, std = tasks.moments_of(tasks.Split(images, np.arange(2100), np.zeros(2100, np.int64)))
    assert mean == pytest.approx(images.mean((0, 2, 3)), rel=1e-12) and std == pytest.approx(
        images.std((0, 2, 3)), rel=1e-9
    )


def test_a_listing_has_a_class_for_every_label() -> None:
    files, marks = ["a.jpg", "b.jpg"], np.array([True, False])
    for label in (-1, 2):
        with pytest.raises(
            ValueError, match=rf"b\.jpg has the label {label}; labels are positions among the 2 classes"
        ):
            Listing(files, np.array([0, label]), marks, ["x", "y"], ["x", "y"])
    with pytest.raises(ValueError, match="has 2 files, 3 labels and 2 marks"):
        Listing(files, np.array([0, 1, 1]), marks, ["x", "y"], ["x", "y"])


# The store.


def beside(folder: Path) -> Path:
    (path,) = (folder.parent / "cache").glob("*.json")
    return path


def test_facts_beside_the_store_are_used(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = of("tiny_imagenet", tiny)
    monkeypatch.setattr("tfm_lite.datasets.tasks.fingerprint_of", lambda *_: pytest.fail("all images are read again"))
    again = of("tiny_imagenet", tiny, seed=3)
    assert (first.fingerprint, first.mean, first.std) == (again.fingerprint, again.mean, again.std)


AGAIN = r"the store .*npy is not as it was written; it is made again"


def store_of(folder: Path) -> Path:
    (path,) = (folder.parent / "cache").glob("*.npy")
    return path


@pytest.mark.parametrize("spoil", ["text", "list", "missing", "other", "a mean", "a fingerprint", "another store's"])
def test_a_store_whose_facts_are_spoilt_is_made_again(tiny: Path, spoil: str) -> None:
    first, facts = of("tiny_imagenet", tiny), beside(tiny)
    whole = facts.read_text()
    content = {"text": "<html>", "list": "[1, 2]", "other": json.dumps({"store": store_of(tiny).name})}
    content |= {"a mean": whole.replace(str(first.mean[0])[:4], "1.00")}
    content |= {"a fingerprint": whole.replace(first.fingerprint, first.fingerprint[::-1])}
    if spoil == "missing":
        facts.unlink()
    elif spoil == "another store's":
        write_json(facts, read_json(facts) | {"store": "birds.npy"})
    else:
        assert content[spoil] != whole
        facts.write_text(content[spoil])
    with pytest.warns(UserWarning, match=AGAIN):
        again = of("tiny_imagenet", tiny)
    assert (first.fingerprint, first.mean, first.std) == (again.fingerprint, again.mean, again.std)
    assert facts.read_text() == whole


@pytest.mark.parametrize("where", [0, 9, 70, 127, 128, 1000, -1])
def test_a_store_with_a_changed_byte_is_made_again(tiny: Path, where: int) -> None:
    """Although nothing about the file tells it: its length and its times are the old ones, as after a fault of the disk."""
    first, store = of("tiny_imagenet", tiny), store_of(tiny)
    whole, times = store.read_bytes(), store.stat()
    content = bytearray(whole)
    content[where] ^= 1
    store.write_bytes(content)
    os.utime(store, ns=(times.st_atime_ns, times.st_mtime_ns))
    with pytest.warns(UserWarning, match=AGAIN):
        again = of("tiny_imagenet", tiny)
    assert store.read_bytes() == whole and again.fingerprint == first.fingerprint


def test_a_store_of_other_images_under_this_name_is_not_taken(tiny: Path) -> None:
    first, store, sample = of("tiny_imagenet", tiny), store_of(tiny), tiny / "val" / "images" / "val_4.JPEG"
    whole, facts, image, times = store.read_bytes(), beside(tiny).read_text(), sample.read_bytes(), sample.stat()
    picture(sample, 9, 9)
    of("tiny_imagenet", tiny)
    (other,) = {*store.parent.glob("*.npy")} - {store}
    for ending in (".npy", ".json"):  # the two are whole and belong together, but are another's
        shutil.copy(other.with_suffix(ending), store.with_suffix(ending))
    sample.write_bytes(image)
    os.utime(sample, ns=(times.st_atime_ns, times.st_mtime_ns))
    with pytest.warns(UserWarning, match=AGAIN):
        assert of("tiny_imagenet", tiny).fingerprint == first.fingerprint
    assert store.read_bytes() == whole and store.with_suffix(".json").read_text() == facts


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("image_class_labels.txt", [("1 1\n2 1\n", "1 2\n2 1\n"), ("8 2\n9 2\n", "8 1\n9 2\n")]),
        ("train_test_split.txt", [("1 1\n2 1\n", "1 0\n2 1\n"), ("4 1\n5 0\n", "4 1\n5 1\n")]),
    ],
)
def test_a_store_is_named_after_its_labels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, changes: list[tuple[str, str]]
) -> None:
    """The same images with other labels, or others of them to learn from, are another data set, with another store."""
    folder = make("birds", tmp_path / "data", monkeypatch)
    first, text = of("birds", folder), (folder / name).read_text()
    for old, new in changes:
        assert text.startswith(old) or f"\n{old}" in text
        text = text.replace(old, new, 1)
    (folder / name).write_text(text)
    assert of("birds", folder).fingerprint != first.fingerprint
    assert len(list((folder.parent / "cache").glob("*.npy"))) == 2


def test_processes_decode_the_same(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = of("tiny_imagenet", tiny)[0].train.images.copy()
    shutil.rmtree(tiny.parent / "cache")
    monkeypatch.setattr(stores, "FEW", 1)
    monkeypatch.setattr(stores, "processors", lambda: 3)
    assert np.array_equal(of("tiny_imagenet", tiny)[0].train.images, one)


def test_a_process_that_fails_names_the_image(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "FEW", 1)
    (tiny / "val" / "images" / "val_4.JPEG").write_text("<html>")
    with pytest.raises(ValueError, match=r"^the image .*val_4\.JPEG cannot be read"):
        of("tiny_imagenet", tiny)
    assert list((tiny.parent / "cache").iterdir()) == []


def test_a_process_that_dies_is_told(tiny: Path, tmp_path: Path) -> None:
    store = tmp_path / "store.npy"
    store.write_text("not an array")
    with pytest.raises(OSError, match=r"decoding stopped .*is there room on the disk"):
        pictures.decode_into(store, [tiny / "val" / "images" / "val_4.JPEG"], workers=1, advance=lambda n: None)


def test_a_full_disk_leaves_nothing(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(stores.os, "posix_fallocate", full, raising=False)
    with pytest.raises(OSError, match="No space left"):
        of("tiny_imagenet", tiny)
    assert list((tiny.parent / "cache").iterdir()) == []


def test_what_does_not_fit_is_decoded_as_it_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make("imagenet", tmp_path / "data", monkeypatch)
    kept = of("imagenet", folder)
    assert isinstance(kept[0].train.images, stores.Checked)
    shutil.rmtree(folder.parent / "cache")
    monkeypatch.setattr(folders, "_fits", lambda *_: False)
    lazy = of("imagenet", folder)
    assert isinstance(lazy[0].train.images, stores.Undecoded) and not list((folder.parent / "cache").glob("*"))
    assert lazy.fingerprint == kept.fingerprint and lazy.mean == kept.mean == (123.675, 116.28, 103.53)
    for a, b in zip(kept, lazy, strict=True):
        assert torch.equal(a.train.batch(np.arange(9))[0], b.train.batch(torch.arange(9))[0])
        assert torch.equal(a.test[2][0], b.test[2][0]) and a.test[2][1] == b.test[2][1]


def test_a_large_store_is_held_against_its_sums_as_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make("imagenet", tmp_path / "data", monkeypatch)
    first = of("imagenet", folder)[0].train
    images, row, store = first.batch(np.arange(5))[0], int(first.rows[3]), store_of(folder)
    whole, times = store.read_bytes(), store.stat()
    content = bytearray(whole)
    content[first.images.images.offset + row * 3 * 16 * 16 + 100] ^= 4
    store.write_bytes(content)
    os.utime(store, ns=(times.st_atime_ns, times.st_mtime_ns))
    with monkeypatch.context() as patch:
        patch.setattr(stores, "_decode_all", lambda *_: pytest.fail("nobody waits for this at every start"))
        spoilt = of("imagenet", folder)[0].train
    assert torch.equal(spoilt.batch(np.arange(3))[0], images[:3])
    for read in (lambda: spoilt.batch(np.arange(5)), lambda: spoilt[3], lambda: spoilt.images[row - 1 : row + 1]):
        with pytest.raises(ValueError, match=rf"image {row} of the store .*npy is not as it was written: delete"):
            read()
    store.unlink()
    assert torch.equal(of("imagenet", folder)[0].train.batch(np.arange(5))[0], images)
    assert store.read_bytes() == whole


@pytest.mark.parametrize("spoil", ["missing", "empty", "short", "a sum", "another's name"])
def test_spoilt_sums_of_a_large_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoil: str) -> None:
    folder = make("imagenet", tmp_path / "data", monkeypatch)
    first = of("imagenet", folder)
    store = store_of(folder)
    sums = store.with_suffix(".sums")
    whole = sums.read_bytes()
    if spoil in ("a sum", "another's name"):
        if spoil == "a sum":
            sums.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        else:
            with sums.open("wb") as file:
                np.save(file, np.array([zlib.crc32(image) for image in first[0].train.images.images], np.uint32))
        with pytest.raises(ValueError, match=r"image \d+ of the store"):
            of("imagenet", folder)[0].train.images[:]
        return
    sums.unlink() if spoil == "missing" else sums.write_bytes({"empty": b"", "short": whole[:-2]}[spoil])
    with pytest.warns(UserWarning, match=AGAIN):
        of("imagenet", folder)
    assert sums.read_bytes() == whole


def test_only_a_large_set_may_be_left_undecoded(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "_fits", lambda *_: False)
    assert isinstance(of("tiny_imagenet", tiny)[0].train.images, np.memmap)


def test_names_of_imagenets_classes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tfm_lite.datasets.sets import imagenet

    for c in range(1000):
        for part in ("train", "val"):
            (tmp_path / part / f"n{c:08}").mkdir(parents=True)
            (tmp_path / part / f"n{c:08}" / "a.JPEG").touch()
    found = imagenet.read(tmp_path)
    assert found.counts == (1000, 1000, 1000) and len(set(found.classes)) == 1000
    assert found.classes[0] == "tench" and found.classes[999] == "toilet tissue"


def test_counts_of_table_2() -> None:
    from tfm_lite.runs import results

    printed = [tuple(int(row[k]) for k in ("train", "evaluation", "classes")) for row in results.published("table_2")]
    order = ("tiny_imagenet", "imagenet", "flowers", "birds", "actions")
    abouts = [datasets.find(name).ABOUT for name in order]
    assert [(about.train, about.test, about.classes) for about in abouts] == printed
    assert tiny_imagenet.ABOUT.tasks == 10


def test_a_full_disk_leaves_no_half_of_the_letters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tfm_lite.datasets.sets import alphabets

    def full(file: io.BufferedWriter, **_: object) -> None:
        file.write(b"PK" * 5000)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(alphabets.np, "savez", full)
    monkeypatch.setattr(
        alphabets, "draw_all", lambda size: (np.zeros((2, 1, 28, 28), np.uint8), np.arange(2), np.ones(2))
    )
    alphabets._images.__wrapped__(28, tmp_path)
    assert list(tmp_path.iterdir()) == []
