"""Seconds until ``list --missing`` knows what is left among 10,000 records: ``python tests/benchmarks/missing.py``.

Once among records of a thousand seeds, of which three are asked for; and once among records that may all be meant, for they
differ in an option alone and the name of a file does not say it. With ``--record`` the figures are written to
data/benchmarks/missing.json.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path
from time import process_time

from speed import publish

from tfm_lite.runs import records, results
from tfm_lite.runs.config import Config
from tfm_lite.runs.results import Result
from tfm_lite.runs.suites import SUITES

RECORD = Path(__file__).parents[2] / "data" / "benchmarks" / "missing.json"
COUNT, TARGET = 10_000, 1.0


def spread() -> Iterator[Config]:
    """The suite under one seed after the other."""
    seed = 1  # so that something is missing
    while True:
        yield from SUITES["alphabets"](seeds=(seed,))
        seed += 1


def alike() -> Iterator[Config]:
    """One run of the suite with another option each time."""
    (config,) = (c for c in SUITES["alphabets"](seeds=(0,)) if c.method == "tfm")
    for i in range(COUNT):
        yield replace(config, options={**config.options, "margin": (i + 1) / (2 * COUNT)})


def seconds(configs: Iterator[Config], record: Result, rounds: int = 5) -> float:
    """Median time of the processor; the records are in the system's cache after the first round."""
    with tempfile.TemporaryDirectory() as folder:
        content = asdict(record)
        for config in islice(configs, COUNT):
            plain = replace(config, size=28, network="lenet").plain()
            content |= {"config": plain, "key": config.key(record.fingerprint)}
            name = replace(record, config=plain, key=content["key"]).name
            Path(folder, f"{name}.json").write_text(json.dumps(content, indent=1))  # no wait for the disk
        times = []
        for _ in range(rounds):
            began = process_time()
            left = records.missing(list(SUITES["alphabets"]()), records.files(None, Path(folder)))
            times.append(process_time() - began)
            assert left
        return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--record", action="store_true", help="write data/benchmarks/missing.json")
    options = parser.parse_args()
    record = results.load_all()[0]
    found = {"records": COUNT, "cores": os.cpu_count(), "target": TARGET}
    found |= {"of other seeds": seconds(spread(), record), "of the same name": seconds(alike(), record)}
    publish(found, RECORD if options.record else None)


if __name__ == "__main__":
    main()
