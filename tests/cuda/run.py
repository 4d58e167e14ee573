"""The checks on a GPU, by any Python that has PyTorch for the card: ``make cuda``, or

    python3 tests/cuda/run.py --record FILE

What else they need and this Python lacks is installed into ``build/cuda`` and nowhere else: from the wheels in ``--wheels
DIR`` where there is no network (``pip download --no-deps -d DIR platformdirs`` on another machine), else from the package
index. PyTorch itself is never installed, for it would not be the card's. It takes five minutes at most.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
FOLDER = TOP / "build" / "cuda"
THE_CARDS = "torch", "torchvision"  # of one build, and that is the card's


def numbers(text: str) -> tuple[int, ...]:
    """A version's numbers, to be compared."""
    return tuple(map(int, re.findall(r"\d+", text.split("+")[0])[:3]))


def lacking(requirements: list[str]) -> list[str]:
    """Those that are not there, or not new enough."""
    found = []
    for requirement in requirements:
        name, least = re.split(r"[>=]=", requirement)
        try:
            there = numbers(version(name)) >= numbers(least)
        except PackageNotFoundError:
            there = False
        found += [] if there else [requirement]
    return found


def install(wanted: list[str], wheels: Path | None) -> None:
    """Into a folder that only these checks look into."""
    where = ["--no-index", "--no-deps", "--find-links", str(wheels)] if wheels else []
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--upgrade", "--target", str(FOLDER), *where, *wanted]
    if subprocess.run(command).returncode:
        raise SystemExit(
            f"{', '.join(wanted)} could not be installed: without a network, give the wheels by --wheels DIR"
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", type=Path, default=TOP / "data" / "benchmarks" / "cuda.json", metavar="FILE")
    parser.add_argument("--wheels", type=Path, metavar="DIR", help="where packages are that this Python lacks")
    parser.add_argument("--seconds", type=float, default=285, help="that it may take (285)")
    parser.add_argument("--add", action="store_true", help="leave the record's other checks as they are")
    parser.add_argument("--device", default="cuda", help="another card; cpu rehearses, in small (cuda)")
    options, more = parser.parse_known_args()
    if not find_spec("torch"):
        raise SystemExit(f"{sys.executable} has no PyTorch: name one that has, make cuda PYTHON=...")
    project = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]
    wanted = lacking([*project["dependencies"], "pytest>=8"])
    if wrong := [requirement for requirement in wanted if re.split("[>=]=", requirement)[0] in THE_CARDS]:
        raise SystemExit(
            f"this Python lacks {' and '.join(wrong)}: install the build for the card, then call this again"
        )
    if wanted:
        sys.path.insert(0, str(FOLDER))  # from an earlier call
        if wanted := lacking(wanted):
            print(f"installing {', '.join(wanted)} into {FOLDER}", flush=True)
            install(wanted, options.wheels)
    path = os.pathsep.join(filter(None, [str(TOP), str(FOLDER), os.environ.get("PYTHONPATH", "")]))
    environment = {**os.environ, "PYTHONPATH": path, "TFM_LITE_CUDA_RECORD": str(options.record.resolve())}
    environment |= {"TFM_LITE_CUDA_SECONDS": str(options.seconds), "TFM_LITE_CUDA_DEVICE": options.device}
    environment |= {"TFM_LITE_CUDA_ADD": "1" if options.add else ""}
    command = [sys.executable, "-m", "pytest", "-W", "default", "-p", "no:cacheprovider", "tests/cuda", "-q", *more]
    return subprocess.run(command, cwd=TOP, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())
