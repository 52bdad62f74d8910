"""ZCA over whole images, against scikit-learn."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from Data_processing.scale import Entry, Scale, plan
from Data_processing.scalers import moments, standard, zca_full
from Data_processing.scalers.whitening import whitening
from Datasets.errors import ParamsError
from Datasets.scaler import ImageMatrix, apply
from Datasets.scaler_inverse import inverse
from tests.Data_processing.scalers.pixels import passes, smooth


def images(channels: int, dtype: str = "uint8", count: int = 300) -> np.ndarray:
    """Return (count, 4, 3, channels): neighbours and channels alike."""
    return smooth(count, 4, 3, channels, dtype)


def turned_back(flat: np.ndarray) -> np.ndarray:
    """Return scikit-learn's whitening, which divides by N - 1, turned back."""
    pca = PCA(whiten=True, svd_solver="full").fit(flat)
    turned = pca.transform(flat) @ pca.components_
    return np.asarray(turned * np.sqrt(len(flat) / (len(flat) - 1)))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("channels", [1, 3, 4, 8, 16])
def test_it_equals_scikit_learns_whitening_turned_back(channels: int, dtype: str) -> None:
    """To 1e-6 before it is rounded to float32, where its covariance is the identity to 1e-8."""
    pixels = images(channels, dtype)
    flat = pixels.reshape(len(pixels), -1).astype(np.float64)
    found = moments.of_rows(passes(pixels)(), lambda batch: iter([batch.reshape(len(batch), -1)]))
    white = (flat - found.mean) @ whitening(moments.covariance(found), 0.0, "zca_full").T
    assert np.abs(np.cov(white.T, bias=True) - np.eye(flat.shape[1])).max() <= 1e-8
    expected = turned_back(flat)
    assert np.abs(white - expected).max() <= 1e-6
    fitted = zca_full.fit(zca_full.Parameters(0.0), passes(pixels))
    np.testing.assert_allclose(apply((fitted,), pixels).reshape(flat.shape), expected, atol=1e-3)


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_order_and_shards_change_no_bit(dtype: str) -> None:
    pixels = images(3, dtype)
    one = zca_full.fit(zca_full.Parameters(), passes(pixels))
    other = zca_full.fit(zca_full.Parameters(), passes(pixels[::-1], 7))
    assert isinstance(one, ImageMatrix) and isinstance(other, ImageMatrix)
    assert one.shift.tobytes() == other.shift.tobytes()
    assert one.matrix.tobytes() == other.matrix.tobytes()


def test_it_comes_back() -> None:
    pixels = images(3)
    fitted = zca_full.fit(zca_full.Parameters(), passes(pixels))
    np.testing.assert_allclose(inverse((fitted,), apply((fitted,), pixels)), pixels, atol=0.01)


def test_it_whitens_what_another_scaler_made() -> None:
    pixels = images(3)
    first = standard.fit(standard.Parameters("pixel"), passes(pixels))
    second = zca_full.fit(zca_full.Parameters(0.0), passes(apply((first,), pixels)))
    white = apply((first, second), pixels).reshape(len(pixels), -1).astype(np.float64)
    assert np.abs(np.cov(white.T, bias=True) - np.eye(36)).max() < 1e-4


def test_fewer_images_than_values(caplog: pytest.LogCaptureFixture) -> None:
    """N - 1 directions are whitened, the others put to sleep."""
    pixels = images(3, count=20)
    fitted = zca_full.fit(zca_full.Parameters(0.0), passes(pixels))
    white = apply((fitted,), pixels).reshape(20, 36).astype(np.float64)
    values = np.linalg.eigvalsh(np.cov(white.T, bias=True))
    np.testing.assert_allclose(values, [0] * 17 + [1] * 19, atol=1e-3)
    assert "zca_full: 17 of 36 directions have no variance" in caplog.text


def test_images_with_holes_do_not_count() -> None:
    pixels = images(1, "float32")
    holed = pixels.copy()
    holed[::3, 2, 1] = np.nan
    kept = pixels[np.arange(len(pixels)) % 3 > 0]
    one = zca_full.fit(zca_full.Parameters(), passes(holed))
    other = zca_full.fit(zca_full.Parameters(), passes(kept))
    assert isinstance(one, ImageMatrix) and isinstance(other, ImageMatrix)
    np.testing.assert_array_equal(one.matrix, other.matrix)


def test_too_many_values_are_refused_before_a_pass_and_can_be_forced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wide = np.zeros((2, 64, 64, 3), np.uint8)
    sentence = (
        "scale.ops: zca_full: images of 64 x 64 x 3 have 12,288 values, and to whiten more than "
        "3,072 together is refused: it would take about 7.2 GB of memory, and 64 times as long as "
        "3,072; take zca_patch, or write `force: true`"
    )
    with pytest.raises(ParamsError, match=sentence):
        zca_full.fit(zca_full.Parameters(), passes(wide))
    monkeypatch.setattr("Data_processing.scalers.width.MOST", 35)
    with pytest.raises(ParamsError, match="4 x 3 x 3 have 36 values"):
        zca_full.fit(zca_full.Parameters(), passes(images(3)))
    assert isinstance(zca_full.fit(zca_full.Parameters(force=True), passes(images(3))), ImageMatrix)


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ({"zca_full": {"eps": -1}}, "scale.ops.0.zca_full.eps: expected a number >= 0"),
        ({"zca_full": {"force": 1}}, "scale.ops.0.zca_full.force: expected true or false"),
        ({"zca_full": {"forced": True}}, "unknown key 'forced'; did you mean 'force'"),
    ],
)
def test_what_does_not_fit_is_named(entry: Entry, sentence: str) -> None:
    with pytest.raises(ParamsError, match=sentence):
        plan(Scale((entry,)))
