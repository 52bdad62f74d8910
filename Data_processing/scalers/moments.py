"""Moments in one exact pass over (N, H, W, C) batches.

Nothing is rounded before the end, so that no order of shards or batches changes a bit. Where a
channel of a pixel is not finite, the pixel holds no data, and enters no moment.
"""

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from Data_processing.scalers.exact import OFFSETS, ROWS, Part, Sums, parts
from Data_processing.scalers.holes import some, with_data

MOST = 2**14
"""Rows at a time: 2 * 2**20 * 2**20 * 2**14 leaves room in 64 bits, and many columns in memory."""


class Moments:
    """Sums over rows (n, ...) of values less ``offset``, and of their squares or products.

    ``count`` are the rows; or, where pixels may hold no data, how many did at each place.
    """

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype, products: bool) -> None:
        """Start at nothing.

        Args:
            shape: of a row; (D,) for products.
            dtype: of the rows.
            products: sum the products of all pairs, (D, D); else the squares.
        """
        self.count: int | np.ndarray = 0
        self.offset = OFFSETS.get(dtype.name, 0)
        self.total = Sums(shape)
        self.squares = Sums(shape * 2 if products else shape)

    def add(self, rows: np.ndarray, count: int | np.ndarray) -> None:
        """Add rows (n, ...); ``count`` of them hold data, the others are 0."""
        self.count = self.count + count
        for start in range(0, len(rows), MOST):
            self._add(rows[start : start + MOST])

    def merge(self, other: "Moments") -> None:
        """Add all that ``other``, of rows of the same shape and dtype, has seen."""
        self.count = self.count + other.count
        self.total.merge(other.total)
        self.squares.merge(other.squares)

    @property
    def mean(self) -> np.ndarray:
        """The mean of a row, float64, rounded once."""
        base = min(self.total.lowest, 0)
        count = self._counted() << -base
        return np.asarray((self.total.integers(base) + self.offset * count) / count, np.float64)

    def variance(self, row: int | None = None) -> np.ndarray:
        """Return the variance of each value of a row; or one row (D,) of the covariance; float64.

        E[xy] - E[x]E[y] cancels badly in floats where the mean is large; (n * sum(xy) - sum(x) *
        sum(y)) / n**2 over Python's integers is exact, and rounded once.
        """
        base = min(self.total.lowest, self.squares.lowest // 2, 0)
        total, count = self.total.integers(base), self._counted()
        one = total if row is None else total[row]
        top = count * self.squares.integers(2 * base, row) - one * total
        return np.asarray(top / (count * count << -2 * base), np.float64)

    def _counted(self) -> int | np.ndarray:
        """Return the count as Python's integers, and 1 for 0, as all sums are 0 there."""
        if isinstance(self.count, np.ndarray):
            return np.maximum(self.count, 1).astype(object)
        return max(self.count, 1)

    def _add(self, rows: np.ndarray) -> None:
        cut = parts(rows)
        for number, one in enumerate(cut):
            total = one.integers.sum(axis=0, dtype=np.float64)
            self.total.add(Part(one.exponent, total, one.bound * len(rows)))
            for other in cut[number:]:
                exponent, bound = one.exponent + other.exponent, one.bound * other.bound * len(rows)
                product = self._product(one.integers, other.integers, is_twice=other is not one)
                self.squares.add(Part(exponent, product, 2 * bound))

    def _product(self, one: np.ndarray, other: np.ndarray, is_twice: bool) -> np.ndarray:
        """Return the sum of squares or products, int64; of both orders of a pair ``is_twice``."""
        if self.squares.shape == self.total.shape:
            product = _by_blocks(lambda a, b: np.einsum("kn...,kn...->k...", a, b), one, other)
            return product * 2 if is_twice else product
        product = _by_blocks(lambda a, b: a.transpose(0, 2, 1) @ b, one, other)
        return product + product.T if is_twice else product


def _by_blocks(
    sums: Callable[[np.ndarray, np.ndarray], np.ndarray], one: np.ndarray, other: np.ndarray
) -> np.ndarray:
    """Return ``sums`` of (k, n, ...) pairs added up, n no more than a sum in floats may join."""
    whole = len(one) // ROWS * ROWS
    pairs = [(a[:whole].reshape(-1, ROWS, *a.shape[1:]), a[None, whole:]) for a in (one, other)]
    return sum(
        sums(a, b).astype(np.int64).sum(axis=0) for a, b in zip(*pairs, strict=True) if a.size
    )


def of_pixels(batches: Iterable[np.ndarray]) -> Moments:
    """Return the moments of each of (H, W, C) over all images of the batches."""
    moments = None
    for batch in batches:
        moments = moments or Moments(batch.shape[1:], batch.dtype, products=False)
        if batch.dtype.kind == "f":
            has_data = np.isfinite(batch).all(axis=3, keepdims=True)
            moments.add(np.where(has_data, batch, 0), has_data.sum(axis=0))
        else:
            moments.add(batch, len(batch))
    return some(moments)


def of_channels(batches: Iterable[np.ndarray]) -> Moments:
    """Return the sums (C,) and the sums of products (C, C) over all pixels of the batches."""
    return of_rows(batches, lambda batch: iter([batch.reshape(-1, batch.shape[-1])]))


def of_rows(
    batches: Iterable[np.ndarray], rows_of: Callable[[np.ndarray], Iterator[np.ndarray]]
) -> Moments:
    """Return the sums and the sums of products of the rows (n, D) that ``rows_of`` cuts a batch to.

    A row with a value that is not finite is left out.
    """
    moments = None
    for batch in batches:
        for rows in rows_of(batch):
            moments = moments or Moments(rows.shape[1:], batch.dtype, products=True)
            rows = with_data(rows)
            moments.add(rows, len(rows))
    return some(moments)


def covariance(moments: Moments) -> np.ndarray:
    """Return the covariance (D, D) of ``of_rows``, divided by the count, float64."""
    return np.stack([moments.variance(row) for row in range(moments.total.shape[0])])


def variance(moments: Moments) -> np.ndarray:
    """Return the variance (H, W, C) of ``of_pixels``, divided by the count, float64."""
    return moments.variance()
