"""Scalers against slow, obvious versions, and against another library."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from Data_processing.scale import Entry, Scale, plan
from Data_processing.scalers import moments, standard, zca_channel
from Datasets import scaler
from Datasets.errors import ParamsError, StoreError
from tests.Data_processing.scalers.pixels import passes


def images(n: int = 40, dtype: type = np.uint8, seed: int = 0) -> np.ndarray:
    """Return (n, 6, 5, 3) images whose channels are correlated."""
    rng = np.random.default_rng(seed)
    base = rng.normal(120, 30, (n, 6, 5, 1))
    pixels = np.concatenate([base, 0.8 * base + 10, 255 - base], -1) + rng.normal(
        0, 6, (n, 6, 5, 3)
    )
    return np.clip(pixels, 0, 255).astype(dtype)


@given(st.permutations(range(12)), st.integers(1, 12))
def test_moments_do_not_depend_on_order_or_blocks(order: list[int], block: int) -> None:
    """Bitwise, for integers."""
    pixels = images(12)
    one, other = (
        moments.of_channels(passes(pixels)()),
        moments.of_channels(passes(pixels[order], block)()),
    )
    assert moments.covariance(one).tobytes() == moments.covariance(other).tobytes()
    first, second = (
        moments.of_pixels(passes(pixels)()),
        moments.of_pixels(passes(pixels[order], block)()),
    )
    assert moments.variance(first).tobytes() == moments.variance(second).tobytes()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_covariance_and_variance_equal_numpys(dtype: type) -> None:
    """In float64, divided by N."""
    pixels = images(dtype=dtype)
    flat = pixels.reshape(-1, 3).astype(np.float64)
    np.testing.assert_allclose(
        moments.covariance(moments.of_channels(passes(pixels)())),
        np.cov(flat.T, bias=True),
        rtol=1e-9,
    )
    np.testing.assert_allclose(
        moments.variance(moments.of_pixels(passes(pixels)())),
        pixels.astype(np.float64).var(0),
        rtol=1e-9,
        atol=1e-8,
    )


@pytest.mark.parametrize(
    ("per", "axes"), [("image", (1, 2, 3)), ("channel", (0, 1, 2)), ("pixel", (0,))]
)
def test_standard_gives_mean_0_and_deviation_1(per: str, axes: tuple[int, ...]) -> None:
    """Along the axes it was asked for."""
    pixels = images()
    fitted = standard.fit(standard.Parameters(per), passes(pixels))  # type: ignore[arg-type]
    scaled = scaler.apply((fitted,), pixels).astype(np.float64)
    np.testing.assert_allclose(scaled.mean(axes), 0, atol=1e-4)
    np.testing.assert_allclose(scaled.std(axes), 1, atol=1e-3)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("channels", [1, 3, 4, 8, 16])
def test_standard_equals_scikit_learns(channels: int, dtype: str) -> None:
    """Per channel and per pixel."""
    top = 1.0 if dtype == "float32" else float(np.iinfo(dtype).max)
    pixels = (np.random.default_rng(1).random((30, 4, 3, channels)) * top).astype(dtype)
    for per, flat in (
        ("channel", pixels.reshape(-1, channels)),
        ("pixel", pixels.reshape(len(pixels), -1)),
    ):
        fitted = standard.fit(standard.Parameters(per), passes(pixels))  # type: ignore[arg-type]
        theirs = StandardScaler().fit_transform(flat.astype(np.float64)).reshape(pixels.shape)
        found = scaler.apply((fitted,), pixels)
        small = 1e-4 if dtype == "float32" else 1e-5  # a variance of 1/12, and TINY
        np.testing.assert_allclose(found, theirs, atol=small)


def test_a_constant_channel_becomes_0(caplog: pytest.LogCaptureFixture) -> None:
    """Not NaN; it is said."""
    pixels = images()
    pixels[..., 1] = 77
    fitted = standard.fit(standard.Parameters("channel"), passes(pixels))
    assert (scaler.apply((fitted,), pixels)[..., 1] == 0).all()
    said = "standard: 1 of 3 channels hold one value in the whole training part"
    assert caplog.messages == [f"{said}, and each becomes 0: 1"]


def test_constant_pixels_are_named_up_to_a_number(caplog: pytest.LogCaptureFixture) -> None:
    pixels = images()
    pixels[:, :2] = 9
    standard.fit(standard.Parameters("pixel"), passes(pixels))
    (said,) = caplog.messages
    assert said.startswith("standard: 30 of 90 pixels hold one value in the whole training part")
    assert said.endswith("0/0/0, 0/0/1, 0/0/2, 0/1/0, 0/1/1, 0/1/2, 0/2/0, 0/2/1 and 22 more")


def test_what_varies_is_not_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    for per in ("channel", "pixel", "image"):
        standard.fit(standard.Parameters(per), passes(images()))
    assert caplog.messages == []


def test_zca_whitens_and_equals_pca_rotated_back() -> None:
    """Covariance is the identity at eps 0; the result is scikit-learn's whitening, turned back."""
    pixels = images()
    fitted = zca_channel.fit(zca_channel.Parameters(eps=0.0), passes(pixels))
    white = scaler.apply((fitted,), pixels).reshape(-1, 3).astype(np.float64)
    np.testing.assert_allclose(np.cov(white.T, bias=True), np.eye(3), atol=1e-4)
    flat = pixels.reshape(-1, 3).astype(np.float64)
    pca = PCA(whiten=True, svd_solver="full").fit(flat)
    turned = pca.transform(flat) @ pca.components_ * np.sqrt(len(flat) / (len(flat) - 1))
    np.testing.assert_allclose(white, turned, atol=1e-3)


def test_a_second_scaler_sees_what_the_first_made() -> None:
    """ZCA of standardised channels: its shift is 0."""
    pixels = images()
    first = standard.fit(standard.Parameters("channel"), passes(pixels))
    second = zca_channel.fit(zca_channel.Parameters(), passes(scaler.apply((first,), pixels)))
    assert isinstance(second, scaler.ChannelMatrix)
    np.testing.assert_allclose(second.shift, 0, atol=1e-4)


def test_an_empty_training_part_is_said() -> None:
    """Not a division by zero."""
    with pytest.raises(StoreError, match="no samples to fit a scaler on"):
        standard.fit(standard.Parameters("channel"), lambda: iter(()))


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        (
            {"standrd": {"per": "image"}},
            "scale.ops.0: unknown scaler 'standrd'; did you mean 'standard'",
        ),
        (
            {"standard": {"per": "row"}},
            "scale.ops.0.standard.per: unknown value 'row'; known: channel, image, pixel",
        ),
        ({"zca_channel": {"epsilon": 1.0}}, "unknown key 'epsilon'; did you mean 'eps'|known: eps"),
        ({"zca_channel": {"eps": -1.0}}, "scale.ops.0.zca_channel.eps: expected a number >= 0"),
        ({}, "one scaler an entry was expected"),
    ],
)
def test_what_does_not_fit_is_named(entry: Entry, sentence: str) -> None:
    """File, number of the scaler, key."""
    with pytest.raises(ParamsError, match=sentence):
        plan(Scale((entry,)))
