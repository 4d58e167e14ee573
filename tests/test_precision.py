"""Products in bfloat16: nothing is forgotten there either, what is learned stays float32, and records say so."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from small import SHORT, make_method, make_tasks, quick_options, tasks_for
from torch import Tensor

from tfm_lite import methods, train
from tfm_lite.__main__ import main
from tfm_lite.datasets.inputs import Inputs
from tfm_lite.datasets.tasks import TaskSequence
from tfm_lite.methods.base import Method
from tfm_lite.runs import results
from tfm_lite.runs.config import Config
from tfm_lite.runs.run import run_experiment
from tfm_lite.train import Protocol

pytestmark = pytest.mark.long

CLAIMS = [name for name in methods.names() if methods.get(name).zero_forgetting]


def logits_as_learned(method: Method, tasks: TaskSequence) -> tuple[list[Tensor], list[Tensor]]:
    """Logits of every task right after it was learned in bfloat16, and after the last one."""
    inputs = Inputs(tasks, precision="bf16")

    def logits(t: int) -> Tensor:
        with inputs.autocast():
            return method.predict(next(inputs.batches(tasks[t].test, size=8))[0], t)

    first = []
    for task in tasks:
        train.learn(method, tasks[: task.index + 1], inputs, protocol=SHORT)
        first.append(logits(task.index))
    return first, [logits(task.index) for task in tasks]


@pytest.mark.parametrize("network", ["mlp", "lenet"])
@pytest.mark.parametrize("name", CLAIMS)
def test_nothing_is_forgotten(name: str, network: str) -> None:
    tasks = tasks_for(network)
    method = make_method(name, tasks, network)
    first, last = logits_as_learned(method, tasks)
    assert first[0].dtype == torch.bfloat16  # else nothing was computed in it
    assert all(torch.equal(a, b) for a, b in zip(first, last, strict=True))
    floats = [tensor for tensor in method.state_dict().values() if tensor.is_floating_point()]
    assert all(tensor.dtype == torch.float32 for tensor in floats)


def test_finetuning_fails_that_very_check() -> None:
    tasks = tasks_for("mlp")
    first, last = logits_as_learned(make_method("finetune", tasks), tasks)
    assert not torch.equal(first[0], last[0])


@pytest.mark.parametrize("name", methods.names())
def test_every_method_learns(name: str) -> None:
    tasks = make_tasks(groups=(3, 3), per_class=40, noise=30.0)
    method = make_method(name, tasks, dropout=0.0, **quick_options(name, 0.0, 0.15))
    history = train.run(method, tasks, protocol=Protocol(epochs=25, batch=16, patience=5), precision="bf16")
    assert all(row[-1] > 0.5 for row in history.matrix)


def test_records_say_so_and_older_ones_keep_their_names() -> None:
    low = Config("made up", "freeze", network="mlp", width=0.1, protocol=SHORT, precision="bf16")
    full = Config("made up", "freeze", network="mlp", width=0.1, protocol=SHORT)
    record = run_experiment(low, tasks=make_tasks())
    other = run_experiment(full, tasks=make_tasks())
    assert record.config["precision"] == "bf16" and "precision" not in other.config
    assert record.key != other.key
    assert low.describes(record) and full.describes(other)
    assert not low.describes(other) and not full.describes(record)


def test_keys_of_shipped_records_stand() -> None:
    """A field that Config gains must not change the key of what was run before it had it. There may be thousands."""
    for record in results.load_all():
        config = Config.of(record.config)
        assert config.key(record.fingerprint) == record.key, record.name
        assert config.plain() == record.config and config.describes(record), record.name


def test_an_unknown_precision_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no precision 'fp8'; the precisions are fp32, tf32, bf16"):
        Inputs(make_tasks(), precision="fp8")
    with pytest.raises(SystemExit):
        main(["run", "--tasks", "alphabets", "--precision", "fp8"])
