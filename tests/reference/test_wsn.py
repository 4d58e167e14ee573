"""WSN against its equations, written down slowly, in float64; and what its masks take."""

from __future__ import annotations

import copy

import pytest
import torch
from small import HOSTILE, SHORT, make_method, make_tasks
from torch import Tensor

from tfm_lite import huffman, train
from tfm_lite.methods import wsn
from tfm_lite.methods.wsn import WSN, Winning
from tfm_lite.train import Inputs

TASKS = make_tasks()
RATE = 0.5


def begun(t: int, **options: object) -> WSN:
    """A WSN in float64 that has learned tasks 0 to t - 1, and begun task t."""
    method = make_method("wsn", TASKS, dropout=0.0, **options)
    assert isinstance(method, WSN)
    for s in range(t):
        train.learn(method, TASKS[: s + 1], Inputs(TASKS), protocol=SHORT)
    method.begin(t, len(TASKS[t].classes))
    return method.double()


def batch(t: int, start: int = 0) -> tuple[Tensor, Tensor]:
    x, y = Inputs(TASKS).of(TASKS[t].train, torch.arange(start, start + 12))
    return x.double(), y


def top(score: Tensor, share: float) -> Tensor:
    """1 for this share of the scores, the greatest, one after the other; 0 for the others."""
    places = sorted(range(score.numel()), key=lambda place: score.view(-1)[place].item())
    mask = torch.zeros(score.numel(), dtype=torch.float64)
    for place in places[len(places) - round(share * len(places)) :]:
        mask[place] = 1.0
    return mask.view(score.shape)


class Written:
    """Tasks learned one after the other on dense matrices: weights w, scores s, M the union of all masks so far.

    m = top(s);  w <- w - rate dL/dw (1 - M), s <- s - rate dL/dm, with L of the network whose weights are w m.
    """

    def __init__(self, method: WSN) -> None:
        stages = method.net.stages
        self.share = method.share
        self.w = [torch.where(stage.taken(), stage.kept, stage.weight).detach().clone() for stage in stages]
        self.s = [stage.score.detach().clone() for stage in stages]
        self.b = [stage.bias.detach().clone() for stage in stages]
        self.taken = [torch.zeros_like(w) for w in self.w]
        for old in method.net.stages[0].masks._buffers:
            t = int(old.removeprefix("bits_"))
            self.taken = [torch.maximum(m, stage.mask(t).double()) for m, stage in zip(self.taken, stages, strict=True)]

    def step(self, x: Tensor, y: Tensor, head: torch.nn.Linear, *, learns_biases: bool) -> tuple[Tensor, Tensor]:
        """One step on this batch; the gradients of the head's weights and biases before it."""
        masks = [top(s, self.share).requires_grad_() for s in self.s]
        weights = [w.clone().requires_grad_() for w in self.w]
        biases = [b.clone().requires_grad_() for b in self.b]
        own = [p.detach().clone().requires_grad_() for p in (head.weight, head.bias)]
        h = x.flatten(1)
        for w, m, b in zip(weights, masks, biases, strict=True):
            h = torch.relu(h @ (w * m).T + b)
        scores = torch.log_softmax(h @ own[0].T + own[1], 1)
        (-scores[range(len(y)), y].mean()).backward()
        for k, (w, m, b) in enumerate(zip(weights, masks, biases, strict=True)):
            self.w[k] -= RATE * w.grad * (1 - self.taken[k])
            self.s[k] -= RATE * m.grad
            self.b[k] -= RATE * b.grad * learns_biases
        return own[0].grad, own[1].grad


