"""Pictures as a notebook carries them: within it, so that it shows them wherever it is opened."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import matplotlib
import resvg_py

WIDE = 1.5  # a drawing's size on the screen: about the width of a notebook's text
LARGEST = 512 * 1024
KINDS = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".gif": "gif"}


def embedded(path: Path, words: str) -> str:
    """The picture as Markdown that holds its bytes, and its words for who cannot see it.

    As a PNG in a data address: that is what JupyterLab, VS Code and Colab all show. Colab shows no attachment and no SVG, and
    JupyterLab no SVG as an attachment.
    """
    if path.suffix == ".svg":
        kind, content = "png", drawn(path.read_text())
    elif path.suffix in KINDS:
        kind, content = KINDS[path.suffix], path.read_bytes()
    else:
        raise ValueError(
            f"{path.name} is no picture that a notebook can hold: use SVG, PNG, JPEG or GIF"
        )
    if len(content) > LARGEST:
        raise ValueError(
            f"{path.name} is {len(content) // 1024} KiB: a notebook holds up to {LARGEST // 1024}"
        )
    alt = " ".join(words.split()).replace("[", "(").replace("]", ")")
    return f"![{alt}](data:image/{kind};base64,{b64encode(content).decode()})"


def drawn(svg: str) -> bytes:
    """An SVG as PNG, the same bytes on every machine: its letters are of a font that matplotlib brings."""
    font = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    return resvg_py.svg_to_bytes(
        svg_string=svg,
        zoom=WIDE,
        skip_system_fonts=True,
        font_files=[str(font)],
        font_family="DejaVu Sans",
        sans_serif_family="DejaVu Sans",
    )
