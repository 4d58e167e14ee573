"""The checks of ``tests/cuda``, in small and on the processor: each passes, and is seen to fail with its twin.

What only a GPU can answer is not asked here: whether a step waits for it is (``test_devices.py`` plays one).
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import card
import device_bits as bits
import device_speed as speed
import pytest
import torch
from small import make_tasks
from steps import learning

from tfm_lite.figures.card import NOT_YET, checks
from tfm_lite.nn.networks import Builder
from tfm_lite.train import Protocol

pytestmark = pytest.mark.long

sys.path.append(str(Path(__file__).with_name("cuda")))
RATIO = {"ratio": 0.8, "low": 0.7, "high": 0.9, "milliseconds": 1.0}


def builder(tasks: Any) -> Builder:
    return Builder.of("alexnet", tasks=tasks, width=1 / 16)


@pytest.mark.parametrize(
    ("name", "network", "precision"), [("tfm", "lenet", "fp32"), ("packnet", "mlp", "fp32"), ("single", "mlp", "bf16")]
)
def test_nothing_is_forgotten(name: str, network: str, precision: str) -> None:
    assert bits.nothing_forgotten(name, network, "cpu", hostile="a vandal", precision=precision) == {"drift": 0.0}


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_what_is_forgotten_is_seen(precision: str) -> None:
    with pytest.raises(AssertionError, match="moved by"):
        bits.nothing_forgotten("finetune", "mlp", "cpu", precision=precision)
    assert bits.drifts("finetune", "mlp", "cpu", precision=precision) > 0


def test_nothing_is_forgotten_at_another_size() -> None:
    tasks = bits.noise(size=64, tasks=2, train=12, test=4)
    assert bits.nothing_forgotten_at_full_size("packnet", builder(tasks), tasks, "cpu") == {"drift": 0.0}
    with pytest.raises(AssertionError, match="moved by"):
        bits.nothing_forgotten_at_full_size("finetune", builder(tasks), tasks, "cpu")


def test_the_same_seed_has_the_same_bits_and_another_has_not() -> None:
    one, two, other = (bits.fingerprints("cpu", names=["hat"], seed=seed) for seed in (0, 0, 1))
    assert one == two != other


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_losses_are_compared(dtype: torch.dtype) -> None:
    here = bits.losses("hat", "cpu", dtype)
    assert bits.close(bits.losses("hat", "cpu", dtype), here, 1e-10) == 0.0
    with pytest.raises(AssertionError, match=r"losses are .* apart, the bound is 0\.001"):
        bits.close(bits.losses("hat", "cpu", dtype, lr=0.021), here, 1e-3)


def test_a_killed_run_that_goes_on_otherwise_is_told_apart() -> None:
    script = Path(__file__).with_name("helpers") / "kills.py"
    command = [sys.executable, str(script), "--method", "freeze", "--kills", "1", "--wrong"]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode and "differ" in run.stderr


def test_who_forgets_and_who_does_not() -> None:
    tasks = make_tasks(size=28, groups=(3, 3), per_class=40, noise=30.0)
    protocol = Protocol(epochs=12, batch=16, patience=12, dropout=0.0, lr=0.1)
    assert bits.forgets("cpu", tasks=tasks, protocol=protocol) < -0.2
    with pytest.raises(AssertionError, match=r"freeze forgets 0\.0 points, and should forget 20 or more"):
        bits.forgets("cpu", "freeze", tasks=tasks, protocol=Protocol(epochs=1, batch=16))


def test_a_step_is_timed_beside_another() -> None:
    work = torch.randn(300, 300)
    actions = {"twice": lambda: [work @ work for _ in range(20)], "plain": lambda: [work @ work for _ in range(5)]}
    found = speed.in_turns(actions, "cpu", warm=2, rounds=5)
    ratio = speed.ratios(found["twice"], found["plain"], 64)
    assert ratio["ratio"] > 1.5 and ratio["low"] <= ratio["ratio"] <= ratio["high"]
    assert ratio["images per second"] == pytest.approx(64_000 / ratio["milliseconds"])
    with pytest.raises(AssertionError, match=r"of a plain one \("):
        speed.faster(ratio)
    speed.faster(RATIO)


def test_waiting_for_images_is_measured() -> None:
    tasks = bits.noise(size=64, tasks=1, train=40, test=4)
    found = speed.feeding(tasks, builder(tasks), "cpu", batch=8, steps=1, precision="fp32")
    assert set(found) == {"none", "waiting", "sent", "kept"} and found["none"]["waits"] == 0
    speed.fed({"kept": {"waits": 0.049}})
    for way in ("kept", "waiting"):
        with pytest.raises(AssertionError, match=rf"for images that are {way} the device waits 5\.1 % of a step"):
            speed.fed({way: {"waits": 0.051}}, way)
    assert 0 < speed.spent(tasks, builder(tasks), "cpu", batch=8, epochs=1) < 3


@pytest.mark.parametrize("name", ["finetune", "packnet", "tfm"])
def test_the_account_of_a_step(name: str) -> None:
    from speed import images, stepper, ternary

    build = Builder.of("alexnet", channels=3, size=64, tasks=2, width=1 / 16)
    method = ternary(build, [0.9, 1.0]) if name == "tfm" else learning(name, build)
    x, y = images(4, 3, 64), torch.randint(25, (4,))
    kept = sum(tensor.numel() * tensor.element_size() for tensor in method.state_dict().values())
    allowed = speed.account(method, stepper(method, x, y, 1))
    assert allowed > speed.WORKSPACE + kept + x.numel() * 4
    assert set(speed.within(allowed, allowed)) == {"MiB", "MiB by the account"}
    with pytest.raises(AssertionError, match="MiB by the account"):
        speed.within(allowed + 1, allowed)


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> card.Record:
    monkeypatch.setattr(card, "BEGAN", 0.0)
    monkeypatch.setattr(card, "monotonic", lambda: 10.0)
    return card.Record(tmp_path / "cuda.json")


def test_what_came_of_the_checks_is_written_after_each(record: card.Record) -> None:
    record.of(2, "the same at full size")
    for outcome in ("passed", "passed", "failed", "skipped"):
        record.note(2, outcome, "a test", "task 0 moved by 0.1", 3.0)
    assert record.path
    entry = json.loads(record.path.read_text())["checks"]["2"]
    assert (entry["passed"], entry["left out"], entry["seconds"]) == (2, 1, 12.0)
    assert entry["failed"] == {"a test": "task 0 moved by 0.1"}
    text = checks(json.loads(record.path.read_text()))
    assert "| 2 | the same at full size | **1 failed**, 2 passed, 1 left out |" in text
    assert "Check 2, a test: task 0 moved by 0.1" in text


def test_no_check_takes_the_time_of_others(record: card.Record, monkeypatch: pytest.MonkeyPatch) -> None:
    record.note(1, "passed", "a test", "", 5.0)
    assert not record.over(1, 5.0) and record.over(1, 4.9) == "check 1 has had its 5 seconds"
    monkeypatch.setattr(card, "SECONDS", 9.0)
    assert record.over(1, 5.0) == "the 9 seconds are over"
    monkeypatch.setattr(card, "SECONDS", 2 * card.USUAL)
    assert not record.over(1, 2.5)


def test_checks_are_added_to_those_of_an_earlier_call(record: card.Record) -> None:
    for number in (1, 2):
        record.note(number, "failed", "a test", "it moved", 1.0)
    later = card.Record(record.path, add=True)
    later.note(2, "passed", "a test", "", 1.0)
    assert record.path
    found = json.loads(record.path.read_text())["checks"]
    assert found["1"]["failed"] and not found["2"]["failed"] and found["2"]["passed"] == 1
    assert not card.Record(record.path).content["checks"]


def test_without_a_record_the_page_says_so() -> None:
    assert checks(None) == NOT_YET
    measured = {"tfm 0.95, fp32": RATIO, "drift": 0.25, "hat": "5d41"}
    one = {"what": "steps", "passed": 3, "failed": {}, "left out": 0, "seconds": 1.0, "measured": measured}
    text = checks({"environment": {"device": "NVIDIA H100", "driver": "580.1"}, "checks": {"7": one}})
    assert "| 7 | steps | 3 passed | tfm 0.95, fp32: ratio 0.8, milliseconds 1; drift 0.25; hat 5d41 |" in text
    assert "NVIDIA H100, driver 580.1, CUDA None" in text


@pytest.mark.parametrize("least", ["1.2.3", "1.2", "0.9.9", "1.2.3rc1"])
def test_what_a_bare_machine_lacks_is_seen(least: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import run

    monkeypatch.setattr(run, "version", lambda name: "1.2.3+cu130")
    assert run.lacking([f"there>={least}"]) == []
    assert run.lacking(["there>=1.2.4", "there>=2", "there>=1.10"]) == ["there>=1.2.4", "there>=2", "there>=1.10"]

    def absent(name: str) -> str:
        raise run.PackageNotFoundError(name)

    monkeypatch.setattr(run, "version", absent)
    assert run.lacking([f"absent>={least}"]) == [f"absent>={least}"]


def test_a_python_without_pytorch_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    import run

    monkeypatch.setattr(sys, "argv", ["run.py"])
    monkeypatch.setattr(run, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match=r"has no PyTorch: name one that has, make cuda PYTHON="):
        run.main()
    monkeypatch.setattr(run, "find_spec", lambda name: SimpleNamespace())
    monkeypatch.setattr(run, "lacking", lambda names: ["torchvision>=0.22"])
    with pytest.raises(SystemExit, match=r"this Python lacks torchvision>=0\.22: install the build for the card"):
        run.main()
