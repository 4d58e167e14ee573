"""Which records there are in a folder, and which a suite still lacks."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

from tfm_lite import train
from tfm_lite.places import caches
from tfm_lite.runs import results
from tfm_lite.runs.config import Config, identity
from tfm_lite.runs.results import Result

NAME = re.compile(r"(?P<tasks>.+)-\d+-[^-]+-(?P<method>[^-]+)-(?P<seed>seed\d+)-[0-9a-f]{8}")  # as in Result.name
log = logging.getLogger(__name__)


def missing(configs: Sequence[Config], paths: Iterable[Path]) -> list[int]:
    """Places in the list of the configurations that no record of today's numerics, among these files, is of.

    Of thousands of records only those are read whose names may be of a configuration that is still missing.
    """
    alike: dict[str, list[int]] = {}
    left: dict[tuple[str, ...], set[int]] = {}
    for i, config in enumerate(configs):
        alike.setdefault(config.identity, []).append(i)
        left.setdefault((config.tasks, config.method, f"seed{config.seed}"), set()).add(i)
    for path, record in readable(path for path in paths if left.get(_named(path))):
        if record.numerics == train.NUMERICS:
            places = alike.get(identity(record.config), [])
            left[_named(path)].difference_update(i for i in places if configs[i].describes(record))
    return sorted(set[int]().union(*left.values()))


def files(data: Path | None, out: Path | None) -> list[Path]:
    """Where the records are that ``run`` would find with these folders."""
    return sorted(out.glob("*.json") if out else (f for runs in caches(data, "runs") for f in runs.glob("*/*.json")))


def readable(paths: Iterable[Path]) -> Iterator[tuple[Path, Result]]:
    """The records among these files. What is damaged, or no record, is passed over, with a word."""
    for path in paths:
        try:
            record = results.load(path)
        except (ValueError, OSError) as error:
            _pass_over(str(error))
        else:
            yield path, record


def _named(path: Path) -> tuple[str, ...]:
    """Tasks, method and seed by a record's name; nothing, with a word, if it is not one."""
    if found := NAME.fullmatch(path.stem):
        return found["tasks"], found["method"], found["seed"]
    _pass_over(f"{path} does not have the name of a record")
    return ()


@cache
def _pass_over(why: str) -> None:
    """Say, once, that a file is left out."""
    log.warning("passed over: %s", why)
