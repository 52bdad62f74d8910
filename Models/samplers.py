"""Samplers: orders in which rows do not come equally often. Functions of (seed, epoch) alone.

As in ``Models.orders`` they deal in positions, 0 to n - 1, in the rows of a part. Where a position
comes again in an epoch, n is added to it, the next time 2 n, and so on: who draws for it must not
draw the same again. An epoch has as many rows as are asked for.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator

import numpy as np

from Datasets.errors import StoreError
from Datasets.params import nearest
from Datasets.randomness import seed_for
from Datasets.tensors import Tensors
from Models.ordering import Ordering
from Models.orders import Order, cuts, dealt
from Models.part import Part


class Sampled(ABC):
    """Base of all samplers: which positions come in an epoch of ``rows`` of them."""

    def __init__(self, n: int, batch: int, seed: int, rows: int) -> None:
        """Take ``n`` positions, of which at most ``batch`` stand in a group."""
        self._n = n
        self._rows = rows
        self._seed = seed
        self._epoch = 0
        self._cuts = cuts(rows, batch)

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch, counted from 0, before it begins."""
        self._epoch = epoch

    def __len__(self) -> int:
        """Return the number of groups."""
        return len(self._cuts) - 1

    def groups(self, first: int = 0) -> Iterator[np.ndarray]:
        """Yield the groups of this epoch from number ``first`` on."""
        rng = np.random.default_rng(seed_for(self._seed, "sampled", self._epoch))
        drawn = self._drawn(rng)[: self._rows]
        yield from dealt(drawn + times_before(drawn) * self._n, self._cuts, first)

    def ahead(self, first: int = 0) -> Iterator[list[np.ndarray]]:
        """Yield nothing to read in advance: what comes next lies anywhere."""
        yield from ([] for _ in range(first, len(self)))

    @abstractmethod
    def _drawn(self, rng: np.random.Generator) -> np.ndarray:
        """Return at least ``rows`` positions in [0, n)."""


class Balanced(Sampled):
    """Every kind equally often, and within a kind every row equally often, to within one each.

    Among as many neighbours as there are kinds each kind stands once. ``kinds`` (n,) int64.
    """

    def __init__(self, kinds: np.ndarray, batch: int, seed: int, rows: int) -> None:
        """Take the kind of each position."""
        super().__init__(len(kinds), batch, seed, rows)
        self._members = members(kinds)

    def _drawn(self, rng: np.random.Generator) -> np.ndarray:
        rounds = -(-self._rows // len(self._members))
        columns = [passes(one, rounds, rng) for one in self._members]
        return rng.permuted(np.stack(columns, axis=1), axis=1).reshape(-1)


class Weighted(Sampled):
    """Every position drawn anew by its weight, with replacement. ``weights`` (n,), not negative."""

    def __init__(self, weights: np.ndarray, batch: int, seed: int, rows: int) -> None:
        """Take the weight of each position."""
        super().__init__(len(weights), batch, seed, rows)
        self._shares = weights / weights.sum()

    def _drawn(self, rng: np.random.Generator) -> np.ndarray:
        return rng.choice(self._n, self._rows, p=self._shares)


class Grouped(Sampled):
    """``each`` rows of one kind, then of another: P kinds times K rows a group.

    For losses that compare rows with others of their kind (Hermans and others, "In Defense of the
    Triplet Loss", 2017, https://arxiv.org/abs/1703.07737, section 2). All kinds come equally often;
    a kind of fewer than ``each`` rows gives some of them again. ``kinds`` (n,) int64.
    """

    def __init__(self, kinds: np.ndarray, batch: int, seed: int, rows: int, each: int) -> None:
        """Take the kind of each position. A group has a multiple of ``each`` rows."""
        whole = max(1, batch // each) * each
        super().__init__(len(kinds), whole, seed, -(-rows // whole) * whole)
        self._cuts = list(range(0, self._rows + 1, whole))
        self._members = members(kinds)
        self._each = each

    def _drawn(self, rng: np.random.Generator) -> np.ndarray:
        rounds = -(-self._rows // (len(self._members) * self._each))
        columns = [passes(one, rounds * self._each, rng) for one in self._members]
        runs = np.stack(columns).reshape(len(columns), rounds, self._each).swapaxes(0, 1)
        return np.concatenate([rng.permutation(round_).reshape(-1) for round_ in runs])


def sampled(ordering: Ordering, tensors: Tensors, part: Part, batch: int, seed: int) -> Order:
    """Return the sampler that is asked for, of the rows of ``part``.

    Args:
        ordering: which, and what it goes by.
        tensors: where the rows are.
        part: the training part.
        batch: rows a group, at most.
        seed: of the order.

    Raises:
        StoreError: a weight of a class that is none, or no weight above 0.
    """
    sampling = ordering.sampling
    rows = sampling.rows or len(part.rows)
    if ordering.order == "weighted":
        weights = weights_of(sampling.weights, tensors.store.about.classes, part)
        return Weighted(weights, batch, seed, rows)
    kinds = kinds_of(tensors, part, sampling.by)
    if ordering.order == "grouped":
        return Grouped(kinds, batch, seed, rows, sampling.each)
    return Balanced(kinds, batch, seed, rows)


def kinds_of(tensors: Tensors, part: Part, by: str) -> np.ndarray:
    """Return a number for each row's label, group or data set, (n,) int64."""
    if by == "label":
        return part.labels
    index = tensors.index.iloc[part.rows]
    said = index[by]
    if by == "group":  # a copy is of its sample's kind
        said = ("group\0" + said).where(said.notna(), "sample\0" + index["id"])
    return np.unique(said.to_numpy(str), return_inverse=True)[1].astype(np.int64)


def weights_of(weights: dict[str, float], classes: tuple[str, ...], part: Part) -> np.ndarray:
    """Return the weight of each row, that of its class, (n,).

    Raises:
        StoreError: a class is none of ``classes``, or no row has a weight above 0.
    """
    where = "params.yaml: train.sampling.weights"
    for name in weights:
        if name not in classes:
            raise StoreError(f"{where}: unknown class '{name}'; {nearest(name, classes)}")
    of_rows = np.array([weights.get(name, 1.0) for name in classes])[part.labels]
    if not of_rows.sum():
        raise StoreError(f"{where}: no class has a weight above 0; give one to some")
    return of_rows


def members(kinds: np.ndarray) -> list[np.ndarray]:
    """Return the positions of each kind that there is, in the order of kinds."""
    return [np.flatnonzero(kinds == kind) for kind in np.unique(kinds)]


def passes(positions: np.ndarray, length: int, rng: np.random.Generator) -> np.ndarray:
    """Return ``length`` of ``positions``: over and over, each pass in an order of its own."""
    again = -(-length // len(positions))
    whole = np.tile(positions, (again, 1))
    return rng.permuted(whole, axis=1).reshape(-1)[:length]


def times_before(drawn: np.ndarray) -> np.ndarray:
    """Return how often each entry stood before it.

    >>> times_before(np.array([7, 3, 7, 7, 3])).tolist()
    [0, 0, 1, 2, 1]
    """
    order = np.argsort(drawn, kind="stable")
    values = drawn[order]
    starts = np.flatnonzero(np.r_[True, values[1:] != values[:-1]])
    counts = np.diff(np.r_[starts, len(values)])
    times = np.empty(len(drawn), np.int64)
    times[order] = np.arange(len(drawn)) - np.repeat(starts, counts)
    return times
