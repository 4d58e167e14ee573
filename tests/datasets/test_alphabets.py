"""Letters of six alphabets: drawn once for all tests of this file, into a cache that is thrown away."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
import pytest
import torch
from matplotlib import ft2font
from PIL import ImageFont
from scipy.ndimage import distance_transform_edt
from torch.utils.data import DataLoader

from tfm_lite import datasets
from tfm_lite.datasets.sets import alphabets
from tfm_lite.datasets.tasks import Split, TaskSequence
from tfm_lite.seeds import numpy_stream

CLEAN = alphabets.SIZES[0] * alphabets.FINE  # pixels of a clean letter


def load(data: Path | None, *, seed: int = 0, size: int | None = None) -> TaskSequence:
    return datasets.load("alphabets", seed=seed, size=size, data=data)


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in whose cache the letters are."""
    folder = tmp_path_factory.mktemp("letters")
    alphabets._images.cache_clear()
    load(folder)
    return folder


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Drawing is replaced by something quick; the list holds the sizes that were asked for."""
    asked: list[int] = []

    def quick(size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        asked.append(size)
        labels = np.repeat(np.arange(sum(map(len, alphabets.ALPHABETS.values()))), 4)
        images = np.random.RandomState(0).randint(0, 256, (len(labels), 1, size, size)).astype(np.uint8)
        return images, labels, np.arange(len(labels)) % 4 < 3

    monkeypatch.setattr(alphabets, "draw_all", quick)
    monkeypatch.setattr(datasets, "_fingerprints", lambda *_: frozenset())  # the records are of the real ones
    alphabets._images.cache_clear()
    yield asked
    alphabets._images.cache_clear()


@cache
def clean(letter: str, font: str) -> np.ndarray:
    """The letter alone, upright, its longer side four fifths of the image."""
    contours = alphabets.outline(letter, font)
    every = np.concatenate(contours)
    low, high = every.min(0), every.max(0)
    scale = 0.8 * CLEAN / (high - low).max()
    return alphabets.fill([(points - (low + high) / 2) * scale + CLEAN / 2 for points in contours], CLEAN)


def farthest(a: np.ndarray, b: np.ndarray) -> float:
    """How far a point of one shape can be from the other shape, in pixels."""
    return float(max(_away(b.tobytes())[a].max(), _away(a.tobytes())[b].max()))


@cache
def _away(shape: bytes) -> np.ndarray:
    """The distance of every pixel from the shape."""
    return distance_transform_edt(~np.frombuffer(shape, bool).reshape(CLEAN, CLEAN))


def apart(letter: str, other: str) -> float:
    """The share of their common area that only one of them covers, over the fonts of training: 0 means the same."""
    pairs = [(clean(letter, font), clean(other, font)) for font in alphabets.TRAIN_FONTS]
    return float(np.mean([1 - (a & b).sum() / (a | b).sum() for a, b in pairs]))


def every_row(split: Split) -> set[int]:
    return set(split.rows.tolist())


def test_six_tasks(drawn: Path) -> None:
    tasks = load(drawn)
    assert [task.name for task in tasks] == list(alphabets.ALPHABETS)
    assert ["".join(task.classes) for task in tasks] == list(alphabets.ALPHABETS.values())
    assert [len(task.classes) for task in tasks] == [8, 16, 16, 16, 16, 16]
    assert (tasks.channels, tasks.size) == (1, 28)
    for task in tasks:
        classes = len(task.classes)
        for part, count in ((task.train, 36), (task.valid, 4), (task.test, 20)):
            assert np.bincount(part.labels).tolist() == [count] * classes


def test_splits_are_disjoint_and_cover_everything(drawn: Path) -> None:
    parts = [every_row(part) for task in load(drawn) for part in (task.train, task.valid, task.test)]
    assert sum(map(len, parts)) == len(set.union(*parts)) == 88 * 60


def test_no_image_occurs_twice(drawn: Path) -> None:
    images = load(drawn)[0].train.images
    assert len(np.unique(images.reshape(len(images), -1), axis=0)) == len(images)


def test_letters_differ_from_their_paper(drawn: Path) -> None:
    images = load(drawn)[0].train.images.reshape(88 * 60, -1)
    low, high = np.percentile(images, [20, 99], axis=1)
    assert (high - low).min() > 60 and images.mean() < 128  # light on dark


def test_images_are_the_same_for_every_seed(drawn: Path) -> None:
    first, again, other = load(drawn), load(drawn), load(drawn, seed=1)
    assert np.array_equal(first[0].train.images, other[0].train.images)
    assert first.fingerprint == other.fingerprint and first.mean == other.mean
    for a, b, c in zip(first, again, other, strict=True):
        assert every_row(a.valid) == every_row(b.valid) != every_row(c.valid)
        assert every_row(a.test) == every_row(c.test)


def test_fingerprint_of_what_is_drawn_and_of_what_is_kept(drawn: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = load(drawn)
    alphabets._images.cache_clear()
    monkeypatch.setattr(alphabets, "draw_all", lambda size: pytest.fail("the letters are drawn again"))
    after = load(drawn)
    assert after.fingerprint == before.fingerprint and after[0].train.images is not before[0].train.images
    for a, b in zip(before, after, strict=True):
        assert np.array_equal(a.train.images[a.train.rows], b.train.images[b.train.rows])
        assert np.array_equal(a.test.labels, b.test.labels)


def test_records_are_of_these_images(drawn: Path) -> None:
    records = sorted((Path(__file__).parents[2] / "data" / "results").glob("alphabets-28-*.json"))
    assert records, "there are no records"
    assert {json.loads(record.read_text())["fingerprint"] for record in records} == {load(drawn).fingerprint}


def test_other_letters_than_those_of_the_records_are_told(
    drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As an older matplotlib once drew them. Of letters at a size of which there are no records nothing can be said."""
    true = load(drawn).fingerprint  # without a warning, which would fail this test
    alphabets._images.cache_clear()
    images, labels, is_train = (np.zeros((880, 1, 28, 28), np.uint8), np.arange(880) % 88, np.arange(880) < 440)
    monkeypatch.setattr(alphabets, "draw_all", lambda size: (images[:, :, :size, :size].copy(), labels, is_train))
    with pytest.warns(
        UserWarning, match=rf"alphabets at 28 pixels have the fingerprint \w{{16}} here, but {true} in the"
    ):
        assert load(tmp_path).fingerprint != true
    monkeypatch.setattr(
        alphabets, "draw_all", lambda size: (images.repeat(2, 2).repeat(2, 3)[:, :, :32, :32], labels, is_train)
    )
    load(tmp_path, size=32)
    alphabets._images.cache_clear()


