"""Moments are exact: equal to fractions, bit for bit, in any order, blocks and shards."""

from collections.abc import Callable
from copy import deepcopy
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from Data_processing.scalers import moments
from Data_processing.scalers.exact import Part, Sums, parts
from Data_processing.scalers.moments import Moments
from Datasets.errors import StoreError

DTYPES = ("uint8", "uint16", "float32")
any_float = st.floats(width=32, allow_nan=False, allow_infinity=False)


def drawn(dtype: str, shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    """Return values over the whole range of ``dtype``; floats of many magnitudes, some 0."""
    rng = np.random.default_rng(seed)
    if dtype != "float32":
        return rng.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)
    values = rng.normal(0.4, 1.0, shape) * 10.0 ** rng.integers(-6, 4, shape)
    return np.where(rng.random(shape) < 0.1, 0.0, values).astype(np.float32)


def fractions(pixels: np.ndarray) -> list[list[Fraction]]:
    """Return the columns of (n, D)."""
    return [[Fraction(float(value)) for value in column] for column in pixels.T]


def mean(column: list[Fraction]) -> Fraction:
    return sum(column, Fraction()) / len(column)


def covariance(pixels: np.ndarray) -> np.ndarray:
    """Return the covariance (D, D) of (n, D): over fractions, each rounded once."""
    columns = fractions(pixels)
    less = [[value - mean(column) for value in column] for column in columns]
    return np.array(
        [[float(mean([a * b for a, b in zip(x, y, strict=True)])) for y in less] for x in less]
    )


@settings(deadline=None, max_examples=60)
@given(hnp.arrays(np.float32, (5, 2), elements=any_float))
def test_parts_are_small_integers_and_add_up_to_the_float(block: np.ndarray) -> None:
    found = np.zeros(block.shape, object)
    for exponent, integers, bound in parts(block):
        assert (integers == np.trunc(integers)).all()
        assert np.abs(integers).max() < bound == 2**20
        found = found + [
            [Fraction(2) ** exponent * int(value) for value in row] for row in integers
        ]
    assert found.tolist() == [[Fraction(float(value)) for value in row] for row in block]


def test_parts_are_small_at_every_exponent() -> None:
    for exponent in range(-149, 128):
        block = np.array([[(2 - 2.0**-23) * 2.0**exponent]]).astype(np.float32)  # all bits set
        for _, integers, bound in parts(block):
            assert 0 < np.abs(integers).max() < bound == 2**20, exponent


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("channels", [1, 3, 4, 8, 16])
def test_mean_and_covariance_equal_those_of_fractions(dtype: str, channels: int) -> None:
    pixels = drawn(dtype, (3, 2, 5, channels))
    found = moments.of_channels([pixels])
    flat = pixels.reshape(-1, channels)
    np.testing.assert_array_equal(found.mean, [float(mean(c)) for c in fractions(flat)])
    np.testing.assert_array_equal(moments.covariance(found), covariance(flat))


@settings(deadline=None, max_examples=40)
@given(hnp.arrays(np.float32, (6, 1, 1, 2), elements=any_float))
def test_so_they_do_for_any_floats(pixels: np.ndarray) -> None:
    flat = pixels.reshape(-1, 2)
    found = moments.of_pixels([pixels[:2], pixels[2:]])
    np.testing.assert_array_equal(found.mean.ravel(), [float(mean(c)) for c in fractions(flat)])
    np.testing.assert_array_equal(moments.variance(found).ravel(), np.diag(covariance(flat)))
    np.testing.assert_array_equal(
        moments.covariance(moments.of_channels([pixels])), covariance(flat)
    )


@pytest.mark.parametrize("dtype", DTYPES)
def test_more_rows_than_a_sum_in_floats_may_join(dtype: str) -> None:
    """Where all products are as large as can be."""
    top = 1 - 2**-24 if dtype == "float32" else np.iinfo(dtype).max
    pixels = np.full((3, 50, 50, 2), top, dtype)
    pixels[0, 0, 0] = 0
    found, n = moments.of_channels([pixels]), 7500
    expected = float(Fraction(float(pixels.max())) ** 2 * (n - 1) / n**2)
    np.testing.assert_array_equal(moments.covariance(found), np.full((2, 2), expected))


WAYS: dict[str, Callable[[list[np.ndarray]], Moments]] = {
    "pixels": moments.of_pixels,
    "channels": moments.of_channels,
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("way", WAYS)
@settings(deadline=None, max_examples=20)
@given(order=st.permutations(range(12)), cuts=st.sets(st.integers(1, 11)), seed=st.integers(0, 9))
def test_shards_merge_in_any_order_and_grouping(
    way: str, dtype: str, order: list[int], cuts: set[int], seed: int
) -> None:
    """Bitwise."""
    pixels = drawn(dtype, (12, 3, 2, 3), seed)
    whole = WAYS[way]([pixels])
    shards = [WAYS[way]([shard]) for shard in np.split(pixels[order], sorted(cuts))]
    while len(shards) > 1:  # not one by one, but as a tree
        one, other = shards.pop(seed % len(shards)), shards[-1]
        other.merge(one)
    assert shards[0].mean.tobytes() == whole.mean.tobytes()
    every = moments.variance if way == "pixels" else moments.covariance
    assert every(shards[0]).tobytes() == every(whole).tobytes()


def test_a_plain_sum_of_floats_would_depend_on_the_order() -> None:
    """So that the test above can fail."""
    pixels = drawn("float32", (12, 3, 2, 3))
    flat = pixels.reshape(-1, 3).astype(np.float64)
    assert (flat.T @ flat).tobytes() != (flat[::-1].T @ flat[::-1]).tobytes()


@given(st.lists(st.integers(-(2**40), 2**40), min_size=1, max_size=30))
def test_sums_carry_before_they_overflow(values: list[int]) -> None:
    """``bound`` says the most that could be added; the sum has more than 64 bits."""
    sums = Sums((1,))
    for value in values:
        sums.add(Part(-3, np.array([value * 2**20], np.int64), 2**61))
        sums.merge(deepcopy(sums))
    expected = 0
    for value in values:
        expected = 2 * (expected + value * 2**20)
    assert int(sums.integers(-5)[0]) == expected * 4


def test_pixels_without_data_enter_no_moment() -> None:
    """NaN or infinite in one channel: none of its channels counts, as where a raster has a hole."""
    pixels = drawn("float32", (8, 3, 4, 2))
    pixels[2, 1, 1, 0] = np.nan
    pixels[5, 0, 3, 1] = np.inf
    pixels[:, 2, 2, 0] = np.nan  # this place never holds data
    hole = ~np.isfinite(pixels).all(axis=3, keepdims=True)
    found = moments.of_channels([pixels[:3], pixels[3:]])
    flat = pixels[~hole[..., 0]]
    assert found.count == len(flat) == 8 * 12 - 10
    np.testing.assert_array_equal(moments.covariance(found), covariance(flat))
    each = moments.of_pixels([pixels[:3], pixels[3:]])
    seen = np.ma.masked_array(pixels.astype(np.float64), np.broadcast_to(hole, pixels.shape))
    np.testing.assert_allclose(each.mean, seen.mean(0).filled(0), rtol=1e-12, atol=1e-9)
    np.testing.assert_allclose(moments.variance(each), seen.var(0).filled(0), rtol=1e-9, atol=1e-9)


def test_nothing_but_holes_is_said() -> None:
    holes = np.full((2, 2, 2, 1), np.nan, np.float32)
    for way in WAYS.values():
        with pytest.raises(StoreError, match="no values to fit a scaler on"):
            way([holes])
