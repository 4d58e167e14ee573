"""Pictures of pixels, such as a contact sheet, in the page."""

from __future__ import annotations

from base64 import b64encode
from html import escape
from io import BytesIO

from PIL import Image

from tfm_lite.figures.explore import Interactive, framed


def picture(image: Image.Image, *, alt: str, caption: str = "", colours: int = 16) -> Interactive:
    """An image, in as many ``colours`` as it needs to be light; ``alt`` says in words what it shows."""
    if not alt.strip():
        raise ValueError("a picture needs alternative text: say in words what it shows")
    file = BytesIO()
    image.quantize(colours).save(file, "PNG")
    source = f"data:image/png;base64,{b64encode(file.getvalue()).decode()}"
    style = "display: block; max-width: 100%; height: auto; margin: 0 auto; background: none"
    return framed(f'<img src="{source}" alt="{escape(alt)}" style="{style}">', text=alt, caption=caption)
