"""How a check hears an answer: part by part, so that half of it counts, and in sentences, never in a traceback.

A check is a function of a :class:`Judge` and the answer. What it finds wrong it names by a cause; the sentence for it is in
``words.json``. Whatever an answer does, its reader sees a sentence: a traceback would show the check, and so the solution.
"""

from __future__ import annotations

import linecache
import sys
import sysconfig
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from types import TracebackType
from typing import Any

import torch
from torch import Tensor

from tfm_lite.exercises.words import part_names, sentence

RIGHT = "Right."
ROOT = Path(__file__).parents[1]
LIBRARIES = "site-packages", "dist-packages"
STANDARD = sysconfig.get_path("stdlib")
STOPS = Exception, SystemExit  # what an answer may raise


@dataclass(frozen=True)
class Outcome:
    """What came of an answer: the parts that it has, and which are right; for the first that is not, the cause in words."""

    check: str
    parts: Mapping[str, bool]
    cause: str = ""
    sentence: str = RIGHT

    @property
    def right(self) -> bool:
        return not self.cause

    @property
    def share(self) -> float:
        """Of the parts, how many are right: 0 to 1."""
        return sum(self.parts.values()) / len(self.parts)


class Wrong(AssertionError):
    """An answer that is not right yet. Jupyter and Python show its sentence alone."""

    def __init__(self, text: str, outcome: Outcome | None = None) -> None:
        super().__init__(text)
        self.outcome = outcome

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in place of a traceback."""
        return [str(self)]


class _Found(Exception):
    """A cause that a check has found, on its way to the judge."""

    def __init__(self, cause: str, **values: Any) -> None:
        super().__init__(cause)
        self.cause, self.values = cause, values


class Judge:
    """Hears one answer to the check of this name."""

    def __init__(self, check: str) -> None:
        self.check = check
        self.names = part_names(check)
        self.passed: dict[str, bool] = {}
        self.first: tuple[str, str] | None = None  # the first cause, and its sentence

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """A part of the answer: what is wrong in it is noted, and the check goes on."""
        if name not in self.names:
            raise LookupError(f"words.json has no part {name!r} of the check {self.check!r}: name it there")
        try:
            yield
            self.passed.setdefault(name, True)
        except STOPS as error:
            self.passed[name] = False
            self.note(error)

    def note(self, error: BaseException) -> None:
        """Keep what is to be said of the first thing that is wrong."""
        if self.first is None:
            cause, values = reason(error)
            self.first = cause, sentence(self.check, cause, **values)

    def outcome(self) -> Outcome:
        parts = {words: self.passed.get(name, False) for name, words in self.names.items()}
        return Outcome(self.check, parts, *(self.first or ()))

    # -- what a check asks

    def must(self, holds: Any, cause: str, **values: Any) -> None:
        """What ``assert`` is, also under ``python -O``."""
        if not holds:
            raise _Found(cause, **values)

    def module(self, make: Any) -> None:
        """Whether it is a subclass of ``nn.Module`` that is written: of a stub's, ``__init__`` is that of ``nn.Module``."""
        self.must(make is not None, "none")
        self.must(isinstance(make, type) and issubclass(make, torch.nn.Module), "class")
        if make.__init__ is torch.nn.Module.__init__:
            raise NotImplementedError

    def tensor(self, value: Any, shape: Sequence[int]) -> Tensor:
        """What was returned as a float64 tensor of this shape."""
        self.must(value is not None, "none")
        try:
            got = torch.as_tensor(value, dtype=torch.float64).detach()
        except (TypeError, ValueError, RuntimeError):
            raise _Found("kind", asked=f"a tensor {tuple(shape)}", kind=type(value).__name__) from None
        wanted, has = tuple(shape), tuple(got.shape)
        self.must(has == wanted or has != wanted[::-1], "turned", right=wanted, got=has)
        self.must(has == wanted, "shape", right=wanted, got=has)
        return got

    def number(self, value: Any) -> float:
        """What was returned as a number."""
        self.must(value is not None, "none")
        self.must(not isinstance(value, str | bool), "kind", asked="a number", kind=type(value).__name__)
        try:
            return float(value.detach() if isinstance(value, Tensor) else value)
        except (TypeError, ValueError, RuntimeError):
            raise _Found("kind", asked="a number", kind=type(value).__name__) from None

    def equal(
        self, got: Any, right: Any, wrong: Mapping[str, Any] | None = None, *, given: str = "", cause: str = "value"
    ) -> None:
        """Whether numbers or tensors are equal; if not, whether they are what a cause makes of it."""
        if not close(got, right):
            for name, value in (wrong or {}).items():
                self.must(not close(got, value), name)
            raise _Found(cause, given=given, right=shown(right), got=shown(got))


