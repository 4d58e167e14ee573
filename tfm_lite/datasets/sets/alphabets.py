"""Letters of six alphabets: the data set that needs no download.

The letters come from fonts that ship with matplotlib. They are filled from their outlines here, each sample with a font,
place, size, slant, turn, stroke, contrast and noise of its own; an alphabet is a task. Test letters come from families of
fonts that training never sees. The last task nearly repeats an earlier one: scaled to the same box, most small Cyrillic
letters are the capitals again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib import ft2font
from matplotlib.path import Path as Outline

from tfm_lite.datasets.stores import digest
from tfm_lite.datasets.tasks import Split, TaskSequence, by_class, fingerprint_of
from tfm_lite.files import written
from tfm_lite.places import cache_folder
from tfm_lite.seeds import numpy_stream

# The first task is small, as the paper's is in a growing network: eight letters leave much to be learned.
ALPHABETS = {
    "Latin": "ABCDEFGH",
    "Greek": "αβγδεζηθικλμνξοπ",
    "Armenian": "աբգդեզէըթժիլխծկհ",
    "Cyrillic": "АБВГДЖЗИКЛНПЦЧШЯ",
    "Georgian": "აბგდევზთიკლმნოპჟ",
    "small Cyrillic": "абвгджзиклнпцчшя",
}
REPEATS = {5: 3}  # task index 5 nearly repeats task index 3
TRAIN_FONTS = (
    *("DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSans-BoldOblique"),
    *("DejaVuSansMono", "DejaVuSansMono-Bold", "DejaVuSansMono-Oblique", "DejaVuSansMono-BoldOblique"),
)
# Upright only: the italic forms of small Cyrillic letters are other letters to whoever never saw them.
TEST_FONTS = ("DejaVuSerif", "DejaVuSerif-Bold", "STIXGeneral", "STIXGeneralBol")
ONLY_DEJAVU = ("Armenian", "Georgian")  # one design only: their test letters are also distorted as training never is

SIZES = (28, 32)
TRAIN_PER_CLASS, TEST_PER_CLASS = 40, 20
TURN, UNSEEN_TURN = (0.0, 12.0), (12.0, 18.0)  # degrees, either way
SLANT, SHIFT = 0.2, 0.09  # sideways per height; share of the image
BOX, STRETCH = (0.55, 0.8), (0.85, 1.15)  # the letter's longer side as a share of the image; width over height
STROKE = (-1, 2)  # pixels at fourfold resolution by which the stroke is made thinner or thicker
INK, PAPER, NOISE = (140, 255), (0, 70), 24.0
FINE = 4  # letters are filled at this multiple of the size, then averaged
VERSION = 1

Drawn = tuple[np.ndarray, np.ndarray, np.ndarray]


def load(*, seed: int, size: int | None, data: Path | None) -> TaskSequence:
    """Six tasks of 8 or 16 letters, grey, 28 or 32 pixels. The images are the same for every seed."""
    size = size or SIZES[0]
    if size not in SIZES:
        raise ValueError(f"alphabets are drawn at {' or '.join(map(str, SIZES))} pixels, not {size}")
    images, labels, is_train, fingerprint = _images(size, cache_folder(data))
    rows = np.arange(len(labels))
    train, test = (Split(images, rows[part], labels[part]) for part in (is_train, ~is_train))
    cuts = np.cumsum([len(letters) for letters in ALPHABETS.values()])
    groups = [part.tolist() for part in np.split(np.arange(cuts[-1]), cuts[:-1])]
    names, tasks = list("".join(ALPHABETS.values())), list(ALPHABETS)
    return by_class(
        "alphabets", train, test, groups=groups, names=names, task_names=tasks, seed=seed, fingerprint=fingerprint
    )


@cache
def _images(size: int, folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, str]:
    """All images (N, 1, size, size), their classes, whether they are for training, and their fingerprint; cached."""
    path = folder / f"alphabets-{digest(*settings(size))}.npz"
    return kept(path, lambda: draw_all(size))


def settings(size: int) -> tuple[object, ...]:
    """All that an image depends on, but for its letter and its part."""
    of = (VERSION, size, ALPHABETS, TRAIN_FONTS, TEST_FONTS, ONLY_DEJAVU, TRAIN_PER_CLASS, TEST_PER_CLASS, TURN)
    return of, (UNSEEN_TURN, SLANT, SHIFT, BOX, STRETCH, STROKE, INK, PAPER, NOISE, FINE)


def kept(path: Path, drawn: Callable[[], Drawn]) -> tuple[np.ndarray, np.ndarray, np.ndarray, str]:
    """What is drawn, and its fingerprint: read from ``path`` if it is there and whole, else drawn and kept there."""
    found = _read(path)
    if found is None:
        images, labels, is_train = drawn()
        found = images, labels, is_train, fingerprint_of(Split(images, np.arange(len(labels)), labels))
        # Where nothing may be written, the letters are drawn each time.
        with contextlib.suppress(OSError), written(path) as temporary, temporary.open("wb") as file:
            np.savez(file, images=images, labels=labels, is_train=is_train, fingerprint=found[-1])
    return found


def _read(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, str] | None:
    """What is kept at ``path``; None if there is nothing, or it is not whole."""
    try:
        with path.open("rb") as file, np.load(file) as kept:
            images, labels, is_train = kept["images"], kept["labels"], kept["is_train"]
            fingerprint = str(kept["fingerprint"])
            whole = fingerprint == fingerprint_of(Split(images, np.arange(len(labels)), labels))
    except Exception:  # a damaged file may raise nearly anything
        return None
    return (images, labels, is_train, fingerprint) if whole else None


def draw_all(size: int) -> Drawn:
    """Draw every sample of every letter."""
    letters = [(name, letter) for name, letters in ALPHABETS.items() for letter in letters]
    counts = {"train": TRAIN_PER_CLASS, "test": TEST_PER_CLASS}
    return draw_each(letters, counts, size, stream=lambda c, part: numpy_stream(0, "alphabets", c, part))


def draw_each(
    letters: Sequence[tuple[str, str]],
    counts: Mapping[str, int],
    size: int,
    *,
    stream: Callable[[int, str], np.random.RandomState],
) -> Drawn:
    """Draw so many samples of each letter, which is told with its alphabet, for each part. ``stream(c, part)`` draws those of
    letter c.

    Images uint8 (N, 1, size, size), labels int64 (N,), which count the letters, and whether an image is for training (N,).
    """
    images, labels, is_train = [], [], []
    for c, (name, letter) in enumerate(letters):
        for part, count in counts.items():
            rng = stream(c, part)
            fonts = fonts_of(name, part)
            turn = UNSEEN_TURN if part == "test" and name in ONLY_DEJAVU else TURN
            for i in range(count):
                images.append(draw(letter, fonts[i % len(fonts)], rng, size=size, turn=turn))
            labels += [c] * count
            is_train += [part == "train"] * count
    return np.stack(images)[:, None], np.array(labels, dtype=np.int64), np.array(is_train)


def fonts_of(alphabet: str, part: str) -> tuple[str, ...]:
    """The fonts of an alphabet's "train" or "test" letters."""
    fonts = TRAIN_FONTS if part == "train" else TEST_FONTS
    return tuple(f for f in fonts if f.startswith("DejaVu")) if alphabet in ONLY_DEJAVU else fonts


