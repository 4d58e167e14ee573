"""Records of runs: one JSON file each, written by the runner and by nothing else. Tables and figures are made of them."""

from __future__ import annotations

import csv
import logging
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

from tfm_lite import metrics
from tfm_lite.faults import in_words, warn_once
from tfm_lite.files import read_json, write_json
from tfm_lite.options import Count, NotNegative, Share, check, check_fields, fits
from tfm_lite.places import shipped

# JSON has no words for these numbers; records have them as text. Fields of a record that may hold them:
WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
NUMBERS = ("config", "accuracy", "average", "forgetting", "fits")

Record = TypeVar("Record")
log = logging.getLogger(__name__)


@dataclass(frozen=True, repr=False)
class Result:
    """What a run came to, and all that it depended on.

    ``accuracy`` is the raw matrix of fractions, None above the diagonal; ``average`` and ``forgetting`` are computed from
    it (:mod:`tfm_lite.metrics`). ``memory`` is bytes by what they are kept for; ``structure`` the shapes of the method;
    ``fits`` per task the outcomes of its trainings, ``images`` its test images; ``key`` names the configuration, the data
    and the numerics. ``weights`` is the SHA-256 of the trained network that comes with the record, or nothing
    (:mod:`tfm_lite.runs.trained`).
    """

    key: str
    config: dict[str, Any]
    accuracy: list[list[float | None]]
    average: float
    forgetting: float
    memory: dict[str, int]
    structure: dict[str, Any]
    fits: list[list[dict[str, Any]]]
    tasks: list[str]
    images: list[int]
    seconds: float
    fingerprint: str
    numerics: int
    environment: dict[str, Any]
    weights: str = ""

    @property
    def name(self) -> str:
        """The file's name, without its ending."""
        return name_of(self.config, self.key)

    @property
    def title(self) -> str:
        """What was run, in words."""
        c = self.config
        return f"{c['method']} on {c['tasks']}, {c['size']} pixels, {c['network']}, seed {c['seed']}"

    def __repr__(self) -> str:
        return f"<Result: {self.title}: average {100 * self.average:.1f} %, forgetting {100 * self.forgetting:.1f} %>"

    def __str__(self) -> str:
        """The accuracy matrix in percent, a row per task learned, and the sums."""
        lines = [self.title, "accuracy in % on task"]
        lines.append(" " * 12 + "".join(f"{s + 1:7}" for s in range(len(self.tasks))))
        for t, row in enumerate(self.accuracy):
            lines.append(f"after {t + 1:<6}" + "".join("      -" if v is None else f"{100 * v:7.1f}" for v in row))
        lines.append(f"average     {100 * self.average:.1f}")
        lines.append(f"forgetting  {100 * self.forgetting:.1f}")
        memory = ", ".join(f"{kind} {count / 1e6:.3f} MB" for kind, count in self.memory.items())
        lines += [f"memory      {memory}", f"time        {self.seconds:.0f} s"]
        return "\n".join([*lines, *(f"did not train: {why}" for why in metrics.failures(self).values())])


NAMES = tuple(field.name for field in fields(Result))
LATER = "images", "weights"  # what a record may be without


def name_of(config: Mapping[str, Any], key: str) -> str:
    """The name that the record of a plain configuration has, without its ending."""
    return "{tasks}-{size}-{network}-{method}-seed{seed}-{key}".format(**{**config, "key": key[:8]})


