"""What a method may rely on, and what is refused: a network that breaks the rules, a hook that nobody calls, a name that is
taken, a file with no method in it."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from small import SHORT, make_method, make_tasks, quick_options
from test_forgetting import CLAIMS, check, learn
from torch import Tensor, nn

from tfm_lite import memory, methods, train
from tfm_lite.methods import base
from tfm_lite.methods.base import Method
from tfm_lite.methods.tfm import TFM
from tfm_lite.nn import networks
from tfm_lite.nn.networks import Builder, Network, stages_of
from tfm_lite.nn.per_task import PerTask
from tfm_lite.nn.stages import Plain, freeze
from tfm_lite.runs.config import Config

BUILD = Builder(stages_of("mlp", width=1 / 8), channels=1, size=12, tasks=3)

MINE = '''
from __future__ import annotations

import torch

from tfm_lite.methods.base import Method
from tfm_lite.nn.networks import Builder
from tfm_lite.options import Positive


class Mine(Method):
    """Fine-tuning whose old weights pull a little."""

    name = "mine"
    roles = {"anchor": "copies"}

    def __init__(self, build: Builder, *, pull: Positive = 0.1) -> None:
        super().__init__(build)
        self.pull = pull

    def start(self) -> None:
        super().start()
        self.register_buffer("anchor", self.flat().detach().clone())

    def flat(self) -> torch.Tensor:
        return torch.cat([weight.flatten() for weight in self.net.stages.parameters()])

    def penalty(self, t: int) -> torch.Tensor | float:
        return self.pull * (self.flat() - self.anchor).square().sum() if t else 0.0

    @torch.no_grad()
    def after_task(self, t: int) -> None:
        self.anchor.copy_(self.flat())
'''


@pytest.fixture(autouse=True)
def _known() -> Iterator[None]:
    """What a test makes known is forgotten after it."""
    methods.names()
    before = dict(base.known)
    yield
    base.known.clear()
    base.known.update(before)


class Positioned(Network[Plain]):
    """A network with a parameter of its own, which lies in no stage: it is added to the images."""

    def __init__(self, *given: Any, channels: int, size: int, **how: Any) -> None:
        super().__init__(*given, channels=channels, size=size, **how)
        self.position = nn.Parameter(torch.zeros(1, channels, size, size))

    def features(self, x: Tensor, t: int) -> Tensor:
        return super().features(x + self.position, t)


@pytest.mark.parametrize("name", CLAIMS)
def test_a_claim_holds_on_a_network_with_a_parameter_of_its_own_or_is_refused(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(networks, "Network", Positioned)
    tasks = make_tasks()
    method = make_method(name, tasks, **quick_options(name))
    refusal = f"{name} claims zero forgetting, and after task index 0 net.position is still a parameter"
    refused, learned = "", None
    try:
        learned = learn(method, tasks, "a vandal")
    except ValueError as error:  # of those that freeze stages and heads one by one
        refused = str(error)
    if learned:
        check(learned)
    else:
        assert re.match(rf"{re.escape(refusal)}.*freeze\(\) what holds it in after_task", refused)


def test_the_remedy_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    class Frozen(TFM):
        def after_task(self, t: int) -> None:
            super().after_task(t)
            freeze(self.net)

    monkeypatch.setattr(networks, "Network", Positioned)
    tasks = make_tasks()
    build = Builder(stages_of("mlp", width=1 / 8), channels=1, size=12, tasks=3)
    check(learn(Frozen(build, growths=(0.1,)), tasks, "a vandal"))


def test_the_network_is_made_once_and_when_it_is_needed() -> None:
    made: list[str] = []

    class Counted(Method):
        def start(self) -> None:
            made.append("net")
            super().start()

    method = Counted(BUILD)
    assert made == [] and not hasattr(method, "net")
    method.double()  # which would move nothing, were it not made now
    method.ready().begin(0, 3)
    assert made == ["net"] and {p.dtype for p in method.parameters()} == {torch.float64}
    copy.deepcopy(method).ready()
    assert made == ["net"]


def test_modules_of_tasks_go_by_their_index() -> None:
    heads: PerTask[nn.Linear] = PerTask()
    heads[0], heads[11] = nn.Linear(2, 3), nn.Linear(2, 4)
    assert list(heads) == [0, 11] and len(heads) == 2 and 11 in heads and 1 not in heads
    assert list(heads.state_dict()) == [
        "0.weight",
        "0.bias",
        "11.weight",
        "11.bias",
    ]  # as records and checkpoints have it
    heads.freeze(0)
    assert [name for name, _ in heads.named_parameters()] == ["11.weight", "11.bias"]
    with pytest.raises(ValueError, match="there is nothing of task index 5 here, only of 0, 11"):
        heads[5]


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        ("after_batch", "the hooks are start, before_task"),
        ("before_epoch", "the hooks are"),
        ("after_tasks", r"after_task\?"),
        ("befor_batch", r"before_batch\?"),
        ("aftertask", r"after_task\?"),
        ("optimiser", r"optimizer\?"),
        ("penality", r"penalty\?"),
    ],
)
def test_a_misspelt_hook_is_refused(wrong: str, hint: str) -> None:
    with pytest.raises(ValueError, match=rf"Typo has a {wrong}, which is no hook and is never called: {hint}"):
        type("Typo", (Method,), {wrong: lambda self, t: None})


def test_other_functions_and_those_of_a_parent_are_not() -> None:
    class Parent(Method):
        def shares(self) -> int:
            return 1

        def _after_all(self) -> None: ...

        @property
        def before_and_after(self) -> int:
            return 2

    class Child(Parent):
        def shares(self) -> int:
            return 2

    assert Child(BUILD).shares() == 2


def test_a_name_belongs_to_one_method() -> None:
    with pytest.raises(
        ValueError, match=r"two methods have the name 'ewc', .*Other and tfm_lite\.methods\.ewc\.EWC: give"
    ):
        type("Other", (Method,), {"name": "ewc"})
    assert methods.get("ewc").__module__ == "tfm_lite.methods.ewc"

    def cell() -> type[Method]:
        class Again(Method):
            name = "again"

        return Again

    first, second = cell(), cell()  # a cell of a notebook that is run twice
    assert first is not second and methods.get("again") is second
    assert type("Heir", (second,), {}).name == "again" and methods.get("again") is second  # it has no name of its own


def test_a_tensor_of_which_nobody_says_what_it_is_for_has_no_other_role() -> None:
    class Hoarder(Method):
        def start(self) -> None:
            super().start()
            self.register_buffer("hoard", torch.zeros(10))

    method = Hoarder(BUILD)
    method.begin(0, 3)
    assert method.storage()[base.UNDECLARED] == 40
    method.roles = {"hoard": "copies"}  # type: ignore[misc]
    assert method.storage()[base.UNDECLARED] == 40, "roles are the class's"
    type(method).roles = {"hoard": "copies"}
    assert method.storage()["copies"] == 40 and base.UNDECLARED not in method.storage()


def test_a_method_in_a_file_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "my_method.py"
    path.write_text(MINE)
    assert methods.load_file(path) == ["mine"] and "mine" in methods.names()
    with pytest.raises(ValueError, match="mine's option pull is a number above 0"):
        Config("nowhere", "mine", options={"pull": 0})
    tasks = make_tasks()
    method = make_method("mine", tasks, pull=0.2)
    history = train.run(method, tasks, protocol=SHORT)
    assert [len(row) for row in history.matrix] == [1, 2, 3]
    assert memory.kept("mine", method.build, method.classes) == method.storage()
    again = make_method("mine", tasks, pull=0.2)
    again.rebuild(method.structure())
    again.load_state_dict(method.state_dict())

    path.write_text(MINE.replace("Positive = 0.1", "Positive = 0.3"))
    assert methods.load_file(str(path)) == ["mine"], "a file may be loaded again after it was changed"
    assert methods.get("mine")(BUILD).pull == 0.3


def test_a_file_that_will_not_do_is_refused_and_leaves_nothing_behind(tmp_path: Path) -> None:
    before = methods.names()

    def written(text: str, name: str = "file.py") -> Path:
        path = tmp_path / name
        path.write_text(text)
        return path

    with pytest.raises(
        FileNotFoundError, match=r"there is no file .*absent\.py: name the Python file that has the method"
    ):
        methods.load_file(tmp_path / "absent.py")
    with pytest.raises(FileNotFoundError, match="there is no file"):
        methods.load_file(tmp_path)
    with pytest.raises(ValueError, match=r"is no Python file: a file with a method ends in \.py"):
        methods.load_file(written(MINE, "file.txt"))
    for text in ("", "from tfm_lite.methods.ewc import EWC", MINE.replace('    name = "mine"\n', "")):
        with pytest.raises(
            ValueError, match=r"file\.py has no method: write a subclass of tfm_lite\.methods\.base\.Method"
        ):
            methods.load_file(written(text))
    with pytest.raises(
        ValueError, match=r"two methods have the name 'hat', .*file\.py\.Mine and tfm_lite\.methods\.hat\.HAT"
    ):
        methods.load_file(written(MINE.replace('"mine"', '"hat"')))
    with pytest.raises(ZeroDivisionError):
        methods.load_file(written(MINE + "\n1 / 0\n"))
    assert methods.names() == before
    methods.load_file(written(MINE))
    (tmp_path / "sub").mkdir()
    with pytest.raises(ValueError, match="two methods have the name 'mine'"):
        methods.load_file(written(MINE, "sub/file.py"))


def test_what_cannot_be_measured_without_values_is_refused() -> None:
    class Peeks(Method):
        name = "peeks"

        def after_task(self, t: int) -> None:
            if self.net.stages[0].weight.sum() > 0:  # type: ignore[truthy-bool]
                freeze(self.net)

    with pytest.raises(
        ValueError, match=r"peeks cannot be measured without its values .*read values in learn\(\) only"
    ):
        memory.kept("peeks", BUILD, [3])
