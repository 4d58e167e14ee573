"""Interactive figures that need no kernel: every frame is computed here, and a little script switches them in the page.

They are the same in a live notebook, in the built book and in a saved page without a network; they follow the page's light
or dark theme, and a keyboard moves them. :func:`explore` switches whole frames, :func:`recolour` the classes and texts of
one drawing, :func:`figure` shows a picture that stands still.

What is behind a control decides what it is. Numbers, and words that begin with one ("3 %"), have an order: a slider. Names
have none: a row of buttons, and from nine names on a menu. In a caption, ``**Figure 4.2.**`` is bold.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from tfm_lite.figures.colours import STATES, TASKS

PAGE = 300_000  # bytes of one figure in a page of the book
LIMIT = PAGE  # above which it is refused; more where no page is made
BUTTONS = 8  # names that stand side by side; more are a menu
Controls = Mapping[str, Sequence[Any]]
_HERE = Path(__file__).parent
_count = itertools.count()


class Interactive:
    """A figure as HTML; a notebook shows it as the last value of a cell."""

    def __init__(self, html: str, text: str) -> None:
        if len(html.encode()) > LIMIT:
            raise ValueError(
                f"the figure weighs {len(html.encode())} bytes, more than {LIMIT}: give it fewer frames, or use recolour()"
            )
        self.html, self.text = html, text

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": self.text}


def figure(picture: Figure | str, *, alt: str, caption: str = "") -> Interactive:
    """A matplotlib figure or SVG that stands still. ``alt`` says in words what it shows."""
    _need_words([alt])
    return _page(f'<div role="img" aria-label="{escape(alt)}">{_markup(picture)}</div>', {}, {}, alt, caption)


def framed(html: str, *, text: str, caption: str = "") -> Interactive:
    """HTML that is read as it is, such as a table; ``text`` says the same where no HTML is shown."""
    return _page(html, {}, {}, text, caption)


def explore(
    frame: Callable[..., Figure | str],
    controls: Controls,
    *,
    alt: Callable[..., str],
    caption: str = "",
    milliseconds: int = 900,
    start: Mapping[str, Any] | None = None,
) -> Interactive:
    """A slider, buttons or a menu per control, and behind them ``frame(*values)`` for every combination of their values.

    ``frame`` returns a matplotlib figure, SVG or HTML; ``alt(*values)`` says in words what that frame shows. ``start`` names
    the values at which the figure opens, where they are not the first.

    Example: ``explore(draw, {"task": [1, 2, 3]}, alt=lambda task: f"What task {task} uses")``.
    """
    grid = _grid(controls)
    words, opens = [alt(*values) for values in grid], _opening(controls, start)
    _need_words(words)
    first = grid.index(opens)
    frames = (
        f'<div data-frame="{k}"{" hidden" if k != first else ""}>{_markup(frame(*values))}</div>'
        for k, values in enumerate(grid)
    )
    body = f'<div role="img" aria-label="{escape(words[first])}">{"".join(frames)}</div>'
    return _page(body, controls, {"alt": words}, words[first], caption, milliseconds, opens)


def recolour(
    svg: str,
    frame: Callable[..., Mapping[str, str]],
    controls: Controls,
    *,
    alt: Callable[..., str],
    caption: str = "",
    milliseconds: int = 900,
    start: Mapping[str, Any] | None = None,
) -> Interactive:
    """One drawing whose named elements change: hundreds of frames for the weight of one.

    ``frame(*values)`` maps names (``data-name`` in the SVG) to a class, such as "normal", "forward-only" or "masked", or
    for a text element to its text; the same names in every frame.
    """
    grid = _grid(controls)
    words, frames = [alt(*values) for values in grid], [frame(*values) for values in grid]
    _need_words(words)
    opens = _opening(controls, start)
    first = grid.index(opens)
    names = list(frames[0])
    drawn = set(re.findall(r'data-name="([^"]*)"', svg))
    for each in frames:
        if list(each) != names or not drawn.issuperset(each):
            odd = sorted(set(each) ^ set(names) or set(each) - drawn)
            raise ValueError(f"every frame must name the same elements of the drawing, in one order; look at {odd[:3]}")
    values = sorted({value for each in frames for value in each.values()})
    place = {value: i for i, value in enumerate(values)}
    data: dict[str, Any] = {"alt": words, "names": names, "values": values}
    data["frames"] = [[place[value] for value in each.values()] for each in frames]
    body = f'<div role="img" aria-label="{escape(words[first])}">{_baked(svg, frames[first])}</div>'
    return _page(body, controls, data, words[first], caption, milliseconds, opens)


def marked(text: str) -> str:
    """A caption as HTML: escaped, and bold between double asterisks."""
    return re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", escape(text))


def live(work: Callable[..., Interactive], controls: Controls) -> Any:
    """Controls beside a running kernel: choose values, press the button, and ``work(*values)`` computes a new figure.

    Needs ipywidgets and a notebook; a built page shows nothing of it, so stand a static result beside it.
    """
    import ipywidgets as widgets
    from IPython.display import display

    sliders = {name: widgets.SelectionSlider(options=list(values)) for name, values in controls.items()}
    press = {"manual": True, "manual_name": "Run again"}
    return widgets.interactive(lambda **chosen: display(work(*chosen.values())), press, **sliders)


def _grid(controls: Controls) -> list[tuple[Any, ...]]:
    grid = list(itertools.product(*controls.values()))
    if len(grid) < 2 or any(len(values) < 2 for values in controls.values()):
        raise ValueError(f"an interactive figure needs controls of at least two values each, not {dict(controls)}")
    return grid


def _opening(controls: Controls, start: Mapping[str, Any] | None) -> tuple[Any, ...]:
    """The value of every control when the figure opens."""
    for name, value in (start or {}).items():
        if name not in controls or value not in controls[name]:
            raise ValueError(f"a figure opens at values of its controls, {dict(controls)}, not at {name} = {value!r}")
    return tuple((start or {}).get(name, values[0]) for name, values in controls.items())


def _need_words(alt: list[str]) -> None:
    if not all(text.strip() for text in alt):
        raise ValueError("a figure needs alternative text: say in words what it shows")
    if len(alt) > 1 and len(set(alt)) == 1:
        raise ValueError(
            f"the alternative text never changes with the figure: {alt[0]!r}; make it say what each frame shows"
        )


def _baked(svg: str, first: Mapping[str, str]) -> str:
    """The drawing with its first frame in it: right before any script runs, and without one."""

    def bake(match: re.Match[str]) -> str:
        start, name, end, inside = match.groups()
        if name not in first:
            return match[0]
        if start.startswith("<text"):
            return f"{start}{end}{escape(first[name])}"
        if " class=" in start:  # of two a page takes the first
            raise ValueError(f"{name!r} has a class in the drawing; leave it to the frames")
        return f'{start} class="{escape(first[name])}"{end}{inside}'

    return re.sub(r'(<\w+[^>]*?data-name="([^"]*)"[^>]*?)(/?>)([^<]*)', bake, svg)


def _markup(picture: Figure | str) -> str:
    return picture if isinstance(picture, str) else svg_of(picture)


def svg_of(fig: Figure) -> str:
    """A matplotlib figure as SVG for the page: black becomes the page's text colour, and ids are used once."""
    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "tfm_lite"}):
        fig.savefig(buffer, format="svg", transparent=True, metadata={"Date": None}, bbox_inches="tight")
    text = buffer.getvalue()
    text = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", text[text.index("<svg") :], flags=re.DOTALL)
    text = re.sub(r"(fill|stroke): ?#000000", r"\1: currentColor", text)
    prefix, used = f"tfm{next(_count)}-", set(re.findall(r'(?:href="#|url\(#)([^")]+)', text))
    text = re.sub(r' id="([^"]+)"', lambda m: f' id="{prefix}{m[1]}"' if m[1] in used else "", text)
    text = re.sub(r'(href="#|url\(#)', rf"\g<1>{prefix}", text)
    return re.sub(r"\n\s*", "\n", text)


