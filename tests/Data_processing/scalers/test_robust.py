"""Quartiles are exact, and the scaler is scikit-learn's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.preprocessing import RobustScaler

from Data_processing.scale import Scale, plan
from Data_processing.scalers import robust
from Data_processing.scalers.quartiles import counted, quartiles
from Datasets.errors import ParamsError, StoreError
from Datasets.scaler import Affine, apply
from Datasets.scaler_inverse import inverse
from tests.Data_processing.scalers.pixels import passes


def drawn(dtype: str, channels: int, seed: int = 0) -> np.ndarray:
    """Return (12, 3, 2, channels) of many magnitudes; floats of both signs."""
    values = np.random.default_rng(seed).normal(size=(12, 3, 2, channels))
    if dtype == "float32":
        return (values**3).astype(np.float32)
    return (np.abs(values) / 5 * np.iinfo(dtype).max).astype(dtype)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("channels", [1, 3, 4, 8, 16])
def test_it_equals_scikit_learns(channels: int, dtype: str) -> None:
    """And comes back."""
    pixels = drawn(dtype, channels)
    fitted = robust.fit(robust.Parameters(), passes(pixels))
    flat = pixels.reshape(-1, channels).astype(np.float64)
    found = apply((fitted,), pixels)
    theirs = RobustScaler().fit_transform(flat).reshape(pixels.shape)
    np.testing.assert_allclose(found, theirs, rtol=1e-5, atol=1e-5)
    back = inverse((fitted,), found)
    np.testing.assert_allclose(back, pixels, rtol=1e-5, atol=1e-6 * float(pixels.max()))


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from([np.uint8, np.uint16, np.float32]).flatmap(
        lambda dtype: hnp.arrays(dtype, st.tuples(st.integers(1, 9), *[st.just(1)] * 2, st.just(2)))
    )
)
def test_quartiles_equal_numpys(pixels: np.ndarray) -> None:
    """For any bits: both zeros, the smallest floats, ties; NaN and infinity are left out."""
    flat = pixels.reshape(-1, 2).astype(np.float64)
    flat = flat[np.isfinite(flat).all(axis=1)]
    if not len(flat):
        with pytest.raises(StoreError, match="no values to fit a scaler on"):
            quartiles(passes(pixels))
        return
    expected = np.percentile(flat, [25, 50, 75], axis=0)
    np.testing.assert_allclose(quartiles(passes(pixels, 4)), expected, rtol=1e-15)


@pytest.mark.parametrize("count", [1, 2, 4, 5, 7])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_between_two_values_they_are_interpolated(count: int, dtype: str) -> None:
    pixels = (10 * np.arange(count)).astype(dtype).reshape(count, 1, 1, 1)
    expected = [[10 * (count - 1) * quarter / 4] for quarter in (1, 2, 3)]
    np.testing.assert_array_equal(quartiles(passes(pixels[::-1], 2)), expected)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@settings(deadline=None, max_examples=10)
@given(order=st.permutations(range(12)), cuts=st.sets(st.integers(1, 11)))
def test_order_and_shards_change_no_bit(dtype: str, order: list[int], cuts: set[int]) -> None:
    pixels = drawn(dtype, 3)
    shards = np.split(pixels[order], sorted(cuts))
    assert quartiles(lambda: iter(shards)).tobytes() == quartiles(passes(pixels)).tobytes()
    found = counted(shards[-1:])
    for shard in shards[:-1]:
        found = counted([shard]).merged(found)
    np.testing.assert_array_equal(found.seen, counted([pixels]).seen)


def test_equal_quartiles_are_centred_only_and_named(caplog: pytest.LogCaptureFixture) -> None:
    """A constant channel, and one that is nearly so."""
    pixels = drawn("uint8", 3)
    pixels[..., 0] = 9
    pixels[1:, ..., 2] = 7
    pixels[0, ..., 2] = 200
    fitted = robust.fit(robust.Parameters(), passes(pixels))
    assert isinstance(fitted, Affine)
    scaled = apply((fitted,), pixels)
    assert (scaled[..., 0] == 0).all()
    np.testing.assert_array_equal(np.unique(scaled[..., 2]), [0, 193])
    said = "robust: 2 of 3 channels hold one value in half of the training part or more"
    assert caplog.messages == [f"{said}, and each is centred only: 0, 2"]


def test_it_takes_no_argument() -> None:
    with pytest.raises(ParamsError, match=r"scale.ops.0.robust.per: unknown key 'per'"):
        plan(Scale(({"robust": {"per": "pixel"}},)))
