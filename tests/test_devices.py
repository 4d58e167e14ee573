"""On which devices a run may be made, what is said of the others, and that nothing in a method binds it to the processor."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from elsewhere import Elsewhere, elsewhere
from small import SHORT, SMALL, make_method, make_tasks, quick_options

from tfm_lite import devices, distributed, faults, methods, train
from tfm_lite.__main__ import main
from tfm_lite.datasets.augment import Augment
from tfm_lite.datasets.inputs import Inputs
from tfm_lite.datasets.tasks import TaskSequence
from tfm_lite.methods.base import Method
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


# What PyTorch's own list says will refuse on CUDA when the same bits are asked for every time, by what its operations are
# called. A name of the list that is not here fails the test that reads it: then see whether a method uses it, and add it.
REFUSES = {
    "AvgPool3d": "avg_pool3d_backward",
    "AdaptiveAvgPool2d": "_adaptive_avg_pool2d_backward",
    "AdaptiveAvgPool3d": "_adaptive_avg_pool3d_backward",
    "AdaptiveMaxPool2d": "adaptive_max_pool2d_backward",
    "FractionalMaxPool2d": "fractional_max_pool2d_backward",
    "FractionalMaxPool3d": "fractional_max_pool3d_backward",
    "MaxPool3d": "max_pool3d_with_indices_backward",
    "MaxUnpool1d": "max_unpool2d",
    "MaxUnpool2d": "max_unpool2d",
    "MaxUnpool3d": "max_unpool3d",
    "interpolate": "upsample_.*_backward",
    "ReflectionPad1d": "reflection_pad1d_backward",
    "ReflectionPad2d": "reflection_pad2d_backward",
    "ReflectionPad3d": "reflection_pad3d_backward",
    "ReplicationPad1d": "replication_pad1d_backward",
    "ReplicationPad2d": "replication_pad2d_backward",
    "ReplicationPad3d": "replication_pad3d_backward",
    "NLLLoss": "nll_loss2d.*",  # of maps; the loss of one label per image is the same every time
    "CTCLoss": "_ctc_loss_backward",
    "EmbeddingBag": "_embedding_bag_.*",
    "put_": "put_?",
    "histc": "histc",
    "bincount": "bincount",
    "kthvalue": "kthvalue",
    "median": "median",
    "grid_sample": "grid_sampler_.*_backward",
    "cumsum": "cumsum",
    "scatter_reduce": "scatter_reduce.*",
    "resize_": "resize_",
}


def refused(operations: set[str]) -> set[str]:
    """Those of the operations that some version of PyTorch refuses on CUDA."""
    names = {name.removeprefix("aten::") for name in operations}
    return {name for name in names for pattern in REFUSES.values() if re.fullmatch(pattern, name)}


def test_the_list_is_pytorchs() -> None:
    text = torch.use_deterministic_algorithms.__doc__ or ""
    listed = text[text.index("operations will throw a") : text.index("In addition")]
    names = set(re.findall(r"\* :\w+:`(?:torch\.)(?:\w+\.)*(\w+)`", listed))
    assert len(names) > 15 and names <= set(REFUSES), f"new on PyTorch's list: {sorted(names - set(REFUSES))}"


def elsewhere_learned(
    name: str, network: str, monkeypatch: pytest.MonkeyPatch, change: Any = lambda method: None
) -> tuple[Method, Any]:
    """A run on a device that is not the processor, and what it did there."""
    _, channels, size = SMALL[network]
    tasks = make_tasks(channels=channels, size=size, groups=(3, 2), per_class=6)
    tasks = replace(tasks, augment=Augment())
    method = make_method(name, tasks, network, **quick_options(name))
    change(method)
    with elsewhere(monkeypatch) as there:
        train.run(method, tasks, protocol=replace(SHORT, epochs=1), device="meta")
    return method, there


@pytest.mark.parametrize(
    ("name", "network"),
    [
        *((name, "lenet") for name in methods.names()),
        *((name, "lenet_bn") for name in ("tfm", "hat", "packnet", "pnn")),
    ],
)
def test_every_method_learns_on_another_device(name: str, network: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """All its tensors are there, no step waits for the device, and nothing is used that refuses to be the same every time."""
    method, there = elsewhere_learned(name, network, monkeypatch)
    assert {tensor.device.type for tensor in method.state_dict().values()} == {"meta"}
    assert {"aten::addmm", "aten::native_batch_norm"} & there.operations or "aten::mm" in there.operations
    assert not there.waits, f"a step waits for the device: {sorted(set(there.waits))}"
    assert not refused(there.operations)


def on_the_processor(method: Method) -> None:
    method.after_step = lambda t: method.net.stages[0].weight + torch.ones(1)  # type: ignore[method-assign,union-attr]


def asking(method: Method) -> None:
    method.penalty = lambda t: 0.0 * next(method.parameters()).sum().item()  # type: ignore[method-assign]


def sending(method: Method) -> None:
    method.penalty = lambda t: torch.zeros(1).to(next(method.parameters())).sum()  # type: ignore[method-assign]


def choosing(method: Method) -> None:
    def after_backward(t: int) -> None:
        weight = method.net.stages[0].weight  # type: ignore[union-attr]
        weight.grad[weight > 0]

    method.after_backward = after_backward  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("change", "wait"), [(asking, "_local_scalar_dense"), (sending, "_to_copy"), (choosing, "index")]
)
def test_a_step_that_waits_is_seen(change: Any, wait: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _, there = elsewhere_learned("finetune", "mlp", monkeypatch, change)
    assert any(wait in seen for seen in there.waits), there.waits


def test_a_step_that_mixes_devices_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AssertionError, match="mixes devices"):
        elsewhere_learned("finetune", "mlp", monkeypatch, on_the_processor)


def test_gradients_of_a_normalization_without_statistics_are_seen() -> None:
    x, one = torch.ones(2, 3, device="meta"), torch.ones(3, device="meta")
    with pytest.raises(AssertionError, match="CUDA wants them"), Elsewhere():
        torch.ops.aten.native_batch_norm_backward(x, x, one, one, one, None, None, False, 0.0, [False, True, True])


@pytest.mark.parametrize("name", ["kthvalue", "histc", "upsample_bilinear2d_backward", "nll_loss2d_forward"])
def test_an_operation_that_refuses_is_seen(name: str) -> None:
    assert refused({"aten::addmm", "aten::nll_loss_forward", f"aten::{name}"}) == {name}


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[tuple[int, int]]:
    """A machine with one GPU of this capability, as far as can be told without using it."""
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: request.param)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "Tesla T4" if request.param < (8, 0) else "H100")
    monkeypatch.setattr(torch.version, "hip", None)
    return request.param


@pytest.mark.parametrize("card", [(7, 5), (6, 1), (7, 0)], indirect=True, ids=str)
@pytest.mark.parametrize("precision", ["bf16", "tf32"])
def test_a_card_too_weak_for_a_precision_is_told(
    card: tuple[int, int], precision: str, tasks: TaskSequence, capsys: pytest.CaptureFixture[str]
) -> None:
    dotted = ".".join(map(str, card))
    said = rf"cuda is a Tesla T4, of capability {dotted}; cards have {precision} from 8\.0 on.*: write fp32$"
    config = Config("mine", "freeze", network="mlp", precision=precision)  # type: ignore[arg-type]
    for ask in (
        lambda: Inputs(tasks, "cuda", precision=precision),
        lambda: run_experiment(config, tasks=tasks, device="cuda"),
    ):
        with pytest.raises(ValueError, match=said):
            ask()
    assert main(["run", "--tasks", "alphabets", "--device", "cuda", "--precision", precision]) == 2
    assert re.search(said, capsys.readouterr().err.strip())


@pytest.mark.parametrize("card", [(8, 0), (9, 0), (12, 0)], indirect=True, ids=str)
def test_a_card_that_has_a_precision_is_let_pass(card: tuple[int, int]) -> None:
    for precision in devices.PRECISIONS:
        devices.check_precision(precision, "cuda")


def test_tf32_on_a_processor_is_refused(tasks: TaskSequence, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="tf32 is how NVIDIA's GPUs multiply float32, and cpu is none: write fp32 or"):
        Inputs(tasks, precision="tf32")
    assert main(["run", "--tasks", "alphabets", "--precision", "tf32"]) == 2
    assert "and cpu is none: write fp32 or bf16" in capsys.readouterr().err


@pytest.mark.parametrize(("here", "gpus"), [(2, 1), (8, 4), (3, 2)])
def test_more_processes_than_gpus_are_refused(here: int, gpus: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    for name, value in {"WORLD_SIZE": here, "LOCAL_WORLD_SIZE": here, "LOCAL_RANK": 0}.items():
        monkeypatch.setenv(name, str(value))
    said = f"torchrun starts {here} processes here, each for a GPU, and finds {gpus}: --nproc-per-node {gpus}"
    with pytest.raises(ValueError, match=said):
        distributed.start("cuda")


@pytest.mark.parametrize("late", [True, False])
def test_cublas_is_told_in_time_or_it_is_said(
    late: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv(devices.WORKSPACE, raising=False)
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: late)
    faults.warn_once.cache_clear()
    with caplog.at_level(logging.WARNING):
        devices.prepare_cublas()
        devices.prepare_cublas()
    assert os.environ[devices.WORKSPACE] == ":4096:8"
    assert [r.message.startswith("this process used the GPU before") for r in caplog.records] == [True] * late


@pytest.mark.parametrize("value", [":4096:2", "", ":0:0"])
def test_cublas_told_otherwise_is_refused(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(devices.WORKSPACE, value)
    with pytest.raises(
        ValueError, match=re.escape(f"CUBLAS_WORKSPACE_CONFIG is {value!r}, with which cuBLAS does not")
    ):
        devices.prepare_cublas()


def test_numbers_are_drawn_on_the_processor_wherever_tensors_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """``torch.set_default_device("cuda")`` in a notebook: a generator of the processor draws there, if it is told."""
    tasks, drawn = replace(make_tasks(), augment=Augment()), list[str]()
    for name in ("randn", "rand", "randint", "randperm"):
        real = getattr(torch, name)

        def draw(*shape: Any, real: Any = real, **how: Any) -> Any:
            assert how.get("generator") is None or how.get("device") == "cpu", (
                f"{real.__name__} draws where it is not told"
            )
            drawn.append(real.__name__)
            return real(*shape, **how)

        monkeypatch.setattr(torch, name, draw)
    for name in ("tfm", "hat", "ewc", "pnn"):
        train.run(make_method(name, tasks, **quick_options(name)), tasks, protocol=SHORT)
    assert set(drawn) == {"randn", "rand", "randint", "randperm"}


@pytest.mark.parametrize("card", [(9, 0)], indirect=True, ids=str)
def test_what_a_record_says_of_its_device(card: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "driver", lambda: "580.159")
    monkeypatch.setattr(torch.backends.cudnn, "version", lambda: 92400)
    found = devices.about("cuda")
    assert (found["device"], found["capability"], found["driver"], found["cudnn"]) == ("H100", "9.0", "580.159", 92400)
    assert found["cuda"] == torch.version.cuda and found["tf32"] is found["deterministic"] is False
    assert list(devices.about("cpu")) == ["device"]


@pytest.mark.parametrize(
    ("program", "version"),
    [("echo 580.159.04", "580.159.04"), ("true", None), ("false", None), (None, None)],
)
def test_the_driver_is_named_where_the_system_tells_it(
    program: str | None, version: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if program:
        (tmp_path / "nvidia-smi").write_text(f"#!/bin/sh\n{program}\n")
        (tmp_path / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/bin" if program else str(tmp_path))
    assert devices.driver() == version
