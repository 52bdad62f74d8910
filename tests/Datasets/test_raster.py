"""Windows of rasters larger than memory; bands in files of their own; raw pixels known again."""

import io
import tracemalloc
import zlib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest
import tifffile
from PIL import Image

from Datasets import header as header_module
from Datasets.errors import ImageError, SampleError
from Datasets.files import content_hash, sha256_of
from Datasets.image import Header, Window, decode, encode_png, opened
from Datasets.raster import opened_files, read_window
from Datasets.raw_image import RawImage
from tests.Datasets.broken_images import directory, picture, plain, tiff

RNG = np.random.default_rng(3)
RGB = RNG.integers(0, 256, (30, 40, 3), dtype=np.uint8)
SIDE, TILE = 60_000, 512


@pytest.fixture(scope="module")
def tiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a GeoTIFF-like raster of 3.6 gigapixels: each tile has one value, its number's."""
    path = tmp_path_factory.mktemp("raster") / "ortho.tif"
    across = -(-SIDE // TILE)
    of_value = [zlib.compress(bytes([value]) * TILE**2, 1) for value in range(251)]

    def tiles() -> Iterator[bytes]:
        for number in range(across**2):
            yield of_value[number % 251]

    tifffile.imwrite(
        path, tiles(), shape=(SIDE, SIDE), dtype="uint8", tile=(TILE, TILE),
        compression="zlib", photometric="minisblack", metadata=None, bigtiff=True,
    )  # fmt: skip
    return path


@pytest.mark.parametrize(
    "window", [(59_000, 31_000, 60_000, 31_700), (0, 0, 1, 1), (511, 511, 513, 513)]
)
def test_a_window_of_a_raster_needs_the_memory_of_its_tiles(tiled: Path, window: Window) -> None:
    read_window(tiled, (0, 0, 1, 1), "x")  # what is loaded once is not of the window
    tracemalloc.start()
    pixels = read_window(tiled, window, "x")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    x1, y1, x2, y2 = window
    rows, columns = np.arange(y1, y2) // TILE, np.arange(x1, x2) // TILE
    expected = (rows[:, None] * -(-SIDE // TILE) + columns) % 251
    np.testing.assert_array_equal(pixels[:, :, 0], expected)
    assert peak < 8_000_000  # 3.6 gigabytes if it were whole; its lists of tiles take some


def test_rows_of_a_raster_that_is_one_strip_are_read_alone(tmp_path: Path) -> None:
    """As tifffile writes it: uncompressed, nothing to decode. The rest of the file is a hole."""
    path = tmp_path / "x.tif"
    head = directory(plain(width=SIDE, height=SIDE, rows=SIDE, offsets=4096, counts=SIDE * SIDE))
    row = RNG.integers(0, 256, SIDE, dtype=np.uint8)
    with path.open("wb") as file:
        file.write(head)
        file.seek(4096 + 40_000 * SIDE)
        file.write(row.tobytes())
        file.truncate(4096 + SIDE * SIDE)
    tracemalloc.start()
    pixels = read_window(path, (100, 39_990, 5_100, 40_010), "x")[:, :, 0]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8_000_000
    np.testing.assert_array_equal(pixels[10], row[100:5_100])
    assert not pixels[:10].any() and not pixels[11:].any()


def test_the_pixel_limit_holds_for_the_window(
    tiled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ImageError, match=r"^x: 60000 x 60000 pixels are more than"):
        read_window(tiled, (0, 0, SIDE, SIDE), "x")
    with tiled.open("rb") as file, pytest.raises(ImageError, match="60000 x 60000 pixels"):
        opened(file, "x")
    (tmp_path / "a.png").write_bytes(picture(RGB, "PNG"))
    monkeypatch.setattr(header_module, "MAX_PIXELS", 1000)
    with pytest.raises(ImageError, match="40 x 30 pixels are more than 1000"):
        read_window(tmp_path / "a.png", (0, 0, 2, 2), "a.png")  # decoded whole


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_window_is_what_is_seen_there(tmp_path: Path, kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = picture(RGB, kind, **({} if kind == "BMP" else {"exif": exif}))
    (tmp_path / "x").write_bytes(content)
    seen = decode(content, "x", "unchanged")
    np.testing.assert_array_equal(
        read_window(tmp_path / "x", (3, 5, 20, 28), "x"), seen[5:28, 3:20]
    )
    with opened_files(tmp_path, ["x"], in_windows=True) as image:
        gray = image.read((3, 5, 20, 28), "gray")
    np.testing.assert_array_equal(gray, decode(content, "x", "gray")[5:28, 3:20])


@pytest.mark.parametrize("window", [(0, 0, 41, 3), (5, 5, 5, 9), (-1, 0, 2, 2), (0, 9, 2, 31)])
def test_a_window_must_lie_inside(tmp_path: Path, window: Window) -> None:
    (tmp_path / "a.png").write_bytes(picture(RGB, "PNG"))
    with pytest.raises(ImageError, match="is not inside its 40 x 30 pixels"):
        read_window(tmp_path / "a.png", window, "a.png")


def write_bands(folder: Path) -> tuple[str, ...]:
    """Write three bands and return their names, not in the order of the alphabet."""
    for number, name in enumerate(("red", "green", "blue")):
        tag = [(42113, "s", 0, "0", True)] if name == "green" else []
        path = folder / f"{name}.tif"
        path.write_bytes(tiff(RGB[:, :, number].astype(np.uint16), extratags=tag))
    return "red.tif", "green.tif", "blue.tif"


def test_several_files_are_one_image(tmp_path: Path) -> None:
    files = write_bands(tmp_path)
    with opened_files(tmp_path, files) as image:
        expected = Header(40, 30, 3, "uint16", 1, nodata=0, has_bands=True)
        assert image.header == expected
        np.testing.assert_array_equal(image.read(expected.whole(), "unchanged"), RGB)
        np.testing.assert_array_equal(image.read((1, 2, 9, 8), "unchanged"), RGB[2:8, 1:9])
        with pytest.raises(ImageError, match=r"^red\.tif: uint16 pixels of 3 bands cannot become"):
            image.read(expected.whole(), "rgb")


@pytest.mark.parametrize(
    ("other", "says"),
    [
        (picture(RGB, "PNG"), r"^b\.tif: a band must have 1 channel, this has 3"),
        (tiff(RGB[:9, :, 0]), r"^b\.tif: a band of 40 x 9 .* but red\.tif has 40 x 30 .* resample"),
        (tiff(RGB[:, :, 0]), r"pixels of uint8, but red\.tif has 40 x 30 pixels of uint16"),
        (
            tiff(RGB[:, :, 0].astype(np.uint16), extratags=[(42113, "s", 0, "9", True)]),
            r"^red\.tif: the bands name several values for no data \(0\.0, 9\.0\)",
        ),
    ],
)
def test_bands_must_go_together(tmp_path: Path, other: bytes, says: str) -> None:
    files = write_bands(tmp_path)
    (tmp_path / "b.tif").write_bytes(other)
    with (
        pytest.raises(ImageError, match=says) as caught,
        opened_files(tmp_path, [*files, "b.tif"]),
    ):
        pass
    assert caught.value.kind == "bands that differ"


def test_raw_pixels_are_those_that_were_seen(tmp_path: Path) -> None:
    files = write_bands(tmp_path)
    digests = [sha256_of((tmp_path / file).read_bytes()) for file in files]
    raw = RawImage(tmp_path, files, sha256_of("".join(digests).encode()))
    np.testing.assert_array_equal(raw.pixels("unchanged"), RGB)
    one = RawImage(tmp_path, files[:1], digests[0])
    np.testing.assert_array_equal(one.pixels("unchanged")[:, :, 0], RGB[:, :, 0])
    (tmp_path / "green.tif").write_bytes((tmp_path / "red.tif").read_bytes())
    with pytest.raises(SampleError, match=r"green\.tif, .* changed since `convert` read it"):
        raw.pixels("unchanged")
    (tmp_path / "blue.tif").unlink()
    with pytest.raises(SampleError, match=r"blue\.tif cannot be read .No such file"):
        raw.pixels("unchanged")


def test_a_raw_window_is_known_by_its_own_pixels_and_filled_outside(tmp_path: Path) -> None:
    path, window = tmp_path / "x.tif", (4, 6, 14, 26)
    path.write_bytes(tiff(RGB, tile=(16, 16), photometric="rgb"))
    digest = content_hash(np.ascontiguousarray(RGB[6:26, 4:14]).tobytes())
    raw = RawImage(
        tmp_path, ("x.tif",), "of the whole file, which is not looked at", window, digest
    )
    np.testing.assert_array_equal(raw.pixels("rgb"), RGB[6:26, 4:14])
    mask = np.zeros((20, 10), np.uint8)
    mask[3:9, 2:5], mask[12:14, 7:] = 1, 255
    (tmp_path / "mask.png").write_bytes(encode_png(mask))
    cut = msgspec.structs.replace(raw, mask=tmp_path / "mask.png")
    gray, is_inside = decode(picture(RGB, "PNG"), "x", "gray"), mask[:, :, None] > 0
    np.testing.assert_array_equal(cut.pixels("rgb"), RGB[6:26, 4:14] * is_inside)
    np.testing.assert_array_equal(cut.pixels("gray"), gray[6:26, 4:14] * is_inside)
    changed = RGB.copy()
    changed[0, 0] ^= 255
    path.write_bytes(tiff(changed, tile=(16, 16), photometric="rgb"))
    np.testing.assert_array_equal(raw.pixels("rgb"), RGB[6:26, 4:14])  # changed elsewhere
    changed[10, 10] ^= 255
    path.write_bytes(tiff(changed, tile=(16, 16), photometric="rgb"))
    with pytest.raises(SampleError, match=r"x\.tif changed since `convert` read it"):
        raw.pixels("rgb")


def test_what_is_no_number_is_filled_too(tmp_path: Path) -> None:
    pixels = np.full((6, 6), np.nan, np.float32)
    (tmp_path / "x.tif").write_bytes(tiff(pixels))
    (tmp_path / "mask.png").write_bytes(encode_png(np.zeros((3, 3), np.uint8)))
    digest = content_hash(np.full((3, 3), np.nan, np.float32).tobytes())
    raw = RawImage(tmp_path, ("x.tif",), "", (0, 0, 3, 3), digest, tmp_path / "mask.png")
    assert (raw.pixels("unchanged") == 0).all() and raw.pixels("unchanged").dtype == np.float32


def test_real_rasters_by_windows(shared_data: Path) -> None:
    for path in sorted((shared_data / "ms_naip").glob("*.tif")):
        if "int64" in path.name:
            continue
        expected = tifffile.imread(path)
        for x1, y1, x2, y2 in ((0, 0, 224, 224), (100, 50, 201, 223), (223, 0, 224, 1)):
            pixels = read_window(path, (x1, y1, x2, y2), path.name)
            np.testing.assert_array_equal(pixels, expected[y1:y2, x1:x2])


def test_a_file_stays_open_for_as_long_as_it_is_read() -> None:
    image = opened(io.BytesIO(picture(RGB, "PNG")), "x")
    first = image.read((0, 0, 5, 5), "rgb")
    np.testing.assert_array_equal(image.read((0, 0, 5, 5), "unchanged"), first)
    np.testing.assert_array_equal(image.read(image.header.whole(), "rgb"), RGB)
