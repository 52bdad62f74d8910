"""The decoder: headers without pixels, pixels as they are seen."""

import zlib

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from Datasets import header as header_module
from Datasets.errors import ImageError
from Datasets.image import Header, decode, encode_png, nodata_mask, read_header, stacked
from tests.Datasets import broken_images as made

RNG = np.random.default_rng(5)
RGB = RNG.integers(0, 256, (6, 9, 3), dtype=np.uint8)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "WEBP"])
def test_lossless_pixels_come_back(kind: str) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    content = made.picture(Image.fromarray(RGB), kind, **options)
    assert read_header(content, "x") == Header(9, 6, 3, "uint8", 1)
    for colour in ("rgb", "unchanged"):
        pixels = decode(content, "x", colour)
        np.testing.assert_array_equal(pixels, RGB)
        assert pixels.flags.c_contiguous
    assert decode(content, "x", "gray").shape == (6, 9, 1)


def as_seen(stored: np.ndarray, orientation: int) -> np.ndarray:
    """Return pixels turned one by one, by the words of EXIF 2.32 on where row 0 and column 0 are.

    1: top, left; 2: top, right; 3: bottom, right; 4: bottom, left; 5: left, top; 6: right, top;
    7: right, bottom; 8: left, bottom.
    """
    sides = ["top left", "top right", "bottom right", "bottom left"]
    sides += ["left top", "right top", "right bottom", "left bottom"]
    row_0, column_0 = sides[orientation - 1].split()
    rows, columns = stored.shape[:2]
    shape = (columns, rows) if row_0 in ("left", "right") else (rows, columns)
    seen = np.zeros((*shape, *stored.shape[2:]), stored.dtype)
    for row in range(rows):
        for column in range(columns):
            far = {"top": row, "bottom": rows - 1 - row, "left": row, "right": rows - 1 - row}
            place = {row_0: far[row_0]}
            far = {"top": column, "bottom": columns - 1 - column}
            far |= {"left": column, "right": columns - 1 - column}
            place[column_0] = far[column_0]
            y = place["top"] if "top" in place else place["bottom"]
            x = place["left"] if "left" in place else place["right"]
            seen[y, x] = stored[row, column]
    return seen


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_once(kind: str, orientation: int) -> None:
    """Against a slow version by the standard's own words; JPEG against itself unturned."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"exif": exif, **({"lossless": True} if kind == "WEBP" else {})}
    content = made.picture(RGB, kind, **options)
    stored = decode(made.picture(RGB, kind), "x") if kind == "JPEG" else RGB
    header, seen = read_header(content, "x"), decode(content, "x")
    assert header.orientation == orientation
    assert seen.shape == (header.height, header.width, 3) and seen.flags.c_contiguous
    assert seen.shape[:2] == ((9, 6) if orientation >= 5 else (6, 9))
    np.testing.assert_array_equal(seen, as_seen(stored, orientation))


@pytest.mark.parametrize("orientation", [0, 9, 65535])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_an_orientation_that_does_not_exist_turns_nothing(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    header = read_header(made.picture(RGB, kind, exif=exif), "x")
    assert (header.orientation, header.width, header.height) == (1, 9, 6)


def test_exif_data_that_cannot_be_understood_turn_nothing() -> None:
    for exif in (b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"nonsense"):
        assert read_header(made.picture(RGB, "JPEG", exif=exif), "x").orientation == 1


@pytest.mark.parametrize(
    ("mode", "channels"), [("1", 1), ("L", 1), ("LA", 2), ("RGB", 3), ("RGBA", 4), ("P", 3)]
)
def test_every_mode_has_its_channels(mode: str, channels: int) -> None:
    content = made.picture(Image.fromarray(RGB).convert(mode), "PNG")
    assert read_header(content, "x").channels == channels
    unchanged = decode(content, "x", "unchanged")
    assert unchanged.shape == (6, 9, channels) and unchanged.dtype == np.uint8
    assert decode(content, "x", "rgb").shape == (6, 9, 3)
    assert decode(content, "x", "gray").shape == (6, 9, 1)


def test_what_is_transparent_is_shown_on_white() -> None:
    clear = np.zeros((2, 2, 4), np.uint8)
    assert (decode(made.picture(Image.fromarray(clear), "PNG"), "x") == 255).all()


def test_16_bits_stay_and_do_not_become_rgb() -> None:
    deep = RNG.integers(0, 65536, (4, 5), dtype=np.uint16)
    content = made.picture(deep, "PNG")
    assert read_header(content, "x") == Header(5, 4, 1, "uint16", 1)
    for colour in ("unchanged", "gray"):
        np.testing.assert_array_equal(decode(content, "x", colour)[:, :, 0], deep)
    with pytest.raises(ImageError, match=r"x: uint16 pixels of 1 channel .* decode\.colour"):
        decode(content, "x", "rgb")


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_a_png_of_16_bits_is_read_without_loss(channels: int) -> None:
    deep = RNG.integers(0, 65536, (7, 5, channels), dtype=np.uint16)
    content = bytes(imagecodecs.png_encode(deep[:, :, 0] if channels == 1 else deep))
    header = read_header(content, "x")
    assert (header.width, header.height, header.channels, header.dtype) == (
        5,
        7,
        channels,
        "uint16",
    )
    np.testing.assert_array_equal(decode(content, "x", "unchanged"), deep)
    if channels == 3:
        np.testing.assert_array_equal(decode(content, "x", "rgb"), deep)


def test_one_transparent_colour_is_no_channel_but_is_shown_on_white() -> None:
    """A chunk tRNS names it; at 8 bits and at 16, where it cannot be shown."""
    rows = zlib.compress(b"\0" + bytes(6) + b"\0" + bytes(6))
    named = made.chunk(b"tRNS", bytes(6))
    content = made.png(2, 2, named, made.chunk(b"IDAT", rows))
    assert (decode(content, "x", "unchanged") == 0).all()
    assert read_header(content, "x").channels == 3
    assert (decode(content, "x") == 255).all()
    rows = zlib.compress((b"\0" + bytes(12)) * 2)
    content = made.png(2, 2, named, made.chunk(b"IDAT", rows), depth=16)
    assert decode(content, "x", "unchanged").shape == (2, 2, 3) == decode(content, "x").shape


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "WEBP", "TIFF"])
def test_truncated_pixels_are_refused(kind: str) -> None:
    content = made.picture(RNG.integers(0, 256, (64, 64, 3), dtype=np.uint8), kind)
    for share in (0.3, 0.6, 0.95):
        with pytest.raises(ImageError, match=r"^a\.x: "):
            decode(content[: int(len(content) * share)], "a.x")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "WEBP", "TIFF"])
def test_a_bomb_is_refused_from_its_header(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(header_module, "MAX_PIXELS", 53)
    with pytest.raises(ImageError, match="9 x 6 pixels are more than 53") as caught:
        read_header(made.picture(RGB, kind), "a")
    assert caught.value.kind == "too many pixels"


def test_the_first_of_several_pictures_in_a_jpeg_is_the_photo() -> None:
    """Phones and stereo cameras put a second one behind it (MPO)."""
    second = Image.fromarray(RGB[:3])
    content = made.picture(RGB, "MPO", save_all=True, append_images=[second])
    assert read_header(content, "x") == Header(9, 6, 3, "uint8", 1)
    np.testing.assert_array_equal(decode(content, "x"), decode(made.picture(RGB, "JPEG"), "x"))


def test_bands_are_stacked_in_their_order() -> None:
    bands = [np.full((2, 3, 1), value, np.uint16) for value in (5, 7, 6)]
    assert stacked(bands, "x").shape == (2, 3, 3)
    assert stacked(bands, "x")[1, 2].tolist() == [5, 7, 6]
    for other in (np.zeros((3, 2, 1), np.uint16), np.zeros((2, 3, 1), np.uint8)):
        with pytest.raises(ImageError, match=r"x: bands of .* resample them first"):
            stacked([*bands, other], "x")


def test_no_data_is_where_all_channels_say_so_or_one_is_no_number() -> None:
    pixels = np.array([[[0, 0], [0, 9]], [[9, 9], [np.nan, 9]]], np.float32)
    assert nodata_mask(pixels, 0.0).tolist() == [[True, False], [False, True]]
    assert nodata_mask(pixels, None).tolist() == [[False, False], [False, True]]
    assert nodata_mask(pixels, float("nan")).tolist() == [[False, False], [False, True]]
    assert nodata_mask(pixels[:1].astype(np.uint8), 0.0).tolist() == [[True, False]]


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_png_written_is_png_read(channels: int) -> None:
    pixels = RNG.integers(0, 256, (7, 5, channels), dtype=np.uint8)
    content = encode_png(pixels)
    np.testing.assert_array_equal(decode(content, "x", "unchanged"), pixels)
    assert content == encode_png(pixels.copy())
