"""What cannot become ternary, by name and with the remedy: whatever holds state that nothing would freeze."""

from __future__ import annotations

from collections.abc import Iterator

from torch import nn

from tfm_lite.nn.convert.features import CannotGrow
from tfm_lite.nn.convert.parts import TernaryPart
from tfm_lite.nn.convert.per_task import TaskHead, TaskNorm

KNOWN = nn.Linear, nn.Conv2d, nn.BatchNorm1d, nn.BatchNorm2d
OUTSIDE = "run what holds it, frozen, in front of the network, and make ternary what comes behind"
PER_TASK = "normalize by BatchNorm1d or BatchNorm2d, of which every task has its own"
ITSELF = "with a forward or parameters of its own it is not known; use {} itself, without parametrizations"
REMEDIES = {  # by the name of the class, or of one that it descends from
    "LayerNorm": PER_TASK,
    "RMSNorm": PER_TASK,
    "GroupNorm": PER_TASK,
    "_InstanceNorm": "use affine=False and track_running_stats=False, or BatchNorm2d, of which every task has its own",
    "_BatchNorm": ITSELF.format("nn.BatchNorm1d or nn.BatchNorm2d"),
    "FrozenBatchNorm2d": "use nn.BatchNorm2d; with pretrained=True it is frozen",
    "MultiheadAttention": f"attention mixes all features and cannot grow; {OUTSIDE}",
    "Conv1d": "write it as nn.Conv2d on maps of height 1",
    "Conv2d": ITSELF.format("nn.Conv2d"),
    "Linear": ITSELF.format("nn.Linear"),
    "PReLU": "use nn.LeakyReLU, which learns nothing",
}
CONTAINERS = nn.Sequential, nn.ModuleList, nn.ModuleDict


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
    refused = "*"  # the last that was refused as a whole: what is in it needs no word
    for name, part in module.named_modules():
        if type(part) in KNOWN:
            for problem in _limits(part):
                found.setdefault(problem, []).append(name)
        elif not name.startswith(f"{refused}."):
            remedy = next((REMEDIES[kind.__name__] for kind in type(part).__mro__ if kind.__name__ in REMEDIES), None)
            if remedy or (type(part).__module__.startswith("torch.nn.") and not isinstance(part, CONTAINERS)):
                if any(True for _ in (*part.parameters(), *part.buffers())):
                    problem = f"({type(part).__name__}): nothing would freeze what it learns; {remedy or OUTSIDE}"
                    found.setdefault(problem, []).append(name)
                    refused = name
            else:
                for key, problem in _tensors_of(part):
                    found.setdefault(problem, []).append(f"{name}.{key}".lstrip("."))
    names = [(id(part), name) for name, part in module.named_modules(remove_duplicate=False) if type(part) in KNOWN]
    tensors = [(id(p), f"{name}.{key}") for name, part in parts.items() for key, p in part.named_parameters()]
    for those, what in (names, "are one layer under several names"), (tensors, "are one tensor under several names"):
        several = [name for key, name in those if [other for other, _ in those].count(key) > 1]
        found[f"{what}; give each place a layer of its own"] = several
    return found


def _tensors_of(part: nn.Module) -> Iterator[tuple[str, str]]:
    """Parameters and buffers of a module itself, and why they are refused."""
    remedies = {"parameter": "make it the weight of a layer", "buffer": "make it a plain attribute if it is constant"}
    for what, tensors in ("parameter", part.named_parameters), ("buffer", part.named_buffers):
        for name, _ in tensors(recurse=False):
            whose = f"(a {what} of {type(part).__name__} itself)"
            yield name, f"{whose}: nothing would freeze it; {remedies[what]}, or {OUTSIDE}"


def _limits(part: nn.Module) -> Iterator[str]:
    """What of a layer or batch norm that is known cannot be."""
    kind = type(part).__name__
    if part._forward_hooks or part._forward_pre_hooks:
        yield f"({kind}): a hook on it, as of weight_norm, would be lost; remove it before"
    if isinstance(part, nn.Conv2d) and part.groups not in (1, part.in_channels):
        groups = "groups would be cut anew as they grow; use groups=1 or groups=in_channels"
        yield f"({kind} with {part.groups} groups): {groups}"
    if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
        if part.running_mean is None:
            yield f"({kind} with track_running_stats=False): in use it would depend on the batch; track them"
        if part.momentum is None:
            yield f"({kind} with momentum=None): its average has no end; give it a number, as 0.1"


def _several(names: list[str]) -> str:
    return ", ".join(names[:2]) + (f" and {len(names) - 2} more" if len(names) > 2 else "")
