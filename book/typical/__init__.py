"""What students answer: for each check a module with a ``right`` answer, and wrong ones that are named after the cause which
the check must find in them (``wrong_sum``; of a second one for the same cause, ``wrong_sum_2``).

The tests hold each check to them, and ``make class`` grades them before a class is given out.
"""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HOME = Path(__file__).parent
NAMES = sorted(path.stem for path in HOME.glob("*.py") if path.stem != "__init__")


@dataclass(frozen=True)
class Typical:
    """An answer to a check; ``cause`` is what is wrong with it, nothing if it is right."""

    check: str
    name: str
    value: Any

    @property
    def cause(self) -> str:
        return re.sub(r"^right$|^wrong_|_\d+$", "", self.name)

    def code(self, answer: str) -> str:
        """The same as the code of a notebook, in which it is called ``answer``."""
        source = (HOME / f"{self.check}.py").read_text(encoding="utf-8")
        return f"{source}\n\n{answer} = {self.name}"


def answers(check: str) -> list[Typical]:
    """The answers to the check of this name, the right one first."""
    module = importlib.import_module(f"typical.{check}")
    wrong = [name for name in vars(module) if name.startswith("wrong_")]
    return [Typical(check, name, getattr(module, name)) for name in ["right", *wrong]]
