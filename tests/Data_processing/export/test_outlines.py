"""A mask's outline covers the mask, and joined it still does."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from Data_processing.export.outlines import joined, outlines

masks = arrays(bool, st.tuples(st.integers(1, 7), st.integers(1, 7))).filter(np.any)


def inside(ring: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return which pixels' centres an odd number of edges lies left of: even-odd filling."""
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    odd = np.zeros((height, width), bool)
    for (x1, y1), (x2, y2) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        if y1 != y2:
            crosses = (min(y1, y2) < y) & (y < max(y1, y2))
            odd ^= crosses & (x1 + (y - y1) * (x2 - x1) / (y2 - y1) < x)
    return odd


@given(masks)
def test_the_joined_outline_is_the_mask(mask: np.ndarray) -> None:
    ring = joined(outlines(mask))
    np.testing.assert_array_equal(inside(ring, *mask.shape), mask)


@given(masks)
def test_rings_have_corners_only_and_the_area_of_the_mask(mask: np.ndarray) -> None:
    area = 0.0
    for ring in outlines(mask):
        x, y = ring.T
        area += float((x * np.roll(y, -1) - y * np.roll(x, -1)).sum()) / 2
        step = np.roll(ring, -1, axis=0) - ring
        assert ((step == 0).sum(axis=1) == 1).all()
        turn = step[:, 0] * np.roll(step[:, 1], -1) - step[:, 1] * np.roll(step[:, 0], -1)
        assert (turn != 0).all()
    assert area == mask.sum()
