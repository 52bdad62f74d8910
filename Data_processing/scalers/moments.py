"""Moments in one exact pass over (N, H, W, C) batches.

Integers are summed as integers, so that no order of shards or batches changes a bit.
"""

from collections.abc import Iterable

import msgspec
import numpy as np

from Datasets.errors import StoreError


class Moments(msgspec.Struct, frozen=True):
    """Sums over samples: ``count`` values each.

    ``total`` and ``squares`` (...) of values and products, float64.
    """

    count: int
    total: np.ndarray
    squares: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        """The mean, in the shape of ``total``."""
        return self.total / self.count


def of_pixels(batches: Iterable[np.ndarray]) -> Moments:
    """Return sum and sum of squares for each of (H, W, C) over all images of the batches."""
    count, total, squares = 0, None, None
    for batch in batches:
        wide = _wide(batch)
        one, two = wide.sum(axis=0), (wide * wide).sum(axis=0)
        total, squares = (one, two) if total is None else (total + one, squares + two)
        count += len(batch)
    return _moments(count, total, squares)


def of_channels(batches: Iterable[np.ndarray]) -> Moments:
    """Return the sum (C,) and the sum of outer products (C, C) over all pixels of the batches."""
    count, total, squares = 0, None, None
    for batch in batches:
        wide = _wide(batch).reshape(-1, batch.shape[-1])  # (pixels, C)
        one, two = wide.sum(axis=0), wide.T @ wide
        total, squares = (one, two) if total is None else (total + one, squares + two)
        count += len(wide)
    return _moments(count, total, squares)


def covariance(moments: Moments) -> np.ndarray:
    """Return the covariance (C, C) of ``of_channels``, float64.

    E[xy] - E[x]E[y] cancels badly in floats where the mean is large; with n * sum(xy) - sum(x) *
    sum(y) over Python's integers it is exact for integer pixels.
    """
    if moments.squares.dtype == object or moments.squares.dtype.kind in "iu":
        total, squares = moments.total.astype(object), moments.squares.astype(object)
        top = moments.count * squares - np.outer(total, total)
        return (top / moments.count**2).astype(np.float64)
    return moments.squares / moments.count - np.outer(moments.mean, moments.mean)


def variance(moments: Moments) -> np.ndarray:
    """Return the variance in the shape of ``of_pixels``' total, float64, exact for integers."""
    if moments.squares.dtype.kind in "iu":
        total, squares = moments.total.astype(object), moments.squares.astype(object)
        top = moments.count * squares - total * total
        return (top / moments.count**2).astype(np.float64)
    return np.maximum(moments.squares / moments.count - moments.mean**2, 0.0)


def _wide(batch: np.ndarray) -> np.ndarray:
    """Return integers as int64, whose products and sums are exact; floats as float64."""
    return batch.astype(np.int64 if batch.dtype.kind == "u" else np.float64)


def _moments(count: int, total: np.ndarray | None, squares: np.ndarray | None) -> Moments:
    if total is None or squares is None:
        raise StoreError(
            "the training part of the fold has no samples to fit a scaler on; look at "
            "split and train.folds"
        )
    return Moments(count, total, squares)
