"""Masks as they are stored, decoded to classes or to one object's region."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from Data_processing.convert.found import FoundMask, FoundRle
from Data_processing.convert.mask_files import COLOUR, region, semantic
from Datasets.errors import AnnotationError, ImageError
from Datasets.image import Header
from Datasets.regions import Region

RED, BLUE, WHITE = COLOUR + 0xFF0000, COLOUR + 0x0000FF, COLOUR + 0xFFFFFF
VALUES = np.array([[0, 1, 2], [2, 1, 255]], np.uint8)
"""A mask of 3 x 2 pixels."""
PALETTE = [0, 0, 0, 255, 0, 0, 0, 0, 255, *[0] * 252 * 3, 255, 255, 255]
"""0 black, 1 red, 2 blue, 255 white."""


def drawn(
    folder: Path,
    names: dict[int, str],
    ignore: frozenset[int] = frozenset(),
    file: str = "m.png",
    classes: tuple[str, ...] = ("ant", "bee"),
) -> list[list[int]]:
    """Return the mask ``file`` of 3 x 2 pixels in the fixed format."""
    header = Header(3, 2, 3, "uint8", 1)
    made = semantic(folder, FoundMask(file, names, ignore), classes, lambda name: name, header)
    assert made.pixels.dtype == np.uint8 and made.changed == ()
    return made.pixels.tolist()


def of(height: int, width: int) -> Header:
    """Return the header of an image of these sides."""
    return Header(width, height, 3, "uint8", 1)


def save(folder: Path, pixels: np.ndarray, name: str = "m.png") -> None:
    """Write pixels as an image."""
    Image.fromarray(pixels).save(folder / name)


def palette(folder: Path, pixels: np.ndarray, name: str = "m.png") -> None:
    """Write pixels as indices of ``PALETTE``."""
    image = Image.fromarray(pixels, "L")
    image.putpalette(PALETTE)
    image.save(folder / name)


def pixels_of(rle: FoundRle) -> np.ndarray:
    """Return where a region is, (H, W)."""
    height, width = rle.frame
    return Region((), str(rle.counts), height, width).pixels()


NUMBERS = {2: "ant", 1: "bee"}
EXPECTED = [[0, 2, 1], [1, 2, 255]]


@pytest.mark.parametrize("name", ["m.png", "m.bmp", "m.tif"])
def test_grays_are_numbers(tmp_path: Path, name: str) -> None:
    save(tmp_path, VALUES, name)
    assert drawn(tmp_path, NUMBERS, frozenset({255}), name) == EXPECTED


@pytest.mark.parametrize("name", ["m.png", "m.bmp", "m.tif"])
def test_a_palette_counts_by_its_indices_or_by_its_colours(tmp_path: Path, name: str) -> None:
    palette(tmp_path, VALUES, name)
    assert drawn(tmp_path, NUMBERS, frozenset({255}), name) == EXPECTED
    colours = {BLUE: "ant", RED: "bee"}
    assert drawn(tmp_path, colours, frozenset({WHITE}), name) == EXPECTED


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_palettes_of_few_bits(tmp_path: Path, bits: int) -> None:
    image = Image.fromarray(np.array([[0, 1, 1], [1, 0, 0]], np.uint8), "L")
    image.putpalette(PALETTE[:6])
    image.save(tmp_path / "m.png", bits=bits)
    assert drawn(tmp_path, {1: "ant"}) == [[0, 1, 1], [1, 0, 0]]


@pytest.mark.parametrize(
    ("bits", "rows"), [(2, [b"\x18", b"\x90"]), (4, [b"\x01\x20", b"\x21\x00"])]
)
def test_grays_of_few_bits_keep_their_numbers(tmp_path: Path, bits: int, rows: list[bytes]) -> None:
    (tmp_path / "m.png").write_bytes(png(bits, 0, rows))  # 0 1 2 and 2 1 0; Pillow writes none
    assert drawn(tmp_path, NUMBERS) == [[0, 2, 1], [1, 2, 0]]


def png(bits: int, colour_type: int, rows: list[bytes]) -> bytes:
    """Return a PNG, 3 pixels wide, made by hand."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", 3, len(rows), bits, colour_type, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row for row in rows))
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", data), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize("name", ["m.png", "m.tif"])
def test_sixteen_bits(tmp_path: Path, name: str) -> None:
    save(tmp_path, np.array([[0, 1000, 65535], [300, 300, 0]], np.uint16), name)
    named = {1000: "ant", 300: "bee"}
    assert drawn(tmp_path, named, frozenset({65535}), name) == [[0, 1, 255], [2, 2, 0]]