def _page(
    body: str,
    controls: Controls,
    data: Mapping[str, Any],
    text: str,
    caption: str,
    milliseconds: int = 0,
    opens: tuple[Any, ...] = (),
) -> Interactive:
    # The buttons of a group find each other by name, also where the pages of two kernels are open side by side.
    mark = hashlib.sha256(f"{body}{caption}".encode()).hexdigest()[:8]
    rows = []
    for k, ((name, values), value) in enumerate(zip(controls.items(), opens, strict=True)):
        labels, at = [str(each) for each in values], list(values).index(value)
        if _are_names(values):
            draw = _buttons if len(labels) <= BUTTONS else _menu
            rows.append(draw(name, labels, at, f"tfm-{mark}-{k}"))
        else:
            rows.append(_slider(name, labels, at, milliseconds if len(controls) == 1 else 0))
    if caption:
        rows.append(f'<p class="tfm-caption">{marked(caption)}</p>')
    script = ""
    if controls:
        script = f"{packed(data)}</div><script>{(_HERE / 'explore.js').read_text()}</script>"
    html = f'<div class="tfm" data-frames="{_frames(controls)}"><style>{style()}</style>{body}{"".join(rows)}'
    return Interactive(html + (script or "</div>"), text)


def style() -> str:
    """The style sheet of all figures, with the book's colours in it."""
    css = re.sub(r"\n\s*", " ", (_HERE / "explore.css").read_text())
    for word, state in ("MASKED", "masked"), ("NORMAL", "normal"), ("FORWARD", "forward-only"):
        css = css.replace(word, STATES[state])
    return css + "".join(f" .tfm .task-{t} {{ fill: {colour}; stroke: {colour}; }}" for t, colour in enumerate(TASKS))


