"""Which of many 64-bit hashes differ in few bits: each against each, a tile of pairs at a time.

XOR and a count of bits take about a nanosecond a pair: the pairs of 100,000 hashes take seconds,
whatever the distance. Trees and indexes over parts of a hash (BK tree; Norouzi and others, "Fast
search in Hamming space with multi-index hashing", 2012) look at fewer pairs, but in Python at a
microsecond each, and for distances that matter here at many of them.
"""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

ROWS = 256
COLUMNS = 8192
"""Hashes a tile: its counts stay in the processor's cache."""


def clusters(hashes: np.ndarray, mirrored: np.ndarray, distance: int) -> np.ndarray:
    """Return the number of each hash's cluster, (N,) int: that of its first member.

    Two belong together if they differ in ``distance`` bits at most, one of them mirrored or not, or
    if a chain of such pairs leads from one to the other.

    Args:
        hashes: (N,) uint64.
        mirrored: (N,) uint64, of the same pictures turned left to right.
        distance: bits, 0 to 63.
    """
    count = len(hashes)
    cluster = np.arange(count)
    for top in range(0, count, ROWS):
        ends = [
            _pairs(ours[top : top + ROWS], hashes, top, distance) for ours in (hashes, mirrored)
        ]
        rows, columns = (np.concatenate(side) for side in zip(*ends, strict=True))
        cluster = _joined(cluster, rows + top, columns)
    return cluster


def _pairs(
    some: np.ndarray, hashes: np.ndarray, first: int, distance: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return which of ``some`` are near which of ``hashes`` from ``first`` on: positions."""
    rows, columns = [], []
    for left in range(first, len(hashes), COLUMNS):
        bits = np.bitwise_count(some[:, None] ^ hashes[None, left : left + COLUMNS])
        near = np.flatnonzero(bits <= distance)
        width = bits.shape[1]
        rows.append(near // width)
        columns.append(near % width + left)
    return np.concatenate(rows), np.concatenate(columns)


def _joined(cluster: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return the clusters after pairs were joined."""
    apart = cluster[rows] != cluster[columns]
    if not apart.any():
        return cluster
    count = len(cluster)
    ends = cluster[rows[apart]], cluster[columns[apart]]
    edges = coo_array((np.ones(len(ends[0]), np.int8), ends), shape=(count, count))
    number = connected_components(edges, directed=False)[1][cluster]
    first = np.full(number.max() + 1, count)
    np.minimum.at(first, number, np.arange(count))
    return first[number]
