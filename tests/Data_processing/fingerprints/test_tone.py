"""Tones against plain arithmetic on all values."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from Data_processing.fingerprints.tone import tone_of


@settings(max_examples=40)
@given(
    st.integers(0, 999),
    st.sampled_from([1, 2, 3, 4, 8]),
    st.sampled_from(["uint8", "uint16", "float32"]),
)
def test_it_is_the_mean_and_deviation_of_what_is_seen(seed: int, channels: int, dtype: str) -> None:
    rng = np.random.default_rng(seed)
    top = 1.0 if dtype == "float32" else float(np.iinfo(dtype).max)
    pixels = (rng.random((7, 5, channels)) * top).astype(dtype)
    tone = tone_of(pixels)
    exact = pixels.astype(np.float64) / top
    seen = exact[:, :, : 3 if channels >= 3 else 1]
    assert tone.brightness == pytest.approx(seen.mean(), rel=1e-4)
    assert tone.contrast == pytest.approx(seen.std(), rel=1e-4)
    assert tone.channels == pytest.approx(exact.mean(axis=(0, 1)), rel=1e-4)
    assert tone.holes == 0


def test_transparency_makes_nothing_brighter() -> None:
    dark = np.zeros((4, 4, 4), np.uint8)
    dark[:, :, 3] = 255
    tone = tone_of(dark)
    assert (tone.brightness, tone.contrast, tone.channels) == (0, 0, (0, 0, 0, 1))


def test_what_is_no_number_is_counted_and_left_out() -> None:
    pixels = np.full((2, 5, 1), 3.0, np.float32)
    pixels[0, 0], pixels[1, 1] = np.nan, np.inf
    tone = tone_of(pixels)
    assert (tone.brightness, tone.contrast, tone.holes) == (3.0, 0.0, 0.2)
    nothing = tone_of(np.full((2, 2, 3), np.nan, np.float32))
    assert (nothing.brightness, nothing.holes) == (0.0, 1.0)
