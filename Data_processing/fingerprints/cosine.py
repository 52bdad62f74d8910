"""Which of many pictures a network finds alike: cosines of each with each, a tile at a time.

A direction is kept in whole numbers, ``STEPS`` to the length of one. A product of two of them is
then exact in float32 in whatever order it is summed, as no partial sum reaches 2**24: neither the
number of threads nor the library that multiplies enters who is alike.
"""

import numpy as np

from Data_processing.fingerprints.search import join

STEPS = 4000
"""Of 8,192 numbers the length of a rounded direction is below 4,046, its square below 2**24."""
ROWS = 1024
COLUMNS = 8192
"""Pictures a tile: 32 MiB of products."""


def rounded(features: np.ndarray) -> np.ndarray:
    """Return the directions of features (..., N, D), D up to 8,192, as int16 of ``STEPS``."""
    found = np.empty(features.shape, np.int16)
    for top in range(0, features.shape[-2], ROWS):  # in parts: as floats all would take four times
        some = features[..., top : top + ROWS, :].astype(np.float64)
        lengths = np.linalg.norm(some, axis=-1, keepdims=True)
        found[..., top : top + ROWS, :] = np.rint(some / np.maximum(lengths, 1e-30) * STEPS)
    return found


def clusters(views: np.ndarray, cosine: float) -> np.ndarray:
    """Return the number of each picture's cluster, (N,) int: that of its first member.

    Two belong together if the cosine between one of them, whole, and a view of the other is
    ``cosine`` at least, or if a chain of such pairs leads from one to the other.

    Args:
        views: (V, N, D) int16 as ``rounded`` gives, the first of the V views the whole pictures.
        cosine: above 0, at most 1.
    """
    count = views.shape[1]
    cluster = np.arange(count)
    for left in range(0, count, COLUMNS):
        whole = views[0, left : left + COLUMNS].astype(np.float32)
        for number, view in enumerate(views):
            stop = min(left + COLUMNS, count) if number == 0 else count  # whole ones: a pair once
            for top in range(0, stop, ROWS):
                rows, columns = _pairs(view[top : top + ROWS].astype(np.float32), whole, cosine)
                cluster = join(cluster, rows + top, columns + left)
    return cluster


def _pairs(some: np.ndarray, others: np.ndarray, cosine: float) -> tuple[np.ndarray, np.ndarray]:
    """Return which of (n, D) are near which of (m, D), two arrays of places."""
    ours, theirs = (np.linalg.norm(one.astype(np.float64), axis=1) for one in (some, others))
    products = some @ others.T  # (n, m)
    least = cosine * ours.min() * theirs.min()
    near = np.flatnonzero(products >= np.float32(least * (1 - 1e-6)))
    row, column = near // len(others), near % len(others)
    is_near = products[row, column] >= cosine * ours[row] * theirs[column] * (1 - 1e-12)
    return row[is_near], column[is_near]