def test_validation_letters_are_those_of_the_records(drawn: Path) -> None:
    rows = [task.valid.rows for task in load(drawn)]
    assert [part[:3].tolist() for part in rows[:2]] == [[3, 21, 23], [480, 492, 493]]
    assert hashlib.blake2b(np.concatenate(rows).astype("<i8"), digest_size=8).hexdigest() == "5dc703514e9af2c6"


def test_letters_stay_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    few = {"TRAIN_PER_CLASS": 16, "TEST_PER_CLASS": 4, "NOISE": 0.0, "INK": (255, 255), "PAPER": (0, 0)}
    for name, value in few.items():
        monkeypatch.setattr(alphabets, name, value)
    images = alphabets.draw_all(28)[0][:, 0].astype(float)
    ink, inner = images.sum((1, 2)), images[:, 1:-1, 1:-1].sum((1, 2))
    assert ((ink - inner) / ink).max() < 0.1 and (ink != inner).mean() < 0.1, "letters are cut off"
    assert images.max((1, 2)).min() > 150 and ink.min() > 10 * 255, "letters have faded"


def test_a_letter_drawn_again_is_the_same(drawn: Path) -> None:
    images = load(drawn)[0].train.images[:, 0]
    for c, name, letter, part, start in ((0, "Latin", "A", "train", 0), (9, "Greek", "β", "test", 40)):
        rng = numpy_stream(0, "alphabets", c, part)
        for i, font in enumerate(alphabets.fonts_of(name, part)):
            sample = alphabets.draw(letter, font, rng, size=28, turn=alphabets.TURN)
            assert np.array_equal(sample, images[60 * c + start + i])


