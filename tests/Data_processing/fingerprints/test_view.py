"""How pictures of all kinds are given to a network."""

import io
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from Data_processing.fingerprints.network import Named, Network, Takes
from Data_processing.fingerprints.view import MIDDLE, pixels_for, views_of
from Datasets.files import sha256_of
from Datasets.image import encode_png
from Datasets.raw_image import RawImage
from Datasets.resampling import resized_array


def network(channels: int = 3, dtype: str = "uint8", **named: tuple[float, ...]) -> Network:
    """Return what says what a network takes; it cannot be run."""
    told = Named(Path("x.onnx"), "x", "", named.get("mean", (0.0,)), named.get("std", (1.0,)))
    return Network(told, None, Takes("p", "NHWC", 0, 8, 12, channels, dtype), "f")  # type: ignore[arg-type]


def drawn(channels: int, dtype: str = "uint8") -> np.ndarray:
    """Return pixels of which none is like another, (20, 30, channels)."""
    pixels = np.random.default_rng(0).random((20, 30, channels))
    return (pixels * (1 if dtype == "float32" else np.iinfo(dtype).max)).astype(dtype)


def raw(folder: Path, content: bytes, name: str) -> RawImage:
    (folder / name).write_bytes(content)
    return RawImage(folder, (name,), sha256_of(content))


def tiff(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    one = pixels[:, :, 0] if pixels.shape[2] == 1 else pixels
    config = {} if one.ndim == 2 else {"planarconfig": "contig"}
    tifffile.imwrite(buffer, one, photometric="minisblack", **config)  # type: ignore[arg-type]
    return buffer.getvalue()


def test_views_are_the_whole_the_mirror_and_the_middle() -> None:
    pixels = drawn(3)
    views = views_of(pixels, network())
    assert views is not None and views.dtype == np.uint8
    np.testing.assert_array_equal(views[0], resized_array(pixels, 8, 12, True))
    np.testing.assert_array_equal(views[1], views[0][:, ::-1])
    rows, columns = (round(side * (1 - MIDDLE) / 2) for side in (20, 30))
    cut = np.ascontiguousarray(pixels[rows:-rows, columns:-columns])
    np.testing.assert_array_equal(views[2], resized_array(cut, 8, 12, True))


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_floats_are_scaled_by_the_range_and_by_mean_and_std(dtype: str) -> None:
    pixels = drawn(3, dtype)
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    views = views_of(pixels, network(dtype="float32", mean=mean, std=std))
    assert views is not None
    small = resized_array(pixels, 8, 12, True) / np.iinfo(dtype).max
    np.testing.assert_allclose(views[0], (small - mean) / std, rtol=1e-5, atol=1e-6)


def test_whole_numbers_of_another_range_are_stretched() -> None:
    eight, sixteen = drawn(3), drawn(3, "uint16")
    up, down = views_of(eight, network(dtype="uint16")), views_of(sixteen, network())
    assert up is not None and down is not None
    np.testing.assert_array_equal(up[0], resized_array(eight, 8, 12, True).astype(int) * 257)
    small = resized_array(sixteen, 8, 12, True) / 257
    np.testing.assert_array_equal(down[0], np.rint(small))


def test_floats_stay_as_they_are_and_are_not_given_as_whole_numbers() -> None:
    pixels = drawn(2, "float32") * 5000
    views = views_of(pixels, network(2, "float32"))
    assert views is not None
    np.testing.assert_array_equal(views[0], resized_array(pixels, 8, 12, True))
    holed = pixels.copy()
    holed[3, 4] = np.nan
    given = views_of(holed, network(2, "float32"))
    assert given is not None and np.isfinite(given).all()
    assert views_of(drawn(3, "float32"), network(3, "uint8")) is None


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_flat_pictures_have_no_views(dtype: str) -> None:
    assert views_of(np.full((20, 30, 3), 7, dtype), network(dtype=dtype)) is None


def test_channels_are_matched(tmp_path: Path) -> None:
    """Gray three times, alpha on white, bands by their order, and too few are none."""
    gray, colour = drawn(1), drawn(3)
    one = raw(tmp_path, encode_png(gray), "gray.png")
    found = pixels_for(one, network().takes)
    assert found is not None
    np.testing.assert_array_equal(found, gray.repeat(3, axis=2))
    buffer = io.BytesIO()
    clear = np.concatenate([colour, np.zeros((20, 30, 1), np.uint8)], axis=2)
    Image.fromarray(clear).save(buffer, "PNG")
    found = pixels_for(raw(tmp_path, buffer.getvalue(), "clear.png"), network().takes)
    assert found is not None and (found == 255).all()
    bands = drawn(5, "uint16")
    many = raw(tmp_path, tiff(bands), "bands.tif")
    found = pixels_for(many, network().takes)
    assert found is not None
    np.testing.assert_array_equal(found, bands[:, :, :3])
    assert pixels_for(many, network(6).takes) is None
    deep = drawn(1, "float32")
    found = pixels_for(raw(tmp_path, tiff(deep), "deep.tif"), network().takes)
    assert found is not None
    np.testing.assert_array_equal(found, deep.repeat(3, axis=2))
