"""Every operation of the house on every number of channels and type of pixels.

Each against a slow and obvious version that walks pixel by pixel.
"""

from typing import Protocol

import numpy as np
import pytest

from Data_processing.steps import crop, rot8, tile
from Data_processing.steps.entries import Entry, Step
from Data_processing.steps.plan import operations
from Data_processing.steps.table import OPERATIONS
from Datasets.preprocess import apply_fixed
from Datasets.randomness import rng_for
from Datasets.sample import NO_BOXES, Sample
from tests.Datasets import slow_resize

HEIGHT, WIDTH = 9, 7


class Slow(Protocol):
    """What walks pixel by pixel."""

    def __call__(self, pixels: np.ndarray, is_mask: bool = False) -> np.ndarray:
        """Return what becomes of (H, W, C) pixels, or of a mask (H, W, 1)."""


def drawn(channels: int, dtype: str) -> Sample:
    rng = np.random.default_rng(channels)
    pixels = rng.random((HEIGHT, WIDTH, channels)) * 250
    if dtype == "float32":
        pixels[3, 2, 0] = np.nan
    else:
        pixels *= np.iinfo(dtype).max / 250
    mask = rng.integers(0, 256, (HEIGHT, WIDTH), np.uint8)
    return Sample("d/x", 0, pixels.astype(dtype), mask, NO_BOXES)


def window(top: int, left: int, height: int, width: int, fill: int = 0) -> Slow:
    """Return what copies a window pixel by pixel; what lies outside is filled, in masks with 0."""

    def cut_out(pixels: np.ndarray, is_mask: bool = False) -> np.ndarray:
        out = np.empty((height, width, pixels.shape[2]), pixels.dtype)
        for y in range(height):
            for x in range(width):
                v, u = top + y, left + x
                inside = 0 <= v < pixels.shape[0] and 0 <= u < pixels.shape[1]
                out[y, x] = pixels[v, u] if inside else 0 if is_mask else fill
        return out

    return cut_out


def scaled(height: int, width: int, kernel: str, antialias: bool = True) -> Slow:
    """Return what scales by fractions; masks take the nearest pixel whatever the kernel."""

    def resized(pixels: np.ndarray, is_mask: bool = False) -> np.ndarray:
        by = "nearest" if is_mask else kernel
        return slow_resize.resize(pixels, height, width, by, antialias)

    return resized


def boxed(kernel: str) -> Slow:
    """Return a letterbox of 9 x 7 into 6 x 8: 6 x 5, one column filled on the left, two right."""
    scale, frame = scaled(6, 5, kernel), window(0, -1, 6, 8, 3)
    return lambda pixels, is_mask=False: frame(scale(pixels, is_mask), is_mask)


def banded(take: tuple[int, ...], ratios: tuple[tuple[int, int], ...]) -> Slow:
    def combined(pixels: np.ndarray, is_mask: bool = False) -> np.ndarray:
        kind = np.float32 if ratios else pixels.dtype
        out = np.empty((*pixels.shape[:2], len(take) + len(ratios)), kind)
        for y in range(pixels.shape[0]):
            for x in range(pixels.shape[1]):
                for number, band in enumerate(take):
                    out[y, x, number] = pixels[y, x, band]
                for number, (a, b) in enumerate(ratios, len(take)):
                    one, other = np.float32(pixels[y, x, a]), np.float32(pixels[y, x, b])
                    total = one + other
                    out[y, x, number] = (one - other) / total if total != 0 else 0
        return out

    return combined


CASES: list[tuple[Entry, Slow]] = [
    ({"resize": {"height": 4, "width": 5}}, scaled(4, 5, "bilinear")),
    ({"resize": {"height": 12, "width": 10}}, scaled(12, 10, "bilinear")),
    ({"resize": {"longest": 5, "antialias": False}}, scaled(5, 4, "bilinear", False)),
    ({"resize": {"shortest": 5, "kernel": "box"}}, scaled(6, 5, "box")),
    ({"resize": {"height": 4, "width": 9, "kernel": "nearest"}}, scaled(4, 9, "nearest")),
    ({"letterbox": {"height": 6, "width": 8, "fill": 3}}, boxed("bilinear")),
    ({"letterbox": {"height": 6, "width": 8, "fill": 3, "kernel": "box"}}, boxed("box")),
    ({"crop": {"height": 4, "width": 3}}, window(2, 2, 4, 3)),
    ({"pad": {"height": 12, "width": 5, "fill": 8}}, window(-1, 0, 12, 7, 8)),
]


@pytest.mark.parametrize("channels", [1, 3, 4, 8, 16])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize(("entry", "slow"), CASES, ids=lambda one: str(one)[:60])
def test_what_stands_in_the_recipe(entry: Entry, slow: Slow, channels: int, dtype: str) -> None:
    """Bit for bit; floats that were scaled but for their last bit. NaN is where it must be."""
    before = drawn(channels, dtype)
    (op,) = operations("s", Step("source", (entry,)))
    form = op.fixed()
    assert form is not None
    out = apply_fixed(before, form)
    expected = slow(before.image)
    assert (out.image.dtype, out.image.shape) == (expected.dtype, expected.shape)
    np.testing.assert_array_max_ulp(out.image, expected, maxulp=int(dtype == "float32"))
    assert before.mask is not None and out.mask is not None
    assert np.array_equal(out.mask[..., None], slow(before.mask[..., None], is_mask=True))


@pytest.mark.parametrize("channels", [1, 3, 4, 8, 16])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_bands(channels: int, dtype: str) -> None:
    before, last = drawn(channels, dtype), channels - 1
    takes: dict[str, object] = {"take": [last]}
    both: dict[str, object] = {"take": [last, 0], "ratios": [[last, 0], [0, 1]]}
    for arguments in (takes, both) if channels > 1 else (takes,):
        (op,) = operations("s", Step("source", ({"bands": arguments},)))
        form = op.fixed()
        assert form is not None
        out = apply_fixed(before, form).image
        ratios = ((last, 0), (0, 1)) if arguments is both else ()
        expected = banded((last, 0) if ratios else (last,), ratios)(before.image)
        assert out.dtype == expected.dtype
        assert np.array_equal(out, expected, equal_nan=True)


@pytest.mark.parametrize("channels", [1, 3, 4, 8, 16])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_what_draws_and_what_cuts_into_many(channels: int, dtype: str) -> None:
    before = drawn(channels, dtype)
    asked = crop.Parameters(4, 3)
    out = crop.apply(before, asked, rng_for(0, "s", "x", 1)).image
    assert any(
        out.tobytes() == window(top, left, 4, 3)(before.image).tobytes()
        for top in range(HEIGHT - 3)
        for left in range(WIDTH - 2)
    )
    turned = rot8.oriented(before, 1).image
    for y in range(WIDTH):
        for x in range(HEIGHT):
            assert turned[y, x].tobytes() == before.image[x, WIDTH - 1 - y].tobytes()
    tiles = tile.Parameters(4, 5, overlap=1, edge="pad", fill=6)
    for one in tile.windows(tiles, HEIGHT, WIDTH):
        piece = tile.cut(before, one, tiles)
        assert piece is not None
        expected = window(one.y1, one.x1, 4, 5, 6)(before.image)
        assert piece.image.tobytes() == expected.tobytes()


def test_no_operation_was_forgotten() -> None:
    """A new one comes in here too."""
    tried = {name for entry, _ in CASES for name in entry} | {"bands", "rot8", "tile"}
    assert tried == set(OPERATIONS)
