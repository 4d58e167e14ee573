"""The paper's Tables 3 to 5 beside ours, as HTML. Nothing here trains or reads files.

A table's content is a :class:`~tfm_lite.figures.scores.Line` per method, printed or measured. Accuracies are percentages on
the page. What did not train is marked, and neither a difference nor a verdict is computed from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import Any

from tfm_lite import metrics
from tfm_lite.figures.colours import STATES
from tfm_lite.figures.drawing import bars
from tfm_lite.figures.explore import Interactive, framed, marked
from tfm_lite.figures.scores import PAPER, Cell, Line, Untrained, name_of
from tfm_lite.runs.results import Result

# Methods that have a colour of their own among the others.
PAINT = {"freeze": STATES["forward-only"], "tfm": STATES["normal"], "tfm_no_fn": STATES["normal"]}
_DIFFERENCE = '<abbr title="ours less the paper\'s">diff.</abbr>'


def failures(records: Iterable[Result]) -> list[str]:
    """What did not train, a sentence per task: "Joint on flowers, 64 pixels, seed 0: task 4 was not learned: ..."."""
    sentences = []
    for c, failed in ((record.config, metrics.failures(record)) for record in records):
        run = f"{name_of(c['method'])} on {c['tasks']}, {c['size']} pixels, seed {c['seed']}"
        sentences += [f"{run}: {why}" for why in failed.values()]
    return sentences


def health(records: Sequence[Result]) -> Interactive:
    """How many of these runs have a task that was not learned, and which."""
    sentences = failures(records)
    count = (
        f"Of {len(records)} run{'s' * (len(records) != 1)}, "
        f"{sum(bool(metrics.failures(r)) for r in records)} had a task that was not learned."
    )
    items = "".join(f"<li>{escape(sentence)}.</li>" for sentence in sentences)
    html = f"<details{' open' * (len(sentences) <= 6)}><summary>{count}</summary><ul>{items}</ul></details>"
    return framed(html if sentences else f'<p style="margin: 0">{count}</p>', text="\n".join([count, *sentences]))


def beside(
    columns: Sequence[str], paper: Mapping[str, Sequence[Cell]], ours: Mapping[str, Sequence[Cell]], *, title: str
) -> Interactive:
    """The paper's cells of every method, ours below them, and the difference (ours less the paper's) where both count.

    ``columns`` name the cells. Methods without any of ours take one line; those that the paper has not are ours alone.
    """
    groups, words = [], [title]
    for method in [*paper, *(method for method in ours if method not in paper)]:
        lines = {"paper": paper.get(method), "ours": ours.get(method)}
        rows = {source: "".join(map(_html, line)) for source, line in lines.items() if line}
        if len(rows) == 2:
            pairs = zip(paper[method], ours[method], strict=True)
            rows[_DIFFERENCE] = "".join(_difference(*pair) for pair in pairs)
        name = f'<th scope="rowgroup" rowspan="{len(rows)}">{escape(name_of(method))}</th>'
        body = "</tr><tr>".join(f'<th scope="row">{source}</th>{html}' for source, html in rows.items())
        groups.append(f"<tbody><tr>{name}{body}</tr></tbody>")
        for source, line in lines.items():
            shown = ", ".join(map(in_words, line or []))
            words += [f"{name_of(method)}, {source}: {shown}"] * bool(line)
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in ["method", "", *columns])
    return _framed(
        _table(title, head, "".join(groups)),
        title,
        "\n".join(words),
        kind=" ".join(["tfm-average"] * (columns[-1] == "Avg.") + ["tfm-wide"] * (len(columns) > 8)),
    )


def averages(sources: Mapping[str, Mapping[str, Line]], *, title: str) -> Interactive:
    """The average of every method in a row, of every source in a column, and what the last is above the one before it where
    both count."""
    names = list(sources)
    known = [method for method in PAPER if any(method in lines for lines in sources.values())]
    known += dict.fromkeys(method for lines in sources.values() for method in lines if method not in known)
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in ["method", *names])
    head += f'<th scope="col">{escape(f"{names[-1]} less {names[-2]}")}</th>'
    body, words = "", [title]
    for method in known:
        cells = [lines[method].whole if method in lines else Cell(None) for lines in sources.values()]
        name = name_of(method)
        row = "".join(map(_html, cells)) + _difference(*cells[-2:])
        body += f'<tr><th scope="row">{escape(name)}</th>{row}</tr>'
        words.append(f"{name}: " + ", ".join(f"{s} {in_words(c)}" for s, c in zip(names, cells, strict=True)))
    return _framed(_table(title, head, f"<tbody>{body}</tbody>"), title, "\n".join(words))


def verdicts(
    claims: Mapping[str, Callable[[Any], bool | str]], sources: Mapping[str, Any], *, title: str, first: str = "claim"
) -> Interactive:
    """What each source's lines, by method, say of each claim: it holds, it does not, or it cannot be said, and why.

    A claim may answer in words of its own. ``first`` is the name of the first column.
    """
    found = {claim: [verdict(test, lines) for lines in sources.values()] for claim, test in claims.items()}
    body = "".join(
        f'<tr><th scope="row">{escape(claim)}</th>{"".join(f"<td>{escape(word)}</td>" for word in row)}</tr>'
        for claim, row in found.items()
    )
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in [first, *sources])
    table = _table(title, head, f"<tbody>{body}</tbody>")
    each = [
        f"{claim} " + "; ".join(f"{s}: {w}" for s, w in zip(sources, row, strict=True)) for claim, row in found.items()
    ]
    return _framed(table, title, "\n".join([title, *each]), kind="tfm-words")


def verdict(test: Callable[[Any], bool | str], lines: Any) -> str:
    """One claim against one source."""
    found = answer(test, lines)
    return found if isinstance(found, str) else "holds" if found else "does not hold"


def answer(question: Callable[[Any], Any], lines: Any) -> Any:
    """What a question comes to of one source's lines, or why it cannot be said: a method was not run, or did not train."""
    try:
        return question(lines)
    except KeyError as method:
        return f"not run: {name_of(method.args[0])}"
    except Untrained as why:
        return f"cannot be said: {why}"


