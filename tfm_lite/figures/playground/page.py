"""The playground as HTML, for a notebook, a page of the book, or a file of its own."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from tfm_lite.figures.colours import TASKS
from tfm_lite.figures.explore import Interactive, marked, packed, style
from tfm_lite.figures.playground.settings import METHODS, SETTINGS, SWITCHES, checked, described
from tfm_lite.files import written

_HERE = Path(__file__).parent
_count = itertools.count()
ENGINE = ("draws.js", "data.js", "engine.js", "methods.js", "packnet.js", "features.js")
PAGE = (*ENGINE, "draw.js", "lane.js", "guide.js", "page.js")


def source(parts: Sequence[str] = ENGINE) -> str:
    """The engine's code, or that of other ``parts`` in their order: each knows those before it."""
    return "\n".join((_HERE / part).read_text() for part in parts)


def playground(
    methods: Sequence[str] = ("finetune", "tfm"),
    tasks: Sequence[str] = ("rings", "xor", "spirals"),
    *,
    broken: Sequence[str] = (),
    controls: Sequence[str] | None = None,
    caption: str = "",
    **values: Any,
) -> Interactive:
    """Small networks that learn ``tasks`` one after the other in the page, side by side, each by one of the ``methods``.

    Without ``controls`` it is the whole playground: tasks and methods are chosen, moved and drawn in it, and the address of
    the page holds its state. With them it is a small form that has only the sliders of these settings, or none, and leaves
    the address alone. ``values`` are those of the settings at which it opens, ``broken`` the switches that are on; what there
    is says :mod:`tfm_lite.figures.playground.settings`. Raises ``ValueError`` for what there is not.

    >>> playground(["ewc"], controls=["lam"], lam=100).text.split(":")[0]
    'EWC learns rings, xor, spirals, one after the other, in the page'
    """
    state = checked(tasks, methods, broken, values)
    for name in controls or ():
        if name not in SETTINGS:
            raise ValueError(f"the playground has no setting {name!r}; there are {', '.join(SETTINGS)}")
    whole = controls is None
    about = {**described(), "state": state, "colours": TASKS, "whole": whole}
    words = _words(state)
    body = _HEAD.replace("TOUR", _TOUR if whole else "").replace("WORDS", escape(words))  # until something runs
    body += _more() if whole else "".join(map(_slider, controls or ()))
    body += f'<p class="tfm-caption">{marked(caption)}</p>' if caption else ""
    css = f"{style()} {_squeezed((_HERE / 'playground.css').read_text())}"
    label = f'role="region" aria-label="Playground: {escape(words)}"'
    html = f'<div class="tfm tfm-playground" {label}><style>{css}</style>{body}{packed(about)}</div>'
    return Interactive(f"{html}<script>{script()}</script>", words)


def script() -> str:
    """What a page runs: the first of its playgrounds brings the code, and every one begins all that are there."""
    code = f'"use strict";\n{light(source(PAGE))}\nwindow.tfmPlayground = start;'
    begin = 'document.querySelectorAll(".tfm-playground").forEach(window.tfmPlayground);'
    return f"if (!window.tfmPlayground) (() => {{{code}}})();\n{begin}"


def save(path: Path | str, shown: Interactive | None = None) -> Path:
    """Write a playground as a file of its own, which any browser opens without a network."""
    shown, path = shown or playground(), Path(path)
    theme = 'document.documentElement.dataset.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";'
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Playground</title>'
    look = "<style>body { margin: .5rem; } html[data-theme=dark] { background: #0d1117; }</style>"
    page = f'<!doctype html><html lang="en"><head>{head}<script>{theme}</script>{look}</head><body>{shown.html}</body></html>'
    with written(path) as temporary:
        temporary.write_text(f"{page}\n", encoding="utf-8")
    return path


def light(code: str) -> str:
    """Code without what only its reader needs: comments, indentation, room at the ends of lines. The files have it all."""
    lines = (re.sub(r"^//.*|\s// .*$", "", line.strip()) for line in code.splitlines())
    ends = (re.sub(r"\) \{$", "){", line.replace(") => {", ")=>{")) for line in lines if line)
    begins = (
        re.sub(r"^((?:const|let) \w+) = |^(if|for) (?=\()", lambda m: f"{m[1]}=" if m[1] else m[2], line)
        for line in ends
    )
    return re.sub(r"(?<=[{;,(\[])\n", "", "\n".join(begins))


def _squeezed(css: str) -> str:
    return re.sub(r"\s*\n\s*", " ", css)


def _words(state: dict[str, Any]) -> str:
    """What there is to be seen, where nothing runs."""
    names = [METHODS[name] for name in state["methods"]]
    kinds = ["own points" if kind.startswith("own") else kind for kind in state["tasks"]]
    verb = "learns" if len(names) == 1 else "learn"
    return f"{' and '.join(names)} {verb} {', '.join(kinds)}, one after the other, in the page: open it in a browser."


def _slider(name: str) -> str:
    setting, ident = SETTINGS[name], f"tfm-set-{next(_count)}"
    return (
        f'<div class="tfm-row" data-for="{setting.method}"><label for="{ident}">{escape(setting.label)}</label>'
        f'<input id="{ident}" type="range" autocomplete="off" min="0" max="{len(setting.values) - 1}" step="1" '
        f'data-setting="{name}"><output for="{ident}" aria-hidden="true"></output></div>'
    )


def _more() -> str:
    """What the whole playground has below its lanes."""
    switches = "".join(
        f'<label><input type="checkbox" autocomplete="off" data-switch="{name}"> {escape(text)}</label>'
        for name, text in SWITCHES.items()
    )
    parts = {
        "Settings": "".join(map(_slider, SETTINGS)),
        "Break it": f'<div class="switches">{switches}</div>',
        "Three missions": '<ol data-part="missions"></ol>',
        "As code": '<pre data-part="code" tabindex="0"></pre><button type="button" data-action="copy">Copy</button>'
        '<span data-part="copied" aria-live="polite"></span>',
    }
    folded = "".join(f"<details><summary>{title}</summary>{inside}</details>" for title, inside in parts.items())
    tasks = '<div class="cards" data-part="tasks"></div><div data-part="own"></div>'
    return f'{tasks}<div class="more" data-part="more">{folded}</div>'


_TOUR = (
    '<button type="button" data-action="add">+ method</button><button type="button" data-action="tour">Tour</button>'
    '<div class="tour" data-part="tour" hidden></div>'
)
_HEAD = (
    '<div class="bar" data-part="bar"><button type="button" data-action="play">▶ Play</button>'
    '<button type="button" data-action="step">Step</button><button type="button" data-action="epoch">Epoch</button>'
    '<button type="button" data-action="task">Next task</button><button type="button" data-action="restart">Restart</button>'
    '<select data-part="speed" aria-label="speed" autocomplete="off"><option value="1">slow</option>'
    '<option value="4" selected>steady</option><option value="0">fast</option></select>TOUR</div>'
    '<p class="where" data-part="where">WORDS</p><p class="unseen" data-part="heard" aria-live="polite"></p>'
    '<div class="lanes" data-part="lanes"></div>'
    '<p class="key"><b class="hollow">○</b> <b>●</b> the two classes <b class="lost">■</b> forgotten '
    '<b class="new">●</b> normal <b class="old">●</b> forward-only <b class="none">◌</b> masked; '
    "lines: the colour of the task that owns a weight, or moved it last</p>"
)
