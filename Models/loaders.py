"""Loaders: the batches of an epoch, gathered a batch at a time, from any batch on.

There are no workers: they would cost more than they bring. A loader's whole state is the epoch, and
how many batches of it were consumed.
"""

from collections.abc import Callable, Iterator
from typing import Generic, Protocol, TypeVar

import numpy as np

from Datasets.tensors import Tensors
from Models.batch import Batch, Joined, Unlabelled
from Models.loading import Mapped, Source, moved
from Models.orders import InOrder, Order
from Models.part import Part, keys_of

APART = np.int64(0x1E3779B97F4A7C15)
"""Between the keys of a row that an epoch sees several times: each time it draws anew."""

EVALUATED_AT_ONCE = 256
"""Rows a batch where nothing is learned. A constant: it changes the order of sums."""

B = TypeVar("B")
B_co = TypeVar("B_co", covariant=True)


class Loader(Protocol[B_co]):
    """Batches, anew for each epoch."""

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch, counted from 0, before it begins."""
        ...

    def start_at(self, batch: int) -> None:
        """Let the next pass begin at ``batch``, counted from 0; those after it begin at 0."""
        ...

    def __len__(self) -> int:
        """Return the number of batches of a whole epoch."""
        ...

    def __iter__(self) -> Iterator[B_co]:
        """Yield the batches."""
        ...


class RowsLoader(Generic[B]):
    """Batches of some rows of the tensors: their images, made a batch by ``batch_of``."""

    def __init__(
        self,
        tensors: Tensors,
        rows: np.ndarray,
        order: Order,
        source: Source,
        batch_of: Callable[[np.ndarray, Unlabelled], B],
    ) -> None:
        """Take the rows.

        Args:
            tensors: where the rows are.
            rows: (n,) int64.
            order: which of them, by their places in ``rows``, stand in which batch.
            source: where the images come from.
            batch_of: makes a batch of the places of its rows, (N,) int64, and their images.
        """
        self._rows = rows
        self._order = order
        self._source = source
        self._batch_of = batch_of
        self._keys = keys_of(tensors, rows)
        self._first = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch, counted from 0, before it begins."""
        self._order.set_epoch(epoch)

    def start_at(self, batch: int) -> None:
        """Let the next pass begin at ``batch``, counted from 0; those after it begin at 0."""
        self._first = batch

    def __len__(self) -> int:
        """Return the number of batches of a whole epoch."""
        return len(self._order)

    def __iter__(self) -> Iterator[B]:
        """Yield the batches."""
        first, self._first = self._first, 0
        device = self._source.device
        for chosen, runs in zip(self._order.groups(first), self._order.ahead(first), strict=True):
            for run in runs:
                self._source.will_need(self._rows[run])
            times, places = np.divmod(chosen, len(self._rows))
            rows = self._rows[places]
            images = self._source.images(rows)
            keys = moved(self._keys[places] + times * APART, device)
            yield self._batch_of(places, Unlabelled(images, moved(rows, device), keys))


def labelled(tensors: Tensors, part: Part, order: Order, source: Source) -> RowsLoader[Batch]:
    """Return batches of a part, with its labels."""

    def with_labels(chosen: np.ndarray, images: Unlabelled) -> Batch:
        labels = moved(part.labels[chosen], source.device)
        return Batch(images.images, labels, images.rows, images.keys)

    return RowsLoader(tensors, part.rows, order, source, with_labels)


def unlabelled(
    tensors: Tensors, rows: np.ndarray, order: Order, source: Source
) -> RowsLoader[Unlabelled]:
    """Return batches of rows whose labels nobody reads."""
    return RowsLoader(tensors, rows, order, source, lambda chosen, images: images)


class JoinedLoader:
    """Batches of two loaders of one length, joined."""

    def __init__(self, first: Loader[Batch], second: Loader[Unlabelled]) -> None:
        self._labelled = first
        self._unlabelled = second

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch, counted from 0, before it begins."""
        self._labelled.set_epoch(epoch)
        self._unlabelled.set_epoch(epoch)

    def start_at(self, batch: int) -> None:
        """Let the next pass begin at ``batch``, counted from 0; those after it begin at 0."""
        self._labelled.start_at(batch)
        self._unlabelled.start_at(batch)

    def __len__(self) -> int:
        """Return the number of batches of a whole epoch."""
        return len(self._labelled)

    def __iter__(self) -> Iterator[Joined]:
        """Yield the batches."""
        return map(Joined, self._labelled, self._unlabelled)


class AloneLoader:
    """Joined batches of a loader, nobody of them without a label."""

    def __init__(self, labelled: Loader[Batch]) -> None:
        """Take the loader."""
        self._labelled = labelled

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch, counted from 0, before it begins."""
        self._labelled.set_epoch(epoch)

    def start_at(self, batch: int) -> None:
        """Let the next pass begin at ``batch``, counted from 0; those after it begin at 0."""
        self._labelled.start_at(batch)

    def __len__(self) -> int:
        """Return the number of batches of a whole epoch."""
        return len(self._labelled)

    def __iter__(self) -> Iterator[Joined]:
        """Yield the batches."""
        for batch in self._labelled:
            yield Joined(batch, Unlabelled(batch.images[:0], batch.rows[:0], batch.keys[:0]))


def in_order(tensors: Tensors, part: Part, source: Source | None = None) -> Loader[Batch]:
    """Return the batches of a part in which nothing is learned."""
    order = InOrder(len(part.rows), EVALUATED_AT_ONCE)
    return labelled(tensors, part, order, source or Mapped(tensors))
