"""Scalers that stretch an interval: minmax and bounds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import MinMaxScaler

from Data_processing.scale import Entry, Scale, plan
from Data_processing.scalers import bounds, minmax
from Datasets import scaler
from Datasets.errors import ParamsError, StoreError
from Datasets.scaler import Affine
from Datasets.scaler_inverse import inverse
from tests.Data_processing.scalers.pixels import passes


def drawn(dtype: str, channels: int, seed: int = 0) -> np.ndarray:
    """Return (12, 3, 2, channels) over most of the range of ``dtype``."""
    values = np.random.default_rng(seed).random((12, 3, 2, channels))
    return (values * (3.0 if dtype == "float32" else np.iinfo(dtype).max)).astype(dtype)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("channels", [1, 3, 4, 8, 16])
@pytest.mark.parametrize("to", [(0.0, 1.0), (-1.0, 1.0)])
def test_minmax_equals_scikit_learns(channels: int, dtype: str, to: tuple[float, float]) -> None:
    """Per channel and per pixel; and comes back."""
    pixels = drawn(dtype, channels)
    for per, flat in (
        ("channel", pixels.reshape(-1, channels)),
        ("pixel", pixels.reshape(len(pixels), -1)),
    ):
        fitted = minmax.fit(minmax.Parameters(per, to), passes(pixels))  # type: ignore[arg-type]
        found = scaler.apply((fitted,), pixels)
        theirs = MinMaxScaler(to).fit_transform(flat.astype(np.float64)).reshape(pixels.shape)
        np.testing.assert_allclose(found, theirs, atol=1e-6)
        back = inverse((fitted,), found)
        np.testing.assert_allclose(back, pixels, atol=1e-6 * float(pixels.max()))


@settings(deadline=None, max_examples=30)
@given(order=st.permutations(range(12)), cuts=st.sets(st.integers(1, 11)))
def test_extremes_merge_in_any_order_and_grouping(order: list[int], cuts: set[int]) -> None:
    pixels = drawn("float32", 3)
    pixels[2, 1, 1, 0] = np.nan
    whole = minmax.extremes([pixels], "pixel")
    shards = np.split(pixels[order], sorted(cuts))
    found = minmax.extremes(shards[:1], "pixel")
    for shard in shards[1:]:
        found = minmax.extremes([shard], "pixel").merged(found)
    for name in ("low", "high", "count"):
        assert getattr(found, name).tobytes() == getattr(whole, name).tobytes()


def test_holes_and_constants(caplog: pytest.LogCaptureFixture) -> None:
    """A pixel with NaN counts in no channel; a constant becomes the low end, and is named."""
    pixels = drawn("float32", 3)
    pixels[..., 1] = 0.25
    pixels[4, 0, 0] = (99.0, np.nan, 0.0)
    fitted = minmax.fit(minmax.Parameters("channel", (-1.0, 1.0)), passes(pixels))
    assert isinstance(fitted, Affine)
    seen = pixels[np.isfinite(pixels).all(3)]
    scaled = scaler.apply((fitted,), seen[:, None, None])
    np.testing.assert_allclose(scaled.min((0, 1, 2)), [-1, -1, -1], atol=1e-6)
    np.testing.assert_allclose(scaled.max((0, 1, 2)), [1, -1, 1], atol=1e-6)
    said = "minmax: 1 of 3 channels hold one value in the whole training part"
    assert caplog.messages == [f"{said}, and each becomes -1: 1"]
    np.testing.assert_allclose(inverse((fitted,), scaled)[..., 1], 0.25)


def test_a_place_that_never_holds_data() -> None:
    pixels = drawn("float32", 2)
    pixels[:, 1, 1, 0] = np.nan
    fitted = minmax.fit(minmax.Parameters("pixel"), passes(pixels))
    assert isinstance(fitted, Affine)
    assert np.isfinite(fitted.shift).all() and np.isfinite(fitted.gain).all()
    with pytest.raises(StoreError, match="no values to fit a scaler on"):
        minmax.fit(minmax.Parameters("pixel"), passes(np.full_like(pixels, np.nan)))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_bounds_are_taken_as_they_are_given(dtype: str) -> None:
    """A list and a number; what lies outside stays outside; and comes back."""
    pixels = drawn(dtype, 4)
    low, high = np.array([0.0, 10.0, -5.0, 0.5]), 200.0
    fitted = bounds.fit(bounds.Parameters(tuple(low), high, (-1.0, 1.0)), passes(pixels))
    found = scaler.apply((fitted,), pixels)
    expected = -1 + 2 * (pixels.astype(np.float64) - low) / (high - low)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(inverse((fitted,), found), pixels, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("channels", [1, 3, 8])
def test_a_number_stands_for_all_channels(channels: int) -> None:
    fitted = bounds.fit(bounds.Parameters(0, 255), passes(drawn("uint8", channels)))
    assert isinstance(fitted, Affine)
    np.testing.assert_array_equal(fitted.gain, np.full(channels, np.float32(1 / 255)))
    np.testing.assert_array_equal(fitted.shift, np.zeros(channels))


def test_bounds_for_another_number_of_channels_are_refused() -> None:
    sentence = (
        "scale.ops: bounds.high: 2 numbers are given, and the tensors have 3 channels; give one "
        "for each, or one for all"
    )
    with pytest.raises(ParamsError, match=sentence):
        bounds.fit(bounds.Parameters(0, (1.0, 2.0)), passes(drawn("uint8", 3)))


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ({"minmax": {"per": "image"}}, "minmax.per: unknown value 'image'; known: channel, pixel"),
        ({"minmax": {}}, "scale.ops.0.minmax: object missing required field `per`"),
        (
            {"minmax": {"per": "pixel", "to": [1, 0]}},
            "scale.ops.0.minmax: `to` must be two finite numbers, the lower first",
        ),
        ({"bounds": {"low": 0}}, "scale.ops.0.bounds: object missing required field `high`"),
        (
            {"bounds": {"low": [0, 1], "high": [2, 3, 4]}},
            "scale.ops.0.bounds: `low` and `high` must be given for the same number of channels",
        ),
        (
            {"bounds": {"low": [0, 1], "high": [2, 1]}},
            "scale.ops.0.bounds: `low and high` must be two finite numbers, the lower first",
        ),
        ({"bounds": {"low": 0, "high": float("inf")}}, "must be two finite numbers"),
        ({"bounds": {"low": [], "high": 1}}, "at least one channel"),
        ({"bounds": {"low": "0", "high": 1}}, "bounds.low: expected a number or a list"),
    ],
)
def test_what_does_not_fit_is_named(entry: Entry, sentence: str) -> None:
    with pytest.raises(ParamsError, match=sentence):
        plan(Scale((entry,)))
