"""What a method holds in memory beside what it says that it keeps."""

from __future__ import annotations

import gc

import pytest
import torch
from small import make_method, make_tasks

from tfm_lite import train
from tfm_lite.train import Protocol


def tensors() -> dict[int, int]:
    """Bytes of every block of memory that a tensor of this process holds, by its address."""
    gc.collect()
    found = {}
    for thing in gc.get_objects():
        if type(thing) in (torch.Tensor, torch.nn.Parameter):  # not those without memory that a compiler leaves behind
            block = thing.untyped_storage()
            found[block.data_ptr()] = block.nbytes()
    return found


@pytest.mark.parametrize("name", ["tfm", "tfm_no_fn", "binary", "lwf"])  # those that copy networks, or slices of them
def test_after_many_tasks_little_more_is_held_than_is_kept(name: str) -> None:
    before = tensors()
    tasks = make_tasks(groups=(2,) * 12, per_class=4)
    options = {"grow": "schedule"} if name.startswith("tfm") else {}
    method = make_method(name, tasks, **options)
    train.run(method, tasks, protocol=Protocol(epochs=1, batch=16))
    for task in tasks:
        method.predict(torch.zeros(2, 1, 12, 12), task.index)
    held = sum(size for address, size in tensors().items() if address not in before)
    kept = sum(method.storage().values())
    assert held > 0.8 * kept, "what is kept is not seen, so that nothing is compared"
    assert held <= 5 * kept
