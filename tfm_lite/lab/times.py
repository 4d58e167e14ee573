"""How long a chapter takes here: what was measured once, on a processor or on a card, in the time of this machine."""

from __future__ import annotations

from functools import cache
from statistics import median
from time import perf_counter
from typing import Any

import torch

from tfm_lite.files import read_json
from tfm_lite.places import shipped
from tfm_lite.runs import results

PIXELS = {"small": 64, "paper": 224}


def of(chapter: str, scale: str, device: str) -> str:
    """In words, what running a chapter at a scale takes on a device; or why nobody knows."""
    known = _chapters()
    if chapter not in known["chapters"]:
        raise ValueError(f"there is no chapter {chapter!r} that was measured; there are {', '.join(known['chapters'])}")
    measured = known["chapters"][chapter]
    card = torch.device(device).type == "cuda"
    slower = 1.0 if card else known["speed"] / speed()
    if scale == "letters":
        return f"about {span(measured['seconds'] * slower)}" if not card else "as on the processor, or longer"
    if not measured["trainings"]:
        return "as with letters: it trains nothing"
    each = _training(PIXELS[scale], card=card)
    if each is None:
        return f"{measured['trainings']} trainings; nobody has measured one on {'a card' if card else 'a processor'}"
    return f"about {span(each * slower * measured['trainings'])}, {measured['trainings']} trainings"


def speed() -> float:
    """Products of this processor, in thousand millions a second: the best of three times 20 of matrices of 384 by 384."""
    a = torch.rand(384, 384)
    best = float("inf")
    for _ in range(3):
        began = perf_counter()
        for _ in range(20):
            a @ a
        best = min(best, perf_counter() - began)
    return 20 * 384**3 / best / 1e9


def span(seconds: float) -> str:
    """A time in words, rounded up as one who waits would: "2 minutes"."""
    for unit, size in (("hour", 3600), ("minute", 60)):
        if seconds > size * 1.5:
            return f"{-(-seconds // size):.0f} {unit}s"
    return "a minute" if seconds > 45 else "less than a minute"


def _training(pixels: int, *, card: bool) -> float | None:
    """Seconds of one training on flowers at this size, the median of fine-tuning's in the records, or None."""
    records = results.select(results.load_all(), tasks="flowers", size=pixels, method="finetune")
    fits = [
        fit["seconds"]
        for record in records
        if (record.environment["device"] not in _PROCESSORS) == card
        for outcomes in record.fits
        for fit in outcomes
    ]
    return median(fits) if fits else None


_PROCESSORS = "x86_64", "aarch64", "arm64", "AMD64"  # as records name them; cards have names of their own


@cache
def _chapters() -> Any:
    """Seconds and trainings of every chapter with letters, and the :func:`speed` of the processor that took them."""
    return read_json(shipped("benchmarks") / "chapters.json")
