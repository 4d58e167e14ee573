"""The bits of a GPU: what must be equal there is, and what must not be is told apart. Checks 0 to 6, 10 and 12."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

import device_bits as bits
import pytest
import torch
from card import DEVICE, RECORD, SMALL, environment
from small import SMALL as NETWORKS

from tfm_lite import datasets
from tfm_lite.nn.networks import Builder
from tfm_lite.train import QUICK

HELPERS = Path(__file__).parents[1] / "helpers"
FULL_SIZE = {"alexnet": (224, 1.0), "vgg16": (64, 1.0)} if not SMALL else {"alexnet": (64, 1 / 16)}
ZERO = "zero forgetting: every claim, six small networks, learned gently and by a vandal"


def call(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HELPERS), *sys.path])}
    return subprocess.run([sys.executable, *map(str, arguments)], capture_output=True, text=True, env=environment)


def printed(run: subprocess.CompletedProcess[str]) -> Any:
    assert run.returncode == 0, run.stderr[-2000:]
    return json.loads(run.stdout[run.stdout.index("{") :])


@pytest.mark.check(0, "the machine", 10)
def test_the_machine_says_what_it_is() -> None:
    found = RECORD.content["environment"] = environment()
    lacking = [name for name in ("capability", "driver", "cuda", "cudnn") if not found.get(name)]
    assert SMALL or not lacking, f"it does not say its {', '.join(lacking)}: {found}"
    assert SMALL or (found["deterministic"] and not found["tf32"]), f"not the same bits every time: {found}"


@pytest.mark.check(1, ZERO, 65)
@pytest.mark.parametrize("hostile", ["sgd", "a vandal"])
@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("name", bits.CLAIMS)
def test_nothing_is_forgotten(name: str, network: str, hostile: str, device: str) -> None:
    bits.nothing_forgotten(name, network, device, hostile=hostile)


@pytest.mark.check(1, ZERO, 75)
@pytest.mark.parametrize("network", NETWORKS)
def test_finetuning_fails_that_very_check(network: str, device: str, measured: dict[str, Any]) -> None:
    with pytest.raises(AssertionError, match="moved by"):
        bits.nothing_forgotten("finetune", network, device)
    measured[f"drift of finetune, {network}"] = bits.drifts("finetune", network, device)
    measured[f"drift of hat, {network}"] = bits.drifts("hat", network, device)


@pytest.mark.check(2, "the same at full size: AlexNet at 224 pixels, VGG-16 at 64", 50)
@pytest.mark.parametrize("name", ["tfm", "packnet", "freeze", "finetune"])
@pytest.mark.parametrize("network", FULL_SIZE)
def test_nothing_is_forgotten_at_full_size(name: str, network: str, device: str, measured: dict[str, Any]) -> None:
    size, width = FULL_SIZE[network]
    tasks, began = bits.noise(size=size), perf_counter()
    build = Builder.of(network, tasks=tasks, width=width)
    if name == "finetune":
        with pytest.raises(AssertionError, match="moved by"):
            bits.nothing_forgotten_at_full_size(name, build, tasks, device)
    else:
        bits.nothing_forgotten_at_full_size(name, build, tasks, device)
    measured[f"seconds, {name}, {network}"] = round(perf_counter() - began, 2)


@pytest.mark.check(3, "zero forgetting in bfloat16", 25)
@pytest.mark.parametrize("network", ["mlp", "lenet", "alexnet_64"])
@pytest.mark.parametrize("name", [*bits.CLAIMS, "finetune"])
def test_nothing_is_forgotten_in_bfloat16(name: str, network: str, device: str) -> None:
    if name == "finetune":
        with pytest.raises(AssertionError, match="moved by"):
            bits.nothing_forgotten(name, network, device, precision="bf16")
    else:
        bits.nothing_forgotten(name, network, device, precision="bf16")


@pytest.mark.check(4, "two processes, the same bits", 30)
def test_two_processes_end_in_the_same_bits(measured: dict[str, Any]) -> None:
    code = (
        "import sys, json, device_bits; print(json.dumps(device_bits.fingerprints(sys.argv[1], seed=int(sys.argv[2]))))"
    )
    one, two, other = (printed(call("-c", code, DEVICE, seed)) for seed in ("0", "0", "1"))
    assert one == two, f"{one} and {two}"
    assert not set(one.values()) & set(other.values()), "another seed has the same bits: they say nothing"
    measured.update(one)


@pytest.mark.check(5, "losses as on a processor", 25)
@pytest.mark.parametrize(
    ("dtype", "bound"), [(torch.float64, 1e-10), (torch.float32, 1e-3)], ids=["float64", "float32"]
)
@pytest.mark.parametrize("name", bits.COMPARED)
def test_losses_are_those_of_a_processor(
    name: str, dtype: torch.dtype, bound: float, device: str, measured: dict[str, Any]
) -> None:
    here = bits.losses(name, "cpu", dtype)
    apart = bits.close(bits.losses(name, device, dtype), here, bound)
    key = f"{'float64' if dtype == torch.float64 else 'float32'}, farthest apart"
    measured[key] = max(apart, measured.get(key, 0.0))
    with pytest.raises(AssertionError, match="apart"):
        bits.close(bits.losses(name, device, dtype, lr=0.021), here, bound)


@pytest.mark.check(6, "killed at any moment, the same bits in the end", 60)
@pytest.mark.parametrize("method", ["tfm", "packnet"])
def test_a_killed_run_ends_in_the_same_bits(method: str, measured: dict[str, Any]) -> None:
    command = [HELPERS / "kills.py", "--method", method, "--device", DEVICE]
    measured[method] = printed(call(*command, "--kills", "3"))
    wrong = call(*command, "--kills", "2", "--seed", "1", "--wrong")
    assert wrong.returncode and "differ" in wrong.stderr, (
        f"a run that went on otherwise was not told apart: {wrong.stderr}"
    )


@pytest.mark.check(10, "a group of one process, over NCCL", 45)
def test_a_group_of_one_has_the_losses_of_no_group(measured: dict[str, Any]) -> None:
    script, names = HELPERS / "parallel.py", ["finetune", "tfm", "ewc", "packnet"]
    one = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "1", script, "--alone"]
    grouped = call(*one, *names, "--device", DEVICE)
    assert printed(grouped) == printed(call(script, *names, "--device", DEVICE))
    said = [line for line in grouped.stderr.splitlines() if "warn" in line.lower() and "barrier" in line.lower()]
    assert not said, "\n".join(said)
    wrong = printed(call(*one, "finetune", "--device", DEVICE, "--wrong"))
    assert wrong["finetune"] != printed(grouped)["finetune"], "half of every gradient makes no difference"
    measured["methods"] = names


@pytest.mark.check(12, "fine-tuning forgets letters, as in chapter 1", 25)
def test_finetuning_forgets_as_in_chapter_1(device: str, measured: dict[str, Any]) -> None:
    tasks, protocol = datasets.load("alphabets"), QUICK
    if SMALL:
        tasks, protocol = replace(tasks, tasks=tasks.tasks[:3]), replace(QUICK, epochs=8)
    began = perf_counter()
    measured["forgetting"] = bits.forgets(device, tasks=tasks, protocol=protocol)
    measured["seconds"] = round(perf_counter() - began, 2)
    few = replace(tasks, tasks=tasks.tasks[:2])
    with pytest.raises(AssertionError, match="and should forget 20 or more"):
        bits.forgets(device, "freeze", tasks=few, protocol=replace(protocol, epochs=2))
