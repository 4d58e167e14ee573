"""The command line's ``data fetch | verify | show``."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from PIL import Image
from tqdm import tqdm

from tfm_lite import datasets
from tfm_lite.datasets import folders
from tfm_lite.datasets.about import About, Listing
from tfm_lite.datasets.download import fetch
from tfm_lite.datasets.names import OWN, Request, parse
from tfm_lite.datasets.stores import processors
from tfm_lite.files import written
from tfm_lite.options import place, whole
from tfm_lite.places import data_folder

NAMED = 10  # problems of a kind that are named one by one


def add_to(commands: Any) -> None:
    """Add ``data`` and what it can do to the command line."""
    data = commands.add_parser("data", help="get a data set, check it, look at it")
    verbs = data.add_subparsers(required=True, metavar="fetch | verify | show")
    for verb, action, about in (
        ("fetch", _fetch, "download a data set, check and unpack it; goes on where it broke off"),
        ("verify", _verify, "say what a data set's folder holds and read every image of it"),
        ("show", _show, "save a contact sheet: some images of every task"),
    ):
        parser = verbs.add_parser(verb, help=about, description=about)
        parser.set_defaults(action=action)
        parser.add_argument("name", metavar="NAME", help="of the data set")
        parser.add_argument(
            "--data", type=place, metavar="DIR", help="folder of the publishers' folders (TFM_LITE_DATA)"
        )
        if verb == "fetch":
            parser.add_argument(
                "--archive", type=place, action="append", default=[], metavar="FILE", help="brought by you"
            )
        if verb == "show":
            parser.add_argument("--seed", type=whole, default=0, metavar="N", help="of the split (0)")
            parser.add_argument("--size", type=whole, metavar="PIXELS", help="of the images (the data set's own)")
            parser.add_argument("--out", type=place, metavar="FILE", help="the picture (NAME.png)")


def _module(name: str) -> tuple[Request, ModuleType]:
    request = parse(name)
    if request.name.startswith(OWN):
        raise ValueError(f"{name} is your own: it is neither fetched nor held against a publisher's counts")
    module = datasets.find(request.name)
    if not hasattr(module, "ABOUT"):
        raise ValueError(f"{name} needs no files: it is drawn on your machine")
    return request, module


def _fetch(options: argparse.Namespace) -> None:
    request, module = _module(options.name)
    about: About = module.ABOUT
    folder = data_folder(options.data, new=True)
    print(f"{about.title}: {about.train:,} training and {about.test:,} test images, {about.classes:,} classes")
    print(f"terms    {about.terms}\npage     {about.page}")
    if about.archives:
        print(f"size     {sum(archive.megabytes for archive in about.archives):,} MB to download")
    for archive in about.archives:
        if archive.md5 is None:
            print(f"note     the publisher gives no checksum of {archive.name}; its content is checked instead")
    print(f"complete {fetch(request.name, about, module.read, folder=folder, archives=options.archive)}")


def _verify(options: argparse.Namespace) -> None:
    request, module = _module(options.name)
    about: About = module.ABOUT
    folder = data_folder(options.data) / about.folder
    asked = Request(request.name, partial=True)
    found = folders.listing(request.name, about, module.read, options.data, asked)[1]
    train, test, classes = found.counts
    print(f"{about.title} in {folder}")
    print(f"classes  {classes:,} of {about.classes:,}")
    for part, count, wanted in (("training", train, about.train), ("test", test, about.test)):
        each = np.bincount(found.labels[found.is_train == (part == "training")], minlength=classes)
        print(f"{part:8} {count:,} of {wanted:,} images, {each.min()} to {each.max()} per class")
        if each.min() < (2 if part == "training" else 1):
            raise ValueError(f"the class {found.classes[int(each.argmin())]} has {each.min()} {part} images: too few")
    problems = _read_all(folder, found)
    if problems:
        more = f"\nand {len(problems) - NAMED:,} more" if len(problems) > NAMED else ""
        raise ValueError("\n".join(problems[:NAMED]) + more)
    if found.counts == (about.train, about.test, about.classes):
        print("complete: every image can be read")
    elif classes == about.classes:
        folders.check_counts(request.name, about, folder, found)
    else:
        print(f"partial: every image can be read; its name is {asked}")


def _read_all(folder: Path, found: Listing) -> list[str]:
    """Decode every image in full; say what kinds there are, return what is wrong."""
    with ThreadPoolExecutor(processors()) as pool:
        states = list(
            tqdm(pool.map(_state, (folder / f for f in found.files)), "reading", len(found.files), unit="image")
        )
    modes = Counter(mode for mode, _, _ in states if mode)
    sizes = [size for mode, size, _ in states if mode]
    if sizes:
        kinds = ", ".join(f"{count:,} {'grey' if mode == 'L' else mode}" for mode, count in modes.most_common())
        print(f"images   {kinds}; smallest side {min(map(min, sizes))}, largest {max(map(max, sizes))} pixels")
    return [problem for _, _, problem in states if problem]


def _state(file: Path) -> tuple[str, tuple[int, int], str]:
    """The mode and size of an image, or what is wrong with it."""
    try:
        with Image.open(file) as image:
            image.load()
            return image.mode, image.size, ""
    except Exception as error:  # Pillow's decoders raise nearly anything
        return "", (0, 0), f"the image {file} cannot be read ({error})"


def _show(options: argparse.Namespace) -> None:
    from tfm_lite.datasets.sheet import contact_sheet  # matplotlib comes with it, which no other command needs

    form = _form(options.out) if options.out else "PNG"
    tasks = datasets.load(options.name, seed=options.seed, size=options.size, data=options.data)
    out = options.out or Path(f"{tasks.name}.png")
    with written(out) as temporary:
        contact_sheet(tasks).save(temporary, format=form)
    print(f"{len(tasks)} tasks of {sum(len(task.classes) for task in tasks)} classes: {out}")
    print("Do not publish images of research data sets.", file=sys.stderr)


def _form(picture: Path) -> str:
    """Pillow's name for the form of a picture that is to be written, by its ending; one without is a PNG."""
    if picture.is_dir():
        raise ValueError(f"--out {picture} is a folder: name a file in it, as {picture / 'sheet.png'}")
    ending = picture.suffix.lower()
    form = Image.registered_extensions().get(ending, "PNG" if ending in ("", ".") else "")
    if form not in Image.SAVE:
        raise ValueError(f"--out {picture}: no picture is written as {ending}; use .png, .jpg, .webp or .pdf")
    return form
