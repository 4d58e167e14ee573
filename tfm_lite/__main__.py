"""The command line, ``tfm-lite`` or ``python -m tfm_lite``: no input and no signal ends in a traceback.

The words are in :mod:`tfm_lite.command_line`. It is imported late: PyTorch takes seconds, and whoever stops the program
meanwhile is to be understood too.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

from tfm_lite.faults import DONE, STOPPED, in_words

MODULE, SCRIPT = "python -m tfm_lite", "tfm-lite"  # the two ways to call it; messages name the first
STOP = "stopped; the same command goes on from here"
SIGNALS = signal.SIGINT, signal.SIGTERM
READER_GONE = STOPPED + 13  # SIGPIPE, which Windows does not have


class Stopped(KeyboardInterrupt):
    """A signal that is to end the program; ``args`` is its number."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the arguments say (None: those that the program was called with) and return the exit status.

    That is 0 if all was done; 2 if something was refused, or some runs of a suite were; 1 after an error that nobody foresaw;
    130 after Ctrl-C, 143 after SIGTERM, 141 if nobody reads what is printed.
    """
    called = arguments is None
    if called:
        _on_signals(_leave)  # there is nothing to put away yet
        _print_anything()
    program = SCRIPT if Path(sys.argv[0]).stem == SCRIPT else MODULE
    try:
        return _do(program, arguments, called=called)
    except Stopped as stopped:
        status = STOPPED + int(stopped.args[0])
    except KeyboardInterrupt:
        status = STOPPED + signal.SIGINT
    finally:
        if called:
            _on_signals(_leave)  # what is done is done
    _say(f"\n{STOP}")
    return status


def _do(program: str, arguments: Sequence[str] | None, *, called: bool) -> int:
    own: Sequence[Path] = ()
    try:
        from tfm_lite.command_line import parser

        if called:
            import torch

            # As in training, but before there are other threads: they have it from the one that starts them.
            torch.set_flush_denormal(True)
            _on_signals(_stop)
        options = parser(program).parse_args(arguments)
        own = getattr(options, "imports", ())
        status: int | None = options.action(options)
        if sys.stdout:
            sys.stdout.flush()
        return status or DONE
    except BrokenPipeError:
        _let_go_of_output()
        return READER_GONE
    except Exception as error:
        text, status = in_words(error, own=own)
        if isinstance(error, OSError):
            _let_go_of_output()
        _say(f"error: {text.replace(MODULE, program)}")
        return status


def _on_signals(handler: Callable[[int, FrameType | None], NoReturn]) -> None:
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # a shell has it so for what runs in the background
            with suppress(ValueError):  # called in a thread, which has no signals
                signal.signal(number, handler)


def _stop(number: int, _: FrameType | None) -> NoReturn:
    raise Stopped(number)


def _leave(number: int, _: FrameType | None) -> NoReturn:
    """End at once: an exception might be lost on somebody in the midst of an import."""
    with suppress(OSError):  # print() may be what was interrupted
        os.write(2, f"\n{STOP}\n".encode())
    os._exit(STOPPED + number)


def _say(text: str) -> None:
    with suppress(OSError):  # nobody listens
        print(text, file=sys.stderr, flush=True)


def _print_anything() -> None:
    """Letters that the terminal, or the file, has no place for become question marks: the result is shown all the same."""
    if reconfigure := getattr(sys.stdout, "reconfigure", None):
        reconfigure(errors="replace")


def _let_go_of_output() -> None:
    """If what was printed cannot be written, let it go: Python would try again at its end, and complain."""
    with suppress(ValueError, AttributeError):
        try:
            sys.stdout.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