@pytest.mark.parametrize(("named", "name"), [(1, "m.png"), (255, "m.png"), (WHITE, "m.tif")])
def test_one_bit_is_1_or_255(tmp_path: Path, named: int, name: str) -> None:
    Image.fromarray(np.array([[0, 255, 0], [255, 0, 0]], np.uint8)).convert("1").save(
        tmp_path / name
    )
    assert drawn(tmp_path, {named: "ant"}, file=name) == [[0, 1, 0], [1, 0, 0]]


def test_colours_and_grays_saved_as_colours(tmp_path: Path) -> None:
    rgb = np.zeros((2, 3, 3), np.uint8)
    rgb[0, 0], rgb[1, 2] = (255, 0, 0), (0, 0, 255)
    save(tmp_path, rgb)
    colours = {RED: "ant", BLUE: "bee"}
    assert drawn(tmp_path, colours) == [[1, 0, 0], [0, 0, 2]]
    save(tmp_path, np.dstack([rgb, np.full((2, 3, 1), 7, np.uint8)]))  # alpha has no say
    assert drawn(tmp_path, colours) == [[1, 0, 0], [0, 0, 2]]
    save(tmp_path, np.repeat(VALUES[:, :, None], 3, axis=2))
    assert drawn(tmp_path, NUMBERS, frozenset({255})) == EXPECTED


def test_colours_of_sixteen_bits_are_read_whole_or_refused(tmp_path: Path) -> None:
    rows = [b"\0\0" * 3 + b"\0\1" * 3 + b"\1\0" * 3] * 2
    (tmp_path / "m.png").write_bytes(png(16, 2, rows))
    assert drawn(tmp_path, {1: "ant", 256: "bee"}) == [[0, 1, 2], [0, 1, 2]]
    assert pixels_of(region(tmp_path, "m.png", of(2, 3))).tolist() == [[0, 1, 1], [0, 1, 1]]
    with pytest.raises(AnnotationError, match="have 8 bits a channel, the mask has 16"):
        drawn(tmp_path, {RED: "ant"})


def test_white_is_not_blue(tmp_path: Path) -> None:
    save(tmp_path, np.full((2, 3, 3), 255, np.uint8))
    with pytest.raises(AnnotationError, match="the colour #ffffff stands on 6 pixels"):
        drawn(tmp_path, {BLUE: "ant"})
    assert drawn(tmp_path, {255: "ant"}) == [[1, 1, 1], [1, 1, 1]]


def test_a_value_that_means_nothing_is_told_with_its_first_place(tmp_path: Path) -> None:
    save(tmp_path, VALUES)
    with pytest.raises(AnnotationError) as caught:
        drawn(tmp_path, {1: "ant"})
    assert str(caught.value) == (
        "m.png: the value 2 stands on 2 pixels, first at (2, 0), and is no class; the same holds "
        "for 255; add them to values, as classes or as ignore"
    )
    assert caught.value.kind == "unknown value"


def test_an_ignored_class_is_background_and_zero_can_be_named(tmp_path: Path) -> None:
    save(tmp_path, VALUES)
    header = Header(3, 2, 3, "uint8", 1)
    mask = FoundMask("m.png", {0: "ant", 1: "bee", 2: "sky"}, frozenset({255}))
    rename = {"ant": "ant", "bee": "wasp"}.get
    made = semantic(tmp_path, mask, ("ant", "wasp"), rename, header)
    assert made.pixels.tolist() == [[1, 2, 0], [0, 2, 255]]


@pytest.mark.parametrize(("name", "kind"), [("m.jpg", "JPEG"), ("m.webp", "WEBP")])
def test_what_changes_values_beside_edges_is_refused(tmp_path: Path, name: str, kind: str) -> None:
    save(tmp_path, VALUES, name)
    with pytest.raises(ImageError, match=rf"{name}: {kind} changes values beside edges"):
        drawn(tmp_path, NUMBERS, file=name)
    with pytest.raises(ImageError, match="save masks as PNG"):
        region(tmp_path, name, of(2, 3))


def test_floats_are_no_mask(tmp_path: Path) -> None:
    save(tmp_path, VALUES.astype(np.float32), "m.tif")
    with pytest.raises(ImageError, match=r"m\.tif: 1 channels of float32 are no mask"):
        drawn(tmp_path, NUMBERS, file="m.tif")


