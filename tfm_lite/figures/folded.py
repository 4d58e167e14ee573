"""Tables of which one at a time stands open: its reader opens another by its name, without a script."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from html import escape

from tfm_lite.figures.explore import Interactive, framed, marked

_STYLE = """
.tfm-folded .tfm { border: 0; padding: .3rem 0; margin: 0; max-width: none; }
.tfm-folded > p { margin: 0 0 .3rem; }
.tfm-folded summary { cursor: pointer; padding: .35rem .1rem; font-weight: 600; }
.tfm-folded summary:focus-visible { outline: 3px solid var(--accent); }
.tfm-folded details + details { border-top: 1px solid var(--field); }
"""


def folded(parts: Mapping[str, Interactive], *, caption: str) -> Interactive:
    """The ``parts`` under their names; the first stands open at the start.

    ``caption`` stands above them, bold between double asterisks. A page on paper has all of them open.
    """
    if not parts:
        raise ValueError("there is nothing to fold: give at least one part, or say that there is none")
    group = f"folded-{hashlib.sha256(caption.encode()).hexdigest()[:8]}"
    body = "".join(
        f'<details name="{group}"{" open" * (k == 0)}><summary>{escape(name)}</summary>{part.html}</details>'
        for k, (name, part) in enumerate(parts.items())
    )
    text = "\n".join([caption.replace("**", ""), *(part.text for part in parts.values())])
    top = f'<p class="tfm-caption">{marked(caption)}</p>'
    return framed(f'<style>{_STYLE}</style><div class="tfm-folded">{top}{body}</div>', text=text)
