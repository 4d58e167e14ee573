"""The time and the memory of a GPU. Checks 7, 8, 9 and 11."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import device_bits as bits
import device_speed as speed
import pytest
import torch
from card import DEVICE, SMALL
from speed import images, stepper, ternary
from steps import CLASSES, TARGETS, learning

from tfm_lite import methods, train
from tfm_lite.datasets.inputs import Inputs
from tfm_lite.methods.base import Method
from tfm_lite.nn.networks import Builder
from tfm_lite.reproducible import reproducible

SIZE, WIDTH, BATCH = (224, 1.0, 64) if not SMALL else (64, 1 / 16, 8)
IN_ALL, IN_SOME = [*TARGETS, "pnn"], ["hat", "packnet", "ewc"]
WAITED = "nothing in a step waits for the GPU"


def builder(network: str = "alexnet", tasks: int = 10) -> Builder:
    return Builder.of(network, channels=3, size=SIZE if network == "alexnet" else 64, tasks=tasks, width=WIDTH)


@pytest.mark.check(11, WAITED, 20)
@pytest.mark.skipif(SMALL, reason="a processor has nothing to wait for; tests/test_devices.py plays a GPU")
@pytest.mark.parametrize("name", methods.names())
def test_nothing_in_a_step_waits(name: str, device: str) -> None:
    speed.steps_without_waiting(name, device)


@pytest.mark.check(11, WAITED, 25)
@pytest.mark.skipif(SMALL, reason="a processor has nothing to wait for; tests/test_devices.py plays a GPU")
@pytest.mark.parametrize("name", ["finetune", "tfm", "packnet"])
def test_a_method_that_waits_is_caught(name: str, device: str) -> None:
    with pytest.raises(RuntimeError, match="synchroniz"):
        speed.steps_without_waiting(name, device, change=waiting)


def waiting(method: Method) -> None:
    """Let it ask for a value in every step."""
    loss = method.loss

    def asks(x: torch.Tensor, y: torch.Tensor, t: Any) -> Any:
        found = loss(x, y, t)
        found[0].item()
        return found

    method.loss = asks  # type: ignore[method-assign]


@pytest.mark.check(9, "memory of a step and of a search", 25)
@pytest.mark.parametrize("network", ["alexnet", "vgg16"])
@pytest.mark.parametrize("name", ["finetune", "packnet", "tfm"])
def test_a_step_takes_the_memory_that_it_should(
    name: str, network: str, device: str, measured: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    build = builder(network, tasks=2)
    method = ternary(build, [0.9, 1.0], device=device) if name == "tfm" else learning(name, build, device)
    method.to(device)
    x, y = images(BATCH, 3, build.size).to(device), torch.randint(CLASSES, (BATCH,)).to(device)
    step = stepper(method, x, y, 1)
    if SMALL:
        monkeypatch.setattr(speed, "most_memory", lambda action, device: action() and 0)
    with reproducible(device):
        allowed = speed.account(method, step)
        peak = speed.most_memory(step, device)
        measured[f"step of {name}, {network}"] = speed.within(peak, allowed)
        hoard: list[torch.Tensor] = []
        if not SMALL:
            hoards = lambda: (hoard.append(torch.empty(allowed, dtype=torch.uint8, device=device)), step())  # noqa: E731
            with pytest.raises(AssertionError, match="by the account"):
                speed.within(speed.most_memory(hoards, device), allowed)


@pytest.mark.check(9, "memory of a step and of a search", 35)
def test_a_search_takes_no_more_than_the_networks_it_holds(device: str, measured: dict[str, Any]) -> None:
    tasks = bits.noise(size=SIZE, tasks=2, train=BATCH, test=8)
    method = methods.get("tfm")(Builder.of("alexnet", tasks=tasks, width=WIDTH), growths=(0.0, 0.1, 0.2))
    inputs, protocol = Inputs(tasks, device), train.Protocol(epochs=1, batch=BATCH)
    train.learn(method, tasks[:1], inputs, protocol=protocol)
    learn = lambda: train.learn(method, tasks, inputs, protocol=protocol)  # noqa: E731
    if SMALL:
        learn()
        return
    peak, kept = speed.most_memory(learn, device), sum(method.storage().values())
    measured["search, networks of its final size"] = round(peak / kept, 2)
    # Before, the candidate, the best one; slices, gradients, best weights; and what a step takes.
    assert peak < 8 * kept + 2**31, f"{peak / 2**20:.0f} MiB, and the network has {kept / 2**20:.0f}"


STEPS = "time of a step beside that of plain fine-tuning, AlexNet, batch 64"


@pytest.fixture(scope="module")
def plain() -> Callable[[str], Any]:
    """A step of fine-tuning, and of other methods, in a precision."""
    build, made = builder(), dict[str, Method]()
    x, y = images(BATCH, 3, build.size).to(DEVICE), torch.randint(CLASSES, (BATCH,)).to(DEVICE)

    def method(name: str) -> Method:
        if name.startswith(("tfm", "without")):
            kind, frozen = ("tfm", float(name[4:])) if name.startswith("tfm") else ("tfm_no_fn", 0.95)
            return ternary(build, [frozen, 1.0], of="features", name=kind, device=DEVICE)
        return learning(name, build, DEVICE)

    def step(name: str, precision: str) -> Callable[[], object]:
        if name == "finetune" not in made:
            made[name] = learning(name, build, DEVICE)
        found = made[name] if name in made else method(name)
        inputs = Inputs(bits.noise(size=16, tasks=1, train=4, test=2), DEVICE, precision=precision)
        return stepper(found.to(DEVICE), x, y, len(found.classes) - 1, autocast=inputs.autocast)

    return step


def timed(step: Any, name: str, precision: str) -> dict[str, float]:
    warm, rounds = (10, 9) if not SMALL else (1, 2)
    actions = {"ours": step(name, precision), "plain": step("finetune", precision)}
    with reproducible(DEVICE, precision=precision):
        found = speed.in_turns(actions, DEVICE, warm=warm, rounds=rounds)
    return speed.ratios(found["ours"], found["plain"], BATCH)


@pytest.mark.check(7, STEPS, 55)
@pytest.mark.parametrize(
    ("name", "precision"),
    [
        *(("tfm 0.95", precision) for precision in ("fp32", "tf32", "bf16") if precision != "tf32" or not SMALL),
        *((name, "fp32") for name in ("tfm 0.5", "without FN", *IN_ALL)),
        *((name, "bf16") for name in IN_SOME),
    ],
)
def test_the_time_of_a_step(name: str, precision: str, plain: Any, measured: dict[str, Any]) -> None:
    found = measured[f"{name}, {precision}"] = timed(plain, name, precision)
    if name == "tfm 0.95" and precision == "fp32" and not SMALL:
        speed.faster(found)


@pytest.mark.check(7, STEPS, 60)
def test_a_step_that_takes_longer_is_told_apart(plain: Any) -> None:
    step = plain("finetune", "fp32")
    warm, rounds = (5, 5) if not SMALL else (1, 3)
    with reproducible(DEVICE):
        found = speed.in_turns({"twice": lambda: (step(), step()), "plain": step}, DEVICE, warm=warm, rounds=rounds)
    with pytest.raises(AssertionError, match="of a plain one"):
        speed.faster(speed.ratios(found["twice"], found["plain"], BATCH))


FED = "how long the GPU waits for images, AlexNet"


@pytest.mark.check(8, FED, 25)
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_kept_images_are_not_waited_for(precision: str, device: str, measured: dict[str, Any]) -> None:
    tasks = bits.noise(size=SIZE, tasks=1, train=8 * BATCH, test=8)
    build = Builder.of("alexnet", tasks=tasks, width=WIDTH)
    rounds = 15 if not SMALL else 3
    found = speed.feeding(tasks, build, device, batch=BATCH, steps=rounds, precision=precision)
    measured[precision] = found
    if not SMALL:
        speed.fed(found)
    if precision == "bf16" and not SMALL:  # the shortest step, beside which waiting is plain to see
        with pytest.raises(AssertionError, match="the device waits"):
            speed.fed(found, "waiting")


@pytest.mark.check(8, FED, 35)
def test_a_training_is_steps_and_validation(device: str, measured: dict[str, Any]) -> None:
    tasks = bits.noise(size=SIZE, tasks=1, train=32 * BATCH if not SMALL else 64, test=8)
    build = Builder.of("alexnet", tasks=tasks, width=WIDTH)
    share = measured["share of a training in steps and validation"] = speed.spent(
        tasks, build, device, batch=BATCH, epochs=4
    )
    assert SMALL or share >= speed.SPENT, (
        f"{100 * share:.1f} % of the time, and {100 * speed.SPENT:.0f} % were to be reached"
    )
