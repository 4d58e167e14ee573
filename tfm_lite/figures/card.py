"""What came of the checks on a GPU (``make cuda``), as a table in Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

NOT_YET = "*Not measured yet: on a machine with a GPU, `make cuda` writes the record that is shown here.*"


def checks(record: Mapping[str, Any] | None) -> str:
    """A row for each check of ``data/benchmarks/cuda.json``: what it is of, how it came out, what was measured. None: there
    is no such record yet."""
    if record is None:
        return NOT_YET
    about = record["environment"]
    lines = ["| | check | came out | measured |", "|--:|---|---|---|"]
    for number, check in sorted(record["checks"].items(), key=lambda pair: int(pair[0])):
        measured = "; ".join(_measured(check["measured"]))
        lines.append(f"| {number} | {check['what']} | {_came_out(check)} | {measured} |")
    where = f"{about.get('device')}, driver {about.get('driver')}, CUDA {about.get('cuda')}, cuDNN {about.get('cudnn')}"
    lines += ["", f"Once, on one card: {where}, PyTorch {about.get('torch')}."]
    for number, check in record["checks"].items():
        lines += [f"\nCheck {number}, {name}: {' '.join(why.split())}" for name, why in check["failed"].items()]
    return "\n".join(lines)


def _came_out(check: Mapping[str, Any]) -> str:
    failed, left = len(check["failed"]), check["left out"]
    parts = [f"**{failed} failed**" if failed else "", f"{check['passed']} passed", f"{left} left out" if left else ""]
    return ", ".join(filter(None, parts))


def _measured(values: Mapping[str, Any]) -> Iterator[str]:
    """In short: of a measurement with parts, ratio, time and share of waiting, or what there is."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            inner = {key: value[key] for key in ("ratio", "milliseconds", "waits") if key in value} or value
            yield f"{name}: {', '.join(_measured(inner))}"
        else:
            yield f"{name} {f'{value:.3g}' if isinstance(value, float) else value}"
