"""What ``data verify`` does: say all that a folder of images holds, what of it is passed over, and all that is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from types import ModuleType

import numpy as np
from tqdm import tqdm

from tfm_lite.datasets import own, presence
from tfm_lite.datasets.about import About
from tfm_lite.datasets.entries import IMAGES, counted, few, listed, walk
from tfm_lite.datasets.names import Request
from tfm_lite.datasets.pictures import look
from tfm_lite.datasets.stores import processors


def verify(request: Request, module: ModuleType, data: Path | None) -> None:
    """Print what a publisher's set holds on this disk; ``ValueError`` names all that is wrong with it."""
    about: About = module.ABOUT
    seen = presence.look(presence.locate(request.name, about, data), module.read)
    found, there = seen.found, seen.there
    print(f"{about.title} in {seen.folder}")
    classes = np.unique(found.labels[there])
    print(f"classes  {len(classes):,} of {about.classes:,}")
    problems = [seen.missing(of=np.isin(found.labels, classes))]
    for part, chosen, wanted in (("training", found.is_train, about.train), ("test", ~found.is_train, about.test)):
        each = np.bincount(found.labels[chosen & there], minlength=len(found.classes))[classes]
        print(f"{part:8} {each.sum():,} of {wanted:,} images{_per_class(each)}")
        few_of = [c for c, count in zip(classes, each, strict=True) if count < (2 if part == "training" else 1)]
        problems.append(
            [f"the class {found.classes[c]} has {each[classes == c][0]} {part} images: too few" for c in few_of]
        )
    for said, path in list(seen.moved.items())[:1]:
        print(f"moved    {counted(len(seen.moved), 'image')} not where the lists say, but found: {path} for {said}")
    files = [file for file, is_there in zip(found.files, there, strict=True) if is_there]
    problems += [_read_all(seen.folder, files), ["fewer than two classes are there"] * (len(classes) < 2)]
    _passed_over(seen.folder, files)
    if len(classes) == about.classes and not problems[0]:
        problems.append(list(filter(None, [presence.miscounted(request.name, about, seen)])))
    _raise(problems)
    if len(classes) == about.classes:
        print("complete: every image can be read")
    else:
        print(f"partial: every image can be read; its name is {Request(request.name, partial=True)}")


def verify_own(request: Request) -> None:
    """Print what a folder of one's own images holds; ``ValueError`` names all that is wrong with it."""
    folder, found = own.find(request)
    print(f"Your own images in {folder}\nclasses  {len(found.classes):,}")
    for part in dict.fromkeys(found.parts.tolist()):
        each = np.bincount(found.labels[found.parts == part], minlength=len(found.classes))
        print(f"{part:8} {each.sum():,} images{_per_class(each)}")
    files = [file.relative_to(folder).as_posix() for file in found.files]
    problems = _read_all(folder, files)
    _passed_over(folder, files)
    _raise([problems, ["fewer than two classes are there"] * (len(found.classes) < 2)])
    print(f"complete: every image can be read; they make up to {counted(len(found.classes) // 2, 'task')}")


def _raise(problems: Sequence[Sequence[str]]) -> None:
    if any(problems):
        raise ValueError("\n".join(listed(kind) for kind in problems if kind))


def _per_class(each: np.ndarray) -> str:
    return f", {each.min()} to {each.max()} per class" if len(each) else ""


def _read_all(folder: Path, files: Sequence[str]) -> list[str]:
    """Decode every image in full; say what kinds there are, return what is wrong."""
    with ThreadPoolExecutor(processors()) as pool:
        states = list(tqdm(pool.map(_state, (folder / f for f in files)), "reading", len(files), unit="image"))
    modes = Counter(mode for mode, _, _ in states if mode)
    sizes = [size for mode, size, _ in states if mode]
    if sizes:
        kinds = ", ".join(f"{count:,} {'grey' if mode == 'L' else mode}" for mode, count in modes.most_common())
        print(f"images   {kinds}; smallest side {min(map(min, sizes))}, largest {max(map(max, sizes))} pixels")
    return [problem for _, _, problem in states if problem]


def _state(file: Path) -> tuple[str, tuple[int, int], str]:
    """The mode and size of an image, or what is wrong with it."""
    try:
        return *look(file), ""
    except ValueError as error:
        return "", (0, 0), str(error)


def _passed_over(folder: Path, files: Sequence[str]) -> None:
    """Say what lies in a folder and is not read: what programs left, other images, other files beside the images."""
    used, places = set(files), {str(PurePosixPath(file).parent) for file in files}
    left, images, others = [], [], []
    for path, is_left in walk(folder):
        if is_left:
            left.append(path)
        elif path.lower().endswith(IMAGES) and path not in used:
            images.append(path)
        elif path not in used and str(PurePosixPath(path).parent) in places:
            others.append(path)
    for word, what, paths in (
        ("left", "of other programs", left),
        ("unused", "image that is none of these", images),
        ("others", "file beside the images that is none", others),
    ):
        if paths:
            print(f"{word:8} {len(paths):,} {what}, not read: {few(paths)}")
