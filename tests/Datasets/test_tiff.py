"""TIFF and GeoTIFF: every way that pixels are laid out, against what was written and Pillow."""

import io
import os
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from Datasets.errors import ImageError
from Datasets.image import Header, decode, opened, read_header
from tests.Datasets.broken_images import altered, directory, pages, picture, plain, tiff

RNG = np.random.default_rng(7)
RGB = RNG.integers(0, 256, (37, 53, 3), dtype=np.uint8)
GRAY = RGB[:, :, 0]
GEO = [(34735, "H", 4, (1, 1, 0, 0), True)]


def drawn(channels: int, dtype: str) -> np.ndarray:
    whole = RNG.integers(0, 60_000, (37, 53, channels))
    return whole.astype(dtype)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5, 16])
@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_every_layout_comes_back(dtype: str, channels: int, planar: str, byteorder: str) -> None:
    pixels = drawn(channels, dtype)
    stored = pixels.transpose(2, 0, 1) if planar == "separate" else pixels
    stored = pixels[:, :, 0] if channels == 1 else stored
    config = {"planarconfig": planar} if channels > 1 else {}
    layouts: list[dict[str, object]] = [{}, {"tile": (16, 32)}, {"rowsperstrip": 5}]
    codings: list[dict[str, object]] = [{}, {"compression": "deflate", "predictor": True}]
    codings += [{"compression": "lzw"}, {"compression": "zstd"}, {"compression": "packbits"}]
    for layout in layouts:
        for coding in codings:
            content = tiff(
                stored,
                byteorder=byteorder,
                photometric="minisblack",
                **config,
                **layout,
                **coding,
            )
            assert read_header(content, "x") == Header(
                53, 37, channels, dtype, 1, has_bands=channels > 1
            )
            seen = decode(content, "x", "unchanged")
            assert seen.dtype == dtype and seen.flags.c_contiguous and seen.dtype.isnative
            np.testing.assert_array_equal(seen, pixels)


LOSSLESS = ("raw", "tiff_lzw", "tiff_deflate", "packbits")
WRITTEN = [(mode, how) for mode in ("RGB", "L", "RGBA", "LA", "1", "P") for how in LOSSLESS]


@pytest.mark.parametrize(("mode", "compression"), [*WRITTEN, ("RGB", "jpeg"), ("L", "jpeg")])
def test_what_pillow_writes_is_what_pillow_reads(mode: str, compression: str) -> None:
    content = picture(Image.fromarray(RGB).convert(mode), "TIFF", compression=compression)
    with Image.open(io.BytesIO(content)) as image:
        kept = image.convert({"P": "RGB", "1": "L"}.get(mode, mode))
    seen = decode(content, "x", "unchanged")
    np.testing.assert_array_equal(seen, np.array(kept).reshape(seen.shape))
    assert decode(content, "x", "rgb").shape == (37, 53, 3)
    np.testing.assert_array_equal(
        decode(content, "x", "gray"), decode(picture(kept, "PNG"), "x", "gray")
    )


@pytest.mark.parametrize("compression", ["group3", "group4", "raw"])
def test_fax_is_black_on_white(compression: str) -> None:
    letters = Image.fromarray(GRAY > 128)
    content = picture(letters, "TIFF", compression=compression)
    np.testing.assert_array_equal(decode(content, "x", "gray")[:, :, 0], (GRAY > 128) * 255)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_where_white_is_0_it_is_seen_white(dtype: str) -> None:
    pixels = drawn(1, dtype)[:, :, 0]
    content = tiff(pixels, photometric="miniswhite")
    seen = decode(content, "x", "unchanged")[:, :, 0]
    np.testing.assert_array_equal(seen, np.iinfo(dtype).max - pixels)
    assert seen.dtype == dtype


def test_a_palette_is_seen_in_its_colours() -> None:
    colours = RNG.integers(0, 65536, (3, 256), dtype=np.uint16)
    content = tiff(GRAY, photometric="palette", colormap=colours)
    assert read_header(content, "x") == Header(53, 37, 3, "uint8", 1)
    np.testing.assert_array_equal(decode(content, "x"), (colours >> 8).T[GRAY])
    content = tiff(GRAY, photometric="palette", colormap=colours >> 8)  # as old programs wrote
    np.testing.assert_array_equal(decode(content, "x"), (colours >> 8).T[GRAY])


