"""An image is as it is seen, wherever its EXIF data stand; against Pillow."""

import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from Datasets.exif import ORIENTATION_TAG, orientation_behind_pixels
from Datasets.image import decode, read_header
from tests.Datasets.broken_images import PNG, RGB, chunk


def exif(orientation: object) -> bytes:
    made = Image.Exif()
    made[ORIENTATION_TAG] = orientation
    return made.tobytes().removeprefix(b"Exif\0\0")


def behind(content: bytes, *chunks: bytes) -> bytes:
    """Return a PNG with chunks put in before its end."""
    return content[:-12] + b"".join(chunks) + content[-12:]


def deep() -> bytes:
    """Return a PNG of 16 bits in colour, which another decoder reads."""
    from imagecodecs import png_encode

    return bytes(png_encode(RGB.astype(np.uint16) * 257))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_png_may_say_it_behind_its_pixels(orientation: int) -> None:
    content = behind(PNG, chunk(b"tEXt", b"a\0b"), chunk(b"eXIf", exif(orientation)))
    with Image.open(io.BytesIO(content)) as image:
        image.load()  # to reach the chunk
        seen = np.array(ImageOps.exif_transpose(image))
    header = read_header(content, "x")
    assert (header.height, header.width, header.orientation) == (*seen.shape[:2], orientation)
    assert np.array_equal(decode(content, "x"), seen)


def test_so_may_one_of_sixteen_bits() -> None:
    content = behind(deep(), chunk(b"eXIf", exif(6)))
    expected = np.rot90(RGB.astype(np.uint16) * 257, -1)
    assert np.array_equal(decode(content, "x", "unchanged"), expected)


@pytest.mark.parametrize("content", [b"", b"no exif", exif(9), exif(0), exif(6)[:-9]])
def test_what_cannot_be_understood_turns_nothing(content: bytes) -> None:
    png = behind(PNG, chunk(b"eXIf", content))
    assert orientation_behind_pixels(io.BytesIO(png)) == 1
    assert np.array_equal(decode(png, "x"), RGB)