def compare(t: int, steps: int = 4, **options: object) -> None:
    """Some steps of plain gradient descent on task t: the package's and the written one's."""
    method = begun(t, **options)
    method.train()
    written, head = Written(method), method.net.heads[t]
    starts = [s.clone() for s in written.s]
    optimizer = torch.optim.SGD(method.parameters(), lr=RATE)
    for i in range(steps):
        x, y = batch(t, i)
        grads = written.step(x, y, head, learns_biases=t == 0)
        train.step(method, optimizer, x, y, t)
        for ours, right in zip((head.weight.grad, head.bias.grad), grads, strict=True):
            assert torch.allclose(ours, right, rtol=1e-9, atol=1e-12), "the head"
    stages = method.net.stages
    changed = [
        not torch.equal(top(a, method.share), top(b, method.share)) for a, b in zip(starts, written.s, strict=True)
    ]
    assert any(changed), "no mask has changed: nothing was compared"
    method.end(t)
    for stage, w, s, b in zip(stages, written.w, written.s, written.b, strict=True):
        assert torch.equal(stage.mask(t), top(s, method.share).bool()), "the mask"
        assert torch.allclose(stage.kept, w, rtol=1e-9, atol=1e-12), "the weights"
        assert torch.allclose(stage.used(t)[0], w * top(s, method.share), rtol=1e-9, atol=1e-12), "what is used"
        assert torch.allclose(stage.bias, b, rtol=1e-9, atol=1e-12), "the biases"
        if hasattr(stage, "score"):
            assert torch.allclose(stage.score, s, rtol=1e-9, atol=1e-12), "the scores"


@pytest.mark.parametrize("share", [0.5, 0.1])
@pytest.mark.parametrize("t", [0, 1, 2])
def test_it_learns_by_its_equations(t: int, share: float) -> None:
    compare(t, share=share)