def test_alpha_is_shown_on_white() -> None:
    pixels = RNG.integers(0, 256, (5, 6, 4), dtype=np.uint8)
    content = tiff(pixels, photometric="rgb", extrasamples=["unassalpha"])
    assert read_header(content, "x").alpha == "straight"
    np.testing.assert_array_equal(decode(content, "x"), decode(picture(pixels, "PNG"), "x"))
    pixels[:, :, :3] = np.minimum(pixels[:, :, :3], pixels[:, :, 3:])
    content = tiff(pixels, photometric="rgb", extrasamples=["assocalpha"])
    expected = pixels[:, :, :3] + (255 - pixels[:, :, 3:])
    np.testing.assert_array_equal(decode(content, "x"), expected)
    np.testing.assert_array_equal(decode(content, "x", "unchanged"), pixels)


def test_the_alpha_of_a_map_is_where_it_ends_or_another_band() -> None:
    pixels = RNG.integers(0, 256, (5, 6, 4), dtype=np.uint8)
    content = tiff(pixels, photometric="rgb", extrasamples=["unassalpha"], extratags=GEO)
    with pytest.raises(ImageError, match=r"near infrared; set decode\.colour to unchanged"):
        decode(content, "x")
    np.testing.assert_array_equal(decode(content, "x", "unchanged"), pixels)
    pixels[:, :, 3] = np.where(pixels[:, :, 3] > 99, 255, 0)
    content = tiff(pixels, photometric="rgb", extrasamples=["unassalpha"], extratags=GEO)
    np.testing.assert_array_equal(decode(content, "x"), decode(picture(pixels, "PNG"), "x"))


@pytest.mark.parametrize(
    ("pixels", "options"),
    [
        (drawn(4, "uint8"), {"photometric": "rgb", "extrasamples": ["unspecified"]}),
        (drawn(3, "uint8"), {"photometric": "minisblack", "planarconfig": "contig"}),
        (drawn(5, "uint8"), {"photometric": "rgb", "planarconfig": "contig"}),
        (drawn(2, "float32"), {"photometric": "minisblack", "planarconfig": "contig"}),
    ],
)
def test_bands_are_no_colours(pixels: np.ndarray, options: dict[str, object]) -> None:
    content = tiff(pixels, **options)
    assert read_header(content, "x").has_bands
    for colour in ("rgb", "gray"):
        says = rf"bands cannot become {colour}; set decode\.colour to unchanged"
        with pytest.raises(ImageError, match=says):
            decode(content, "x", colour)
    np.testing.assert_array_equal(decode(content, "x", "unchanged"), pixels)


@pytest.mark.parametrize(
    ("dtype", "text", "nodata"),
    [
        ("uint8", "0", 0.0),
        ("uint8", "255 ", 255.0),
        ("uint8", "-9999", None),  # no pixel of 8 bits can have it
        ("uint8", "1.5", None),
        ("uint8", "nan", None),
        ("uint16", "65535", 65535.0),
        ("float32", "-9999", -9999.0),
        ("float32", "-3.40282346638529e+38", float(np.finfo(np.float32).min)),
        ("float32", "1e300", None),
        ("float32", "-inf", -np.inf),
        ("float32", "none", None),
    ],
)
def test_what_gdal_calls_nodata(dtype: str, text: str, nodata: float | None) -> None:
    content = tiff(drawn(1, dtype)[:, :, 0], extratags=[(42113, "s", 0, text, True)])
    assert read_header(content, "x").nodata == nodata


def test_nodata_may_be_no_number_and_turns_with_black_and_white() -> None:
    tag = [(42113, "s", 0, "nan", True)]
    nodata = read_header(tiff(drawn(1, "float32")[:, :, 0], extratags=tag), "x").nodata
    assert nodata is not None and np.isnan(nodata)
    tag = [(42113, "s", 0, "3", True)]
    content = tiff(GRAY, photometric="miniswhite", extratags=tag)
    assert read_header(content, "x").nodata == 252


def test_tiles_that_were_left_out_hold_no_data() -> None:
    """As GDAL writes sparse files: offset and length are 0."""
    tag = [(42113, "s", 0, "7", True)]
    content = tiff(GRAY, tile=(16, 16), compression="deflate", extratags=tag)
    with tifffile.TiffFile(io.BytesIO(content)) as file:
        offsets, counts = (file.pages.first.tags[code].valueoffset for code in (324, 325))
        size = {3: 2, 4: 4}[int(file.pages.first.tags[325].dtype)]  # SHORT, LONG
    content = altered(content, offsets + 4, bytes(4))
    content = altered(content, counts + size, bytes(size))
    seen = decode(content, "x", "unchanged")[:, :, 0]
    expected = GRAY.copy()
    expected[:16, 16:32] = 7
    np.testing.assert_array_equal(seen, expected)


