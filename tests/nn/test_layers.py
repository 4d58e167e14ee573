"""The ternary layers against the paper's equations, written down densely in float64, and against their own promises."""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tfm_lite.nn import product
from tfm_lite.nn.feature_norm import Affine, FeatureNorm
from tfm_lite.nn.layers import FORWARD_ONLY, MASKED, NORMAL, Ternary, TernaryLayer
from tfm_lite.nn.stages import BatchNorm, Plain, Stage, initial
from tfm_lite.seeds import torch_stream

# name: stage, map positions per input feature, (inputs, outputs) per task, size of the images
CASES = {
    "linear": (Stage(0), 1, [(5, 3), (7, 6), (9, 8)], 1),
    "first linear layer, whose input never grows": (Stage(0), 1, [(5, 3), (5, 6), (5, 8)], 1),
    "linear layer that does not grow": (Stage(0), 1, [(5, 4), (7, 4), (9, 4)], 1),
    "nothing new at all": (Stage(0), 1, [(5, 4), (5, 4), (9, 5)], 1),
    "convolution": (Stage(0, 3, padding=1), 1, [(2, 3), (4, 5), (5, 9)], 6),
    "strided convolution": (Stage(0, 5, stride=2, padding=2), 1, [(2, 3), (4, 5), (5, 9)], 9),
    "convolution that does not grow": (Stage(0, 3), 1, [(2, 4), (3, 4), (5, 4)], 5),
    "convolution to linear": (Stage(0), 9, [(2, 4), (3, 6), (5, 7)], 3),
}


def grown(case: str, t: int) -> TernaryLayer:
    """A float64 layer of this case that is learning task ``t``, with biases that are not zero."""
    stage, area, sizes, _ = CASES[case]
    layer = TernaryLayer(stage).double()
    for s in range(t + 1):
        layer.grow(sizes[s][0] * area, sizes[s][1], torch_stream(0, "test", s))
        nn.init.normal_(layer.new_bias)
        if s < t:
            layer.keep()
    return layer


