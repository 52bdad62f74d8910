"""The decoder: headers without pixels, pixels as they are seen, refusals by name."""

import io

import numpy as np
import pytest
from PIL import Image

from Datasets import image
from Datasets.errors import ImageError
from Datasets.image import Header, decode, encode_png, read_header

RNG = np.random.default_rng(5)
RGB = RNG.integers(0, 256, (6, 9, 3), dtype=np.uint8)


def file(picture: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, format=kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "BMP", "WEBP"])
def test_lossless_pixels_come_back(kind: str) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    content = file(Image.fromarray(RGB), kind, **options)
    assert read_header(content, "x") == Header(9, 6, 3, "uint8", 1)
    for colour in ("rgb", "unchanged"):
        pixels = decode(content, "x", colour)
        np.testing.assert_array_equal(pixels, RGB)
        assert pixels.flags.c_contiguous
    assert decode(content, "x", "gray").shape == (6, 9, 1)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_once(kind: str, orientation: int) -> None:
    """Against the EXIF standard's own words: where row 0 and column 0 are seen."""
    stored = np.zeros((16, 32, 3), np.uint8)
    stored[:8, :16] = 255  # the corner where the stored row 0 and column 0 meet
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = file(Image.fromarray(stored), kind, exif=exif)
    header = read_header(content, "x")
    seen = decode(content, "x")[:, :, 0]
    assert header.orientation == orientation
    assert seen.shape == (header.height, header.width)
    assert seen.shape == ((32, 16) if orientation >= 5 else (16, 32))
    row_0_is_bottom = orientation in (3, 4, 7, 8)
    column_0_is_right = orientation in (2, 3, 6, 7)
    corner = seen[-2 if row_0_is_bottom else 1, -2 if column_0_is_right else 1]
    assert corner > 200 and (seen > 128).mean() == pytest.approx(0.25, abs=0.05)


@pytest.mark.parametrize(
    ("mode", "channels"), [("1", 1), ("L", 1), ("LA", 2), ("RGB", 3), ("RGBA", 4), ("P", 3)]
)
def test_every_mode_has_its_channels(mode: str, channels: int) -> None:
    content = file(Image.fromarray(RGB).convert(mode), "PNG")
    assert read_header(content, "x").channels == channels
    unchanged = decode(content, "x", "unchanged")
    assert unchanged.shape == (6, 9, channels) and unchanged.dtype == np.uint8
    assert decode(content, "x", "rgb").shape == (6, 9, 3)
    assert decode(content, "x", "gray").shape == (6, 9, 1)


def test_what_is_transparent_is_shown_on_white() -> None:
    clear = np.zeros((2, 2, 4), np.uint8)
    assert (decode(file(Image.fromarray(clear), "PNG"), "x") == 255).all()


def test_16_bits_stay_and_do_not_become_rgb() -> None:
    deep = RNG.integers(0, 65536, (4, 5), dtype=np.uint16)
    content = file(Image.fromarray(deep), "PNG")
    assert read_header(content, "x") == Header(5, 4, 1, "uint16", 1)
    for colour in ("unchanged", "gray"):
        np.testing.assert_array_equal(decode(content, "x", colour)[:, :, 0], deep)
    with pytest.raises(ImageError, match=r"x: 16 bits .* decode\.colour"):
        decode(content, "x", "rgb")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "the file is empty"),
        (b"GIF89a" + b"\0" * 50, "not an image of a known format"),
        (b"\x89PNG\r\n\x1a\n", "not an image of a known format"),
        (file(Image.fromarray(RGB).convert("CMYK"), "JPEG"), "colour mode CMYK"),
    ],
)
def test_the_header_refuses(content: bytes, says: str) -> None:
    for look in (read_header, decode):
        with pytest.raises(ImageError, match=f"^a.jpg: .*{says}"):
            look(content, "a.jpg")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "WEBP"])
def test_truncated_pixels_are_refused(kind: str) -> None:
    content = file(Image.fromarray(RNG.integers(0, 256, (64, 64, 3), dtype=np.uint8)), kind)
    for share in (0.3, 0.6, 0.95):
        with pytest.raises(ImageError, match=r"^a\.x: "):
            decode(content[: int(len(content) * share)], "a.x")


def test_a_bomb_is_refused_from_its_header(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image, "MAX_PIXELS", 53)
    with pytest.raises(ImageError, match="9 x 6 pixels are more than 53"):
        read_header(file(Image.fromarray(RGB), "PNG"), "a")


def test_an_animation_is_refused() -> None:
    frames = [Image.fromarray(RGB), Image.fromarray(255 - RGB)]
    content = file(frames[0], "WEBP", save_all=True, append_images=frames[1:])
    with pytest.raises(ImageError, match="holds 2 frames"):
        read_header(content, "a")


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_png_written_is_png_read(channels: int) -> None:
    pixels = RNG.integers(0, 256, (7, 5, channels), dtype=np.uint8)
    content = encode_png(pixels)
    np.testing.assert_array_equal(decode(content, "x", "unchanged"), pixels)
    assert content == encode_png(pixels.copy())