def ranking(lines: Mapping[str, Line]) -> str:
    """The averages of a source's methods as bars, the best first; what did not train stands last. Nothing, of no lines."""
    order = _ranked(lines)
    values = {name_of(method): 100 * (line.whole.value or 0) for method, line in order}
    texts = [in_words(line.whole).replace(" seeds", "") for _, line in order]
    paint = [PAINT.get(method, STATES["masked"]) for method, _ in order]
    return bars(values, texts, low=0, high=100, colour=paint)


def ranking_in_words(lines: Mapping[str, Line]) -> str:
    """What :func:`ranking` draws, in words."""
    return ", ".join(f"{name_of(method)} {in_words(line.whole)}" for method, line in _ranked(lines))


def _ranked(lines: Mapping[str, Line]) -> list[tuple[str, Line]]:
    return sorted(lines.items(), key=lambda item: (not item[1].whole.counts, -(item[1].whole.value or 0)))


def _table(title: str, head: str, body: str) -> str:
    return f"<table><caption><span>{marked(title)}</span></caption><thead><tr>{head}</tr></thead>{body}</table>"


def _signed(value: float) -> str:
    return f"{100 * value:+.1f}".replace("-", "−").replace("+0.0", "0.0").replace("−0.0", "0.0")


def in_words(cell: Cell) -> str:
    """A cell's value and what is wrong with it."""
    value = "-" if cell.value is None else f"{100 * cell.value:.1f}"
    return f"{value} ({cell.note})" if cell.note and cell.value is not None else cell.note or value


def _html(cell: Cell) -> str:
    if cell.value is None:
        return f'<td class="tfm-failed"><small>{escape(cell.note)}</small></td>' if cell.note else "<td>–</td>"
    below = "" if cell.forgetting is None else _signed(cell.forgetting)
    below = f"± {100 * cell.spread:.1f}" if cell.spread else below
    if cell.note:
        return f'<td class="tfm-failed">{100 * cell.value:.1f}<small>{escape(cell.note)}</small></td>'
    return f"<td>{100 * cell.value:.1f}{below and f'<small>{below}</small>'}</td>"


def _difference(paper: Cell, ours: Cell) -> str:
    if paper.value is None or ours.value is None or not (paper.counts and ours.counts):
        return "<td></td>"
    return f"<td>{_signed(ours.value - paper.value)}</td>"


_STYLE = """
.tfm-table { overflow-x: auto; }
.tfm .tfm-table table { display: table; width: 100%; margin: 0; color: inherit; background: none; font-size: inherit; }
.tfm .tfm-table caption { caption-side: top; color: var(--fg); font-weight: 600; text-align: left; padding: 0 .4em .4em; }
.tfm .tfm-table caption:has(b) { color: var(--muted); font-weight: 400; }
.tfm .tfm-table caption span { display: block; position: sticky; left: .4em; max-width: min(42rem, calc(100vw - 5rem)); }
.tfm .tfm-table td, .tfm .tfm-table th { padding: .2em .4em; border: 0; color: var(--fg); background: none; }
.tfm .tfm-table td, .tfm .tfm-table th { vertical-align: top; white-space: normal; }
.tfm .tfm-table small { display: block; color: var(--muted); white-space: nowrap; font-size: .82em; }
.tfm .tfm-table .tfm-failed { color: var(--muted); font-weight: 400; }
.tfm .tfm-table .tfm-failed small { white-space: normal; font-style: italic; font-weight: 400; }
.tfm .tfm-table thead th { border-bottom: 2px solid var(--line); }
.tfm .tfm-table abbr { text-decoration: none; }
.tfm .tfm-table tbody { border-bottom: 1px solid var(--field); }
.tfm .tfm-table tbody th, .tfm .tfm-table thead th:first-child { text-align: left; font-weight: 400; }
.tfm .tfm-table th[scope=row] { color: var(--muted); }
.tfm .tfm-table th[scope=rowgroup] { font-weight: 600; position: sticky; left: 0; background: var(--bg); }
.tfm .tfm-average td:last-child { font-weight: 600; }
.tfm .tfm-wide td, .tfm .tfm-wide th { padding: .2em; font-size: 13px; }
.tfm .tfm-words tbody tr { border-bottom: 1px solid var(--field); }
.tfm .tfm-words th[scope=row] { color: var(--fg); }
.tfm .tfm-words td, .tfm .tfm-words thead th { text-align: left; font-weight: 400; }
.tfm .tfm-words thead th { color: var(--muted); }
@media (max-width: 480px) {
  .tfm:has(.tfm-table) { padding: .3rem; font-size: 13px; }
  .tfm .tfm-table td, .tfm .tfm-table th { padding: .2em .12em; }
  .tfm .tfm-words td, .tfm .tfm-words th { padding: .2em .25em; font-size: 12px; } }
"""


def _framed(table: str, title: str, text: str, *, kind: str = "") -> Interactive:
    plain = title.replace("**", "")
    scroll = f'<div class="tfm-table {kind}" role="region" tabindex="0" aria-label="{escape(plain)}">{table}</div>'
    return framed(f"<style>{_STYLE}</style>{scroll}", text=text.replace("**", ""))
