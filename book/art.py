"""Draw the book's pictures beside its style: ``make sync``. With --check, only say what is out of date.

Every picture is an image on its own, which cannot know whether the page is light or dark: only the palette and middle greys,
and words on a ground of their own. Each says its licence, wherever it is taken.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path

from tfm_lite.figures.colours import STATES, TASKS, ink_on
from tfm_lite.files import written

ASSETS = Path(__file__).parent / "_assets"
NORMAL, FORWARD, MASKED = STATES["normal"], STATES["forward-only"], STATES["masked"]
STYLE = {
    "n": f'fill="{NORMAL}"',
    "f": f'fill="{FORWARD}"',
    "m": f'fill="none" stroke="{MASKED}" stroke-width="1.5" stroke-dasharray="4 3"',
}
W, H = 640, 120
LABEL = "#e6e9ed"
LICENCE = "https://creativecommons.org/licenses/by/4.0/"
ABOUT = (
    '<metadata><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:cc="http://creativecommons.org/ns#" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/"><cc:Work rdf:about=""><dc:source>Ternary feature masks</dc:source>'
    "<dc:creator>the tfm_lite authors</dc:creator><dc:rights>CC BY 4.0</dc:rights>"
    f'<cc:license rdf:resource="{LICENCE}"/></cc:Work></rdf:RDF></metadata>'
)
PICTURES: dict[str, Callable[[], str]] = {}


def picture(
    name: str, width: int = W, height: int = H
) -> Callable[[Callable[[], Iterable[str]]], None]:
    """Register a function that yields the parts of a picture."""

    def register(draw: Callable[[], Iterable[str]]) -> None:
        size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        PICTURES[name] = lambda: (
            f'<svg xmlns="http://www.w3.org/2000/svg" {size}>\n{ABOUT}\n'
            + "\n".join(draw())
            + "\n</svg>\n"
        )

    return register


def dot(x: float, y: float, style: str, r: float = 11, opacity: float = 1) -> str:
    paint = STYLE.get(style, f'fill="{style}"')
    faint = f' opacity="{opacity:.2f}"' if opacity < 1 else ""
    return f'<circle cx="{x:.0f}" cy="{y:.0f}" r="{r:.1f}" {paint}{faint}/>'


def box(
    x: float,
    y: float,
    w: float,
    h: float,
    style: str,
    opacity: float = 1,
    round: int = 2,
) -> str:
    paint = STYLE.get(style, f'fill="{style}"')
    faint = f' opacity="{opacity:.2f}"' if opacity < 1 else ""
    return f'<rect x="{x:.0f}" y="{y:.0f}" width="{w:.0f}" height="{h:.0f}" rx="{round}" {paint}{faint}/>'


def line(
    x1: float,
    y1: float,
    x2: float,
    y2: float,
    colour: str,
    width: float = 1.2,
    opacity: float = 0.7,
) -> str:
    ends = f'x1="{x1:.0f}" y1="{y1:.0f}" x2="{x2:.0f}" y2="{y2:.0f}"'
    return (
        f'<line {ends} stroke="{colour}" stroke-width="{width}" opacity="{opacity}"/>'
    )


def words(
    x: float,
    y: float,
    text: object,
    size: int = 16,
    *,
    anchor: str = "start",
    ground: str = "",
) -> str:
    """Words on a mark of the colour ``ground``; without one they bring a light label, as wide as they are."""
    label = ""
    if not ground:
        ground, wide = LABEL, 12 + 0.62 * size * len(str(text))
        corner = f'x="{x - 6:.0f}" y="{y - 1.1 * size:.0f}"'
        sides = f'width="{wide:.0f}" height="{1.5 * size:.0f}"'
        label = f'<rect {corner} {sides} rx="4" fill="{ground}"/>'
    font = (
        f'font-family="system-ui, sans-serif" font-size="{size}" text-anchor="{anchor}"'
    )
    return f'{label}<text x="{x:.0f}" y="{y:.0f}" {font} fill="{ink_on(ground)}">{text}</text>'


def layers(
    x: list[float], y: list[list[float]], states: list[str], *, radius: float = 9
) -> Iterable[str]:
    """A network from left to right; ``states`` has a letter per feature and layer."""
    for k in range(len(x) - 1):
        for a, from_y in enumerate(y[k]):
            for b, to_y in enumerate(y[k + 1]):
                ends = states[k][a] + states[k + 1][b]
                if "m" not in ends:
                    yield line(
                        x[k],
                        from_y,
                        x[k + 1],
                        to_y,
                        NORMAL if "n" in ends else FORWARD,
                        1,
                        0.45,
                    )
    for k, column in enumerate(y):
        for i, at in enumerate(column):
            yield dot(x[k], at, states[k][i], radius)


@picture("cover", 1200, 400)
def cover() -> Iterable[str]:
    """A network grows over three tasks, from left to right."""
    for t in range(3):
        left = 70 + 400 * t
        owner = [0, 0, 0, 1, 1, 2, 2]
        states = "".join("n" if o == t else "f" if o < t else "m" for o in owner)
        rows = [[70 + 43 * i for i in range(7)] for _ in range(3)]
        yield from layers([left, left + 130, left + 260], rows, [states] * 3, radius=13)


@picture("favicon", 64, 64)
def favicon() -> Iterable[str]:
    yield from (
        dot(20, 20, "f", 12),
        dot(46, 20, "f", 12),
        dot(20, 46, "n", 12),
        dot(46, 46, "m", 11),
    )


@picture("states", 712, 190)
def states() -> Iterable[str]:
    for t in range(3):
        yield words(16, 45 + 55 * t, f"task {t + 1}")
        for i in range(6):
            yield dot(
                120 + 70 * i,
                40 + 55 * t,
                "n" if i // 2 == t else "f" if i // 2 < t else "m",
                17,
            )
    for t, (style, name) in enumerate(
        (("n", "normal"), ("f", "forward-only"), ("m", "masked"))
    ):
        yield from (dot(560, 40 + 55 * t, style, 9), words(584, 45 + 55 * t, name))


@picture("00_reading")
def reading() -> Iterable[str]:
    places = [(24 + 33 * i, 60 + 24 * math.sin(i * 0.55)) for i in range(19)]
    for (x1, y1), (x2, y2) in pairwise(places):
        yield line(x1, y1, x2, y2, MASKED, 2)
    for i, (x, y) in enumerate(places):
        yield dot(x, y, "n" if i == 4 else "f", 15)
        yield words(
            x, y + 5, i, 15, anchor="middle", ground=NORMAL if i == 4 else FORWARD
        )


@picture("five_names", 700, 190)
def five_names() -> Iterable[str]:
    """What makes what, from a configuration to a record."""
    places = {
        "Config": (60, 95),
        "Task": (210, 45),
        "Builder": (210, 145),
        "Method": (370, 145),
        "Fit": (500, 45),
        "record": (640, 95),
    }
    steps = ["Config Task", "Config Builder", "Builder Method", "Task Fit"]
    for step in [*steps, "Method Fit", "Fit record"]:
        (x1, y1), (x2, y2) = (places[name] for name in step.split())
        yield line(x1, y1, x2, y2, MASKED, 2)
    for name, (x, y) in places.items():
        ground = NORMAL if name == "Method" else FORWARD
        yield box(x - 52, y - 21, 104, 42, ground, round=6)
        yield words(x, y + 6, name, 18, anchor="middle", ground=ground)


@picture("01_forgetting")
def forgetting() -> Iterable[str]:
    for t, share in enumerate((1, 0.45, 0.15)):
        for i in range(16):
            yield dot(40 + 37 * i, 24 + 36 * t, TASKS[0], 12, share * (1 - 0.03 * i))


@picture("02_freezing_and_joint")
def freezing() -> Iterable[str]:
    rows = [[18 + 21 * i for i in range(5)] for _ in range(4)]
    yield from layers([30, 110, 190, 270], rows, ["fffff", "fffff", "fffff", "nnnnn"])
    yield from layers([370, 450, 530, 610], rows, ["nnnnn"] * 4)


@picture("03_binary_masks")
def binary() -> Iterable[str]:
    for row in range(3):
        for i in range(16):
            yield dot(
                40 + 37 * i + (8 if i > 7 else -8),
                24 + 36 * row,
                NORMAL if i < 8 else TASKS[3],
                12,
            )


@picture("04_ternary_masks")
def ternary() -> Iterable[str]:
    for t in range(3):
        for i in range(15):
            yield dot(
                50 + 38.5 * i,
                24 + 36 * t,
                "n" if i // 5 == t else "f" if i // 5 < t else "m",
                12,
            )


@picture("05_feature_normalization")
def normalization() -> Iterable[str]:
    for i in range(15):
        height = 12 + 46 * abs(math.sin(1.7 * i + 0.6))
        yield from (
            dot(50 + 38.5 * i, 100, "f", 12),
            box(42 + 38.5 * i, 80 - height, 16, height, "n"),
        )


@picture("06_growth")
def growth() -> Iterable[str]:
    old = 1
    for k, new in enumerate((0, 1, 0, 1, 1, 0, 1)):
        for i in range(old + new):
            yield dot(70 + 84 * k, 104 - 22 * i, "n" if i >= old else "f", 9.5)
        old += new


@picture("07_slices")
def slices() -> Iterable[str]:
    side, left = 8, 206
    for i in range(side):
        for j in range(4 * side - 4):
            t = max(i // 3, j // 10)
            yield box(
                left - 190 + 22 * j,
                6 + 13.5 * i,
                19,
                11,
                (TASKS[0], TASKS[2], TASKS[1])[min(t, 2)],
            )


@picture("08_importance")
def importance() -> Iterable[str]:
    for i in range(30):
        height = 8 + 86 * math.exp(-(((i * 7) % 30) / 9))
        yield box(
            28 + 20 * i,
            108 - height,
            12,
            height,
            "f" if height > 50 else MASKED,
            1 if height > 50 else 0.6,
        )


@picture("08b_path")
def path() -> Iterable[str]:
    """A way down in steps; those that go far down are blue."""
    falls = [22, 3, 15, 2, 18, 4, 9, 2, 6, 2, 3]
    x, y = 40.0, 16.0
    for fall in falls:
        steep = fall > 8
        yield line(
            *(x, y, x + 52, y + fall),
            FORWARD if steep else MASKED,
            3 if steep else 2,
            1,
        )
        yield dot(x, y, "f" if steep else MASKED, 8)
        x, y = x + 52, y + fall
    yield dot(x, y, "n", 11)


@picture("08c_merging")
def merging() -> Iterable[str]:
    """Two places in one valley, and the one half way."""
    for k in range(4):
        yield (
            f'<ellipse cx="320" cy="60" rx="{290 - 62 * k}" ry="{56 - 12 * k}" '
            f'fill="{MASKED}" opacity="0.13"/>'
        )
    yield line(150, 60, 490, 60, MASKED, 2)
    yield from (dot(150, 60, "f", 15), dot(490, 60, "n", 15))
    yield dot(320, 60, TASKS[0], 15)


@picture("09_distillation")
def distillation() -> Iterable[str]:
    rows = [[22 + 25 * i for i in range(4)] for _ in range(3)]
    yield from (
        part.replace("/>", ' opacity="0.55"/>') if "opacity" not in part else part
        for part in layers([60, 130, 200], rows, ["ffff"] * 3)
    )
    for i in range(4):
        yield line(
            220, 22 + 25 * i, 420, 22 + 25 * i, MASKED, 1 + 2.4 * math.exp(-i), 0.9
        )
    yield from layers([440, 510, 580], rows, ["nnnn"] * 3)


@picture("10_weight_masks")
def weights() -> Iterable[str]:
    for i in range(5):
        for j in range(27):
            k = (3 * i * i + 5 * j + 7 * ((i * j) % 5) + j * j) % 9
            style = (
                TASKS[0]
                if k < 3
                else TASKS[3]
                if k < 5
                else TASKS[2]
                if k == 5
                else "m"
            )
            yield box(28 + 22 * j, 6 + 22 * i, 17, 17, style)


@picture("11_hat")
def hat() -> Iterable[str]:
    for k in range(9):
        steep = 0.5 + 0.055 * k
        for row, share in enumerate((steep, 1 - steep, steep if k % 2 else 1 - steep)):
            x, y = 60 + 65 * k, 24 + 36 * row
            yield f'<circle cx="{x}" cy="{y}" r="12" fill="none" stroke="{MASKED}" stroke-width="1.5"/>'
            yield dot(x, y, "n", 12, share) if share > 0.12 else ""


@picture("12_columns")
def columns() -> Iterable[str]:
    for t in range(3):
        for k in range(3):
            x, y = 140 + 180 * t, 100 - 40 * k
            if k < 2:
                yield line(x, y, x, y - 40, TASKS[t], 3, 1)
                for later in range(t + 1, 3):
                    yield line(x, y, 140 + 180 * later, y - 40, MASKED, 1.5)
        for k in range(3):
            yield dot(140 + 180 * t, 100 - 40 * k, TASKS[t], 13)


@picture("13_memory")
def memory() -> Iterable[str]:
    for i, width in enumerate((560, 470, 300, 260, 120)):
        yield box(40, 8 + 22 * i, width, 15, NORMAL if i in (2, 4) else MASKED)


@picture("14_fine_grained")
def flowers() -> Iterable[str]:
    for k in range(5):
        x, petals = 70 + 125 * k, 5 + k
        for p in range(petals):
            angle = 2 * math.pi * p / petals + k
            yield dot(
                x + 30 * math.cos(angle), 60 + 30 * math.sin(angle), TASKS[k], 15, 0.8
            )
        yield dot(x, 60, "n", 12)


@picture("15_tiny_imagenet")
def tiny() -> Iterable[str]:
    for t in range(10):
        for i in range(20):
            yield box(
                22 + 61 * t + 11 * (i % 4), 20 + 16 * (i // 4), 9, 13, TASKS[t % 6]
            )


@picture("16_imagenet")
def imagenet() -> Iterable[str]:
    for t in range(10):
        squares = (
            f"M{20 + 61 * t + 5.4 * (i % 10):.0f} {8 + 10.4 * (i // 10):.0f}h4v8h-4z"
            for i in range(100)
        )
        yield f'<path d="{"".join(squares)}" fill="{TASKS[t % 6]}"/>'


@picture("17_beyond")
def beyond() -> Iterable[str]:
    for t in range(50):
        tall = 14 + 1.5 * t
        yield box(20 + 11 * t, 104 - tall, 7, tall, TASKS[t % 6])
    yield dot(602, 60, "f", 18)
    yield words(602, 67, "?", 20, anchor="middle", ground=FORWARD)


@picture("18_when_masks_pay")
def balance() -> Iterable[str]:
    """One network that two tasks share, against two of their own, of the same bytes."""
    yield line(130, 56, 510, 56, FORWARD, 4, 1)
    yield f'<path d="M320 56L290 112H350Z" fill="{MASKED}"/>'
    yield box(142, 16, 30, 38, "f", round=3) + box(172, 16, 16, 38, "n", round=3)
    for left, style in ((438, "f"), (476, "n")):
        yield box(left, 27, 30, 27, style, round=3)
    yield words(294, 38, "bytes", 18)


@picture("data")
def data() -> Iterable[str]:
    for k in range(5):
        for i in range(4 - (k > 2)):
            yield box(
                60 + 118 * k + 9 * i, 14 + 9 * i, 66, 66, TASKS[k], 0.35 + 0.2 * i
            )


@picture("own_network")
def own_network() -> Iterable[str]:
    columns = 70, 195, 320, 445, 570
    for a, b in pairwise(columns):
        yield line(a, 56, b, 56, FORWARD, 2)
    skip = "M195 56C195 128 445 128 445 56"
    yield f'<path d="{skip}" fill="none" stroke="{FORWARD}" stroke-width="2" opacity="0.7"/>'
    for x in columns:
        for i in range(5):
            yield dot(x, 20 + 18 * i, "n" if i > 2 else "f", 7)


@picture("results")
def results() -> Iterable[str]:
    for i in range(12):
        height = 20 + 78 * (1 - math.exp(-i / 4))
        yield box(44 + 47 * i, 108 - height, 26, height, NORMAL if i == 9 else MASKED)


def main() -> int:
    stale = []
    for name, draw in PICTURES.items():
        path, text = ASSETS / f"{name}.svg", draw()
        if not path.exists() or path.read_text() != text:
            stale.append(path.name)
            if "--check" not in sys.argv:
                with written(path) as temporary:
                    temporary.write_text(text)
    print(
        f"out of date: {', '.join(stale)}" if stale else "all pictures are up to date"
    )
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
