"""What a folder of images holds: the one look at the disk for publishers' sets and for one's own folders.

Desktops, notebooks, network drives and archivers leave files and folders of their own in all of them. These are passed over
by their names; so are all files that are no pictures.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

# How the files of the usual kinds of images end.
IMAGES = (
    ".jpg",
    ".jpeg",
    ".jpe",
    ".jfif",
    ".png",
    ".webp",
    ".avif",
    ".gif",
    ".bmp",
    ".tif",
    ".tiff",
    ".jp2",
    ".ppm",
    ".pgm",
    ".pbm",
)
# Pictures that Pillow alone does not read: of telephones, of cameras, and of newer formats.
UNREAD = (".heic", ".heif", ".jxl", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".raf", ".orf", ".rw2")
# What others than people put into folders, in small letters. A name that begins with a dot is hidden anyway.
LEFT = {
    *("thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin", "recycler", "system volume information"),  # Windows
    *("__macosx", "icon\r", "network trash folder", "temporary items", "thevolumesettingsfolder"),  # macOS
    *("@eadir", "@tmp", "#recycle", "#snapshot", "@recycle", "@recently-snapshot", "lost+found"),  # network drives
    "__pycache__",
}
# What the folders of images for learning, validating and testing may be called; the first is the usual one.
PARTS = {"train": ("train", "training"), "valid": ("val", "valid", "validation"), "test": ("test", "testing")}
NAMED = 10  # complaints that are named one by one

T = TypeVar("T")
R = TypeVar("R")


def is_left(name: str) -> bool:
    """Whether a file or folder is a program's own, by its name."""
    return name.startswith((".", "~$")) or name.lower() in LEFT


