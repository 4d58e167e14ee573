"""On which devices a run may be made, and what is said of the others."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from small import make_method

from tfm_lite import train
from tfm_lite.__main__ import main
from tfm_lite.datasets.inputs import Inputs
from tfm_lite.datasets.tasks import TaskSequence
from tfm_lite.runs.config import Config
from tfm_lite.runs.run import run_experiment

REFUSED = {
    "mps": r"'mps' is no device that runs are made for; write cpu or cuda\. Of Apple's GPUs: they have no float64",
    "meta": r"'meta' is no device that runs are made for; write cpu or cuda$",
    "gpu": r"there is no device 'gpu'; write cpu or cuda",
    "cpu:1": r"cpu:1: the last one here is cpu$",
    "cuda": r"cuda: PyTorch finds no GPU here; write cpu, or install",
    "cuda:2": r"cuda:2: the last one here is cuda:1$",
}


@pytest.fixture(params=REFUSED)
def device(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    count = {"cuda": 0}.get(request.param, 2)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
    return request.param


def test_whoever_asks_for_a_device_is_told(
    device: str, tasks: TaskSequence, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = [
        lambda: Inputs(tasks, device),
        lambda: train.run(make_method("freeze", tasks), tasks, device=device),
        lambda: run_experiment(Config("mine", "freeze", network="mlp"), tasks=tasks, device=device),
    ]
    for ask in asked:
        with pytest.raises(ValueError, match=REFUSED[device]):
            ask()
    assert main(["run", "--tasks", "alphabets", "--device", device]) == 2
    with pytest.raises(ValueError, match=REFUSED[device]):
        raise ValueError(capsys.readouterr().err.strip())
