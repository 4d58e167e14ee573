"""Two methods side by side, chosen by their reader from all that there are, without a kernel and offline."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from tfm_lite.figures import alt
from tfm_lite.figures.compared import Group, paired, signed
from tfm_lite.figures.drawing import matrix
from tfm_lite.figures.explore import Interactive, framed, packed

_count = itertools.count()
_STYLE = """
.tfm-versus > div { display: flex; flex-wrap: wrap; gap: 1rem; justify-content: center; }
.tfm-versus section { flex: 1 1 300px; min-width: 0; max-width: 26rem; }
.tfm-versus select { font: inherit; color: var(--fg); background: var(--field); border: 1px solid var(--line);
  border-radius: 4px; padding: .25rem .5rem; max-width: 100%; margin-bottom: .5rem; }
.tfm-versus p { margin: .6rem 0 0; }
"""


def versus(
    groups: Mapping[str, Group], tasks: Sequence[str], *, left: str, right: str, caption: str = ""
) -> Interactive:
    """The accuracy matrices of two methods, and their averages seed by seed; it opens with ``left`` and ``right``.

    ``tasks`` are the tasks' names.
    """
    names = list(groups)
    if missing := {left, right} - set(names):
        raise ValueError(f"there is no method {min(missing)!r} to open with; there are {', '.join(names)}")
    pictures = {name: _picture(name, groups[name], tasks) for name in names}
    store = "".join(f'<div data-method="{k}"{pictures[name]}</div>' for k, name in enumerate(names))
    data = [
        {
            "name": name,
            "average": group.average,
            "seeds": {seed: 100 * record.average for seed, record in group.by_seed.items()},
        }
        for name, group in groups.items()
    ]
    slots = "".join(_slot(side, names, chosen, pictures[chosen]) for side, chosen in (("left", left), ("right", right)))
    said = in_words(groups[left], groups[right])
    body = (
        f'<style>{_STYLE}</style><div class="tfm-versus"><div>{slots}</div><p aria-live="polite">{escape(said)}</p>'
        f"<div hidden>{store}</div>{packed(data)}</div>"
        f"<script>{Path(__file__).with_name('versus.js').read_text()}</script>"
    )
    return framed(body, text=said, caption=caption)


def in_words(one: Group, other: Group) -> str:
    """Both averages, and the difference seed by seed; versus.js says it in the same words."""
    text = f"{one.label} {one.average:.1f} %, {other.label} {other.average:.1f} %."
    if difference := paired(one, other):
        each = ", ".join(map(signed, difference.values))
        text += f" Left less right, seed by seed: {each}; mean {signed(difference.mean)} points."
    return text


def _picture(name: str, group: Group, tasks: Sequence[str]) -> str:
    words = escape(f"{name}. {alt.accuracy_matrix(group.matrix(), tasks)}")
    return f' role="img" aria-label="{words}">{matrix(group.matrix(), tasks)}'


def _slot(side: str, names: Sequence[str], chosen: str, picture: str) -> str:
    ident = f"tfm-versus-{next(_count)}"
    options = "".join(
        f'<option value="{k}"{" selected" * (name == chosen)}>{escape(name)}</option>' for k, name in enumerate(names)
    )
    return (
        f'<section><label for="{ident}">{side}</label> <select id="{ident}" autocomplete="off">{options}</select>'
        f"<div data-slot><div{picture}</div></div></section>"
    )
