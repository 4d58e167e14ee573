"""The bits of a GPU: what must be equal there is, and what must not be is told apart. Checks 0 to 6, 10 and 12."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

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


Call = Sequence[str | Path]


class Ended(NamedTuple):
    """What became of a process."""

    code: int
    out: str
    err: str


def together(*calls: Call) -> list[Ended]:
    """Python called in so many ways at the same time: each takes seconds to get to the GPU."""
    how: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    how["env"] = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HELPERS), *sys.path])}
    processes = [subprocess.Popen([sys.executable, *map(str, arguments)], **how) for arguments in calls]
    said = [process.communicate() for process in processes]
    return [Ended(process.returncode, *texts) for process, texts in zip(processes, said, strict=True)]


def printed(ended: Ended) -> Any:
    assert ended.code == 0, ended.err[-2000:]
    return json.loads(ended.out[ended.out.index("{") :])


@pytest.mark.check(0, "the machine", 10)
def test_the_machine_says_what_it_is() -> None:
    found = RECORD.content["environment"] = environment()
    lacking = [name for name in ("capability", "driver", "cuda", "cudnn") if not found.get(name)]
    assert SMALL or not lacking, f"it does not say its {', '.join(lacking)}: {found}"
    assert SMALL or (found["deterministic"] and not found["tf32"]), f"not the same bits every time: {found}"


@pytest.mark.check(1, ZERO, 65)
@pytest.mark.parametrize("network", NETWORKS)
def test_finetuning_fails_that_very_check(network: str, device: str, measured: dict[str, Any]) -> None:
    with pytest.raises(AssertionError, match="moved by"):
        bits.nothing_forgotten("finetune", network, device)
    measured[f"drift of finetune, {network}"] = bits.drifts("finetune", network, device)
    measured[f"drift of hat, {network}"] = bits.drifts("hat", network, device)


@pytest.mark.check(1, ZERO, 65)
@pytest.mark.parametrize("name", bits.CLAIMS)  # the first to vary, so that none is left out if time is short
@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("hostile", ["a vandal", "sgd"])
def test_nothing_is_forgotten(name: str, network: str, hostile: str, device: str) -> None:
    bits.nothing_forgotten(name, network, device, hostile=hostile)


@pytest.mark.check(2, "the same at full size: AlexNet at 224 pixels, VGG-16 at 64", 40)
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
    one, two, other = map(printed, together(*(("-c", code, DEVICE, seed) for seed in ("0", "0", "1"))))
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
    if name == "tfm":
        with pytest.raises(AssertionError, match="apart"):
            bits.close(bits.losses(name, device, dtype, lr=0.021), here, bound)


@pytest.mark.check(6, "killed at any moment, the same bits in the end", 60)
def test_a_killed_run_ends_in_the_same_bits(measured: dict[str, Any]) -> None:
    def killed(method: str, kills: int, *more: str) -> Call:
        return HELPERS / "kills.py", "--method", method, "--device", DEVICE, "--kills", str(kills), *more

    tfm, packnet, wrong = together(killed("tfm", 3), killed("packnet", 3), killed("freeze", 2, "--wrong"))
    measured.update(tfm=printed(tfm), packnet=printed(packnet))
    assert wrong.code and "differ" in wrong.err, f"a run that went on otherwise was not told apart: {wrong}"


@pytest.mark.check(10, "a group of one process, over NCCL", 40)
def test_a_group_of_one_has_the_losses_of_no_group(measured: dict[str, Any]) -> None:
    script, names = HELPERS / "parallel.py", ["finetune", "tfm", "ewc", "packnet"]
    one = [
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node",
        "1",
        script,
        "--alone",
        "--device",
        DEVICE,
    ]
    calls: list[Call] = [[*one, *names], [script, "--device", DEVICE, *names], [*one, "--wrong", "finetune"]]
    grouped, plain, wrong = together(*calls)
    assert printed(grouped) == printed(plain)
    said = [line for line in grouped.err.splitlines() if "warn" in line.lower() and "barrier" in line.lower()]
    assert not said, "\n".join(said)
    assert printed(wrong)["finetune"] != printed(grouped)["finetune"], "half of every gradient makes no difference"
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