def test_overviews_and_masks_are_no_frames() -> None:
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as writer:
        writer.write(RGB, photometric="rgb", metadata=None)
        writer.write(RGB[::2, ::2], photometric="rgb", subfiletype=1, metadata=None)
        writer.write(GRAY > 9, subfiletype=4, metadata=None)
    np.testing.assert_array_equal(decode(buffer.getvalue(), "x"), RGB)
    with pytest.raises(ImageError, match="holds 3 frames"):
        decode(pages(RGB, GRAY, GRAY), "x")


def test_a_missing_photometric_is_gray() -> None:
    tags = plain()
    del tags[262]
    content = directory({**tags, 273: 8})
    assert decode(content, "x", "gray").shape == (4, 4, 1)


def test_more_bytes_than_can_be_held_are_refused_before_they_are_asked_for(tmp_path: Path) -> None:
    tags = plain(width=9_000, height=9_000, rows=9_000, samples=16, bits=32, counts=2**32 - 1)
    path = tmp_path / "x.tif"
    path.write_bytes(directory({**tags, 339: 3}))
    os.truncate(path, 1 << 33)  # a hole
    with path.open("rb") as file:
        image = opened(file, "x")
        assert image.header.channels == 16
        with pytest.raises(ImageError, match="9000 x 9000 pixels of 16 channels are more than"):
            image.read(image.header.whole(), "unchanged")


@given(st.data())
def test_windows_are_cut_from_where_they_are_seen(data: st.DataObject) -> None:
    """Any layout, orientation and window, against the whole image cut."""
    dtype = data.draw(st.sampled_from(["uint8", "uint16", "float32"]))
    pixels = drawn(data.draw(st.sampled_from([1, 3, 7])), dtype)
    options: dict[str, object] = {"photometric": "minisblack"}
    stored = pixels[:, :, 0] if pixels.shape[2] == 1 else pixels
    if pixels.shape[2] > 1:
        options["planarconfig"] = data.draw(st.sampled_from(["contig", "separate"]))
        separate = options["planarconfig"] == "separate"
        stored = pixels.transpose(2, 0, 1) if separate else pixels
    options |= data.draw(st.sampled_from([{"tile": (16, 16)}, {"rowsperstrip": 7}, {}]))
    options |= data.draw(st.sampled_from([{}, {"compression": "deflate", "predictor": True}]))
    tag = (274, "H", 1, data.draw(st.integers(1, 8)), True)
    image = opened(io.BytesIO(tiff(stored, extratags=[tag], **options)), "x", in_windows=True)
    header = image.header
    x1 = data.draw(st.integers(0, header.width - 1))
    y1 = data.draw(st.integers(0, header.height - 1))
    x2 = data.draw(st.integers(x1 + 1, header.width))
    y2 = data.draw(st.integers(y1 + 1, header.height))
    whole = image.read(header.whole(), "unchanged")
    np.testing.assert_array_equal(image.read((x1, y1, x2, y2), "unchanged"), whole[y1:y2, x1:x2])


@pytest.mark.parametrize("name", ["uint8", "float32", "int64"])
def test_real_rasters_equal_what_tifffile_reads(shared_data: Path, name: str) -> None:
    """Five aerial images of four bands, one of ten bands, one of a dtype that is not read."""
    folder = shared_data / "ms_naip"
    files = {"uint8": "m_*.tif", "float32": "*10band*.tif", "int64": "*int64*.tif"}
    found = sorted(folder.glob(files[name]))
    assert len(found) == {"uint8": 5, "float32": 1, "int64": 1}[name]
    for path in found:
        content = path.read_bytes()
        if name == "int64":
            with pytest.raises(ImageError, match="pixels of int64 are not read; save them as"):
                read_header(content, "x")
            continue
        expected = tifffile.imread(path)
        header = read_header(content, "x")
        assert (header.height, header.width, header.channels) == expected.shape
        assert header.dtype == name == expected.dtype.name
        assert (header.nodata, header.is_map) == ({"uint8": 0, "float32": -9999}[name], True)
        np.testing.assert_array_equal(decode(content, "x", "unchanged"), expected)
        with pytest.raises(ImageError, match=r"set decode\.colour to unchanged"):
            decode(content, "x", "rgb")
