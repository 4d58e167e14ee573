"""The names of data sets: ``tiny_imagenet+semantic+20x100`` is a set, and words that say what of it and how it is cut.

``folder:PATH`` stands for the images in a folder of one's own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

SPLITS = ("semantic", "larger")
LETTERS = "alphabets"  # the set whose images are drawn, so that there are as many as are asked for
FORM = (
    f"NAME[+semantic|+larger][+Ntasks][+CLASSESxIMAGES|+partial][+augmented], or {LETTERS}+Latin40+Greek5[+augmented]"
)
OWN = "folder:"  # what the name of one's own images begins with
WORD = re.compile(rf"{'|'.join(SPLITS)}|[1-9]\d*tasks|[1-9]\d*x[1-9]\d*|partial|augmented")


@dataclass(frozen=True)
class Request:
    """What a name asks for.

    ``split`` is "random", "semantic" or "larger" (a larger first task); ``tasks`` their number (None: the paper's);
    ``classes`` and ``images`` the first so many classes and so many training images of each (None: all of them);
    ``partial`` takes whatever classes there are; ``augmented`` crops and flips training images at random. ``letters`` are the
    alphabets to draw, a task each, with the number of training images of each letter.
    """

    name: str
    split: str = "random"
    tasks: int | None = None
    classes: int | None = None
    images: int | None = None
    partial: bool = False
    augmented: bool = False
    letters: tuple[tuple[str, int], ...] = ()

    @property
    def plain(self) -> bool:
        """Whether the name is that of the set alone."""
        return self == Request(self.name)

    @property
    def whole(self) -> bool:
        """Whether nothing less than the complete set will do."""
        return not self.partial and self.classes is None

    def __str__(self) -> str:
        words = [
            self.name,
            self.split * (self.split != "random"),
            f"{self.tasks}tasks" * (self.tasks is not None),
            f"{self.classes}x{self.images}" * (self.classes is not None),
            "partial" * self.partial,
            *(f"{alphabet}{count}" for alphabet, count in self.letters),
            "augmented" * self.augmented,
        ]
        return "+".join(filter(None, words))


def parse(text: str) -> Request:
    """The request that a name is. Its words have one order, so that one thing has one name.

    A path may have a + in it: its words are those that the name ends in. After a path that ends in such a word itself, write
    a slash.
    """
    name, *words = text.split("+")
    while text.startswith(OWN) and words and not all(map(WORD.fullmatch, words)):
        name = f"{name}+{words.pop(0)}"
    found: dict[str, object] = {}
    letters: list[tuple[str, int]] = []
    for word in words:
        if word in SPLITS:
            found["split"] = word
        elif match := re.fullmatch(r"([1-9]\d*)tasks", word):
            found["tasks"] = int(match[1])
        elif match := re.fullmatch(r"([1-9]\d*)x([1-9]\d*)", word):
            found.update(classes=int(match[1]), images=int(match[2]))
        elif word in ("partial", "augmented"):
            found[word] = True
        elif match := re.fullmatch(r"([A-Za-z_]+)([1-9]\d*)", word):
            letters.append((match[1], int(match[2])))
        else:
            raise ValueError(f"{text!r} has the word {word!r}; the names of data sets have the form {FORM}")
    request = Request(name, **found, letters=tuple(letters))  # type: ignore[arg-type]
    if letters and replace(request, letters=(), augmented=False) != Request(LETTERS):
        raise ValueError(
            f"{text!r} asks for letters; write {LETTERS}, and after it nothing but what is to be drawn: {FORM}"
        )
    if request.partial and request.classes is not None:
        raise ValueError(f"{text!r} asks twice for a part; leave out +partial")
    if str(request) != text:
        raise ValueError(f"write {str(request)!r} instead of {text!r}: the names of data sets have the form {FORM}")
    return request
