"""Which records there are in a folder, and which a suite still lacks."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Sequence
from pathlib import Path

from tfm_lite import train
from tfm_lite.files import read_json
from tfm_lite.places import caches
from tfm_lite.runs import results
from tfm_lite.runs.config import Config, identity

NAME = re.compile(r"(?P<tasks>.+)-\d+-[^-]+-(?P<method>[^-]+)-(?P<seed>seed\d+)-[0-9a-f]{8}")  # as in Result.name


def missing(configs: Sequence[Config], paths: Iterable[Path]) -> list[int]:
    """Places in the list of the configurations that no record of today's numerics, among these files, is of.

    Of thousands of records only those are read whose names may be of a configuration that is still missing, and checked only
    those that say they are.
    """
    alike: dict[str, list[int]] = {}
    left: dict[tuple[str, ...], set[int]] = {}
    for i, config in enumerate(configs):
        alike.setdefault(config.identity, []).append(i)
        left.setdefault((config.tasks, config.method, f"seed{config.seed}"), set()).add(i)
    for path in paths:
        name = _named(path)
        if not left.get(name) or _of_another(path, name, alike):
            continue
        for _, record in results.readable([path], results.load):
            if record.numerics == train.NUMERICS:
                places = alike.get(identity(record.config), [])
                left[name].difference_update(i for i in places if configs[i].describes(record))
    return sorted(set[int]().union(*left.values()))


def _of_another(path: Path, name: tuple[str, ...], alike: Container[str]) -> bool:
    """Whether a record says that it is of another configuration than these. It is not known of a file that is none, or that
    was renamed or damaged."""
    try:
        config = read_json(path)["config"]
        own = config["tasks"], config["method"], f"seed{config['seed']}"
        return own == name and identity(config) not in alike
    except (ValueError, OSError, LookupError, TypeError, AttributeError):
        return False


def files(data: Path | None, out: Path | None) -> list[Path]:
    """Where the records are that ``run`` would find with these folders. There may be none yet, which is said: it may be a
    slip."""
    if out and not out.is_dir():
        if out.exists():
            raise NotADirectoryError(f"--out {out} is a file: name the folder of the records")
        results.log.warning("the folder %s does not exist yet: no record is there", out)
    return sorted(out.glob("*.json") if out else (f for runs in caches(data, "runs") for f in runs.glob("*/*.json")))


def _named(path: Path) -> tuple[str, ...]:
    """Tasks, method and seed by a record's name; nothing, with a word, if it is not one."""
    if found := NAME.fullmatch(path.stem):
        return found["tasks"], found["method"], found["seed"]
    results.pass_over(f"{path} does not have the name of a record")
    return ()
