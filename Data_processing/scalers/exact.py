"""Sums that lose nothing: the same bits for any order, any blocks and any shards.

A float is cut at fixed powers of two into integers of 20 bits, as in Demmel and Nguyen 2015,
"Parallel reproducible summation", section 3; integers are summed as integers, a sum for each power
of two. Products of two such integers over 1024 rows stay below 2**53, so that a matrix product in
floats is exact too.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

ROWS = 1024
"""Rows that one product or sum in floats may join: 20 + 20 + 10 bits, and 7 + 7 + 10 for bytes."""
BITS = 20
PHASE = 4
"""Cuts are at 2**(4 + 20 k): most pixels and scaled values lie below 16, and need two integers."""
FULL = 2**62
OFFSETS = {"uint8": 128, "uint16": 32768}
"""What is taken from integers first, so that they are as small as can be."""


class Part(NamedTuple):
    """Integers, in floats, that stand for ``integers * 2**exponent``, none above ``bound``."""

    exponent: int
    integers: np.ndarray
    bound: int


class Sums:
    """Sums of integers times powers of two, in arrays of one shape."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        """Start at 0."""
        self.shape = shape
        self._sums: dict[int, np.ndarray] = {}  # by exponent, int64
        self._bound = 0  # of what any of them may hold

    @property
    def lowest(self) -> int:
        """The lowest exponent: all sums are multiples of 2**lowest."""
        return min(self._sums, default=0)

    def add(self, part: Part) -> None:
        """Add integers to the sum of their exponent."""
        self._make_room(part.bound)
        new = part.integers.astype(np.int64)
        old = self._sums.get(part.exponent)
        if old is None:
            self._sums[part.exponent] = new
        else:
            old += new

    def merge(self, other: "Sums") -> None:
        """Add all that ``other`` holds."""
        for exponent in sorted(other._sums):
            self.add(Part(exponent, other._sums[exponent], other._bound))

    def integers(self, base: int, row: int | None = None) -> np.ndarray:
        """Return the sums over 2**base, base <= lowest, as Python's integers; of a row, or all."""
        whole = np.zeros(self.shape if row is None else self.shape[1:], object)
        for exponent, sums in self._sums.items():
            part = sums if row is None else sums[row]
            whole = whole + (part.astype(object) << (exponent - base))
        return np.asarray(whole, object)

    def _make_room(self, bound: int) -> None:
        """Carry what is above 20 bits to the next exponent before a sum can overflow."""
        if self._bound + bound >= FULL:
            for exponent in sorted(self._sums):
                sums = self._sums[exponent]
                above = (sums + (sums < 0) * (2**BITS - 1)) >> BITS  # towards 0, or -1 stays -1
                sums -= above << BITS
                if above.any():
                    self._sums[exponent + BITS] = self._sums.get(exponent + BITS, 0) + above
            self._bound = FULL >> (BITS - 2)
        self._bound += bound


def parts(block: np.ndarray) -> tuple[Part, ...]:
    """Return finite values as integers times powers of two; the sum of the parts is exact.

    Args:
        block: uint8, uint16 (less `OFFSETS`), or floats.
    """
    if block.dtype == np.uint8:
        return (Part(0, block.astype(np.float32) - np.float32(128), 2**7),)
    if block.dtype == np.uint16:
        return (Part(0, block.astype(np.float64) - 32768.0, 2**15),)
    return tuple(_cut(block.astype(np.float64)))


def _cut(rest: np.ndarray) -> Iterator[Part]:
    top = float(np.abs(rest).max(initial=0.0))
    exponent = PHASE - BITS - BITS * ((PHASE - int(np.frexp(top)[1])) // BITS)
    while rest.any():
        integers = np.trunc(rest * 2.0**-exponent)
        if integers.any():
            yield Part(exponent, integers, 2**BITS)
            rest = rest - integers * 2.0**exponent
        exponent -= BITS
