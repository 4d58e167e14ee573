"""What cannot become ternary, by name and with the remedy: whatever holds state that nothing would freeze."""

from __future__ import annotations

from collections.abc import Iterator

from torch import nn

from tfm_lite.nn.convert.features import CannotGrow
from tfm_lite.nn.convert.parts import TernaryPart
from tfm_lite.nn.convert.per_task import TaskHead, TaskNorm

KNOWN = nn.Linear, nn.Conv2d, nn.BatchNorm1d, nn.BatchNorm2d
OUTSIDE = "run what holds it, frozen, in front of the network, and make ternary what comes behind"
REMEDIES = {  # by the class's name, as far as it goes; what is nowhere here must stay outside
    "LayerNorm": "normalize by BatchNorm1d or BatchNorm2d, of which every task has its own",
    "RMSNorm": "normalize by BatchNorm1d or BatchNorm2d, of which every task has its own",
    "GroupNorm": "normalize by BatchNorm2d, of which every task has its own",
    "InstanceNorm": "use affine=False and track_running_stats=False, or BatchNorm2d",
    "LocalResponseNorm": "normalize by BatchNorm2d, of which every task has its own",
    "SyncBatchNorm": "use BatchNorm2d",
    "FrozenBatchNorm2d": "use BatchNorm2d; with pretrained=True it is frozen",
    "MultiheadAttention": f"attention mixes all features and cannot grow; {OUTSIDE}",
    "Conv1d": "write it as Conv2d on maps of height 1",
    "PReLU": "use ReLU or LeakyReLU, which learn nothing",
}


def parts_of(module: nn.Module, head: str) -> dict[str, nn.Module]:
    """The layers, batch norms and head of a module by name, or a ``ValueError`` that says all that stands in the way."""
    parts: dict[str, nn.Module] = {}
    for name, part in module.named_modules():
        if isinstance(part, TernaryPart | TaskNorm | TaskHead):
            raise CannotGrow(
                f"{name} is ternary already; a network is converted once, and then grows by its own grow()"
            )
        if type(part) in KNOWN:
            parts[name] = part
    _check_head(module, head, parts)
    if problems := {kind: names for kind, names in _problems(module, parts).items() if names}:
        said = "\n".join(f"- {_several(names)} {kind}" for kind, names in problems.items())
        raise CannotGrow(f"this {type(module).__name__} cannot become ternary:\n{said}")
    if not any(isinstance(part, nn.Linear | nn.Conv2d) for name, part in parts.items() if name != head):
        raise CannotGrow(f"besides its head {head!r} this {type(module).__name__} has no layer that could grow")
    return parts


def _check_head(module: nn.Module, head: str, parts: dict[str, nn.Module]) -> None:
    linear = [name for name, part in parts.items() if name and isinstance(part, nn.Linear)]
    found = dict(module.named_modules()).get(head)
    if head not in linear:
        what = f"is a {type(found).__name__}" if found and head else "is not there"
        those = f"; it has {', '.join(linear[-3:])}" if linear else ", of which it has none"
        raise CannotGrow(f"the head {head!r} {what}; it is the name of the module's last Linear{those}")


def _problems(module: nn.Module, parts: dict[str, nn.Module]) -> dict[str, list[str]]:
    """Names by what is wrong with them."""
    found: dict[str, list[str]] = {}
    inside = ""  # of a module of PyTorch's own that is refused as a whole
    for name, part in module.named_modules():
        if not inside or not name.startswith(inside):
            for what, problem in _problems_of(name, part, whole=name in parts):
                found.setdefault(problem, []).append(what)
                inside = f"{name}." if type(part).__module__.startswith("torch.nn") else inside
    names = [(id(part), name) for name, part in module.named_modules(remove_duplicate=False) if type(part) in KNOWN]
    tensors = [(id(p), f"{name}.{key}") for name, part in parts.items() for key, p in part.named_parameters()]
    for those, what in (names, "are one layer under several names"), (tensors, "are one tensor under several names"):
        several = [name for key, name in those if [other for other, _ in those].count(key) > 1]
        found[f"{what}; give each place a layer of its own"] = several
    return found


def _problems_of(name: str, part: nn.Module, *, whole: bool) -> Iterator[tuple[str, str]]:
    """What of a module is refused, and why; ``whole`` if it is a layer or batch norm that is known."""
    kind = type(part).__name__
    if not whole:
        kinds = ("parameter", part.named_parameters), ("buffer", part.named_buffers)
        if not type(part).__module__.startswith("torch.nn."):
            for what, tensors in kinds:
                for key, _ in tensors(recurse=False):
                    remedy = (
                        "make it the weight of a layer"
                        if what == "parameter"
                        else "make it a plain attribute if it is constant"
                    )
                    yield (
                        f"{name}.{key}".lstrip("."),
                        f"(a {what} of {kind} itself): nothing would freeze it; {remedy}, or {OUTSIDE}",
                    )
        elif any(True for _, tensors in kinds for _ in tensors()):
            remedy = next((remedy for word, remedy in REMEDIES.items() if kind.startswith(word)), OUTSIDE)
            if not isinstance(part, nn.ModuleList | nn.ModuleDict | nn.Sequential):
                yield name, f"({kind}): nothing would freeze what it learns; {remedy}"
        return
    if part._forward_hooks or part._forward_pre_hooks:
        yield name, f"({kind}): a hook on it (as of weight_norm) would be lost; remove it before"
    if isinstance(part, nn.Conv2d) and part.groups not in (1, part.in_channels):
        yield (
            name,
            f"(Conv2d with {part.groups} groups): groups would be cut anew as they grow; use groups=1 or groups=in_channels",
        )
    if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
        if not part.track_running_stats or part.running_mean is None:
            yield name, f"({kind} with track_running_stats=False): in use it would depend on the batch; track them"
        if part.momentum is None:
            yield name, f"({kind} with momentum=None): it has no end of averaging; give it a number, as 0.1"


def _several(names: list[str]) -> str:
    return ", ".join(names[:2]) + (f" and {len(names) - 2} more" if len(names) > 2 else "")