def test_a_mask_that_exif_turns_is_refused(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 3
    Image.fromarray(VALUES).save(tmp_path / "m.png", exif=exif)
    with pytest.raises(AnnotationError, match=r"EXIF orientation 3, .* save it as it is seen"):
        drawn(tmp_path, NUMBERS)


def test_other_sides_are_told_with_both(tmp_path: Path) -> None:
    save(tmp_path, VALUES)
    with pytest.raises(AnnotationError, match=r"has 3 x 2 pixels, the image has 5 x 4 as it is"):
        region(tmp_path, "m.png", of(4, 5))


def test_missing_linked_and_cut_off_files(tmp_path: Path) -> None:
    root = tmp_path / "raw"
    root.mkdir()
    save(tmp_path, VALUES)
    (root / "link.png").symlink_to(tmp_path / "m.png")
    (root / "cut.png").write_bytes((tmp_path / "m.png").read_bytes()[:50])
    with pytest.raises(AnnotationError, match="a link leads out of the data set's folder"):
        region(root, "link.png", of(2, 3))
    with pytest.raises(AnnotationError, match="leads out of the data set's folder"):
        region(root, "../m.png", of(2, 3))
    with pytest.raises(ImageError, match=r"no\.png: there is no such mask"):
        region(root, "no.png", of(2, 3))
    with pytest.raises(ImageError, match=r"cut\.png: "):
        region(root, "cut.png", of(2, 3))


def test_an_object_is_where_the_mask_is_not_black(tmp_path: Path) -> None:
    palette(tmp_path, np.array([[0, 1, 3], [2, 0, 255]], np.uint8))  # 3 is black as well
    assert pixels_of(region(tmp_path, "m.png", of(2, 3))).tolist() == [[0, 1, 0], [1, 0, 1]]
    rgba = np.zeros((2, 3, 4), np.uint8)
    rgba[:, :, 3], rgba[1, 1, 2] = 255, 9
    save(tmp_path, rgba)
    assert pixels_of(region(tmp_path, "m.png", of(2, 3))).tolist() == [[0, 0, 0], [0, 1, 0]]
    save(tmp_path, np.array([[0, 0, 256], [0, 0, 0]], np.uint16))
    assert pixels_of(region(tmp_path, "m.png", of(2, 3))).tolist() == [[0, 0, 1], [0, 0, 0]]


def test_run_lengths_go_down_the_columns(tmp_path: Path) -> None:
    save(tmp_path, np.array([[0, 1, 1], [1, 1, 0]], np.uint8))
    # down the columns: 0 1 1 1 1 0, that is 1 of nothing, 4 of the object, 1 of nothing
    assert region(tmp_path, "m.png", of(2, 3)) == FoundRle((2, 3), "141")


@given(arrays.arrays(np.uint8, arrays.array_shapes(min_dims=2, max_dims=2, max_side=9)))
def test_what_is_drawn_comes_back(
    tmp_path_factory: pytest.TempPathFactory, pixels: np.ndarray
) -> None:
    folder = tmp_path_factory.mktemp("mask")
    save(folder, pixels)
    height, width = pixels.shape
    assert (pixels_of(region(folder, "m.png", of(height, width))) == (pixels != 0)).all()
    values = [value for value in np.unique(pixels).tolist() if value]
    classes = tuple(sorted(f"{value:03}" for value in values))[:200]
    ignore = frozenset(value for value in values if f"{value:03}" not in classes)
    names = {value: f"{value:03}" for value in values if value not in ignore} or {1: "001"}
    header = Header(width, height, 1, "uint8", 1)
    mask = FoundMask("m.png", names, ignore)
    made = semantic(folder, mask, classes or ("001",), lambda name: name, header)
    position = {0: 0, **{int(name): i for i, name in enumerate(classes, 1)}}
    expected = [[position.get(value, 255) for value in row] for row in pixels.tolist()]
    assert made.pixels.tolist() == expected


@given(st.binary(max_size=200))
def test_whatever_the_bytes_there_is_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    folder = tmp_path_factory.mktemp("mask")
    (folder / "m.png").write_bytes(b"\x89PNG\r\n\x1a\n" + content)
    with pytest.raises((AnnotationError, ImageError), match=r"^m\.png: "):
        region(folder, "m.png", of(2, 3))
