"""Which of many 64-bit hashes differ in few bits: each against each, a tile of pairs at a time.

XOR and a count of bits take about a nanosecond a pair: the pairs of 100,000 hashes take seconds,
whatever the distance. Trees and indexes over parts of a hash (BK tree; Norouzi and others, "Fast
search in Hamming space with multi-index hashing", 2012) look at fewer pairs, but in Python at a
microsecond each, and for distances that matter here at many of them.
"""

import msgspec
import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

ROWS = 256
COLUMNS = 8192
"""Hashes a tile: its counts stay in the processor's cache."""
CONFIRMED = 48
"""Bits of 256 in which fine hashes of what looks alike differ at most; of others it is 56 up."""


class Hashes(msgspec.Struct, frozen=True):
    """Hashes of many pictures: (N,) uint64 that are searched, (N, 4) uint64 that confirm."""

    coarse: np.ndarray
    fine: np.ndarray


def clusters(upright: Hashes, mirrored: Hashes, distance: int) -> np.ndarray:
    """Return the number of each picture's cluster, (N,) int: that of its first member.

    Two belong together if their coarse hashes differ in ``distance`` bits at most and their fine
    ones in ``CONFIRMED``, one of them mirrored or not, or if a chain of such pairs leads from one
    to the other.

    Args:
        upright: of the pictures.
        mirrored: of the same pictures turned left to right.
        distance: bits of 64.
    """
    count = len(upright.coarse)
    cluster = np.arange(count)
    for top in range(0, count, ROWS):
        ends = [_pairs(ours, upright, top, distance) for ours in (upright, mirrored)]
        rows, columns = (np.concatenate(side) for side in zip(*ends, strict=True))
        cluster = join(cluster, rows, columns)
    return cluster


def _pairs(ours: Hashes, others: Hashes, top: int, distance: int) -> tuple[np.ndarray, np.ndarray]:
    """Return which of ``ROWS`` of ours, from ``top`` on, are near which others from there on."""
    some = ours.coarse[top : top + ROWS, None]
    rows, columns = [], []
    for left in range(top, len(others.coarse), COLUMNS):
        bits = np.bitwise_count(some ^ others.coarse[None, left : left + COLUMNS])
        near = np.flatnonzero(bits <= distance)
        row, column = near // bits.shape[1] + top, near % bits.shape[1] + left
        differ = np.bitwise_count(ours.fine[row] ^ others.fine[column]).sum(axis=1, dtype=np.int64)
        rows.append(row[differ <= CONFIRMED])
        columns.append(column[differ <= CONFIRMED])
    return np.concatenate(rows), np.concatenate(columns)


def join(cluster: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return the clusters (N,) after pairs were joined: ``rows`` with ``columns``, places in it."""
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