def masks(case: str, t: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """n(t) and n(t-1) of the layer's outputs and inputs on the preallocated network of the last task (Eq. 3)."""
    _, area, sizes, _ = CASES[case]
    inputs, outputs = sizes[-1]

    def n(count: int, total: int, repeat: int = 1) -> Tensor:
        return (torch.arange(total) < count).double().repeat_interleave(repeat)

    before = sizes[t - 1] if t else (0, 0)
    return n(sizes[t][1], outputs), n(before[1], outputs), n(sizes[t][0], inputs, area), n(before[0], inputs, area)


def eq5(case: str, t: int) -> Tensor:
    n_out, n_out_before, n_in, n_in_before = masks(case, t)
    return torch.outer(n_out, n_in) - torch.outer(n_out_before, n_in_before)


def eq6(case: str, t: int, *, input_is_new: bool = False) -> Tensor:
    """Eq. 6, times what the masked product (Eq. 4) makes zero: inputs and outputs that do not exist yet.

    ``input_is_new`` is the reading to avoid in the first layer: that the network's input belongs to every task.
    """
    n_out, n_out_before, n_in, n_in_before = masks(case, t)
    m_out, m_in = n_out - n_out_before, n_in if input_is_new else n_in - n_in_before
    return ((m_out[:, None] + m_in[None, :]) > 0) * torch.outer(n_out, n_in)


def dense_check(case: str, t: int, *, norm: bool = False) -> None:
    """Outputs (Eq. 4) and gradients (Eq. 5) of the layer equal those of the dense masked product; with feature normalization
    (Eq. 7) in it and a ReLU after it, which writes over its input, if ``norm``."""
    stage, area, sizes, size = CASES[case]
    layer = grown(case, t)
    n_out, _, n_in, _ = masks(case, t)
    # A preallocated network: weights that later tasks will learn are there already, and must not matter.
    weight = torch.randn(stage.weight_shape(len(n_out), len(n_in)), dtype=torch.float64)
    bias = torch.randn(len(n_out), dtype=torch.float64)
    used, used_bias = layer.used(t)
    weight[: used.shape[0], : used.shape[1]], bias[: len(used_bias)] = used, used_bias
    weight.requires_grad_(), bias.requires_grad_()

    x = torch.randn(4, sizes[t][0], size, size, dtype=torch.float64)
    x = (x if stage.kernel or area > 1 else x[:, :, 0, 0]).requires_grad_()
    padded = torch.cat([x, torch.zeros(4, sizes[-1][0] - sizes[t][0], *x.shape[2:], dtype=torch.float64)], 1)
    view = (1, -1, *[1] * (2 if stage.kernel else 0))
    dense = stage.product(padded, weight, bias)
    scale, shift = (
        torch.linspace(*ends, sizes[t][1], dtype=torch.float64).requires_grad_() for ends in ((-1.5, 2.1), (1, 0.2))
    )
    if norm:
        missing = (0, len(n_out) - len(scale))
        dense = F.relu(dense * F.pad(scale, missing).view(view) + F.pad(shift, missing).view(view))
    dense = dense * n_out.view(view)
    ours = F.relu(layer(x, t, (scale, shift)), inplace=True) if norm else layer(x, t)
    assert torch.allclose(dense[:, : ours.shape[1]], ours, rtol=1e-12, atol=1e-12)
    assert not dense[:, ours.shape[1] :].any()

    upstream = torch.randn_like(ours)
    affine = [scale, shift] if norm else []
    want_x, want_w, want_b, *want = torch.autograd.grad(
        (dense[:, : ours.shape[1]] * upstream).sum(), [x, weight, bias, *affine]
    )
    want_w = want_w * eq5(case, t).view(*want_w.shape[:2], *[1] * (want_w.dim() - 2))
    blocks = [layer.rows, layer.columns, layer.new_bias]
    got_x, *got = torch.autograd.grad((ours * upstream).sum(), [x, *blocks, *affine], allow_unused=True)
    rows, columns, new_bias = (torch.zeros_like(b) if g is None else g for g, b in zip(got, blocks, strict=False))
    old_out, end_in = columns.shape[0], rows.shape[1]
    assembled = torch.zeros_like(want_w)
    assembled[old_out : old_out + len(rows), :end_in] = rows
    assembled[:old_out, end_in - columns.shape[1] : end_in] = columns
    assert torch.allclose(want_x, got_x, rtol=1e-10, atol=1e-12)
    assert torch.allclose(want_w, assembled, rtol=1e-10, atol=1e-12)
    assert torch.allclose(want_b[old_out : old_out + len(rows)], new_bias, rtol=1e-10, atol=1e-12)
    assert all(torch.allclose(a, b, rtol=1e-9, atol=1e-11) for a, b in zip(want, got[3:], strict=True))


@pytest.mark.parametrize("norm", [False, True])
@pytest.mark.parametrize("t", [0, 1, 2])
@pytest.mark.parametrize("case", CASES)
def test_equals_the_dense_masked_reference(case: str, t: int, norm: bool) -> None:
    dense_check(case, t, norm=norm)


@pytest.mark.parametrize(
    "mutation", ["columns of the wrong inputs", "input gradient of the new rows only", "no columns"]
)
def test_the_reference_catches_a_wrong_layer(mutation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    weight_gradient, input_gradient = product._weight_gradient, product._input_gradient

    def wrong_columns(stage: Stage, x: Tensor, shape: torch.Size, grad: Tensor) -> Tensor:
        return weight_gradient(stage, x.flip(1), shape, grad)

    def wrong_input(stage: Stage, x: Tensor, weight: Tensor, grad: Tensor) -> Tensor:
        grad = grad.clone()
        grad[:, : grad.shape[1] // 2] = 0
        return input_gradient(stage, x, weight, grad)

    if mutation == "columns of the wrong inputs":
        monkeypatch.setattr(product, "_weight_gradient", wrong_columns)
    elif mutation == "input gradient of the new rows only":
        monkeypatch.setattr(product, "_input_gradient", wrong_input)
    else:
        monkeypatch.setattr(product, "_weight_gradient", lambda s, x, shape, g: weight_gradient(s, x, shape, g) * 0)
    for case in ("linear", "convolution", "convolution to linear"):
        with pytest.raises(AssertionError):
            dense_check(case, 1)


@pytest.mark.parametrize("t", [0, 1, 2])
@pytest.mark.parametrize("case", CASES)
def test_equation_6_is_equation_5_on_the_visible_features(case: str, t: int) -> None:
    assert torch.equal(eq6(case, t), eq5(case, t))


def test_equation_6_needs_care_in_the_first_layer() -> None:
    """With an input that counts as new for every task, it would move all old weights of the first layer."""
    case = "first linear layer, whose input never grows"
    old = torch.zeros_like(eq5(case, 1)).index_fill_(0, torch.arange(3), 1.0)
    assert torch.equal(eq6(case, 1, input_is_new=True) - eq5(case, 1), old)


def test_the_reference_catches_a_wrong_feature_normalization(monkeypatch: pytest.MonkeyPatch) -> None:
    real = product._affine_gradients
    for wrong in (
        lambda grad, out, scale, shift: real(grad, out, scale, 0 * shift),
        lambda grad, out, scale, shift: (real(grad, out, scale, shift)[0] * scale, real(grad, out, scale, shift)[1]),
        lambda grad, out, scale, shift: real(grad, out, scale.abs(), shift),
    ):
        monkeypatch.setattr(product, "_affine_gradients", wrong)
        with pytest.raises(AssertionError):
            dense_check("convolution", 1, norm=True)


@pytest.mark.parametrize("scale", [1e-4, -1e-4, 1e-8, 0.0])
def test_the_gradient_of_a_tiny_scale(scale: float) -> None:
    """In float32: near 0 what the scale multiplied is lost in its product, and the gradient is at worst too small."""
    layer, x = grown("convolution", 1).float(), torch.randn(64, 4, 6, 6)
    tiny = torch.full((5,), scale, requires_grad=True)
    (got,) = torch.autograd.grad(layer(x, 1, (tiny, torch.full((5,), 0.5))).sum(), [tiny])
    want = layer(x, 1).detach().sum((0, 2, 3))
    if abs(scale) > 1e-6:
        assert torch.allclose(got, want, rtol=0.01, atol=0.01 * float(want.abs().max()))
    assert got.isfinite().all()


def test_second_product_in_one_step_gives_the_summed_gradient() -> None:
    layer = grown("linear", 1)
    a, b = torch.randn(4, 7, dtype=torch.float64), torch.randn(4, 7, dtype=torch.float64)
    both = torch.autograd.grad(layer(a, 1).sum() + layer(b, 1).pow(2).sum(), [layer.rows, layer.columns])
    one = torch.autograd.grad(layer(a, 1).sum(), [layer.rows, layer.columns])
    two = torch.autograd.grad(layer(b, 1).pow(2).sum(), [layer.rows, layer.columns])
    assert all(torch.allclose(x, y + z) for x, y, z in zip(both, one, two, strict=True))


@pytest.mark.parametrize("case", ["linear", "convolution"])
def test_gradients_under_autocast_are_float32_and_close(case: str) -> None:
    stage, _, sizes, size = CASES[case]
    layer = grown(case, 1).float()
    x = torch.randn(8, sizes[1][0], *([size] * 2 if stage.kernel else []), requires_grad=True)
    exact = torch.autograd.grad(layer(x, 1).sum(), [x, layer.rows, layer.columns])
    with torch.autocast("cpu", torch.bfloat16):
        out = layer(x, 1)
    assert out.dtype == torch.bfloat16
    rough = torch.autograd.grad(out.sum(), [x, layer.rows, layer.columns])
    for a, b in zip(exact, rough, strict=True):
        assert b.dtype == torch.float32 and (a - b).abs().max() <= 0.03 * a.abs().max()


@pytest.mark.parametrize("case", ["linear", "convolution"])
def test_under_autocast_old_weights_are_cast_once_and_every_step_counts(
    case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two backward passes, a step of the optimizer, two more: bit for bit as with weights that are cast in every pass."""

    def learned(layer: TernaryLayer) -> list[Tensor]:
        optimizer, seen = torch.optim.SGD(layer.parameters(), 0.1), []
        for _ in range(2):
            with torch.autocast("cpu", torch.bfloat16):
                outs = [layer(part, 1) for part in x]  # both are there before the first goes back
            for out in outs:
                out.float().pow(2).sum().backward()
            optimizer.step()
            seen += outs
        return [*seen, layer.rows.detach(), layer.columns.detach()]

    stage, _, sizes, size = CASES[case]
    once = grown(case, 1).float()
    each = copy.deepcopy(once)
    x = torch.randn(2, 8, sizes[1][0], *([size] * 2 if stage.kernel else []))
    monkeypatch.setattr(each, "_lowered", lambda kind: each._live[0].to(kind))
    assert all(torch.equal(a, b) for a, b in zip(learned(once), learned(each), strict=True))
    assert once._cast is not None and each._cast is None


def test_old_weights_are_buffers_and_what_learns_are_parameters() -> None:
    layer = grown("linear", 2)
    assert {name for name, _ in layer.named_parameters()} == {"rows", "columns", "new_bias"}
    assert {name for name, _ in layer.named_buffers()} == {"weight", "bias"}
    layer.keep()
    assert not list(layer.parameters()) and layer.weight.shape == (8, 9)


def test_what_learns_is_a_window_into_the_slice() -> None:
    """A step changes the slice itself; a copy of the layer has a slice of its own; old weights are not in it."""
    layer = grown("linear", 2)
    weight, bias = layer.used(2)
    twin, old = copy.deepcopy(layer), layer.weight.clone()
    with torch.no_grad():
        for parameter, value in (layer.rows, 1.0), (layer.columns, 2.0), (layer.new_bias, 3.0):
            parameter.fill_(value)
    assert (weight[6:] == 1).all() and (weight[:6, 7:] == 2).all() and (bias[6:] == 3).all()
    assert torch.equal(layer.weight, old) and torch.equal(weight[:6, :7], old)
    assert layer.used(2)[0] is weight
    before = twin.used(2)[0].clone()
    assert not torch.equal(before, weight)
    with torch.no_grad():
        twin.rows.zero_()
    assert (twin.used(2)[0][6:] == 0).all() and (weight[6:] == 1).all()


def test_a_copy_of_a_layer_leaves_the_cached_slices_behind() -> None:
    layer = grown("linear", 2)
    layer.keep()
    slices = [layer.used(t) for t in range(3)]
    assert layer._slices
    twin = copy.deepcopy(layer)
    assert not twin._slices and layer._slices
    for t, (weight, bias) in enumerate(slices):
        assert torch.equal(twin.used(t)[0], weight) and torch.equal(twin.used(t)[1], bias)
        assert twin.used(t)[0].data_ptr() != weight.data_ptr()


def test_slices_follow_the_layer_to_another_type() -> None:
    layer = grown("linear", 1)
    layer.keep()
    assert layer.used(1)[0].dtype == layer.used(0)[0].dtype == torch.float64
    layer.float()
    assert layer.used(0)[0].dtype == layer.used(1)[0].dtype == torch.float32


def test_slices_of_one_task_at_a_time_are_kept() -> None:
    """Beside the slice that learns, which goes on learning when older tasks are used in between."""
    layer = grown("linear", 2)
    live = layer.used(2)[0]
    first = layer.used(1)[0]
    old = layer.used(0)[0]
    assert list(layer._slices) == [(0, False)] and torch.equal(old, layer.weight[:3, :5])
    assert layer.used(1)[0] is not first and torch.equal(layer.used(1)[0], first)
    with torch.no_grad():
        layer.rows.fill_(2.0)
    assert layer.used(2)[0] is live and (live[6:] == 2).all()


def test_tensors_in_the_place_of_parameters_leave_the_layer_alone() -> None:
    """As in functional_call; and a parameter that was given other values in another place is believed."""
    layer, x = grown("linear", 2), torch.randn(4, 9, dtype=torch.float64)
    before, out = [part.clone() for part in layer.used(2)], layer(x, 2)
    zeros = {name: torch.zeros_like(parameter) for name, parameter in layer.named_parameters()}
    changed = torch.func.functional_call(layer, zeros, (x, 2))
    old = layer.stage.product(x[:, :7], layer.weight, layer.bias)
    assert (changed[:, 6:] == 0).all() and torch.allclose(changed[:, :6], old, rtol=1e-12)
    assert all(map(torch.equal, layer.used(2), before)) and torch.equal(layer(x, 2), out)
    layer.rows.data = torch.zeros_like(layer.rows)
    assert (layer(x, 2)[:, 6:] == layer.new_bias).all() and torch.equal(layer.used(2)[0][:6], before[0][:6])


@pytest.mark.parametrize("kind", ["linear", "convolution"])
@pytest.mark.long
def test_a_layer_is_compiled_whole(kind: str) -> None:
    """Outputs and gradients; the task that learns, and an older one."""
    layer = grown(kind, 2)
    x = torch.randn(4, layer.boundaries[2][0], *[6] * (2 if layer.stage.kernel else 0), dtype=torch.float64)
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
    for t in (2, 0):
        used = x[:, : layer.boundaries[t][0]].contiguous()
        assert torch.allclose(compiled(used, t), layer(used, t), rtol=1e-12)
    gradients = []
    for call in (layer, compiled):
        layer.zero_grad()
        call(x, 2).square().sum().backward()
        gradients.append([parameter.grad.clone() for parameter in layer.parameters()])
    assert all(torch.allclose(a, b, rtol=1e-12) for a, b in zip(*gradients, strict=True))


@pytest.mark.parametrize("learning", [True, False])
def test_a_layer_is_pickled(learning: bool) -> None:
    layer = grown("linear", 2)
    if not learning:
        layer.keep()
    twin, x = pickle.loads(pickle.dumps(layer)), torch.randn(4, 9, dtype=torch.float64)
    for t in range(3):
        used = x[:, : layer.boundaries[t][0]]
        assert torch.equal(twin(used, t), layer(used, t))
    if learning:
        with torch.no_grad():
            twin.rows.zero_()
        assert (twin.used(2)[0][6:] == 0).all() and not (layer.used(2)[0][6:] == 0).all()


def test_threads_use_different_tasks_at_the_same_time() -> None:
    layer, x = grown("linear", 2), torch.randn(4, 9, dtype=torch.float64)
    layer.keep()
    inputs = [x[:, : layer.boundaries[t][0]].contiguous() for t in range(3)]
    alone = [layer(inputs[t], t) for t in range(3)]
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda i: layer(inputs[i % 3], i % 3), range(3000)))
    assert all(torch.equal(out, alone[i % 3]) for i, out in enumerate(found))


def test_masks_are_a_view_of_the_boundaries() -> None:
    layer = grown("linear", 2)  # boundaries 3, 6, 8
    states = {"normal": NORMAL, "forward-only": FORWARD_ONLY, "masked": MASKED}
    counts = [{name: int((layer.mask(t) == state).sum()) for name, state in states.items()} for t in range(3)]
    assert counts == [
        {"normal": 3, "forward-only": 0, "masked": 5},
        {"normal": 3, "forward-only": 3, "masked": 2},
        {"normal": 2, "forward-only": 6, "masked": 0},
    ]
    normal = torch.stack([layer.mask(t) == NORMAL for t in range(3)]).int()
    assert torch.equal(normal.sum(0), torch.ones(8, dtype=torch.int64))  # each feature belongs to one task


def test_wrong_growth_is_refused() -> None:
    layer = grown("linear", 1)
    with pytest.raises(ValueError, match=r"still learning.*keep\(\)"):
        layer.grow(9, 9, torch_stream(0))
    layer.keep()
    with pytest.raises(ValueError, match="only grows: it has 7 inputs and 6 outputs, not 7, 5"):
        layer.grow(7, 5, torch_stream(0))


@pytest.mark.parametrize("shape", [(4, 6), (4, 6, 3, 3)])
def test_feature_norm_is_equation_7(shape: tuple[int, ...]) -> None:
    norm, x = FeatureNorm(), torch.randn(shape, requires_grad=True)
    assert norm(x, 0) is x  # none for task 1
    norm.grow(1, 4, 6, like=x)
    assert torch.equal(norm(x, 1), x)  # starts as the identity
    affine = norm.tasks[1]
    with torch.no_grad():
        affine.scale.normal_(), affine.shift.normal_()
    view = (1, -1, *[1] * (len(shape) - 2))
    assert torch.allclose(norm(x, 1), x * affine.scale.view(view) + affine.shift.view(view), atol=1e-6)
    grads = torch.autograd.grad(norm(x, 1).pow(2).sum(), [x, affine.scale, affine.shift])
    wants = torch.autograd.grad(
        (x * affine.scale.view(view) + affine.shift.view(view)).pow(2).sum(), [x, affine.scale, affine.shift]
    )
    assert all(torch.allclose(a, b, rtol=1e-4, atol=1e-5) for a, b in zip(grads, wants, strict=True))


def test_feature_norm_options() -> None:
    x = torch.randn(3, 6)
    old = FeatureNorm(which="old")
    old.grow(1, 4, 6, like=x)
    with torch.no_grad():
        old.tasks[1].scale.fill_(2)
    assert torch.equal(old(x, 1), torch.cat([2 * x[:, :4], x[:, 4:]], 1))
    previous = FeatureNorm(start="previous")
    previous.grow(1, 2, 4, like=x)
    with torch.no_grad():
        previous.tasks[1].scale.fill_(3)
    previous.keep()
    previous.grow(2, 4, 6, like=x)
    assert previous.tasks[2].scale.tolist() == [3, 3, 3, 3, 1, 1]
    assert not list(previous.tasks[1].parameters()) and list(previous.tasks[2].parameters())
    for wrong in ({"which": "new"}, {"start": "zero"}):
        with pytest.raises(ValueError, match=next(iter(wrong.values()))):
            FeatureNorm(**wrong)
    with pytest.raises(ValueError, match="'between'"):
        Ternary(Stage(3), norm="between", inputs=2, area=1, dropout=0.0, name="x", seed=0)


def test_first_task_at_full_width_is_the_plain_network() -> None:
    plain = {"inputs": 3, "area": 1, "dropout": 0.0, "name": "stage 1", "seed": 5}
    stage = Stage(8, 3)
    a, b = Plain(stage, **plain), Ternary(stage, **plain)
    b.grow(0, 3, 8)
    x = torch.randn(2, 3, 6, 6)
    assert torch.equal(a.weight, b.used(0)[0]) and torch.equal(a(x, 0), b(x, 0))


@pytest.mark.parametrize("shape", [(64, 100), (32, 3, 5, 5)])
def test_initial_weights_keep_the_scale_of_the_input(shape: tuple[int, ...]) -> None:
    fan_in = math.prod(shape[1:])
    weight = initial(shape, fan_in, torch_stream(0, "x"))
    assert abs(weight.std().item() * math.sqrt(fan_in) - 1) < 0.05


def test_a_masked_product_is_only_nearly_the_sliced_one() -> None:
    """Why the layers slice: the same mathematics, other bits."""
    generator = torch_stream(0, "x")
    weight, x = torch.randn(512, 512, generator=generator), torch.randn(64, 512, generator=generator)
    x[:, 301:] = 0
    masked, sliced = F.linear(x, weight)[:, :201], F.linear(x[:, :301].contiguous(), weight[:201, :301].contiguous())
    assert torch.allclose(masked, sliced, atol=1e-3)
    again: Callable[[], Tensor] = lambda: F.linear(x[:, :301].contiguous(), weight[:201, :301].contiguous())  # noqa: E731
    assert torch.equal(sliced, again())


def test_affine_padded() -> None:
    affine = Affine(torch.tensor([2.0, 3.0]), torch.tensor([1.0, 1.0])).padded(3)
    assert affine.scale.tolist() == [2, 3, 1] and affine.shift.tolist() == [1, 1, 0]


def test_batch_norm_is_pytorchs_while_it_learns() -> None:
    ours, usual = BatchNorm(3), nn.BatchNorm1d(3)
    x = 0.01 * torch.randn(8, 3, generator=torch.Generator().manual_seed(0))  # of so small a variance that eps matters
    assert torch.equal(ours(x), usual(x))
    assert torch.equal(ours.mean, usual.running_mean) and torch.equal(ours.variance, usual.running_var)
    assert torch.equal(ours.eval()(x), usual.eval()(x))
