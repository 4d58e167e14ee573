"""The command line's ``data fetch | verify | show``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from PIL import Image

from tfm_lite import datasets
from tfm_lite.datasets.names import OWN, parse
from tfm_lite.datasets.verify import verify, verify_own
from tfm_lite.files import written
from tfm_lite.options import place, whole


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


def _fetch(options: argparse.Namespace) -> None:
    datasets.fetch(options.name, data=options.data, archives=options.archive)


def _verify(options: argparse.Namespace) -> None:
    request = parse(options.name)
    if request.name.startswith(OWN):
        verify_own(request)
    else:
        verify(request, datasets.module_of(request), options.data)


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
