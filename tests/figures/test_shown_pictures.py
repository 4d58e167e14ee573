"""Pictures of pixels in the page."""

from __future__ import annotations

import base64
import re
from io import BytesIO

import pytest
from PIL import Image

from tfm_lite.figures.pictures import picture


def test_a_picture_is_in_the_page_with_its_words() -> None:
    shown = picture(Image.new("RGB", (30, 20), "red"), alt='Red, "all" of it', caption="**Figure 1.** Red.")
    (content,) = re.findall(r'src="data:image/png;base64,([^"]*)"', shown.html)
    image = Image.open(BytesIO(base64.b64decode(content)))
    assert image.size == (30, 20) and image.convert("RGB").getpixel((3, 3)) == (255, 0, 0)
    assert 'alt="Red, &quot;all&quot; of it"' in shown.html and "<b>Figure 1.</b> Red." in shown.html
    assert shown.text == 'Red, "all" of it'


def test_a_picture_without_words_is_an_error() -> None:
    with pytest.raises(ValueError, match="needs alternative text"):
        picture(Image.new("RGB", (3, 2)), alt=" ")