def draw(letter: str, font: str, rng: np.random.RandomState, *, size: int, turn: tuple[float, float]) -> np.ndarray:
    """One sample of a letter, uint8 (size, size), light on dark."""
    angle = np.deg2rad(rng.uniform(*turn) * rng.choice([-1, 1]))
    slant, stretch = rng.uniform(-SLANT, SLANT), np.sqrt(rng.uniform(*STRETCH))
    turned = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    shape = turned @ np.array([[1.0, slant], [0.0, 1.0]]) @ np.diag([stretch, 1 / stretch])
    contours = [points @ shape.T for points in outline(letter, font)]
    every = np.concatenate(contours)
    low, high = every.min(0), every.max(0)
    fine = size * FINE
    scale = rng.uniform(*BOX) * fine / (high - low).max()
    place = fine / 2 + rng.uniform(-SHIFT, SHIFT, 2) * fine
    # Rounded, so that the last bit of a cosine, which differs between machines, does not decide about a pixel.
    inside = fill([np.round((points - (low + high) / 2) * scale + place, 3) for points in contours], fine)
    inside = thicken(inside, int(rng.randint(STROKE[0], STROKE[1] + 1)))
    grey = inside.reshape(size, FINE, size, FINE).mean((1, 3))[::-1]
    ink, paper = rng.uniform(*INK), rng.uniform(*PAPER)
    noisy = paper + (ink - paper) * grey + NOISE * rng.standard_normal((size, size))
    return np.clip(np.round(noisy), 0, 255).astype(np.uint8)


