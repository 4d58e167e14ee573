"""The playground's proof: what tfm_lite draws and learns in float64, written down for the page's engine to repeat."""

from __future__ import annotations

import importlib
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from torch import Tensor

from tfm_lite import methods, train
from tfm_lite.datasets.tasks import TaskSequence
from tfm_lite.figures.playground import source
from tfm_lite.figures.playground.data import tasks as make_tasks
from tfm_lite.methods.base import Method
from tfm_lite.nn.networks import Builder
from tfm_lite.nn.stages import Stage
from tfm_lite.seeds import torch_stream
from tfm_lite.train import Protocol

KINDS = ("moons", "rings", "xor")
WIDTHS = (12, 10)
PROTOCOL = Protocol(epochs=8, batch=16, lr=1.0, patience=2, clip=0.4, dropout=0.0)
GRID = [[a / 2, b / 2] for a in range(-3, 4) for b in range(-3, 4)]
# Of each method what the package calls it, its options there, and the same in the page.
CASES: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "finetune": ("finetune", {}, {}),
    "freeze": ("freeze", {}, {}),
    "joint": ("joint", {}, {}),
    "ewc": ("ewc", {"lam": 20.0}, {"lam": 20}),
    "packnet": ("packnet", {"prune": 0.6}, {"prune": 0.6}),
    "hat": ("hat", {"regularization": 0.5, "s_max": 50.0}, {"regularization": 0.5, "steepest": 50}),
    "binary": ("binary", {}, {}),
    "tfm by schedule": ("tfm", {"grow": "schedule", "start": 0.4}, {"grow": "schedule", "start": 0.4, "fn": True}),
    "tfm by search": (
        "tfm",
        {"start": 0.5, "margin": 0.01},
        {"grow": "search", "start": 0.5, "margin": 0.01, "fn": True},
    ),
    "tfm without FN": (
        "tfm_no_fn",
        {"grow": "schedule", "start": 0.4},
        {"grow": "schedule", "start": 0.4, "fn": False},
    ),
    "tfm, momentum and decay": (
        "tfm",
        {"grow": "schedule", "start": 0.4},
        {"grow": "schedule", "start": 0.4, "fn": True, "momentum": 0.9, "decay": 0.01},
    ),
    "finetune, momentum and decay": ("finetune", {}, {"momentum": 0.9, "decay": 0.01}),
}
KEEP = ("freeze", "packnet", "binary", "tfm by schedule", "tfm by search", "tfm without FN", "tfm, momentum and decay")


class Doubles(train.Inputs):
    """Inputs in float64."""

    def __call__(self, images: Tensor, generator: torch.Generator | None = None) -> Tensor:
        return (images.double() - self.mean.double()) / self.std.double()


@contextmanager
def written_down(draws: dict[str, list[Any]]) -> Iterator[None]:
    """Into ``draws`` goes what every named stream of the package gives, in turn."""
    names: dict[int, list[Any]] = {}
    alive = []  # else a generator's id might be another's, later

    def named(seed: int, *name: str | int) -> torch.Generator:
        alive.append(torch_stream(seed, *name))
        key = json.dumps([seed, *name], separators=(",", ":"))
        draws.setdefault(key, []).append(names.setdefault(id(alive[-1]), []))  # one list each time that it is asked for
        return alive[-1]

    def watched(draw: Callable[..., Tensor]) -> Callable[..., Tensor]:
        def drawn(*size: Any, **how: Any) -> Tensor:
            values = draw(*size, **how)
            if id(how.get("generator")) in names and values.numel():
                names[id(how["generator"])].append(values.flatten().tolist())
            return values

        return drawn

    homes = ("train", "nn.stages", "nn.layers", "nn.networks", "methods.hat", "methods.importance")
    patches = [mock.patch.object(importlib.import_module(f"tfm_lite.{home}"), "torch_stream", named) for home in homes]
    patches += [mock.patch.object(torch, name, watched(getattr(torch, name))) for name in ("randn", "randperm")]
    for patch in patches:
        patch.start()
    try:
        yield
    finally:
        for patch in patches:
            patch.stop()


def in_doubles(method: Method) -> Method:
    """The method, whose networks are float64 from their first step on."""
    before = method.before_task

    def doubled(t: int, classes: int) -> None:
        before(t, classes)
        method.double()

    method.before_task = doubled  # type: ignore[method-assign]
    return method.double()


