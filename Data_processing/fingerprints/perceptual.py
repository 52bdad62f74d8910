"""Hashes of what a picture looks like: pictures that look alike differ in few of their bits.

The 8 x 8 lowest frequencies but the constant ones, above or below their median, of the picture in
32 x 32 cells of gray (C. Zauner, "Implementation and benchmarking of perceptual image hash
functions", 2010, section 3.2), and the same of 16 x 16: the 64 bits of the first are quickly
searched, the 256 of the second tell what only seemed alike. In whole numbers throughout, so that no
processor rounds otherwise.
"""

from functools import lru_cache
from typing import NamedTuple

import msgspec
import numpy as np

CELLS = 32
COARSE, FINE = 8, 16
"""Frequencies along a side: of the hash that is searched, and of the one that confirms."""
FINE_BYTES = FINE * FINE // 8
LUMA = (299, 587, 114)
"""Thousandths of red, green and blue (ITU-R BT.601)."""
FLAT = 2
"""Gray levels of 256 between the darkest and the lightest cell; with fewer nothing is seen."""
_FINE = 256
"""Parts of a gray level that cells are told apart by."""


class Hash(msgspec.Struct, frozen=True):
    """The 64 bits that are searched, and the 256 that confirm, 32 bytes."""

    coarse: int
    fine: bytes


class Looks(msgspec.Struct, frozen=True):
    """The hash of a picture, and that of the picture turned left to right."""

    upright: Hash
    mirrored: Hash


def looks_of(pixels: np.ndarray) -> Looks | None:
    """Return the hashes of a picture, or None where it is flat: all flat ones look alike.

    Args:
        pixels: (H, W, C), of any channels and dtype. Of three channels and more the first three
            are red, green, blue; of others the first counts.
    """
    cells = _gray(_cells(_whole(pixels)))
    if cells.max() - cells.min() < FLAT * _FINE:
        return None
    waves = _waves()
    found = waves @ cells @ waves.T  # (16, 16): down, across
    mirror = np.where(np.arange(1, FINE + 1) % 2, -1, 1)  # odd waves change their sign
    return Looks(_hash(found), _hash(found * mirror))


@lru_cache(maxsize=1)
def _waves() -> np.ndarray:
    """Return the cosine waves of frequencies 1 to 16 over the cells, (16, 32) int64 of 4096."""
    phases = np.outer(np.arange(1, FINE + 1), 2 * np.arange(CELLS) + 1)
    return np.rint(np.cos(np.pi * phases / (2 * CELLS)) * 4096).astype(np.int64)


def _whole(pixels: np.ndarray) -> np.ndarray:
    """Return the values as whole numbers: bytes as they are, others stretched to 16 bits."""
    if pixels.dtype == np.uint8:
        return pixels
    every = np.nan_to_num(pixels.astype(np.float64), posinf=0.0, neginf=0.0)
    low, high = every.min(), every.max()
    return np.rint((every - low) * (65535 / max(high - low, 1e-30))).astype(np.uint16)


def _cells(values: np.ndarray) -> np.ndarray:
    """Return the mean of each cell as gray levels of 0 to 255 times ``_FINE``, (32, 32, C) int64.

    A cell has one pixel at least.
    """
    height, width = values.shape[:2]
    rows, columns = _bounds(height), _bounds(width)
    ends = rows.starts + rows.counts
    bands = [  # five times faster than reduceat
        values[start:end].sum(axis=0, dtype=np.uint32)
        for start, end in zip(rows.starts.tolist(), ends.tolist(), strict=True)
    ]
    sums = np.add.reduceat(np.stack(bands), columns.starts, axis=1, dtype=np.int64)
    counts = np.outer(rows.counts, columns.counts)[:, :, None]
    return sums * _FINE // (counts * (1 if values.dtype == np.uint8 else 257))


def _gray(cells: np.ndarray) -> np.ndarray:
    """Return (32, 32) of (32, 32, C), int64."""
    if cells.shape[2] < len(LUMA):
        gray: np.ndarray = cells[:, :, 0]
        return gray
    return cells[:, :, : len(LUMA)] @ np.array(LUMA) // sum(LUMA)


class _Bounds(NamedTuple):
    """Where each cell begins along a side, and how many pixels it has, both (32,)."""

    starts: np.ndarray
    counts: np.ndarray


@lru_cache(maxsize=256)
def _bounds(side: int) -> _Bounds:
    edges = np.arange(CELLS + 1) * side // CELLS
    half = CELLS // 2
    edges[half + 1 :] = side - edges[:half][::-1]  # the same from either end, for mirrored pictures
    # Of a side shorter than the cells some share a pixel: the one at the start.
    return _Bounds(np.minimum(edges[:-1], side - 1), np.maximum(np.diff(edges), 1))


def _hash(found: np.ndarray) -> Hash:
    return Hash(int.from_bytes(_bits(found[:COARSE, :COARSE]), "big"), _bits(found))


def _bits(found: np.ndarray) -> bytes:
    """Return for each frequency whether it is above the median, packed."""
    ordered = np.sort(found, axis=None)
    half = found.size // 2
    return np.packbits(2 * found > ordered[half - 1] + ordered[half]).tobytes()