@cache
def outline(letter: str, font: str) -> tuple[np.ndarray, ...]:
    """The closed contours of a letter as polygons, each (points, 2), in the font's own units."""
    path = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{font}.ttf"
    if not path.is_file():
        raise FileNotFoundError(
            f"matplotlib {matplotlib.__version__} does not ship the font {path.name}; install another version"
        )
    # Below 3.11 matplotlib makes outlines narrower by a factor, eight unless it is told, and asks callers to undo it.
    factor: Any = {"hinting_factor": 1} if matplotlib.__version_info__ < (3, 11) else {}
    face = ft2font.FT2Font(str(path), **factor)
    if ord(letter) not in face.get_charmap():
        raise ValueError(f"the font {path.name} has no letter {letter!r}")
    face.load_char(ord(letter), flags=ft2font.LoadFlags.NO_SCALE)
    contours: list[list[np.ndarray]] = []
    for points, code in Outline(*face.get_path()).iter_segments(simplify=False):
        ends = points.reshape(-1, 2)
        if code == Outline.MOVETO:
            contours.append([ends])
        elif code != Outline.CLOSEPOLY:
            contours[-1].append(_bezier(np.vstack([contours[-1][-1][-1:], ends])))
    return tuple(np.concatenate(contour) for contour in contours)


def _bezier(points: np.ndarray, steps: int = 6) -> np.ndarray:
    """Points on the Bezier curve of degree len(points) - 1, without its first (de Casteljau)."""
    u = np.linspace(0, 1, steps + 1)[1:, None, None] if len(points) > 2 else np.ones((1, 1, 1))
    curve = np.broadcast_to(points, (len(u), *points.shape))
    while curve.shape[1] > 1:
        curve = (1 - u) * curve[:, :-1] + u * curve[:, 1:]
    return curve[:, 0]


def fill(contours: list[np.ndarray], size: int) -> np.ndarray:
    """Which pixels of a size x size image are inside: their centres' winding number is not zero."""
    start = np.concatenate(contours)
    end = np.concatenate([np.roll(points, -1, 0) for points in contours])
    # Rows whose centre line each edge crosses: from the lower end, included, to the upper, excluded.
    first, last = (
        np.clip(np.ceil(f(start[:, 1], end[:, 1]) - 0.5).astype(int), 0, size) for f in (np.minimum, np.maximum)
    )
    edge = np.repeat(np.arange(len(start)), last - first)
    row = np.arange(len(edge)) - np.repeat(np.cumsum(last - first) - last, last - first)
    (x0, y0), (x1, y1) = start[edge].T, end[edge].T
    x = x0 + (row + 0.5 - y0) * (x1 - x0) / (y1 - y0)
    column = np.clip(np.ceil(x - 0.5).astype(int), 0, size)
    crossings = np.bincount(row * (size + 1) + column, np.sign(y1 - y0), size * (size + 1))
    return crossings.reshape(size, size + 1).cumsum(1)[:, :-1] != 0


def thicken(inside: np.ndarray, by: int) -> np.ndarray:
    """The shape with its border moved out by this many pixels (in, if negative)."""
    for _ in range(abs(by)):
        shape = inside if by > 0 else ~inside
        grown = shape.copy()
        grown[1:] |= shape[:-1]
        grown[:-1] |= shape[1:]
        grown[:, 1:] |= shape[:, :-1]
        grown[:, :-1] |= shape[:, 1:]
        inside = grown if by > 0 else ~grown
    return inside
