"""Two processes learn what one learns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from tfm_lite import distributed
from tfm_lite.runs import results

SCRIPT = str(Path(__file__).with_name("helpers") / "parallel.py")
ONE, TWO = (["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", count] for count in ("1", "2"))


def call(*arguments: str) -> str:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    run = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, env=environment)
    assert run.returncode == 0, run.stderr
    return run.stdout


def read(text: str) -> dict[str, Any]:
    return json.loads(text[text.index("{") :])  # type: ignore[no-any-return]


@pytest.mark.long
def test_two_processes_have_the_losses_of_one() -> None:
    one, two = read(call(SCRIPT)), read(call(*TWO, SCRIPT))
    assert {"finetune", "tfm", "hat", "packnet", "ewc"} <= set(one)
    for name, losses in one.items():
        assert len(losses) >= 16 and two[name] == pytest.approx(losses, rel=0, abs=1e-10), name
        assert losses[0] > losses[4], f"{name} does not learn here, so nothing is compared"


@pytest.mark.long
def test_a_group_of_one_has_the_losses_of_no_group() -> None:
    alone = [*ONE, SCRIPT, "--alone"]
    grouped = read(call(*alone, "finetune"))
    assert grouped == read(call(SCRIPT, "finetune"))
    assert read(call(*alone, "--wrong", "finetune")) != grouped, "half of every gradient makes no difference"


@pytest.mark.long
def test_two_processes_learn_with_dropout() -> None:
    for accuracies in read(call(*TWO, SCRIPT, "--learn")).values():
        assert accuracies[-1] > 0.5


@pytest.mark.long
def test_two_processes_run_a_configuration_and_write_one_record(tmp_path: Path) -> None:
    command = ["-m", "tfm_lite", "run", "--tasks", "alphabets", "--method", "ewc", "--quick", "--epochs", "1"]
    command += ["--network", "mlp", "--width", "0.1", "--data", str(tmp_path)]
    text = call(*TWO, *command)
    assert text.count("ewc on alphabets") == 1
    records = [results.load(path) for path in tmp_path.rglob("*.json")]
    assert [record.environment["processes"] for record in records] == [2]
    assert call(*TWO, *command) == text  # found, not run


def test_a_part_and_its_weight(monkeypatch: pytest.MonkeyPatch) -> None:
    batch, parts = torch.arange(5), []
    monkeypatch.setattr(distributed, "processes", lambda: 3)
    for rank in range(3):
        monkeypatch.setattr(distributed, "rank", lambda rank=rank: rank)
        parts.append(distributed.share(batch))
    assert sum(weight for _, weight in parts) == pytest.approx(1)
    assert torch.cat([part for part, _ in parts]).sort().values.equal(batch)
    part, weight = distributed.share(batch[:1])
    assert part.tolist() == [0] and weight == 0.0


def test_one_process_is_left_alone() -> None:
    gradient = torch.ones(3)
    distributed.add([gradient], weight=0.5)
    assert gradient.tolist() == [1, 1, 1] and distributed.total(1.0, 2.0) == [1.0, 2.0]
    assert distributed.agreed("mine") == "mine" and distributed.mine([1, 2]) == [1, 2]
