"""The ZCA matrix: the covariance of what it whitens, what eps does, directions without variance."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from Data_processing.scalers.whitening import whitening


def rows(count: int, width: int, decay: float) -> np.ndarray:
    """Return (count, width) rows whose variances fall by ``decay`` from first to last, turned."""
    rng = np.random.default_rng(width)
    turn = np.linalg.qr(rng.normal(size=(width, width)))[0]
    return (rng.normal(size=(count, width)) * np.geomspace(1, decay**0.5, width)) @ turn


def furthest(covariance: np.ndarray, matrix: np.ndarray) -> float:
    return float(np.abs(matrix @ covariance @ matrix.T - np.eye(len(matrix))).max())


@pytest.mark.parametrize(("width", "decay"), [(1, 1.0), (3, 1e-2), (27, 1e-4), (300, 1e-6)])
def test_eps_0_whitens(width: int, decay: float) -> None:
    """To 1e-8 for N > d."""
    flat = rows(2 * width + 5, width, decay)
    covariance = np.cov(flat.T, bias=True).reshape(width, width)
    matrix = whitening(covariance, 0.0, "zca")
    assert furthest(covariance, matrix) <= 1e-8
    white = (flat - flat.mean(0)) @ matrix.T
    assert np.abs(np.cov(white.T, bias=True) - np.eye(width)).max() <= 1e-8


@pytest.mark.parametrize("width", [2, 27, 108])
def test_it_is_scikit_learns_whitening_turned_back(width: int) -> None:
    """To 1e-6; theirs divides by N - 1."""
    flat = rows(4 * width, width, 1e-4)
    pca = PCA(whiten=True, svd_solver="full").fit(flat)
    turned = pca.transform(flat) @ pca.components_ * np.sqrt(len(flat) / (len(flat) - 1))
    ours = (flat - flat.mean(0)) @ whitening(np.cov(flat.T, bias=True), 0.0, "zca").T
    assert np.abs(ours - turned).max() <= 1e-6


def test_eps_is_relative_to_the_mean_variance() -> None:
    covariance = np.diag([8.0, 3.0, 1.0])
    expected = np.diag(1 / np.sqrt(np.diag(covariance) + 0.5 * 4.0))
    np.testing.assert_allclose(whitening(covariance, 0.5, "zca"), expected, rtol=1e-12)
    scaled = whitening(1e6 * covariance, 0.5, "zca") * 1e3
    np.testing.assert_allclose(scaled, expected, rtol=1e-12)


def test_a_direction_without_variance_becomes_0(caplog: pytest.LogCaptureFixture) -> None:
    """Gray stored as two channels: only their mean varies; and nothing at all varies."""
    gray = np.array([[2.0, 2.0], [2.0, 2.0]])
    np.testing.assert_allclose(whitening(gray, 0.0, "zca_channel") @ [1.0, -1.0], 0, atol=1e-12)
    said = "zca_channel: 1 of 2 directions have no variance in the training part, and become 0"
    assert caplog.messages == [said]
    np.testing.assert_array_equal(whitening(np.zeros((3, 3)), 1e-6, "zca"), np.zeros((3, 3)))


def test_what_varies_is_not_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    whitening(np.diag([1.0, 1e-9]), 0.0, "zca")
    assert caplog.messages == []
