"""Hashes of looks against scipy's cosine transform, and what they do and do not see."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.fft import dctn

from Data_processing.fingerprints.perceptual import CELLS, COARSE, FINE, Hash, looks_of


def picture(seed: int, height: int = 96, width: int = 128, channels: int = 3) -> np.ndarray:
    """Return a smooth picture with some noise, (H, W, C) uint8."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(0, 255, (16, 16, channels))
    rows, columns = (np.linspace(0, 15, side) for side in (height, width))
    down = np.stack([np.interp(rows, range(16), column) for column in coarse.reshape(16, -1).T], 1)
    down = down.reshape(height, 16, channels)
    across = np.stack(
        [[np.interp(columns, range(16), row[:, k]) for k in range(channels)] for row in down]
    )
    noisy = across.transpose(0, 2, 1) + rng.normal(0, 4, (height, width, channels))
    return noisy.clip(0, 255).astype(np.uint8)


def apart(one: Hash, other: Hash) -> int:
    return (one.coarse ^ other.coarse).bit_count()


@settings(max_examples=40)
@given(st.integers(0, 999), st.sampled_from([(96, 128), (33, 70), (200, 47)]))
def test_it_is_scipys_transform_against_its_median(seed: int, shape: tuple[int, int]) -> None:
    """But for frequencies that lie on the median to within what cells are rounded by."""
    pixels = picture(seed, *shape)
    gray = pixels @ np.array([0.299, 0.587, 0.114])
    edges = [
        [k * side // CELLS if k <= CELLS // 2 else -(-k * side // CELLS) for k in range(CELLS + 1)]
        for side in shape
    ]
    cells = np.array(
        [
            [gray[top:bottom, left:right].mean() for left, right in pairwise(edges[1])]
            for top, bottom in pairwise(edges[0])
        ]
    )
    looks = looks_of(pixels)
    assert looks is not None
    coarse = looks.upright.coarse.to_bytes(8, "big")
    for side, told in ((COARSE, coarse), (FINE, looks.upright.fine)):
        found = dctn(cells, type=2)[1 : side + 1, 1 : side + 1]
        expected = (found > np.median(found)).reshape(-1)
        bits = np.unpackbits(np.frombuffer(told, np.uint8)).astype(bool)
        unsure = np.abs(found - np.median(found)).reshape(-1) < 0.002 * np.abs(found).max()
        assert (bits[~unsure] == expected[~unsure]).all()
        assert unsure.sum() < side * side / 4


@given(st.integers(0, 99))
def test_mirrored_is_the_hash_of_the_mirrored_picture(seed: int) -> None:
    pixels = picture(seed)
    looks, turned = looks_of(pixels), looks_of(pixels[:, ::-1])
    assert looks is not None and turned is not None
    assert (looks.mirrored, looks.upright) == (turned.upright, turned.mirrored)


def test_a_lighter_smaller_noisier_picture_is_near_and_another_is_not() -> None:
    for seed in range(20):
        pixels = picture(seed)
        looks, other = looks_of(pixels), looks_of(picture(seed + 1000))
        assert looks is not None and other is not None
        lighter = looks_of((pixels * 0.7 + 60).astype(np.uint8))
        smaller = looks_of(pixels.reshape(48, 2, 64, 2, 3).mean((1, 3)).astype(np.uint8))
        assert lighter is not None and smaller is not None
        assert apart(looks.upright, lighter.upright) <= 6
        assert apart(looks.upright, smaller.upright) <= 6
        assert apart(looks.upright, other.upright) > 12


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("channels", [1, 2, 3, 4, 16])
def test_any_channels_and_dtype(dtype: type[np.generic], channels: int) -> None:
    """Of one picture the same bits, whatever it is stored as; NaN is no light."""
    pixels = picture(3, channels=channels)
    pixels[0, 0], pixels[0, 1] = 0, 255
    looks = looks_of(pixels)
    stored = looks_of(pixels.astype(dtype) * (257 if dtype == np.uint16 else 1))
    assert looks is not None and stored is not None
    assert apart(looks.upright, stored.upright) <= 1


def test_flat_and_tiny_pictures() -> None:
    assert looks_of(np.full((40, 50, 3), 200, np.uint8)) is None
    assert looks_of(np.full((40, 50, 1), np.nan, np.float32)) is None
    assert looks_of(np.zeros((1, 1, 3), np.uint8)) is None
    assert looks_of(picture(0)[:5, :7]) is not None
