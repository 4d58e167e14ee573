"""One answer on trial: in a process of its own, which has so much time and memory and then is ended."""

from __future__ import annotations

import io
import json
import linecache
import multiprocessing
import os
import signal
import sys
import tempfile
import warnings
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection
from types import ModuleType
from typing import Any

from tfm_lite.exercises.grading.guard import Guard, cut_off
from tfm_lite.exercises.judge import Outcome, reason
from tfm_lite.exercises.words import part_names, said, sentence

SECONDS, MEGABYTES = 60.0, 2000
STARTS = 300.0  # seconds that a process may take to begin: the first imports PyTorch
FILE = "<notebook>"


@dataclass(frozen=True)
class Verdict:
    """What came of one exercise: by name its parts, a sentence, and what a teacher should know beside it."""

    check: str
    parts: dict[str, bool]
    sentence: str
    cause: str = ""
    remarks: list[str] = field(default_factory=list)

    @property
    def share(self) -> float:
        """Of the parts, how many are right: 0 to 1."""
        return sum(self.parts.values()) / len(self.parts)

    @classmethod
    def of(cls, outcome: Outcome, remarks: Sequence[str] = ()) -> Verdict:
        return cls(outcome.check, dict(outcome.parts), outcome.sentence, outcome.cause, list(remarks))

    @classmethod
    def nothing(cls, check: str, text: str, cause: str) -> Verdict:
        """Of an answer that was not reached."""
        return cls(check, dict.fromkeys(part_names(check).values(), False), text, cause)


def tried(check: str, name: str, code: str, *, seconds: float = SECONDS, megabytes: int = MEGABYTES) -> Verdict:
    """Run ``code``, and judge what it calls ``name`` by the check of this name (or the question that asks for a number)."""
    context = processes()
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_stand, args=(theirs, check, name, code, megabytes * 10**6))
    process.start()
    theirs.close()
    try:
        if ours.poll(STARTS):
            ours.recv_bytes()  # it is ready: only from now on its time counts
        said_so = ours.recv_bytes() if ours.poll(seconds) else b""
        late = not said_so
    except EOFError:
        said_so, late = b"", False
    finally:
        _end(process)
        ours.close()
    if said_so:
        return Verdict(**json.loads(said_so))
    if late:
        return Verdict.nothing(check, said("grade", "late", seconds=f"{seconds:g}"), "late")
    return Verdict.nothing(check, said("grade", "died", megabytes=megabytes, status=process.exitcode), "died")


def processes() -> Any:
    """How processes begin: as copies of one that has imported what they need, if the system can; else anew."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    # What the first step of an optimizer would import comes with it.
    context.set_forkserver_preload(["tfm_lite.exercises.checks", "torch._dynamo", __name__])
    return context


def _end(process: Any) -> None:
    """End a process, and what it has begun."""
    with suppress(ProcessLookupError, PermissionError, AttributeError):
        os.killpg(process.pid, signal.SIGKILL)  # it leads a group of its own
    process.kill()
    process.join()


# -- in the process


def _stand(pipe: Connection, check: str, name: str, code: str, memory: int) -> None:
    with suppress(OSError, AttributeError):
        os.setsid()
    # What is printed is nobody's verdict.
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in 0, 1, 2:
        os.dup2(nothing, stream)
    tempfile.gettempdir()  # PyTorch asks where it is, which is found out by writing there
    cut_off(memory)
    pipe.send_bytes(b"ready")
    verdict = judged(check, name, code)
    pipe.send_bytes(json.dumps(asdict(verdict)).encode())
    pipe.close()
    os._exit(0)


def judged(check: str, name: str, code: str) -> Verdict:
    """Run the code and hear what it calls ``name``, whatever it may have put in the place of what."""
    from tfm_lite.exercises.checks import outcome

    guard, heard = Guard(), outcome
    module = ModuleType("__main__")
    stopped: BaseException | None = None
    sys.modules["__main__"] = module
    linecache.cache[FILE] = len(code), None, code.splitlines(keepends=True), FILE
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        try:
            exec(compile(code, FILE, "exec"), vars(module))
        except (Exception, SystemExit) as error:
            stopped = error
        changed = guard.restore()
        remarks = [said("grade", "changed", names=", ".join(changed))] if changed else []
        if name in vars(module):
            return Verdict.of(heard(check, vars(module)[name]), remarks)
    cause, values = ("missing", {"name": name}) if stopped is None else reason(stopped)
    return Verdict.nothing(check, sentence(check, cause, **values), cause)