def reference(case: str, kinds: Sequence[str] = KINDS, *, seed: int = 0) -> dict[str, Any]:
    """What the package makes of a case: its draws, and after every task the logits of all tasks so far, and accuracies."""
    name, options, ours = CASES[case]
    tasks: TaskSequence = make_tasks(kinds, seed=seed)
    build = Builder.of(tuple(map(Stage, WIDTHS)), tasks=tasks, seed=seed, dropout=0.0)
    protocol = PROTOCOL
    if name == "hat":
        protocol = replace(PROTOCOL, lr=0.05, clip=100.0)
    if "momentum" in ours:
        protocol = replace(PROTOCOL, lr=0.05, momentum=ours["momentum"], weight_decay=ours["decay"])
    draws: dict[str, list[Any]] = {}
    grid = torch.tensor(GRID, dtype=torch.float64).view(-1, 2, 1, 1)
    rows: list[Any] = []
    logits: list[Any] = []
    with written_down(draws):
        method, inputs = in_doubles(methods.get(name)(build, **options)), Doubles(tasks)
        for task in tasks:
            seen = tasks[: task.index + 1]
            train.learn(method, seen, inputs, protocol=protocol, seed=seed)
            logits.append([method.predict(grid, old.index).flatten().tolist() for old in seen])
            rows.append([train.accuracy(method, old, inputs) for old in seen])
    sent = {"lr": protocol.lr, "least": protocol.lr_min, "momentum": 0, "decay": 0}
    sent |= {key: getattr(protocol, key) for key in ("epochs", "batch", "factor", "patience", "clip")}
    return {
        "method": "tfm" if name == "tfm_no_fn" else name,
        "setup": {"widths": WIDTHS, "tasks": len(kinds), "seed": seed, **ours},
        "protocol": {**sent, **{key: ours[key] for key in ("momentum", "decay") if key in ours}, "seed": seed},
        "kinds": list(kinds),
        "grid": GRID,
        "draws": draws,
        "logits": logits,
        "matrix": rows,
        "storage": method.storage(),
    }


# Repeats what stands in DATA with the engine before it; `given` is whether the package's draws take the place of its own.
REPEAT = """
function repeated(data, given, broken) {
  const own = stream;
  if (given) {
    const asked = {};
    stream = (...name) => {
      const key = JSON.stringify(name), all = data.draws[key];
      if (name[1] === "playground") return own(...name);
      asked[key] = (asked[key] ?? -1) + 1;
      const found = all && all[Math.min(asked[key], all.length - 1)];
      let turn = 0;
      const next = (n) => {
        if (!n) return [];
        const values = found && found[turn++];
        if (!values || values.length !== n) throw new Error(`${name}: ${n} numbers wanted, ${values && values.length} given`);
        return values;
      };
      return { normal: (n) => Float64Array.from(next(n)), permutation: (n) => Uint32Array.from(next(n)), uniform: own };
    };
  }
  const tasks = tasksOf(data.kinds, data.setup.seed);
  const method = new METHODS[data.method](data.setup, broken || {}), grid = Float64Array.from(data.grid.flat());
  const found = { logits: [], matrix: [], steps: 0 }, begun = Date.now();
  for (const event of learn(method, tasks, data.protocol)) {
    found.steps++;
    if (event.kind !== "task") continue;
    found.matrix.push(event.row);
    found.logits.push(event.row.map((_, s) => [...logits(method.net(s), grid, data.grid.length, s)]));
  }
  found.seconds = (Date.now() - begun) / 1000;
  found.storage = method.storage();
  stream = own;
  return found;
}
"""


def node() -> str | None:
    """A node: the system's, or the one that drives the browser."""
    try:
        from playwright._impl._driver import compute_driver_executable

        driver = Path(compute_driver_executable()[0])
    except ImportError:
        return shutil.which("node")
    return str(driver) if driver.is_file() else shutil.which("node")


def in_node(script: str, *, engine: str | None = None) -> Any:
    """What a script gives in node, after the engine: the value of its last expression, by JSON."""
    path = node()
    assert path
    code = f'"use strict";\n{source() if engine is None else engine}\n{REPEAT}\nconsole.log(JSON.stringify({script}));'
    run = subprocess.run([path, "-"], input=code, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr[-2000:]
    return json.loads(run.stdout)


def far(one: Any, other: Any) -> float:
    """The largest difference of two nested lists of numbers."""
    if isinstance(one, list):
        assert len(one) == len(other)
        return max((far(a, b) for a, b in zip(one, other, strict=True)), default=0.0)
    return abs(one - other)
