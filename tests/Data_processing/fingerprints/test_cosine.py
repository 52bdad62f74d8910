"""Clusters by cosines against every pair looked at one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from Data_processing.fingerprints import cosine
from Data_processing.fingerprints.cosine import STEPS, clusters, rounded


def slow(views: np.ndarray, least: float) -> list[int]:
    """Return the first of each picture's cluster by following every pair, in whole numbers."""
    count = views.shape[1]
    first = list(range(count))
    whole = [[int(one) for one in row] for row in views[0]]
    for view in views:
        for i in range(count):
            for j in range(count):
                ours = [int(one) for one in view[i]]
                product = sum(a * b for a, b in zip(ours, whole[j], strict=True))
                lengths = sum(a * a for a in ours) * sum(b * b for b in whole[j])
                if product > 0 and product >= least * lengths**0.5 * (1 - 1e-12):
                    low, high = sorted((first[i], first[j]))
                    first = [low if number == high else number for number in first]
    return first


@pytest.fixture(autouse=True)
def small_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a few pictures lie in several tiles."""
    monkeypatch.setattr(cosine, "ROWS", 3)
    monkeypatch.setattr(cosine, "COLUMNS", 4)


@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(0, 14),
    width=st.integers(2, 6),
    least=st.floats(0.3, 1.0),
)
def test_clusters_are_those_of_every_pair(seed: int, count: int, width: int, least: float) -> None:
    """Few directions with noise, so that chains arise, and pairs near the limit."""
    rng = np.random.default_rng(seed)
    roots = rng.normal(size=(3, width))
    noise = rng.normal(size=(2, count, width)) * rng.choice([0.0, 0.2, 0.6], (2, count, 1))
    views = rounded(roots[rng.integers(0, 3, (2, count))] + noise)
    assert clusters(views, least).tolist() == slow(views, least)


def test_a_view_finds_what_comes_before_it_and_after_it() -> None:
    """The third picture is the first, mirrored; the fourth's mirror is the second."""
    east, north, west, up = np.eye(4)
    other = np.array([[0.5, 0.5, 0.5, -0.5]])
    whole = rounded(np.stack([east, north, west, up]))
    mirrored = rounded(np.stack([other[0], other[0], east, north]))
    assert clusters(np.stack([whole, mirrored]), 0.99).tolist() == [0, 1, 0, 1]


def test_products_are_exact_in_any_order() -> None:
    """The longest that 8,192 numbers can become stays below what float32 counts one by one."""
    rng = np.random.default_rng(0)
    directions = np.concatenate([rng.normal(size=(50, 8192)), np.full((1, 8192), 1.0)])
    whole = rounded(directions).astype(np.int64)
    assert (whole**2).sum(axis=1).max() < 2**24
    floats = whole.astype(np.float32)
    assert np.array_equal(floats @ floats.T, (whole @ whole.T).astype(np.float32))
    assert np.abs(np.linalg.norm(whole, axis=1) / STEPS - 1).max() < 0.02
