"""Images that are not plain 8-bit pictures: by which rule each becomes one, and which are refused."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageOps

from tfm_lite.datasets.pictures import decode

SIDE = 8
RAMP = np.arange(SIDE * SIDE).reshape(SIDE, SIDE) * (65535 // (SIDE * SIDE - 1))  # from 0 to nearly all of 16 bits


def write_png(path: Path, pixels: np.ndarray, kind: int, *more: tuple[bytes, bytes]) -> None:
    """A PNG of 16 bits, (height, width, channels), of the colour type ``kind``; Pillow cannot write all of them."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    height, width = pixels.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0))
    chunks = [chunk(*one) for one in (*more, (b"IDAT", zlib.compress(rows)), (b"IEND", b""))]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + head + b"".join(chunks))


@pytest.mark.parametrize(("kind", "channels"), [(0, 1), (2, 3), (4, 2), (6, 4)])
def test_of_sixteen_bits_the_upper_eight_are_taken(tmp_path: Path, kind: int, channels: int) -> None:
    grey = np.stack([RAMP] * (3 if channels > 2 else 1), 2)
    pixels = np.concatenate([grey, np.full_like(RAMP, 65535)[:, :, None]], 2) if channels in (2, 4) else grey
    write_png(tmp_path / "a.png", pixels, kind)
    assert np.array_equal(decode(tmp_path / "a.png", SIDE), np.stack([RAMP >> 8] * 3))


def test_sixteen_bits_with_a_transparent_grey_are_refused(tmp_path: Path) -> None:
    write_png(tmp_path / "a.png", RAMP[:, :, None], 0, (b"tRNS", b"\0\0"))
    with pytest.raises(
        ValueError, match=r"a\.png cannot be read \(its pixels are of the kind I.*save it with eight bits"
    ):
        decode(tmp_path / "a.png", SIDE)


@pytest.mark.parametrize("mode", ["I", "F"])
def test_pixels_without_a_scale_are_refused(tmp_path: Path, mode: str) -> None:
    Image.new(mode, (SIDE, SIDE), 1000).save(tmp_path / "a.tiff")
    with pytest.raises(
        ValueError, match=rf"a\.tiff cannot be read \(its pixels are of the kind {mode}; save it with eight"
    ):
        decode(tmp_path / "a.tiff", SIDE)


@pytest.mark.parametrize(("alpha", "expected"), [(255, (200, 40, 0)), (0, (255, 255, 255)), (51, (244, 212, 204))])
def test_transparent_pixels_lie_on_white(tmp_path: Path, alpha: int, expected: tuple[int, int, int]) -> None:
    """An alpha of 51 is a fifth: of red 200, 0.2 * 200 + 0.8 * 255."""
    Image.new("RGBA", (SIDE, SIDE), (200, 40, 0, alpha)).save(tmp_path / "a.png")
    assert np.array_equal(decode(tmp_path / "a.png", SIDE)[:, 3, 3], expected)
    Image.new("LA", (SIDE, SIDE), (200, alpha)).save(tmp_path / "a.png")
    assert np.array_equal(decode(tmp_path / "a.png", SIDE)[:, 3, 3], [expected[0]] * 3)


@pytest.mark.parametrize("mode", ["P", "RGB", "L"])
def test_a_transparent_colour_lies_on_white(tmp_path: Path, mode: str) -> None:
    pixels = Image.new("RGB", (SIDE, SIDE), (9, 9, 9))
    pixels.paste((200, 200, 200), (0, 0, SIDE // 2, SIDE))
    image = pixels.quantize(2) if mode == "P" else pixels.convert(mode)
    image.save(tmp_path / "a.png", transparency=image.getpixel((0, 0)))
    picture = decode(tmp_path / "a.png", SIDE)
    assert (picture[:, :, : SIDE // 2] == 255).all() and (picture[:, :, SIDE // 2 :] == 9).all()


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_turned_upright(tmp_path: Path, form: str, orientation: int) -> None:
    pixels = np.zeros((32, 32, 3), np.uint8)
    pixels[:16, :16], pixels[:16, 16:], pixels[16:, :16] = (250, 0, 0), (0, 250, 0), (0, 0, 250)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    Image.fromarray(pixels).save(tmp_path / "a", form, exif=exif, **({"quality": 100} if form == "JPEG" else {}))
    with Image.open(tmp_path / "a") as image:
        upright = np.asarray(ImageOps.exif_transpose(image)).transpose(2, 0, 1)
    assert np.abs(decode(tmp_path / "a", 32).astype(int) - upright).max() == 0
    assert np.array_equal(upright, np.asarray(Image.open(tmp_path / "a")).transpose(2, 0, 1)) == (orientation == 1)


# An entry of EXIF is its tag, a type (2 text, 3 a number), a count and the value.
@pytest.mark.parametrize("entry", [(3, b"\0\0"), (3, b"\0\x09"), (3, b"\x99\x99"), (2, b"x\0")])
def test_an_orientation_that_there_is_not_says_nothing(tmp_path: Path, entry: tuple[int, bytes]) -> None:
    kind, value = entry
    count = 2 if kind == 2 else 1
    exif = b"Exif\0\0MM\0*\0\0\0\x08" + struct.pack(">HHHI2sHI", 1, 0x112, kind, count, value, 0, 0)
    pixels = Image.linear_gradient("L").convert("RGB")
    pixels.save(tmp_path / "plain", "JPEG")
    pixels.save(tmp_path / "odd", "JPEG", exif=exif)
    assert np.array_equal(decode(tmp_path / "odd", 64), decode(tmp_path / "plain", 64))


def test_inks_are_taken_off_white(tmp_path: Path) -> None:
    Image.new("CMYK", (SIDE, SIDE), (0, 255, 255, 0)).save(tmp_path / "a.jpg", quality=100)
    red, green, blue = decode(tmp_path / "a.jpg", SIDE)[:, 3, 3].astype(int)
    assert red > 250 and green < 5 and blue < 5
