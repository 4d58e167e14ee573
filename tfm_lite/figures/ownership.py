"""Who learns which weight: one matrix per method, and all of them on a poster.

:func:`watch` lets a method learn a few tasks and looks at the weights of one layer after each of them; nothing is known
beforehand. A method says by itself what it stores (:meth:`~tfm_lite.methods.base.Method.storage`), and its answers on the
first task, before and after the others, say whether old tasks see what they saw.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import torch
from torch import Tensor

from tfm_lite import metrics, train
from tfm_lite.datasets.tasks import TaskSequence
from tfm_lite.figures.colours import of_task
from tfm_lite.figures.explore import Interactive, framed
from tfm_lite.methods.base import Method
from tfm_lite.methods.hat import Gated
from tfm_lite.methods.piggyback import Masked
from tfm_lite.methods.pnn import Column, Columns
from tfm_lite.methods.wsn import Winning
from tfm_lite.nn.layers import Ternary
from tfm_lite.protocol import Protocol

LAYER = 1  # the stage that is looked at: the second, so that features come in
WORDS = {
    "weights": "weights",
    "columns": "weights",
    "norm": "scale and shift",
}  # roles in storage(), as a reader says them


@dataclass(frozen=True)
class Ownership:
    """What :func:`watch` saw. Matrices are bool (features, inputs) of one layer, of all tasks' features and inputs.

    ``learned[t]`` are the weights that task t moved and uses, ``used[t]`` those that it uses after all tasks. ``adapters``
    are those of ``used`` that stand for an adapter. ``kept`` is what is stored beside the heads, ``drift`` by how much the
    logits of the first task's images moved at most after it was learned.
    """

    name: str
    learned: tuple[Tensor, ...]
    used: tuple[Tensor, ...]
    adapters: Tensor
    kept: tuple[str, ...]
    drift: float

    def words(self) -> str:
        """What the drawing shows, in words."""
        learned = ", ".join(f"task {t + 1} learns {int(m.sum())}" for t, m in enumerate(self.learned))
        used = ", ".join(f"task {t + 1} {int(m.sum())}" for t, m in enumerate(self.used))
        return (
            f"{self.name}: of {self.adapters.numel()} weights {learned}; in the end {used} are used. "
            f"Kept: {', '.join(self.kept)}. Task 1 {self.fate()}."
        )

    def fate(self) -> str:
        """What became of the first task."""
        return "answers as it did" if self.drift == 0 else "answers otherwise"


def watch(method: Method, tasks: TaskSequence, protocol: Protocol, *, name: str = "") -> Ownership:
    """Let the method learn these tasks, and see which weights of its second layer each of them moves and uses."""
    inputs, learned, before = train.Inputs(tasks), [], torch.empty(0, 0)
    images, _ = next(inputs.batches(tasks[0].test))
    answers = []
    for task in tasks:
        train.learn(method, tasks[: task.index + 1], inputs, protocol=protocol)
        now, seen = weights(method, task.index, len(tasks))
        if not len(before):
            before = torch.full_like(now, torch.nan)
        learned.append(seen & (now != before))  # nothing equals what was not there
        before = now
        answers.append(method.predict(images, 0))
    used = tuple(weights(method, t, len(tasks))[1] for t in range(len(tasks)))
    kept = [WORDS.get(role, role) for role in method.storage() if role != "heads"]
    kept += ["old images"] * (method.name in metrics.RESTARTS)
    drift = (answers[-1] - answers[0]).abs().max().item()
    return Ownership(name or method.name, tuple(learned), used, _adapters(method, used[-1]), tuple(kept), drift)


@torch.no_grad()
def weights(method: Method, t: int, tasks: int) -> tuple[Tensor, Tensor]:
    """The weights (features, inputs) of the second layer when task ``t`` runs, and which of them it uses.

    The matrix has the features and inputs that the method has for ``tasks`` tasks; where a weight is not there, it is NaN.
    """
    nets: Any = getattr(method, "nets", None)
    net: Any = nets[t] if nets is not None else method.net
    stage, below = net.stages[LAYER], net.stages[LAYER - 1]
    if isinstance(stage, Columns):
        return _columns(stage, t, tasks)
    found = stage.used(t)[0].clone()
    if nets is not None:  # a network each
        n, m = found.shape
        return _placed(found, (n * tasks, m * tasks), t * n, t * m)
    if isinstance(stage, Ternary):
        return _placed(found, (stage.stage.features, below.stage.features))
    if isinstance(stage, Gated):
        method.eval()
        return stage.weight.clone(), (stage.gate(t) > 0.5)[:, None] & (below.gate(t) > 0.5)[None]
    if isinstance(stage, Winning):  # a weight that this task does not use is there all the same
        return stage.kept.clone(), stage.mask(t)
    if isinstance(stage, Masked):  # a mask chooses among the backbone's, and moves none
        return stage.weight.clone(), found != 0
    return found, found != 0


def _columns(stage: Columns, t: int, tasks: int) -> tuple[Tensor, Tensor]:
    """Columns side by side; an adapter stands for the product of its two."""
    n, m = stage.stage.features, stage.inputs
    whole, seen = torch.full((n * tasks, m * tasks), torch.nan), torch.zeros(n * tasks, m * tasks, dtype=torch.bool)
    for s in range(t + 1):
        column: Column = stage.columns[s]
        whole[s * n : (s + 1) * n, s * m : (s + 1) * m] = column.weight
        if s:
            scaled = column.project * column.scale.repeat_interleave(m)
            whole[s * n : (s + 1) * n, : s * m] = column.lateral @ scaled
        seen[s * n : (s + 1) * n, : (s + 1) * m] = True
    return whole, seen


def _placed(part: Tensor, shape: tuple[int, int], top: int = 0, left: int = 0) -> tuple[Tensor, Tensor]:
    """A block in an empty matrix, and where it is."""
    whole, seen = torch.full(shape, torch.nan), torch.zeros(shape, dtype=torch.bool)
    place = slice(top, top + part.shape[0]), slice(left, left + part.shape[1])
    whole[place], seen[place] = part, True
    return whole, seen


def _adapters(method: Method, used: Tensor) -> Tensor:
    stage: Any = method.net.stages[LAYER] if hasattr(method, "net") else None
    if not isinstance(stage, Columns):
        return torch.zeros_like(used)
    rows, columns = (torch.arange(n) for n in used.shape)
    return used & (columns[None] // stage.inputs < rows[:, None] // stage.stage.features)


SIDE, SMALL, GAP = 99.0, 27.0, 9.0  # of the matrix and of the little ones beside it


def drawing(seen: Ownership) -> str:
    """One method as SVG: who learned each weight, and beside it what each task uses in the end.

    A weight that several tasks moved has a strip of each one's colour; an adapter is pale; what nobody learned is empty.
    """
    shape = seen.adapters.shape
    h, w = SIDE / shape[0], SIDE / shape[1]
    paths: dict[tuple[int, bool], list[str]] = {}
    for i, j in torch.stack(seen.learned).any(0).nonzero().tolist():
        own = [t for t, moved in enumerate(seen.learned) if moved[i, j]]
        for k, t in enumerate(own):
            wide = (w - 0.9) / len(own)
            strip = f"M{w * j + k * wide:.1f} {h * i:.1f}h{wide:.1f}v{h - 0.9:.1f}h-{wide:.1f}z"
            paths.setdefault((t, bool(seen.adapters[i, j])), []).append(strip)
    parts = [f'<rect width="{SIDE}" height="{SIDE}" fill="currentColor" fill-opacity=".07"/>']
    for (t, pale), strips in paths.items():
        parts.append(f'<path d="{"".join(strips)}" fill="{of_task(t)}" fill-opacity="{0.45 if pale else 1}"/>')
    for t, mask in enumerate(seen.used):
        h, w = SMALL / shape[0], SMALL / shape[1]
        top, left = (SMALL + GAP) * t, SIDE + 24
        squares = "".join(
            f"M{left + w * j:.1f} {top + h * i:.1f}h{w:.1f}v{h:.1f}h-{w:.1f}z" for i, j in mask.nonzero().tolist()
        )
        parts.append(f'<text x="{left - 5}" y="{top + 18}" text-anchor="end" font-size="13">{t + 1}</text>')
        parts.append(
            f'<rect x="{left}" y="{top}" width="{SMALL}" height="{SMALL}" fill="currentColor" fill-opacity=".07"/>'
        )
        parts.append(f'<path d="{squares}" fill="currentColor" fill-opacity=".6"/>')
    size = f'viewBox="0 0 {SIDE + 24 + SMALL:.0f} {SIDE:.0f}" width="{SIDE + 24 + SMALL:.0f}"'
    return f"<svg {size}>{''.join(parts)}</svg>"


_STYLE = """
.tfm-poster { display: flex; flex-wrap: wrap; gap: 1rem .7rem; justify-content: center; }
.tfm-poster > div { width: 158px; font-size: 13px; line-height: 1.3; }
.tfm-poster svg { margin: 0; }
.tfm-poster p { color: var(--muted); margin: .3rem 0 0; }
.tfm-poster b { display: block; font-size: 15px; color: var(--fg); }
.tfm-key { margin: 0 0 .8rem; text-align: center; color: var(--muted); }
.tfm-key b { margin-left: .8em; }
"""


def poster(seen: Sequence[Ownership], *, caption: str = "") -> Interactive:
    """The methods side by side, each with what it keeps and what became of the first task."""
    count = max(len(each.learned) for each in seen)
    key = "".join(f'<b style="color:{of_task(t)}">&#9632;</b> task {t + 1}' for t in range(count))
    figures = "".join(
        f'<div><div role="img" aria-label="{escape(each.words())}">{drawing(each)}</div>'
        f"<p><b>{escape(each.name)}</b>keeps {escape(', '.join(each.kept))};<br>task 1 {each.fate()}</p></div>"
        for each in seen
    )
    body = f'<style>{_STYLE}</style><p class="tfm-key">learned by{key}</p><div class="tfm-poster">{figures}</div>'
    return framed(body, text="\n".join(each.words() for each in seen), caption=caption)