def packed(data: Any) -> str:
    """Plain values for a script that stands beside them. No text in them can end the element, or begin a comment in it."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")
    return f'<script type="application/json">{text}</script>'


def _are_names(values: Sequence[Any]) -> bool:
    return all(isinstance(value, str) and not re.match(r"[-+−]?\d", value) for value in values)


def _slider(name: str, labels: Sequence[str], at: int, milliseconds: int) -> str:
    ident, shown = f"tfm{next(_count)}", escape(labels[at])
    button = f'<button type="button" aria-label="Play" data-milliseconds="{milliseconds}">&#9654;</button>'
    return (
        f'<div class="tfm-row" {_labels(labels)}>{button if milliseconds else ""}<label for="{ident}">{escape(name)}</label>'
        f'<input id="{ident}" type="range" autocomplete="off" min="0" max="{len(labels) - 1}" step="1" value="{at}" '
        f'aria-valuetext="{shown}"><output for="{ident}" aria-hidden="true">{shown}</output></div>'
    )


def _buttons(name: str, labels: Sequence[str], at: int, group: str) -> str:
    buttons = "".join(
        f'<label><input type="radio" name="{group}" autocomplete="off" value="{k}"{" checked" * (k == at)}>'
        f"<span>{escape(label)}</span></label>"
        for k, label in enumerate(labels)
    )
    return (
        f'<div class="tfm-row tfm-names" role="radiogroup" aria-label="{escape(name)}" {_labels(labels)}>'
        f'<span class="tfm-name">{escape(name)}</span>{buttons}</div>'
    )


def _menu(name: str, labels: Sequence[str], at: int, ident: str) -> str:
    options = "".join(
        f'<option value="{k}"{" selected" * (k == at)}>{escape(label)}</option>' for k, label in enumerate(labels)
    )
    return (
        f'<div class="tfm-row" {_labels(labels)}><label for="{ident}">{escape(name)}</label>'
        f'<select id="{ident}" autocomplete="off">{options}</select></div>'
    )


def _labels(labels: Sequence[str]) -> str:
    return f'data-labels="{escape(json.dumps(labels))}"'


def _frames(controls: Controls) -> int:
    return math.prod(len(values) for values in controls.values())
