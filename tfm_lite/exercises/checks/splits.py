"""Chapter 0: accuracy over batches, and a split that leaks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tfm_lite.exercises.judge import Judge, check, close

Batches = list[tuple[Tensor, Tensor]]
Rows = dict[str, list[int]]


@check
def check_batch_accuracy(judge: Judge, accuracy: Any) -> None:
    """Chapter 0: ``accuracy(batches)`` is the share of right answers in pairs of logits (B, C) and labels (B,)."""
    for part, sizes in {"last": (8, 8, 3), "other": (5, 1, 7, 2)}.items():
        batches = drawn(sizes)
        if part == "last":  # who gives back what was given has done nothing yet
            got = judge.number(accuracy(list(batches)))
            times = sizes[0] / sizes[-1]
            judge.must(not close(got, mean_of_means(batches)), "given", sizes=list(sizes), times=f"{times:.3g}")
        with judge.part(part):
            got = judge.number(accuracy(list(batches)))
            judge.equal(got, share(batches), causes(batches), given=f"batches of {list(sizes)} images")


def drawn(sizes: Sequence[int]) -> Batches:
    """Batches of these sizes, of four classes: two of three answers are right, and all of the last batch."""
    generator = torch.Generator().manual_seed(sum(sizes))
    found, rows = [], 0
    for k, n in enumerate(sizes):
        labels = torch.randint(4, (n,), generator=generator)
        wrong = (torch.arange(rows, rows + n) % 3 == 0) & (k < len(sizes) - 1)
        logits = torch.nn.functional.one_hot((labels + wrong.long()) % 4, 4).double()
        found.append((logits, labels))
        rows += n
    return found


def right_of(batch: tuple[Tensor, Tensor]) -> Tensor:
    """1 for each right answer of a batch, 0 for each wrong one."""
    logits, labels = batch
    return (logits.argmax(1) == labels).double()


def share(batches: Batches) -> float:
    """Of all answers, the share that is right."""
    return torch.cat([right_of(batch) for batch in batches]).mean().item()


def mean_of_means(batches: Batches) -> float:
    """What it is if each batch counts the same."""
    return sum(right_of(batch).mean().item() for batch in batches) / len(batches)


def causes(batches: Batches) -> dict[str, float]:
    """What it is to those who make one mistake."""
    count = sum(right_of(batch).sum().item() for batch in batches)
    return {
        "given": mean_of_means(batches),
        "sum": count,
        "percent": 100 * share(batches),
        "batches": count / len(batches),
        "equal": count / (len(batches) * len(batches[0][1])),
        "dropped": share(batches[:-1]),
        "last_only": share(batches[-1:]),
    }


# -- leaks


@check
def check_leaks(judge: Judge, leaks: Any) -> None:
    """Chapter 0: ``leaks(parts)`` gives, by the name of each part, the rows whose image an earlier part has too.

    ``parts`` are arrays (N, H, W) of uint8 by name, in their order.
    """
    for name, cases in CASES.items():
        with judge.part(name):
            for parts in cases:
                images = {part: drawings(letters) for part, letters in parts.items()}
                got = by_part(judge, leaks(images), parts)
                given = ", ".join(f"{part} {letters}" for part, letters in parts.items())
                compare(judge, got, parts, given)


# A letter stands for an image; a capital for the same image, mirrored along its diagonal: another one, with the same sum.
CASES: dict[str, list[dict[str, str]]] = {
    "copies": [
        {"train": "abcdef", "valid": "gch", "test": "iafj"},
        {"train": "abcd", "valid": "ef", "test": "gbb"},
    ],
    "second": [{"train": "abc", "valid": "de", "test": "fd"}, {"old": "ab", "new": "ca", "newer": "cd", "last": "dab"}],
    "no_leak": [{"train": "aab", "valid": "cc", "test": "de"}, {"train": "ab", "test": "AcB"}],
}


def drawings(letters: str) -> NDArray[np.uint8]:
    """An image (5, 5) for each letter."""
    found = [np.random.default_rng(ord(letter.lower())).integers(0, 256, (5, 5), dtype=np.uint8) for letter in letters]
    return np.stack([image.T if letter.isupper() else image for letter, image in zip(letters, found, strict=True)])


def by_part(judge: Judge, got: Any, parts: dict[str, str]) -> Rows:
    """What was returned as rows by part, without the parts that have none."""
    judge.must(got is not None, "none")
    judge.must(isinstance(got, dict), "kind", asked="a dict, by part a list of rows", kind=type(got).__name__)
    judge.must(set(got) <= set(parts), "parts_of", got=", ".join(map(str, got)), right=", ".join(parts))
    found = {name: sorted({int(row) for row in rows}) for name, rows in got.items()}
    return {name: found[name] for name in parts if found.get(name)}


def compare(judge: Judge, got: Rows, parts: dict[str, str], given: str) -> None:
    """Whether these are the rows; if not, by which mistake they are found."""
    right = seen_before(parts)
    if got == right:
        return
    for name, wrong in MISTAKES:
        judge.must(got != wrong(parts), name, given=given)
    judge.must(got or not right, "nothing", given=given)
    judge.must(False, "rows", given=given, right=right, got=got)


def seen_before(parts: dict[str, Any], key: Callable[[Any], Any] = lambda image: image) -> Rows:
    """By part, the rows that an earlier part has too; images are the same if their ``key`` is."""
    found: Rows = {}
    before: set[Any] = set()
    for name, images in parts.items():
        keys = [key(image) for image in images]
        if rows := [row for row, own in enumerate(keys) if own in before]:
            found[name] = rows
        before |= set(keys)
    return found


def _of_first(parts: dict[str, str]) -> Rows:
    first = next(iter(parts.values()))
    found = {name: [row for row, one in enumerate(images) if one in first] for name, images in parts.items()}
    return {name: rows for name, rows in list(found.items())[1:] if rows}


def _within(parts: dict[str, str]) -> Rows:
    found, before = {}, ""
    for name, images in parts.items():
        found[name] = [row for row, one in enumerate(images) if one in before + images[:row]]
        before += images
    return {name: rows for name, rows in found.items() if rows}


def _once(parts: dict[str, str], last: bool = False) -> Rows:
    found = {}
    for name, rows in seen_before(parts).items():
        images = parts[name]
        find = images.rindex if last else images.index
        found[name] = sorted({find(images[row]) for row in rows})
    return found


def _origin(parts: dict[str, str]) -> Rows:
    first, *_ = parts
    later = "".join(list(parts.values())[1:])
    rows = [row for row, one in enumerate(parts[first]) if one in later]
    return {first: rows} if rows else {}


MISTAKES: list[tuple[str, Callable[[dict[str, str]], Rows]]] = [
    ("first_only", _of_first),
    ("within", _within),
    ("once", _once),
    ("once", lambda parts: _once(parts, last=True)),
    ("origin", _origin),
    ("sum", lambda parts: seen_before(parts, str.lower)),
]
