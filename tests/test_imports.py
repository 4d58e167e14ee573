"""What an import costs: PyTorch takes its seconds, the package is not to add any."""

from __future__ import annotations

import subprocess
import sys

import pytest

SLOW = ("torchvision", "matplotlib", "scipy")  # what takes long to import and few need
PROGRAM = """
import sys
from time import process_time
began = process_time()
import torch
middle = process_time()
import {module}
print((process_time() - middle) / (middle - began), *sorted({{*sys.modules}} & {{*{slow}}}))
"""


@pytest.mark.parametrize("module", ["tfm_lite.runs.run", "tfm_lite.command_line"])
def test_nothing_slow_is_imported_before_it_is_needed(module: str) -> None:
    """A fifth of PyTorch's own time: four times what it takes, a quarter of what it took with torchvision."""
    program = PROGRAM.format(module=module, slow=SLOW)
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    ratio, *slow = run.stdout.split()
    assert slow == [] and float(ratio) < 0.2