def test_what_is_drawn_with_which_font_and_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[str, str, tuple[float, float]]] = []

    def note(letter: str, font: str, rng: object, *, size: int, turn: tuple[float, float]) -> np.ndarray:
        calls.append((letter, font, turn))
        return np.zeros((size, size), np.uint8)

    monkeypatch.setattr(alphabets, "draw", note)
    images, labels, is_train = alphabets.draw_all(28)
    assert images.shape == (88 * 60, 1, 28, 28) and len(calls) == len(labels) == 88 * 60 and is_train.sum() == 88 * 40
    start = 0
    for name, letters in alphabets.ALPHABETS.items():
        mine = range(start * 60, (start + len(letters)) * 60)
        start += len(letters)
        assert {calls[i][0] for i in mine} == set(letters)
        families, turns = ({part: set() for part in (True, False)} for _ in range(2))
        for i in mine:
            families[bool(is_train[i])].add(family(calls[i][1]))
            turns[bool(is_train[i])].add(calls[i][2])
        assert families[True] == {"DejaVu Sans", "DejaVu Sans Mono"}
        only = name in ("Armenian", "Georgian")
        assert families[False] == ({"DejaVu Serif"} if only else {"DejaVu Serif", "STIXGeneral"})
        ((low, high),), ((test_low, test_high),) = turns[True], turns[False]
        if only:
            assert low < high <= test_low < test_high, "test letters are turned as training letters are"
        else:
            assert (low, high) == (test_low, test_high)


