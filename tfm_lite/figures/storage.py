"""What methods keep, drawn: a square for every bit, and how it adds up over tasks (Masana et al. 2021, Fig. 1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from matplotlib.figure import Figure

from tfm_lite.figures import plots
from tfm_lite.figures.colours import MARKERS, STATES, of_task
from tfm_lite.figures.drawing import FONT
from tfm_lite.memory import in_words

WIDTH, STEP, HEAD, GAP = 560, 5, 24, 12  # of the drawing, of a square, of a name, between two strips
ROW = WIDTH // STEP  # squares side by side
_PAINT = {"mask": (STATES["normal"], 1.0), "norm": (STATES["normal"], 0.45), "weights": (STATES["masked"], 1.0)}


def strips(costs: Mapping[str, Mapping[str, float]], *, more: str = "") -> str:
    """A square per bit, as SVG: what one feature with its weights costs each method.

    ``costs`` are, by the name that stands above, bits by what they are for: "mask" and "norm" of a feature, or "weights".
    ``more`` is a line below, for what has no room.
    """
    parts, y = [], 0
    for name, bits in costs.items():
        y += HEAD
        title = f"{name}: {_bits(sum(bits.values()))}"
        parts.append(f'<text x="0" y="{y - 7}" font-size="{FONT}">{escape(title)}</text>')
        rows, tall = _squares(bits, y)
        y += tall
        gaps = "".join(f"M{STEP * k - 0.5} {y - tall}v{tall}" for k in range(1, ROW + 1))
        parts.append(f'{rows}<path d="{gaps}" style="stroke:var(--bg)" stroke-width="1"/>')
        y += GAP
    if more:
        y += HEAD
        parts.append(f'<text x="0" y="{y - 7}" font-size="{FONT}">{escape(more)}</text>')
    return f'<svg viewBox="0 0 {WIDTH} {y}" width="{WIDTH}">{"".join(parts)}</svg>'


def strips_in_words(costs: Mapping[str, Mapping[str, float]], *, more: str = "") -> str:
    """What :func:`strips` draws, in words."""
    each = []
    for name, bits in costs.items():
        norm = f", {_bits(bits['norm'])} of them for feature normalization" if bits.get("norm") else ""
        each.append(f"{name}: {_bits(sum(bits.values()))}{norm}")
    return f"One more task, for one feature and its weights. {'; '.join(each)}.{more and f' {more}.'}"


def _squares(bits: Mapping[str, float], top: float) -> tuple[str, int]:
    """Rows of squares, filled from the left, and their height."""
    runs, done = [], 0
    for kind, count in bits.items():
        colour, opacity = _PAINT[kind]
        end = done + round(count)
        for row in range(done // ROW, -(-end // ROW)):
            a, b = max(done, row * ROW) - row * ROW, min(end, (row + 1) * ROW) - row * ROW
            place = f'x="{STEP * a}" y="{top + STEP * row}" width="{STEP * (b - a)}" height="{STEP - 1}"'
            runs.append(f'<rect {place} fill="{colour}" fill-opacity="{opacity}"/>')
        done = end
    return "".join(runs), STEP * max(1, -(-done // ROW))


def _bits(count: float) -> str:
    return f"{count:,.0f} bit{'s' * (round(count) != 1)}"


def curves(kept: Mapping[str, Sequence[float]], network: float, *, of: str = "overhead") -> Figure:
    """Bytes kept after 1, 2, ... tasks, a line per method, on a logarithmic axis; dashed, the network's own ``network``.

    ``of`` says what is kept: what comes beyond the network, or all.
    """
    fig, ax = plots.axes(height=4)
    for i, (name, each) in enumerate(kept.items()):
        tasks = range(1, len(each) + 1)
        look = {"color": of_task(i), "marker": MARKERS[i % len(MARKERS)], "markevery": max(1, len(each) // 10)}
        ax.plot(tasks, [n / 1e6 for n in each], label=name, **look)
    ax.axhline(network / 1e6, color="grey", linestyle="--", linewidth=1.2)
    ax.set_yscale("log")
    ax.set_xlabel("tasks")
    ax.set_ylabel(f"{of} (MB)")
    plots.legend(ax, columns=2)
    return fig


def curves_in_words(kept: Mapping[str, Sequence[float]], network: float, *, of: str = "overhead") -> str:
    """What :func:`curves` draws, in words."""
    ends = ", ".join(f"{name} {in_words(each[0])} to {in_words(each[-1])}" for name, each in kept.items())
    last = max(len(each) for each in kept.values())
    whole = in_words(network)
    return f"{of.capitalize()} against tasks, logarithmic, from the first to task {last}: {ends}; the network itself {whole}."