def published(table: str) -> list[dict[str, str]]:
    """The rows of one of the paper's tables ("table_1" to "table_5"), as it prints them."""
    with (shipped("published") / f"{table}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def save(result: Result, folder: Path) -> Path:
    """Write the record into ``folder`` and return its path."""
    path = folder / f"{result.name}.json"
    write_json(path, plain(result))
    return path


def plain(result: Result) -> dict[str, Any]:
    """A record as plain values that strict JSON has words for: a loss that is not finite is one of :data:`WORDS`."""

    def word(value: Any) -> Any:
        if isinstance(value, float) and not math.isfinite(value):
            return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        return value

    return {name: _each(value, word) for name, value in asdict(result).items() if (name, value) != ("weights", "")}


def load(path: Path) -> Result:
    """Read a record. Raises ``ValueError`` if the file is something else, was changed after it had been written, or does not
    fit together."""

    def number(value: Any) -> Any:
        return WORDS.get(value, value) if isinstance(value, str) else value

    try:
        content = read_json(path)
        if lacking := [name for name in NAMES if name not in content and name not in LATER]:
            raise ValueError(f"it has no {', '.join(lacking)}")
        if more := content.keys() - NAMES:
            raise ValueError(f"it has {', '.join(sorted(more))} too, by a later version of the package or another hand")
        if "images" not in content:
            content["images"] = [_images(column) for column in zip(*content["accuracy"], strict=True)]
        content.setdefault("weights", "")
        result = Result(**{name: _each(value, number) if name in NUMBERS else value for name, value in content.items()})
        _check(result)
        return result
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        why = error if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        raise ValueError(
            f"{path} is not a record of a run as it was written ({why}); the command that made it makes it again, with what "
            "is left of the run's checkpoints"
        ) from error


def _check(result: Result) -> None:
    """Refuse a record whose parts do not fit together."""
    check_fields(result, "a record's")
    kinds: dict[str, Any] = {"tasks": str, "method": str, "network": str, "size": Count, "seed": int}
    for name, kind in kinds.items():
        check(f"a configuration's {name}", result.config.get(name), kind)
    for name in ("options", "protocol"):
        check(f"a configuration's {name}", result.config.get(name, {}), dict)
    count, classes = len(result.accuracy), result.structure["classes"]
    for name, part in {"tasks": result.tasks, "images": result.images, "fits": result.fits, "classes": classes}.items():
        if not count or len(part) != count:
            raise ValueError(f"its accuracies are of {count} tasks, and its {name} of {len(part)}")
    if not all(fits(n, Count) for n in [*result.images, *classes]):
        raise ValueError("its images and classes are not all whole numbers of at least 1")
    for t, row in enumerate(result.accuracy):
        if len(row) != count or not all(fits(value, Share) for value in row[: t + 1]) or {*row[t + 1 :]} - {None}:
            raise ValueError(f"row {t + 1} of its accuracies is not {t + 1} shares, and then None, of {count} in all")
    for outcome in (outcome for outcomes in result.fits for outcome in outcomes):
        if not isinstance(outcome["loss"], float | int | None):
            raise ValueError(f"a loss is {outcome['loss']!r}")
    for use, size in result.memory.items():
        check(f"its memory for {use}", size, NotNegative)


def _each(value: Any, change: Callable[[Any], Any]) -> Any:
    """The same lists and dictionaries with every value in them changed."""
    if isinstance(value, dict):
        return {name: _each(inner, change) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_each(inner, change) for inner in value]
    return change(value)


def _images(accuracies: Iterable[float | None]) -> int:
    """Test images of a task in a record of before they were counted: the fewest of which these accuracies can be shares.

    There may have been a multiple of it. So what holds for that many images held for those that there were.
    """
    return math.lcm(*(Fraction(a).limit_denominator(100_000).denominator for a in accuracies if a is not None))


def load_all(folder: Path | None = None) -> list[Result]:
    """All records of a folder (None: those that come with the package), by name. What is no record is passed over, and named.

    >>> tfm = select(load_all(), tasks="alphabets", method="tfm")
    >>> {record.forgetting for record in tfm}
    {0.0}
    """
    return [record for _, record in readable(sorted((folder or shipped("results")).glob("*.json")), load)]


def readable(paths: Iterable[Path], read: Callable[[Path], Record]) -> Iterator[tuple[Path, Record]]:
    """What ``read`` makes of these files. What is damaged, or something else, is passed over, with a word."""
    for path in paths:
        try:
            record = read(path)
        except (ValueError, OSError) as error:
            pass_over(in_words(error)[0])
        else:
            yield path, record


def pass_over(why: str) -> None:
    """Say, once, that a file is left out."""
    warn_once(f"passed over: {why}")


def select(results: Iterable[Result], *, options: dict[str, Any] | None = None, **config: Any) -> list[Result]:
    """The records whose configuration has these values, e.g. ``select(all, method="tfm", seed=0)``.

    ``options`` are the method's options; an empty dictionary means its defaults.
    """
    wanted = config if options is None else {**config, "options": options}
    return [result for result in results if all(result.config[name] == value for name, value in wanted.items())]
