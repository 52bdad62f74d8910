"""Exact quartiles of each channel, by counting: the same for any order, blocks and shards.

Each value has a whole number that rises as it does: uint8 and uint16 are their own, a float32's has
32 bits. A first pass counts the upper 16 of them. Whole pixels need no other. Of floats, a second
pass counts the lower 16 bits of those values whose upper ones a quartile fell on.
"""

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from Data_processing.scalers.holes import some, with_data

BINS = 2**16
SIGN = np.uint32(2**31)


class Counts:
    """How often each number below `BINS` was seen in each channel: ``seen`` (C, BINS), int64."""

    def __init__(self, seen: np.ndarray) -> None:
        """Take the counts."""
        self.seen = seen

    @property
    def count(self) -> int:
        """How many pixels were counted."""
        return int(self.seen[0].sum())

    def merged(self, other: "Counts") -> "Counts":
        """Return the counts of both."""
        return Counts(self.seen + other.seen)


def quartiles(batches: Callable[[], Iterator[np.ndarray]]) -> np.ndarray:
    """Return the first, second and third quartile of each channel, (3, C) float64.

    Between two values they are interpolated linearly, as numpy does by default. A pixel with a
    value that is not finite is left out.

    Args:
        batches: starts a pass over (N, H, W, C) batches of uint8, uint16 or float32.
    """
    upper = counted(batches())
    last = upper.count - 1
    below, quarters = np.divmod(last * np.arange(1, 4), 4)  # (3,): positions, and what is left
    above = np.minimum(below + 1, last)
    found = np.stack([_at(upper.seen, below), _at(upper.seen, above)])  # (2, 3, C)
    if next(batches()).dtype.kind == "f":
        before = np.cumsum(upper.seen, axis=1) - upper.seen
        lower = _lower(batches(), found)
        rest = np.empty_like(found)
        for place in np.ndindex(*found.shape):
            head, channel = int(found[place]), place[2]
            rank = (below, above)[place[0]][place[1]] - before[channel, head]
            rest[place] = _at(lower[channel, head][None], np.array([rank]))[0, 0]
        low, high = _floats((found << 16 | rest).astype(np.uint32))
    else:
        low, high = found.astype(np.float64)
    return np.asarray(low + (high - low) * (quarters / 4)[:, None])


def counted(batches: Iterable[np.ndarray]) -> Counts:
    """Return how often each value was seen; of floats, each upper half of its number."""
    found = None
    for batch in batches:
        numbers = _numbers(with_data(batch.reshape(-1, batch.shape[3])))
        if batch.dtype.kind == "f":
            numbers = numbers >> 16
        one = Counts(np.stack([np.bincount(channel, minlength=BINS) for channel in numbers.T]))
        found = one if found is None else found.merged(one)
    return some(found)


def _lower(batches: Iterable[np.ndarray], heads: np.ndarray) -> dict[tuple[int, int], np.ndarray]:
    """Return the counts (BINS,) of lower halves by channel and upper half in ``heads`` (.., C)."""
    counts = {
        (channel, int(head)): np.zeros(BINS, np.int64)
        for channel in range(heads.shape[-1])
        for head in np.unique(heads[..., channel])
    }
    for batch in batches:
        numbers = _numbers(with_data(batch.reshape(-1, batch.shape[3])))
        for (channel, head), seen in counts.items():
            own = numbers[numbers[:, channel] >> 16 == head, channel]
            seen += np.bincount(own & (BINS - 1), minlength=BINS)
    return counts


def _at(seen: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Return which numbers stand at ``positions`` of all that were seen, in order, (n, C)."""
    so_far = np.cumsum(seen, axis=1)
    return np.stack([np.searchsorted(one, positions, side="right") for one in so_far], axis=1)


def _numbers(rows: np.ndarray) -> np.ndarray:
    """Return whole numbers that rise as the values do; the bits of a float32, the sign turned."""
    if rows.dtype.kind != "f":
        return rows
    bits = rows.astype(np.float32).view(np.uint32)
    return np.where(bits & SIGN, ~bits, bits | SIGN)


def _floats(numbers: np.ndarray) -> np.ndarray:
    """Return what ``_numbers`` was given, float64."""
    bits = np.where(numbers & SIGN, numbers & ~SIGN, ~numbers)
    return bits.view(np.float32).astype(np.float64)
