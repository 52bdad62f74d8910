"""ZCA over patches: one convolution that equals the patches' matrix."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from Data_processing.scale import Entry, Scale, plan
from Data_processing.scalers import moments, zca_channel, zca_patch
from Data_processing.scalers.whitening import whitening
from Datasets.errors import ParamsError
from Datasets.scaler import ChannelMatrix, PatchMatrix, apply
from Datasets.scaler_inverse import inverse
from tests.Data_processing.scalers.pixels import passes, smooth


def images(channels: int, dtype: str = "uint8", count: int = 30) -> np.ndarray:
    """Return (count, 9, 8, channels): neighbours alike, as in photographs; channels too."""
    return smooth(count, 9, 8, channels, dtype)


def all_patches(pixels: np.ndarray, side: int) -> np.ndarray:
    """Return (N, H - K + 1, W - K + 1, C * K * K), one by one."""
    rows, columns = (length - side + 1 for length in pixels.shape[1:3])
    found = [
        [
            [image[y : y + side, x : x + side].transpose(2, 0, 1).ravel() for x in range(columns)]
            for y in range(rows)
        ]
        for image in pixels.astype(np.float64)
    ]
    return np.array(found)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize(("channels", "side"), [(1, 5), (3, 3), (4, 3), (8, 3), (16, 1)])
def test_the_convolution_equals_the_patches_matrix(channels: int, side: int, dtype: str) -> None:
    """Away from the border; the matrix is scikit-learn's, turned back."""
    pixels = images(channels, dtype)
    fitted = zca_patch.fit(zca_patch.Parameters(side, 0.0), passes(pixels))
    found = all_patches(pixels, side)
    flat = found.reshape(-1, channels * side**2)
    pca = PCA(whiten=True, svd_solver="full").fit(flat)
    white = pca.transform(flat) @ pca.components_ * np.sqrt(len(flat) / (len(flat) - 1))
    middle = white.reshape(*found.shape[:3], channels, side**2)[..., side**2 // 2]
    edge = side // 2
    inner = apply((fitted,), pixels)[:, edge : 9 - edge, edge : 8 - edge]
    np.testing.assert_allclose(inner, middle, atol=2e-4)
    covariance = np.cov(inner.reshape(-1, channels).T.astype(np.float64), bias=True)
    np.testing.assert_allclose(covariance.reshape(channels, channels), np.eye(channels), atol=2e-4)


def test_before_it_is_rounded_it_whitens_patches() -> None:
    """To 1e-8, and equals the matrix of scikit-learn to 1e-6."""
    pixels = images(3, count=60)
    found = moments.of_rows(passes(pixels)(), lambda batch: zca_patch.patches(batch, 3))
    matrix = whitening(moments.covariance(found), 0.0, "zca_patch")
    flat = all_patches(pixels, 3).reshape(-1, 27)
    white = (flat - found.mean) @ matrix
    assert np.abs(np.cov(white.T, bias=True) - np.eye(27)).max() <= 1e-8
    pca = PCA(whiten=True, svd_solver="full").fit(flat)
    turned = pca.transform(flat) @ pca.components_ * np.sqrt(len(flat) / (len(flat) - 1))
    assert np.abs(white - turned).max() <= 1e-6


def test_patches_of_one_pixel_are_zca_over_channels() -> None:
    pixels = images(3)
    patch = zca_patch.fit(zca_patch.Parameters(1), passes(pixels))
    channel = zca_channel.fit(zca_channel.Parameters(), passes(pixels))
    assert isinstance(patch, PatchMatrix) and isinstance(channel, ChannelMatrix)
    np.testing.assert_array_equal(patch.kernel[:, :, 0, 0], channel.matrix)
    np.testing.assert_allclose(apply((patch,), pixels), apply((channel,), pixels), atol=1e-6)


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_order_and_shards_change_no_bit(dtype: str) -> None:
    pixels = images(3, dtype)
    one = zca_patch.fit(zca_patch.Parameters(), passes(pixels))
    other = zca_patch.fit(zca_patch.Parameters(), passes(pixels[::-1], 11))
    assert isinstance(one, PatchMatrix) and isinstance(other, PatchMatrix)
    for name in one.__struct_fields__:
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes()


def test_it_comes_back() -> None:
    """From float32, with the weakest directions a thousand times as strong."""
    pixels = images(3)
    fitted = zca_patch.fit(zca_patch.Parameters(), passes(pixels))
    np.testing.assert_allclose(inverse((fitted,), apply((fitted,), pixels)), pixels, atol=0.05)


def test_patches_with_holes_do_not_count() -> None:
    pixels = images(2, "float32")
    pixels[3, 4, 4, 1] = np.nan
    found = moments.of_rows(passes(pixels)(), lambda batch: zca_patch.patches(batch, 3))
    flat = all_patches(pixels, 3).reshape(-1, 18)
    flat = flat[np.isfinite(flat).all(axis=1)]
    assert found.count == len(flat) == 30 * 7 * 6 - 9
    np.testing.assert_allclose(moments.covariance(found), np.cov(flat.T, bias=True), atol=1e-12)


def test_a_constant_channel_becomes_0_and_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    pixels = images(3)
    pixels[..., 1] = 77
    for eps in (0.0, 1e-6):
        caplog.clear()
        fitted = zca_patch.fit(zca_patch.Parameters(3, eps), passes(pixels))
        scaled = apply((fitted,), pixels)
        np.testing.assert_allclose(scaled[..., 1], 0, atol=1e-3)
        assert np.isfinite(scaled).all()
        assert "zca_patch: 9 of 27 directions have no variance" in caplog.text


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ({"zca_patch": {"side": 4}}, "scale.ops.0.zca_patch: `side` must be odd.*4 is not"),
        ({"zca_patch": {"side": 0}}, "scale.ops.0.zca_patch.side: expected a whole number >= 1"),
        ({"zca_patch": {"eps": -1}}, "scale.ops.0.zca_patch.eps: expected a number >= 0"),
        ({"zca_patch": {"k": 3}}, "scale.ops.0.zca_patch.k: unknown key 'k'"),
    ],
)
def test_what_does_not_fit_is_named(entry: Entry, sentence: str) -> None:
    with pytest.raises(ParamsError, match=sentence):
        plan(Scale((entry,)))


def test_patches_that_are_too_large_are_refused_before_a_pass() -> None:
    with pytest.raises(ParamsError, match=r"9 x 9 pixels does not fit into .*which are 9 x 8"):
        zca_patch.fit(zca_patch.Parameters(9), passes(images(1)))
    wide = np.zeros((1, 40, 40, 3), np.uint8)
    sentence = "patches of 33 x 33 x 3 have 3,267 values.*0.5 GB.*take a smaller side"
    with pytest.raises(ParamsError, match=sentence):
        zca_patch.fit(zca_patch.Parameters(33), passes(wide))
