"""What an option may be. It is said once, in the annotation where the option stands, and checked before anything is loaded.

``lam: NotNegative = 250.0`` in a method's constructor is its type, its range and its default; the error, the command line's
``list --method`` and the reader all have it from there.
"""

from __future__ import annotations

import argparse
import inspect
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from operator import ge, gt, le, lt
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints


@dataclass(frozen=True)
class Range:
    """Which numbers are allowed; a limit that is None does not count."""

    least: float | None = None
    above: float | None = None
    most: float | None = None
    below: float | None = None

    def __contains__(self, value: float) -> bool:
        limits = (self.least, ge), (self.above, gt), (self.most, le), (self.below, lt)
        return all(limit is None or compare(value, limit) for limit, compare in limits)

    def __str__(self) -> str:
        limits = {"of at least": self.least, "above": self.above, "at most": self.most, "below": self.below}
        return " and ".join(f"{word} {limit:g}" for word, limit in limits.items() if limit is not None)


Count = Annotated[int, Range(least=1)]
Pixels = Annotated[int, Range(least=1, most=10_000)]  # of an image's height and width
NotNegative = Annotated[float, Range(least=0)]
Positive = Annotated[float, Range(above=0)]
Fraction = Annotated[float, Range(above=0, most=1)]
Share = Annotated[float, Range(least=0, most=1)]


def fits(value: Any, kind: Any) -> bool:
    """Whether a value is of an annotation. A whole number is a number, a truth value is none; a number is finite."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return fits(value, parts[0]) and value in parts[1]
    if origin in (Union, UnionType):
        return any(fits(value, part) for part in parts)
    if origin is Literal:
        return value in parts
    if origin is Sequence:
        return isinstance(value, list | tuple) and len(value) > 0 and all(fits(one, parts[0]) for one in value)
    if kind in (int, float):
        return isinstance(value, int | kind) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
    return kind is Any or isinstance(value, origin or kind)


def words(kind: Any) -> str:
    """An annotation in words: what is allowed."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Annotated:
        limits: Range = parts[1]
        finite = " and finite" if parts[0] is float and limits.most is limits.below is None else ""
        return f"{words(parts[0])} {limits}{finite}"
    if origin in (Union, UnionType):
        return " or ".join(map(words, parts))
    if origin is Literal:
        return " or ".join(map(repr, parts))
    if origin is Sequence:
        return f"a list, not empty, each {words(parts[0])}"
    plain = {float: "a number", int: "a whole number", bool: "True or False", str: "a word", NoneType: "None"}
    return plain.get(kind) or f"a {(origin or kind).__name__}"


def check(what: str, value: Any, kind: Any) -> None:
    """Refuse a value that is not of its annotation."""
    if not fits(value, kind):
        raise ValueError(f"{what} is {words(kind)}, not {value!r}")


def check_fields(values: Any, whose: str) -> None:
    """Check the fields of a dataclass."""
    hints = _hints(values.__class__)
    for field in fields(values):
        check(f"{whose} {field.name}", getattr(values, field.name), hints[field.name])


def check_options(method: type[Any], options: Mapping[str, Any]) -> None:
    """Refuse an option that the method does not have, or not with this value."""
    known = options_of(method)
    for name, value in options.items():
        if name not in known:
            choices = f"its options are {', '.join(known)}" if known else "it has none"
            raise ValueError(f"{method.name} has no option {name!r}; {choices}")
        check(f"{method.name}'s option {name}", value, known[name].annotation)


def options_of(method: type[Any]) -> dict[str, inspect.Parameter]:
    """The constructor's keyword arguments by name, through ``**options`` to the base class's; a subclass's word counts."""
    found: dict[str, inspect.Parameter] = {}
    for cls in method.__mro__:
        if init := vars(cls).get("__init__"):
            hints, parameters = _hints(init), inspect.signature(init).parameters.values()
            own = [p.replace(annotation=hints.get(p.name, Any)) for p in parameters if p.kind is p.KEYWORD_ONLY]
            found = {p.name: p for p in own} | found
            if all(p.kind is not p.VAR_KEYWORD for p in parameters):
                break
    return found


@cache
def _hints(of: Any) -> dict[str, Any]:
    return get_type_hints(of, include_extras=True)


def whole(text: str) -> int:
    """The whole number that an argument of the command line is."""
    return int(_read(int, text))


def number(text: str) -> float:
    """The number that an argument of the command line is."""
    return float(_read(float, text))


def place(text: str) -> Path:
    """The file or folder that an argument of the command line names, ``~`` being the user's own."""
    if not text.strip() or "\0" in text:  # as of "$DATA", where DATA is not set
        raise argparse.ArgumentTypeError(f"a file or folder has a name, {text!r} is none")
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is in nobody's home here; write it in full") from error


def _read(kind: type[int] | type[float], text: str) -> float:
    try:
        return kind(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{words(kind)} is wanted, not {text!r}") from None
