"""Triplets: for each row one of its class, and one of another, or such as somebody chose."""

from collections.abc import Iterator
from typing import Protocol

import msgspec
import numpy as np
import torch

from Datasets.errors import StoreError
from Datasets.randomness import seed_for
from Datasets.tensors import Tensors
from Models.batch import Triplets, Unlabelled
from Models.loaders import APART
from Models.loading import Source, moved
from Models.orders import Order
from Models.part import Part, keys_of
from Models.views.draws import uniforms


class Chosen(msgspec.Struct, frozen=True):
    """Triplets that somebody chose: rows of the tensors' index, (n,) int64 each.

    ``labels`` (n,) int64 are those of ``data``, None where nobody knows them.
    """

    data: np.ndarray
    positive: np.ndarray
    negative: np.ndarray
    labels: np.ndarray | None = None


class Partners:
    """Draws a positive and a negative for rows of a part: a function of (seed, epoch, key) alone.

    A positive is a row of another sample of the class, all rows alike; where the class has one
    sample, another copy of it; where that has none, the row itself. A negative is a row of another
    class, all alike.
    """

    def __init__(self, part: Part, samples: np.ndarray) -> None:
        """Take the part, and which sample each of its rows is a copy of, (n,) of any kind.

        Raises:
            StoreError: all rows are of one class.
        """
        if len(np.unique(part.labels)) < 2:
            raise StoreError(
                "a triplet needs an image of another class, and the training part has one class "
                "alone; label images of another, or choose another train.framework"
            )
        numbers = np.unique(samples, return_inverse=True)[1]
        # Classes one after the other, and in a class the copies of a sample.
        self._order = np.lexsort((numbers, part.labels))
        self._place = np.empty(len(self._order), np.int64)
        self._place[self._order] = np.arange(len(self._order))
        labels, own = part.labels[self._order], numbers[self._order]
        self._class = _run(labels)
        self._sample = _run(labels * (own.max() + 1) + own)

    def drawn(self, positions: np.ndarray, draws: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the positions of positives and negatives, (N,) each.

        Args:
            positions: (N,) in the rows of the part.
            draws: (N, 2) in [0, 1).
        """
        place = self._place[positions]
        kin, own = self._class[place], self._sample[place]  # (N, 2): where a run begins, and ends
        one = np.stack([place, place + 1], axis=1)
        alone = (kin == own).all(axis=1)
        within = np.where(alone[:, None], own, kin)
        without = np.where(alone[:, None], one, own)
        positive = _between(within, without, draws[:, 0], place)
        everywhere = np.tile(np.array([0, len(self._order)]), (len(place), 1))
        negative = _between(everywhere, kin, draws[:, 1], place)
        return self._order[positive], self._order[negative]


class Trios(Protocol):
    """Triplets by their positions."""

    rows: np.ndarray  # all that may come, sorted

    def at(self, positions: np.ndarray, epoch: int) -> Chosen:
        """Return the triplets at ``positions`` in ``epoch``; an order counts on past the last."""
        ...

    def __len__(self) -> int:
        """Return how many there are."""
        ...


class Drawn:
    """A triplet for each row of a part, drawn anew each epoch."""

    def __init__(self, tensors: Tensors, part: Part, seed: int) -> None:
        """Take the part; ``seed`` is that of the order.

        Raises:
            StoreError: all rows are of one class.
        """
        self.rows = np.sort(part.rows)
        self._partners = Partners(part, tensors.index["id"].iloc[part.rows].to_numpy(str))
        self._part = part
        self._keys = keys_of(tensors, part.rows)
        self._seed = seed

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._part.rows)

    def at(self, positions: np.ndarray, epoch: int) -> Chosen:
        """Return the triplets at ``positions``: a function of (seed, epoch, key)."""
        times, places = np.divmod(positions, len(self))
        keys = torch.from_numpy(self._keys[places] + times * APART)
        draws = uniforms(seed_for(self._seed, "triplets", epoch), keys, 2).numpy()
        positive, negative = self._partners.drawn(places, draws)
        rows = self._part.rows
        return Chosen(rows[places], rows[positive], rows[negative], self._part.labels[places])


class Given:
    """Triplets that somebody chose."""

    def __init__(self, chosen: Chosen) -> None:
        """Take them."""
        self.rows = np.unique(np.concatenate([chosen.data, chosen.positive, chosen.negative]))
        self._chosen = chosen

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._chosen.data)

    def at(self, positions: np.ndarray, epoch: int) -> Chosen:
        """Return the triplets at ``positions``."""
        some, places = self._chosen, positions % len(self)
        labels = None if some.labels is None else some.labels[places]
        return Chosen(some.data[places], some.positive[places], some.negative[places], labels)


class TripletsLoader:
    """Batches of triplets, from any batch of an epoch on."""

    def __init__(self, tensors: Tensors, trios: Trios, order: Order, source: Source) -> None:
        """Take the triplets, and the order in which they come."""
        self._trios = trios
        self._keys = keys_of(tensors, trios.rows)
        self._order = order
        self._source = source
        self._epoch = 0
        self._first = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch, counted from 0, before it begins."""
        self._epoch = epoch
        self._order.set_epoch(epoch)

    def start_at(self, batch: int) -> None:
        """Let the next pass begin at ``batch``, counted from 0; those after it begin at 0."""
        self._first = batch

    def __len__(self) -> int:
        """Return the number of batches of a whole epoch."""
        return len(self._order)

    def __iter__(self) -> Iterator[Triplets]:
        """Yield the batches."""
        first, self._first = self._first, 0
        for positions in self._order.groups(first):
            three = self._trios.at(positions, self._epoch)
            labels = None if three.labels is None else moved(three.labels, self._source.device)
            # A partner's views differ by whose partner it is: it may come several times.
            own = self._keys_at(three.data) + positions // len(self._trios) * APART
            yield Triplets(
                self._images(three.data, own),
                self._images(three.positive, own ^ self._keys_at(three.positive)),
                self._images(three.negative, own ^ self._keys_at(three.negative)),
                labels,
            )

    def _keys_at(self, rows: np.ndarray) -> np.ndarray:
        return self._keys[np.searchsorted(self._trios.rows, rows)]

    def _images(self, rows: np.ndarray, keys: np.ndarray) -> Unlabelled:
        device = self._source.device
        return Unlabelled(self._source.images(rows), moved(rows, device), moved(keys, device))


def _run(values: np.ndarray) -> np.ndarray:
    """Return where the run of equal neighbours that each entry stands in begins and ends, (n, 2).

    >>> _run(np.array([4, 4, 1, 1, 1])).tolist()
    [[0, 2], [0, 2], [2, 5], [2, 5], [2, 5]]
    """
    starts = np.flatnonzero(np.r_[True, values[1:] != values[:-1]])
    ends = np.r_[starts[1:], len(values)]
    return np.repeat(np.stack([starts, ends], axis=1), ends - starts, axis=0)


def _between(
    within: np.ndarray, without: np.ndarray, draws: np.ndarray, else_: np.ndarray
) -> np.ndarray:
    """Return places in the ranges ``within`` (N, 2) but not in those inside them, ``without``."""
    skipped = without[:, 1] - without[:, 0]
    count = within[:, 1] - within[:, 0] - skipped
    found = within[:, 0] + (draws * count.astype(np.float64)).astype(np.int64)
    found += np.where(found >= without[:, 0], skipped, 0)
    return np.where(count > 0, found, else_)