def family(font: str) -> str:
    return ft2font.FT2Font(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{font}.ttf")).family_name


def test_turn_is_in_degrees_either_way(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = {"SLANT": 0.0, "SHIFT": 0.0, "NOISE": 0.0, "STRETCH": (1.0, 1.0), "STROKE": (0, 0), "BOX": (0.8, 0.8)}
    for name, value in {**plain, "INK": (255, 255), "PAPER": (0, 0)}.items():
        monkeypatch.setattr(alphabets, name, value)

    def draw(turn: float, seed: int = 0) -> np.ndarray:
        rng = np.random.RandomState(seed)
        return alphabets.draw("F", "DejaVuSans", rng, size=28, turn=(turn, turn)).astype(float)

    upright, ways = draw(0), set()
    assert upright[:, :14].sum() > 1.5 * upright[:, 14:].sum() and upright[:14].sum() > 1.2 * upright[14:].sum()
    for seed in range(8):
        ways |= {way for way in (1, -1) if np.abs(np.rot90(upright, way) - draw(90, seed)).mean() < 2}
    assert ways == {1, -1}
    assert np.abs(upright - draw(12)).mean() > 5


@pytest.mark.parametrize("name", alphabets.ALPHABETS)
def test_no_two_letters_of_a_task_look_alike(name: str) -> None:
    letters = alphabets.ALPHABETS[name]
    for font in {*alphabets.fonts_of(name, "train"), *alphabets.fonts_of(name, "test")}:
        shapes = {letter: clean(letter, font) for letter in letters}
        # What the thickest stroke does to a letter is less than what makes it another letter.
        itself = max(farthest(shape, alphabets.thicken(shape, alphabets.STROKE[1])) for shape in shapes.values())
        pairs = {a + b: farthest(shapes[a], shapes[b]) for i, a in enumerate(letters) for b in letters[:i]}
        closest = min(pairs, key=pairs.__getitem__)
        assert pairs[closest] > 2 * itself > 0, f"{closest} in {font}"


@pytest.mark.parametrize("name", alphabets.ALPHABETS)
def test_letters_of_other_fonts_are_known_again(name: str) -> None:
    letters = alphabets.ALPHABETS[name]
    known = np.stack([[clean(letter, font) for letter in letters] for font in alphabets.fonts_of(name, "train")])
    right = []
    for font in alphabets.fonts_of(name, "test"):
        for i, letter in enumerate(letters):
            asked = clean(letter, font)
            overlap = (known & asked).sum((2, 3)) / (known | asked).sum((2, 3))
            right.append(overlap.max(0).argmax() == i)
    assert np.mean(right) > 0.8


def test_small_cyrillic_nearly_repeats_cyrillic() -> None:
    names = list(alphabets.ALPHABETS)
    assert [(names[new], names[old]) for new, old in alphabets.REPEATS.items()] == [("small Cyrillic", "Cyrillic")]
    small, capitals = alphabets.ALPHABETS["small Cyrillic"], alphabets.ALPHABETS["Cyrillic"]
    assert small.upper() == capitals
    distances = np.array([[apart(letter, capital) for capital in capitals] for letter in small])
    near = (distances.diagonal() < 0.4) & (distances.argmin(1) == np.arange(16))
    assert near.sum() >= 10, "".join(np.array(list(small))[~near])
    # The measure can tell: no Georgian letter is as near to any capital.
    assert all(apart(letter, capital) > 0.4 for letter in alphabets.ALPHABETS["Georgian"] for capital in capitals)


def test_the_other_size_is_another_cache(tmp_path: Path, stand_in: list[int]) -> None:
    assert [load(tmp_path, size=size).size for size in (28, 32, None)] == [28, 32, 28]
    assert stand_in == [28, 32] and len(list((tmp_path / "cache").iterdir())) == 2


@pytest.mark.parametrize("size", [27, 64])
def test_wrong_size(tmp_path: Path, size: int) -> None:
    with pytest.raises(ValueError, match=f"drawn at 28 or 32 pixels, not {size}"):
        load(tmp_path, size=size)
    assert list(tmp_path.iterdir()) == []


def test_missing_font_and_missing_letter() -> None:
    with pytest.raises(FileNotFoundError, match=rf"matplotlib {matplotlib.__version__} does not ship .*Gone-Bold\.ttf"):
        alphabets.outline("A", "Gone-Bold")
    with pytest.raises(ValueError, match=r"STIXGeneral\.ttf has no letter 'ა'"):
        alphabets.outline("ა", "STIXGeneral")


@pytest.mark.parametrize("font", ["DejaVuSans", "DejaVuSerif-Bold", "STIXGeneral"])
def test_letters_are_as_wide_as_another_library_draws_them(font: str) -> None:
    """Whatever matplotlib is installed: below 3.11 its outlines are eight times too narrow unless it is told not to."""
    path = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{font}.ttf"
    face = ImageFont.truetype(str(path), 1000, layout_engine=ImageFont.Layout.BASIC)
    for letter in "Ag":
        width, height = np.ptp(np.concatenate(alphabets.outline(letter, font)), axis=0)
        left, top, right, bottom = face.getmask(letter).getbbox()
        assert width / height == pytest.approx((right - left) / (bottom - top), rel=0.02)


@pytest.mark.parametrize(("release", "told"), [((3, 10, 9), {"hinting_factor": 1}), ((3, 11, 0), {})])
def test_only_an_older_matplotlib_is_told_its_factor(
    monkeypatch: pytest.MonkeyPatch, release: tuple[int, ...], told: dict[str, int]
) -> None:
    def note(path: str, **options: int) -> None:
        assert options == told
        raise InterruptedError  # seen enough

    monkeypatch.setattr(alphabets.matplotlib, "__version_info__", release)
    monkeypatch.setattr(alphabets.ft2font, "FT2Font", note)
    with pytest.raises(InterruptedError):
        alphabets.outline.__wrapped__("A", "DejaVuSans")


def test_every_font_has_every_letter() -> None:
    for name, letters in alphabets.ALPHABETS.items():
        assert len(set(letters)) == len(letters)
        for font in {*alphabets.fonts_of(name, "train"), *alphabets.fonts_of(name, "test")}:
            assert all(clean(letter, font).any() for letter in letters)


def test_fill_and_thicken() -> None:
    outer = np.array([[1.0, 1.0], [6.0, 1.0], [6.0, 6.0], [1.0, 6.0]])
    hole = np.array([[3.0, 3.0], [4.0, 3.0], [4.0, 4.0], [3.0, 4.0]])[::-1]
    inside = alphabets.fill([outer, hole], 8)
    expected = np.zeros((8, 8), bool)
    expected[1:6, 1:6], expected[3, 3] = True, False
    assert np.array_equal(inside, expected)
    assert np.array_equal(alphabets.fill([outer[::-1], hole[::-1]], 8), expected)  # either way round
    assert np.array_equal(alphabets.fill([outer, outer + 0.0], 8), alphabets.fill([outer], 8))  # parts may overlap
    thick, thin = alphabets.thicken(inside, 1), alphabets.thicken(inside, -1)
    assert thick.sum() == 25 + 4 * 5 and thick[3, 3] and not thick[0, 0]
    assert thin.sum() == 9 - 5 and thin[2, 2] and not thin[2, 3]
    assert np.array_equal(alphabets.thicken(inside, 0), inside)


def cut_short(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:5000])


def flipped(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[3000] ^= 255
    file.write_bytes(content)


def incomplete(file: Path) -> None:
    with np.load(file) as kept:
        arrays = {name: kept[name] for name in kept if name != "labels"}
    with file.open("wb") as out:
        np.savez(out, **arrays)


def other_images(file: Path) -> None:
    with np.load(file) as kept:
        arrays = {**kept, "images": kept["images"] ^ 1}
    np.savez(file, **arrays)


def an_array(file: Path) -> None:
    with file.open("wb") as out:
        np.save(out, np.arange(3))


SPOIL = {
    "cut short": cut_short,
    "flipped": flipped,
    "incomplete": incomplete,
    "other images": other_images,
    "an array": an_array,
    "text": lambda file: file.write_text("not an archive"),
    "empty": lambda file: file.write_bytes(b""),
    "gone": Path.unlink,
}


@pytest.mark.parametrize("how", SPOIL)
def test_a_spoilt_cache_is_made_again(tmp_path: Path, stand_in: list[int], how: str) -> None:
    before = load(tmp_path)
    (file,) = (tmp_path / "cache").iterdir()
    whole = file.stat().st_size
    alphabets._images.cache_clear()
    spoil: Callable[[Path], object] = SPOIL[how]
    spoil(file)
    after = load(tmp_path)
    assert stand_in == [28, 28], "the spoilt cache was used"
    assert after.fingerprint == before.fingerprint
    assert list((tmp_path / "cache").iterdir()) == [file] and file.stat().st_size == whole
    alphabets._images.cache_clear()
    assert load(tmp_path).fingerprint == before.fingerprint and len(stand_in) == 2


SETTINGS = sorted(name for name in vars(alphabets) if name.isupper() and name not in ("SIZES", "REPEATS"))


@pytest.mark.parametrize("name", SETTINGS)
def test_another_setting_is_another_cache(
    tmp_path: Path, stand_in: list[int], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    load(tmp_path)
    alphabets._images.cache_clear()
    value = getattr(alphabets, name)
    other = {dict: lambda: {"Latin": "ABD"}, tuple: lambda: (*value, value[-1])}.get(type(value), lambda: value + 1)
    monkeypatch.setattr(alphabets, name, other())
    load(tmp_path)
    assert stand_in == [28, 28]


def test_where_nothing_may_be_written_letters_are_drawn_each_time(
    tmp_path: Path, stand_in: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.delenv("TFM_LITE_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert len(load(None)) == 6
    alphabets._images.cache_clear()
    assert len(load(None)) == 6 and stand_in == [28, 28]
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_without_a_folder_the_users_cache_is_taken(
    tmp_path: Path, stand_in: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TFM_LITE_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    (tmp_path / "user" / "tfm_lite").mkdir(parents=True)
    load(None)
    assert len(list((tmp_path / "user" / "tfm_lite" / "cache").iterdir())) == 1
    monkeypatch.setenv("TFM_LITE_DATA", str(tmp_path))
    load(None)
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_a_loader_reads_a_split(drawn: Path) -> None:
    task = load(drawn)[2]
    loaded = list(DataLoader(task.valid, batch_size=10))
    images, labels = torch.cat([x for x, _ in loaded]), torch.cat([y for _, y in loaded])
    assert images.shape == (64, 1, 28, 28) and images.dtype == torch.uint8
    some, their = task.valid.batch(np.arange(64))
    assert torch.equal(images, some) and torch.equal(labels, their) and set(labels.tolist()) == set(range(16))