def close(a: Any, b: Any) -> bool:
    """Whether numbers, lists of them or tensors are equal but for rounding in float32."""
    a, b = (torch.as_tensor(value, dtype=torch.float64) for value in (a, b))
    return a.shape == b.shape and torch.allclose(a, b, rtol=1e-6, atol=1e-9)


def shown(value: Any) -> str:
    """A number or a tensor as a sentence shows it: short."""
    if isinstance(value, Tensor) and value.dim():
        return f"\n{value.to(torch.float64).round(decimals=4)}\n".replace(", dtype=torch.float64", "")
    if isinstance(value, list | tuple | str):
        return str(value)
    return f"{float(value):.6g}"


def reason(error: BaseException) -> tuple[str, dict[str, Any]]:
    """The cause of what went wrong, and what its sentence needs."""
    if isinstance(error, _Found):
        return error.cause, error.values
    if isinstance(error, NotImplementedError) and not str(error).startswith("Could not run"):
        return "unwritten", {}
    what = " ".join(str(error).split())[:200]
    values = {"kind": type(error).__name__, "what": what, "line": own_line(error.__traceback__)}
    return ("raised" if values["line"] else "unreadable"), values


def own_line(trace: TracebackType | None) -> str:
    """The last line of the answer's own code that led to an error; none, where it was the check that could not go on."""
    found = ""
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        others = file.startswith((str(ROOT), STANDARD, "<frozen")) or any(
            name in Path(file).parts for name in LIBRARIES
        )
        if not others:
            found = linecache.getline(file, trace.tb_lineno).strip() or f"line {trace.tb_lineno}"
        trace = trace.tb_next
    return found


# -- the checks, and what has been tried

Check = Callable[[Any], str]
HEARD: dict[str, Callable[[Any], Outcome]] = {}  # by name, what each check finds of an answer
TRIED: dict[str, list[Outcome]] = {}  # by name, what came of each try since Python began


def check(judged: Callable[[Judge, Any], None]) -> Check:
    """A function of a judge and an answer, as a check that a reader calls: :data:`RIGHT`, or it raises :class:`Wrong`."""
    name = judged.__name__.removeprefix("check_")

    def heard(answer: Any) -> Outcome:
        judge = Judge(name)
        try:
            judged(judge, answer)
        except STOPS as error:  # outside of its parts: then nothing of it counts
            judge.note(error)
            judge.passed.clear()
        return judge.outcome()

    @wraps(judged)
    def checked(answer: Any) -> str:
        return told(heard(answer))

    del checked.__wrapped__  # type: ignore[attr-defined]  # a check takes an answer and no judge
    checked.__annotations__ = {"answer": Any, "return": str}
    HEARD[name] = heard
    return checked


def told(outcome: Outcome) -> str:
    """Note a try, and say what came of it."""
    TRIED.setdefault(outcome.check, []).append(outcome)
    if outcome.right:
        return RIGHT
    show_sentences()
    raise Wrong(in_full(outcome), outcome)


def in_full(outcome: Outcome) -> str:
    """The sentence; below it, what of the answer is right already, if something is."""
    still_open = [name for name, right in outcome.parts.items() if not right]
    done = len(outcome.parts) - len(still_open)
    if not done:
        return outcome.sentence
    more = sentence(outcome.check, "partly", done=done, count=len(outcome.parts), open="; ".join(still_open))
    return f"{outcome.sentence}\n{more}"


def show_sentences() -> None:
    """Plain Python too shows the sentence of a :class:`Wrong` alone. IPython asks the exception itself."""
    before = sys.excepthook
    if not getattr(before, "of_checks", False):

        def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
            if isinstance(error, Wrong):
                print(error, file=sys.stderr)
            else:
                before(kind, error, trace)

        hook.of_checks = True  # type: ignore[attr-defined]
        sys.excepthook = hook
