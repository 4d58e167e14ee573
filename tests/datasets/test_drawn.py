"""Letters as they are asked for. They are drawn once for all tests of this file, of alphabets that were made short."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tfm_lite import datasets
from tfm_lite.datasets import drawn
from tfm_lite.datasets.names import Request, parse
from tfm_lite.datasets.sets import alphabets
from tfm_lite.datasets.tasks import Split, Task, TaskSequence

SHORT = {"Latin": "AB", "Greek": "αβγ", "small Cyrillic": "бг", "Georgian": "აბ"}
CLASSES = {name: len(letters) for name, letters in SHORT.items()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for what is drawn, with short alphabets and few images of each letter."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alphabets, "ALPHABETS", SHORT)
        patch.setattr(drawn, "POOL", 40)
        forget()
        yield tmp_path_factory.mktemp("drawn")
    forget()


def forget() -> None:
    alphabets._images.cache_clear()
    drawn._pool.cache_clear()


def load(name: str, folder: Path, *, seed: int = 0, size: int | None = None) -> TaskSequence:
    return datasets.load(f"alphabets+{name}", seed=seed, size=size, data=folder)


def images(split: Split) -> set[bytes]:
    return {image.tobytes() for image in split.images[split.rows]}


def same(one: Task, other: Task) -> bool:
    """Whether two tasks have the same images, in one order."""
    parts = [(getattr(one, part), getattr(other, part)) for part in ("train", "valid", "test")]
    return all(
        np.array_equal(a.images[a.rows], b.images[b.rows]) and np.array_equal(a.labels, b.labels) for a, b in parts
    )


def test_each_task_has_as_many_images_as_are_asked_for(folder: Path) -> None:
    tasks = load("Greek16+small_Cyrillic5", folder)
    assert (tasks.name, [task.name for task in tasks]) == (
        "alphabets+Greek16+small_Cyrillic5",
        ["Greek", "small Cyrillic"],
    )
    for task, count in zip(tasks, (16, 5), strict=True):
        assert "".join(task.classes) == SHORT[task.name]
        parts = {"train": count, "valid": drawn.VALID, "test": drawn.TEST}
        for part, each in parts.items():
            assert np.bincount(getattr(task, part).labels).tolist() == [each] * CLASSES[task.name]
        every = [images(getattr(task, part)) for part in parts]
        assert sum(map(len, every)) == len(set.union(*every)) == sum(parts.values()) * CLASSES[task.name]


def test_the_fewer_images_are_among_the_more_and_validation_stays(folder: Path) -> None:
    few, many = (load(f"Latin8+Greek{count}", folder)[1] for count in (2, 16))
    assert images(few.train) < images(many.train)
    assert images(few.valid) == images(many.valid) and images(few.test) == images(many.test)


def test_a_seed_chooses_its_own_images_and_all_are_tested_alike(folder: Path) -> None:
    first, again, other = (load("Greek5", folder, seed=seed) for seed in (0, 0, 1))
    assert same(first[0], again[0]) and first.fingerprint == other.fingerprint
    assert images(first[0].train) != images(other[0].train) and images(first[0].test) == images(other[0].test)


def test_a_last_task_is_the_same_whatever_comes_before_it(folder: Path) -> None:
    alone = load("Greek5", folder)
    for before in ("Latin2", "Georgian16", "Greek9", "Greek9+Greek5"):
        after = load(f"{before}+Greek5", folder)
        assert same(after[-1], alone[0])
        assert (after.mean, after.std) == (alone.mean, alone.std)  # or what a network sees would not be the same


def test_the_same_letters_again_are_other_images(folder: Path) -> None:
    tasks = load("Greek5+Greek5+Greek5", folder)
    assert [task.name for task in tasks] == ["other other Greek", "other Greek", "Greek"]
    for part in ("train", "valid", "test"):
        every = [images(getattr(task, part)) for task in tasks]
        assert sum(map(len, every)) == len(set.union(*every))


def test_a_letter_is_drawn_as_it_always_is(folder: Path) -> None:
    """With the fonts and the turns that the alphabets have for training and for testing."""
    task = load("Georgian5", folder)[0]
    for part, split in (("train", task.valid), ("test", task.test)):
        fonts = alphabets.fonts_of("Georgian", part)
        turn = alphabets.UNSEEN_TURN if part == "test" else alphabets.TURN
        for c, letter in enumerate(SHORT["Georgian"]):
            rng = drawn.numpy_stream(0, "drawn", "Georgian", 0, c, part)
            every = [
                alphabets.draw(letter, fonts[i % len(fonts)], rng, size=28, turn=turn).tobytes()
                for i in range(drawn.TEST if part == "test" else drawn.POOL)
            ]
            assert images(Split(split.images, split.rows[split.labels == c], split.labels[split.labels == c])) <= {
                *every
            }


def test_fingerprints_tell_what_is_drawn(folder: Path) -> None:
    names = ("Greek5", "Greek6", "Latin5", "Greek5+Latin5", "Latin5+Greek5", "Greek5+Greek5")
    prints = {name: load(name, folder).fingerprint for name in names}
    assert len(set(prints.values())) == len(names) and all(len(one) == 16 for one in prints.values())
    assert load("Greek5", folder, size=32).fingerprint not in prints.values()


def test_what_is_kept_is_read_and_another_setting_is_drawn(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = load("Greek5", folder)
    forget()
    with monkeypatch.context() as patch:
        patch.setattr(alphabets, "draw_each", lambda *_, **__: pytest.fail("the letters are drawn again"))
        assert same(load("Greek5", folder)[0], before[0])
    forget()
    monkeypatch.setattr(drawn, "TEST", drawn.TEST - 8)
    assert load("Greek5", folder).fingerprint != before.fingerprint
    forget()


def test_augmented_letters(folder: Path) -> None:
    tasks = load("Latin5+Greek5+augmented", folder)
    assert tasks.augment is not None and tasks.name == "alphabets+Latin5+Greek5+augmented"


def test_names_are_read() -> None:
    request = parse("alphabets+Greek16+small_Cyrillic5+augmented")
    assert request == Request("alphabets", letters=(("Greek", 16), ("small_Cyrillic", 5)), augmented=True)
    assert str(request) == "alphabets+Greek16+small_Cyrillic5+augmented"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("alphabets+Gothic5", "no alphabet 'Gothic'; the alphabets are Latin, Greek, small_Cyrillic, Georgian"),
        ("alphabets+Greek17", "17 training images of each letter are more than are drawn; 16 are the most"),
        (
            "birds+Greek5",
            r"'birds\+Greek5' asks for letters; write alphabets, and after it nothing but .*Latin40\+Greek5",
        ),
        ("alphabets+larger+Greek5", "asks for letters; write alphabets, and after it nothing but what is to be drawn"),
        ("alphabets+augmented+Greek5", r"write 'alphabets\+Greek5\+augmented' instead"),
        ("alphabets+Greek0", "has the word 'Greek0'; the names of data sets have the form NAME"),
        ("alphabets+Greek", "has the word 'Greek'"),
    ],
)
def test_wrong_names_get_the_right_ones(folder: Path, name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        datasets.load(name, data=folder)