@pytest.mark.parametrize(
    "fault",
    ["no gradient through the step", "the least scores win", "taken weights learn", "another share in other layers"],
)
def test_another_method_is_caught(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(ctx: object, grad: Tensor) -> tuple[Tensor, None]:
        return torch.zeros_like(grad), None

    def begin(stage: Winning, t: int, *, share: float, fresh: bool) -> None:
        right(stage, t, share=share if stage.name == "stage 1" else share / 2, fresh=fresh)

    right = Winning.begin
    if fault == "no gradient through the step":
        monkeypatch.setattr(wsn.Greatest, "backward", staticmethod(stopped))
    elif fault == "the least scores win":
        monkeypatch.setattr(wsn, "smallest", lambda score, count: score.sort().values[len(score) - count])
    elif fault == "taken weights learn":
        monkeypatch.setattr(
            Winning, "claim", lambda s: s.register_buffer("factor", torch.ones_like(s.kept), persistent=False)
        )
    else:
        monkeypatch.setattr(Winning, "begin", begin)
    with pytest.raises(AssertionError, match=r"the (head|mask|weights|scores)"):
        compare(1)


def test_scores_go_on_from_task_to_task_or_are_drawn_anew() -> None:
    kept, new = begun(0), begun(0, scores="new")
    for method in (kept, new):
        method.net.stages[0].score.data += 1.0
        left = method.net.stages[0].score.detach().clone()
        method.end(0)
        assert ("scores" in method.storage()) == (method is kept)
        method.begin(1, 2)
        assert torch.equal(method.net.stages[0].score, left) == (method is kept)


def shared(scores: str) -> float:
    """The share of task 1's weights that task 0 has, too."""
    stage = begun(2, scores=scores).net.stages[0]
    return float((stage.mask(1) & stage.mask(0)).sum() / stage.mask(1).sum())


def test_kept_scores_make_masks_that_resemble_each_other() -> None:
    assert shared("kept") > 0.7 and abs(shared("new") - 0.5) < 0.05


def test_what_is_equal_goes_in_together_and_one_weight_is_the_least() -> None:
    score = torch.tensor([[0.2, 0.7, 0.7], [0.1, 0.7, 0.9]])
    assert wsn.Greatest.apply(score, 2).tolist() == [[0, 1, 1], [0, 1, 1]]
    method = make_method("wsn", TASKS, share=1e-9)
    method.begin(0, 3)
    method.end(0)
    assert all(int(stage.mask(0).sum()) == 1 for stage in method.net.stages)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_optimizer_moves_what_is_taken_even_while_a_task_learns(hostile: str) -> None:
    method = begun(1)
    taken = [stage.taken() for stage in method.net.stages]
    before = [stage.kept[mask] for stage, mask in zip(method.net.stages, taken, strict=True)]
    optimizer = HOSTILE[hostile]()(list(method.parameters()), 1, SHORT)
    for i in range(3):
        train.step(method.train(), optimizer, *batch(1, i), 1)
        for stage, mask, was in zip(method.net.stages, taken, before, strict=True):
            used = mask & (stage.used(1)[0] != 0)
            assert used.any() and torch.equal(stage.used(1)[0][used], stage.kept[used])
            assert torch.equal(stage.kept[mask], was)
    with torch.no_grad():
        for stage in method.net.stages:
            stage.weight.fill_(torch.inf)
    method.end(1)
    assert all(torch.equal(s.kept[m], was) for s, m, was in zip(method.net.stages, taken, before, strict=True))


def test_a_method_saved_in_the_midst_of_a_task_still_knows_what_is_taken() -> None:
    method = begun(1).float()
    again = make_method("wsn", TASKS, dropout=0.0)
    again.rebuild(method.structure())
    again.load_state_dict(method.state_dict())
    x, y = batch(1)
    for one in (method, again):
        optimizer = torch.optim.SGD(one.parameters(), lr=RATE, weight_decay=0.1)
        train.step(one, optimizer, x.float(), y, 1)
        one.end(1)
    assert all(
        torch.equal(a, b) for a, b in zip(method.state_dict().values(), again.state_dict().values(), strict=True)
    )


def many(tasks: int) -> WSN:
    """A WSN after so many tasks of two classes, of which none learned anything but its mask."""
    method = make_method("wsn", TASKS, share=0.3)
    assert isinstance(method, WSN)
    generator = torch.Generator().manual_seed(0)
    for t in range(tasks):
        method.begin(t, 2)
        for stage in method.net.stages:
            stage.score.data += 0.02 * torch.randn(stage.score.shape, generator=generator)
        method.end(t)
    return method


def test_coded_masks_are_read_back_seven_tasks_at_a_time() -> None:
    method = many(9)
    codes = iter(method.coded())
    for stage in method.net.stages:
        first, second = (huffman.decode(next(codes)).view(stage.kept.shape) for _ in range(2))
        for t in range(9):
            bits = first >> t if t < 7 else second >> (t - 7)
            assert torch.equal((bits & 1).bool(), stage.mask(t)), f"task {t}"
    assert next(codes, None) is None


def test_nothing_is_answered_from_more_than_what_is_needed() -> None:
    """A network made of the coded masks, a list of the weights that they have, biases and heads answers to the bit."""
    method, x = many(3), torch.randn(4, 1, 12, 12)
    answers = [method.predict(x, t) for t in range(3)]
    codes, again = method.coded(), copy.deepcopy(method)
    found = {"masks": sum(map(len, codes)), "weights": 0, "heads": method.storage()["heads"]}
    for stage, code in zip(again.net.stages, codes, strict=True):
        symbols = huffman.decode(code).view(stage.kept.shape)
        kept = stage.kept[symbols > 0]  # all that there is of them
        found["weights"] += 4 * (len(kept) + len(stage.bias))
        stage.kept = torch.full_like(stage.kept, torch.nan).masked_scatter(symbols > 0, kept).nan_to_num(0.0)
        stage.score.fill_(torch.nan)
        for t in range(3):
            stage.masks.register_buffer(f"bits_{t}", wsn.pack((symbols >> t & 1).bool()))
    assert method.needed() == found
    assert all(torch.equal(again.predict(x, t), answer) for t, answer in enumerate(answers))
    assert sum(found.values()) < sum(method.storage().values()) / 2
