"""Orders: which rows stand in which batch of an epoch. Functions of (seed, epoch) alone.

An order deals in positions, 0 to n - 1, in the rows of a part (``Repeated`` counts on). Any batch
of an epoch can be asked for first: a run that was broken off goes on at the batch that it had not
consumed.
"""

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from Datasets.randomness import seed_for
from Models.ordering import Ordering

WINDOW = 8
"""Blocks whose rows are mixed with each other. A constant: it changes the order."""


class Order(Protocol):
    """Positions in groups, a group a batch."""

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch, counted from 0, before it begins."""
        ...

    def __len__(self) -> int:
        """Return the number of groups."""
        ...

    def groups(self, first: int = 0) -> Iterator[np.ndarray]:
        """Yield the groups of this epoch from number ``first`` on."""
        ...

    def ahead(self, first: int = 0) -> Iterator[list[np.ndarray]]:
        """Yield, for each group from number ``first`` on, runs of positions to read in advance."""
        ...


class InOrder:
    """Positions 0 to n - 1 in groups of ``batch``, as they stand; the last may be shorter."""

    def __init__(self, n: int, batch: int) -> None:
        self._n = n
        self._batch = batch

    def set_epoch(self, epoch: int) -> None:
        """Do nothing: every epoch is the same."""

    def __len__(self) -> int:
        """Return the number of groups."""
        return -(-self._n // self._batch)

    def groups(self, first: int = 0) -> Iterator[np.ndarray]:
        """Yield the groups from number ``first`` on."""
        for start in range(first * self._batch, self._n, self._batch):
            yield np.arange(start, min(start + self._batch, self._n))

    def ahead(self, first: int = 0) -> Iterator[list[np.ndarray]]:
        """Yield nothing to read in advance: the system sees that reading goes forward."""
        yield from ([] for _ in range(first, len(self)))


class Shuffled:
    """Positions 0 to n - 1 in an order that depends on (seed, epoch) alone.

    The groups differ in length by one at most: batch normalisation cannot learn from the one
    sample that might be left over.
    """

    def __init__(self, n: int, batch: int, seed: int) -> None:
        self._n = n
        self._seed = seed
        self._epoch = 0
        self._cuts = cuts(n, batch)

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch, counted from 0, before it begins."""
        self._epoch = epoch

    def __len__(self) -> int:
        """Return the number of groups."""
        return len(self._cuts) - 1

    def groups(self, first: int = 0) -> Iterator[np.ndarray]:
        """Yield the groups of this epoch from number ``first`` on."""
        rng = np.random.default_rng(seed_for(self._seed, "order", self._epoch))
        yield from dealt(rng.permutation(self._n), self._cuts, first)

    def ahead(self, first: int = 0) -> Iterator[list[np.ndarray]]:
        """Yield nothing to read in advance: what comes next lies anywhere."""
        yield from ([] for _ in range(first, len(self)))


class BlockShuffled:
    """Positions 0 to n - 1, neighbours near each other, an order of (seed, epoch) alone.

    Blocks of ``block`` neighbours are shuffled; then the rows of ``WINDOW`` blocks at a time. What
    is read at a time are whole blocks, two windows of them. The groups are as in ``Shuffled``.
    """

    def __init__(self, n: int, batch: int, seed: int, block: int) -> None:
        self._n = n
        self._seed = seed
        self._block = block
        self._epoch = 0
        self._cuts = cuts(n, batch)

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch, counted from 0, before it begins."""
        self._epoch = epoch

    def __len__(self) -> int:
        """Return the number of groups."""
        return len(self._cuts) - 1

    def groups(self, first: int = 0) -> Iterator[np.ndarray]:
        """Yield the groups of this epoch from number ``first`` on."""
        order = np.concatenate([self._mixed(i, runs) for i, runs in enumerate(self._windows())])
        yield from dealt(order, self._cuts, first)

    def ahead(self, first: int = 0) -> Iterator[list[np.ndarray]]:
        """Yield the blocks of a window when the one before it begins; of two at the start."""
        windows = self._windows()
        ends = np.cumsum([sum(map(len, runs)) for runs in windows])
        asked = int(np.searchsorted(ends, self._cuts[first], "right"))
        for end in self._cuts[first + 1 :]:
            begun = int(np.searchsorted(ends, end - 1, "right"))
            until = max(asked, min(begun + 2, len(windows)))
            yield [run for runs in windows[asked:until] for run in runs]
            asked = until

    def _windows(self) -> list[list[np.ndarray]]:
        """Return the blocks of each window, a block a run of positions."""
        rng = np.random.default_rng(seed_for(self._seed, "blocks", self._epoch))
        starts = rng.permutation(-(-self._n // self._block)) * self._block
        runs = [np.arange(i, min(i + self._block, self._n)) for i in starts.tolist()]
        return [runs[i : i + WINDOW] for i in range(0, len(runs), WINDOW)]

    def _mixed(self, window: int, runs: list[np.ndarray]) -> np.ndarray:
        rng = np.random.default_rng(seed_for(self._seed, "window", self._epoch, window))
        return rng.permutation(np.concatenate(runs))


class Repeated:
    """Positions 0 to n - 1 over and over, each pass in an order of its own, ``batch`` a group.

    An epoch has as many groups as are asked for, wherever in a pass it ends. A function of (seed,
    epoch) alone. In the second pass n is added to each position, in the third 2 n, and so on: who
    draws for them must not draw the same again.
    """

    def __init__(self, n: int, batch: int, seed: int, groups: int) -> None:
        self._n = n
        self._batch = batch
        self._seed = seed
        self._groups = groups
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch, counted from 0, before it begins."""
        self._epoch = epoch

    def __len__(self) -> int:
        """Return the number of groups."""
        return self._groups

    def groups(self, first: int = 0) -> Iterator[np.ndarray]:
        """Yield the groups of this epoch from number ``first`` on."""
        number, skipped = divmod(first * self._batch, self._n)
        left = self._pass(number)[skipped:]
        for _ in range(first, self._groups):
            while len(left) < self._batch:
                number += 1
                left = np.concatenate([left, self._pass(number)])
            yield left[: self._batch]
            left = left[self._batch :]

    def ahead(self, first: int = 0) -> Iterator[list[np.ndarray]]:
        """Yield nothing to read in advance: what comes next lies anywhere."""
        yield from ([] for _ in range(first, len(self)))

    def _pass(self, number: int) -> np.ndarray:
        rng = np.random.default_rng(seed_for(self._seed, "pass", self._epoch, number))
        return rng.permutation(self._n) + number * self._n


def shuffled(ordering: Ordering, n: int, batch: int, seed: int) -> Order:
    """Return an order of ``n`` positions, each once, at most ``batch`` of them a group."""
    if ordering.order == "blocks":
        return BlockShuffled(n, batch, seed, ordering.block)
    return Shuffled(n, batch, seed)


def dealt(order: np.ndarray, cuts: list[int], first: int) -> Iterator[np.ndarray]:
    """Yield the groups of an order from number ``first`` on, cut at ``cuts``."""
    for start, end in zip(cuts[first:-1], cuts[first + 1 :], strict=True):
        yield order[start:end]


def cuts(n: int, batch: int) -> list[int]:
    """Return where groups begin and end: no more than ``batch`` each, equal but for one."""
    groups = -(-n // batch)
    short, longer = divmod(n, groups)
    return [number * short + min(number, longer) for number in range(groups + 1)]