def entries(folder: Path) -> list[os.DirEntry[str]]:
    """The files and folders in a folder that are not programs' own, by name; none if there is no such folder."""
    try:
        with os.scandir(folder) as found:
            return sorted((entry for entry in found if not is_left(entry.name)), key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise OSError(f"the folder {folder} cannot be read ({error.strerror}): make it readable") from error


def folders_in(folder: Path) -> list[str]:
    """The names of the folders in a folder, sorted, but for programs' own."""
    return [entry.name for entry in entries(folder) if entry.is_dir()]


def pictures_in(folder: Path) -> list[str]:
    """The names of the images in a folder, sorted. One that cannot be read for its kind is refused, unless the same is
    there in another kind: it would be missed without a word."""
    names = [entry.name for entry in entries(folder) if not entry.is_dir()]
    found = [name for name in names if name.lower().endswith(IMAGES)]
    if unread := [name for name in names if name.lower().endswith(UNREAD)]:
        stems = {stem(name) for name in found}
        if alone := [name for name in unread if stem(name) not in stems]:
            raise ValueError(
                f"the image {folder / alone[0]}{_and_more(len(alone))} is of a kind that is not read: save it as JPEG or PNG "
                "beside, or take it away"
            )
    return found


def images_in(folder: Path, within: Sequence[str] = ("", "images")) -> list[str]:
    """The paths of a class's images in its folder, sorted: of those in the first of these places that has any."""
    if not folder.is_dir():
        raise FileNotFoundError(
            f"the class folder {folder} is missing ({holds(folder.parent)}): put it there, or take the class off the "
            "publisher's list and ask for +partial"
        )
    if not (found := any_images_in(folder, within)):
        raise FileNotFoundError(
            f"the class folder {folder} has no image ({holds(folder)}): put them there, or take the folder away"
        )
    return found


def any_images_in(folder: Path, within: Sequence[str] = ("", "images")) -> list[str]:
    """As :func:`images_in`; there may be none."""
    for place in within:
        inside = spelled(folder, place) if place else folder
        if found := pictures_in(inside):
            return [f"{inside.name}/{name}" if place else name for name in found]
    return []


def spelled(folder: Path, *names: str) -> Path:
    """The file or folder in ``folder`` that has one of these names, however its case is written; the path of the first of
    them if there is none."""
    if not (found := [name for name in names if (folder / name).exists()]):
        wanted = {name.lower() for name in names}
        found = [entry.name for entry in entries(folder) if entry.name.lower() in wanted]
    if len(found) > 1:
        raise ValueError(f"{folder} holds {found[0]} and {found[1]}, of which one is meant: take the other away")
    return folder / (found[0] if found else names[0])


def at(folder: Path, path: str) -> Path:
    """Where a path is in a folder, each part of it as :func:`spelled` finds it. If all that a folder holds is one folder, an
    archiver made it: what is looked for may be in there."""
    for part in path.split("/"):
        place, there = spelled(folder, part), entries(folder)
        if not place.exists() and len(there) == 1 and (deeper := spelled(Path(there[0].path), part)).exists():
            place = deeper
        folder = place
    return folder


def lines(path: Path, *, of: str) -> list[str]:
    """The lines of one of a publisher's lists that are not empty, without space around them, as editors may have saved it:
    in UTF-8 or, if it says so, in UTF-16; with any ends of lines."""
    try:
        content = path.read_bytes()
        text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except FileNotFoundError:
        raise FileNotFoundError(
            f"the list {path} is missing ({holds(path.parent)}): put it there from the archive of {of}"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(
            f"the list {path} cannot be read ({error}): replace it with that of the archive of {of}"
        ) from error
    return [line for line in map(str.strip, text.replace("\x1a", "").splitlines()) if line]


def every(read: Callable[[T], R], of: Iterable[T]) -> list[R]:
    """What ``read`` gives for each; what it refuses is all named in one error."""
    given: list[R] = []
    complaints: list[ValueError | OSError] = []
    for one in of:
        try:
            given.append(read(one))
        except (ValueError, OSError) as error:
            complaints.append(error)
    if len(complaints) == 1:
        raise complaints[0]
    if complaints:
        missing = isinstance(complaints[0], FileNotFoundError)
        raise (FileNotFoundError if missing else ValueError)(listed([str(error) for error in complaints]))
    return given


def listed(complaints: Sequence[str]) -> str:
    """Complaints, each on a line of its own; of many the first ones and a count."""
    complaints = list(dict.fromkeys(complaints))
    more = len(complaints) - NAMED
    return "\n".join([*complaints[:NAMED], *([f"and {more:,} more"] if more > 0 else [])])


def holds(folder: Path) -> str:
    """In words, what a folder holds."""
    if not folder.is_dir():
        above = next((place for place in folder.parents if place.is_dir()), None)
        return f"there is no folder {folder}" + (f"; {holds(above)}" if above else "")
    found = entries(folder)
    inside = [entry.name + "/" for entry in found if entry.is_dir()]
    files = [entry.name for entry in found if not entry.is_dir()]
    said = [
        f"{counted(len(names), kind)} ({few(names)})" for kind, names in (("folder", inside), ("file", files)) if names
    ]
    return f"{folder.name}/ holds {' and '.join(said) or 'nothing of a data set'}"


def counted(count: int, thing: str) -> str:
    """So many of a thing, in words."""
    return f"{count:,} {thing}{'s' * (count != 1)}"


def few(names: Sequence[str]) -> str:
    """The first names of many."""
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")


def walk(folder: Path) -> Iterator[tuple[str, bool]]:
    """The path in ``folder`` of every file in it, and whether it is a program's own; of folders that are, the folders."""
    seen = set()
    for place, inside, files in os.walk(folder, followlinks=True):
        if (here := os.path.realpath(place)) in seen:  # links may lead in a circle
            inside.clear()
            continue
        seen.add(here)
        top = Path(place).relative_to(folder).as_posix()
        start = "" if top == "." else f"{top}/"
        yield from ((f"{start}{name}/", True) for name in sorted(inside) if is_left(name))
        inside[:] = sorted(name for name in inside if not is_left(name))
        yield from ((start + name, is_left(name)) for name in sorted(files))


def stem(name: str) -> str:
    """A file's name without its ending, in small letters."""
    return name.lower().rpartition(".")[0] or name.lower()


def _and_more(count: int) -> str:
    return f" (and {count - 1:,} more)" if count > 1 else ""
