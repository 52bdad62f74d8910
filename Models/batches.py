"""Batches of stacked tensors: the fold says who is in them, (seed, epoch) in which order."""

from collections.abc import Iterator

import msgspec
import numpy as np
import pandas as pd
import torch
from torch import Tensor

from Datasets.errors import StoreError
from Datasets.randomness import seed_for
from Datasets.splits import Folds
from Datasets.splits import Part as PartName
from Datasets.tensors import Tensors

EVALUATED_AT_ONCE = 256
"""Rows a batch where nothing is learned. A constant: it changes the order of sums."""


class Part(msgspec.Struct, frozen=True):
    """Who trains, validates or tests.

    ``rows`` (n,) of the tensors' index, with ``labels`` (n,) int64. ``left_out`` counts the
    samples of the part that have no label, or several.
    """

    rows: np.ndarray
    labels: np.ndarray
    left_out: int


def part_of(tensors: Tensors, folds: Folds, part: PartName, fold: int) -> Part:
    """Return a part of ``fold``: of the training part all copies, of the others copy 0.

    Raises:
        StoreError: the fold does not exist, or no sample of the part has exactly one label.
    """
    index = tensors.index
    inside = folds.part(index["id"], part, fold)
    if part != "train":
        inside &= index["copy"].to_numpy() == 0
    single = (index["has_labels"] & (index["labels"].str.len() == 1)).to_numpy(bool)
    rows = np.flatnonzero(inside & single)
    left_out = index.loc[inside & ~single, "id"].nunique()
    if not len(rows):
        raise StoreError(
            f"the {part} part of fold {fold} has no sample with exactly one label ({left_out} have "
            "none or several), and the network learns one an image; label more images, lower "
            "split.n_folds, or make each object a sample by `samples: box` of the data set"
        )
    code_of = {name: code for code, name in enumerate(tensors.store.about.classes)}
    labels = np.array([code_of[names[0]] for names in index["labels"].iloc[rows]], np.int64)
    return Part(rows, labels, int(left_out))


def require_all_classes(part: Part, classes: tuple[str, ...], fold: int) -> None:
    """Check that a training part has samples of every class.

    Raises:
        StoreError: it lacks some; they are named.
    """
    lacking = [name for code, name in enumerate(classes) if not (part.labels == code).any()]
    if lacking:
        raise StoreError(
            f"the training part of fold {fold} has no sample of {len(lacking)} classes: "
            f"{', '.join(lacking[:10])}; use split.scheme stratified, add images of them, or take "
            "them out of the annotations"
        )


class Batch(msgspec.Struct, frozen=True):
    """Images as stored, (N, H, W, C), and labels (N,) int64."""

    images: Tensor
    labels: Tensor

    def to(self, device: torch.device) -> "Batch":
        """Return the batch on ``device``, still as stored: a quarter of what float32 would move."""
        return Batch(self.images.to(device), self.labels.to(device))


class InOrder:
    """Positions 0 to n - 1 in groups of at most ``batch``, as they stand."""

    def __init__(self, n: int, batch: int) -> None:
        self._groups = np.split(np.arange(n), range(batch, n, batch))

    def set_epoch(self, epoch: int) -> None:
        """Do nothing: every epoch is the same."""

    def __len__(self) -> int:
        """Return the number of groups."""
        return len(self._groups)

    def __iter__(self) -> Iterator[np.ndarray]:
        """Yield the groups."""
        return iter(self._groups)


class Shuffled:
    """Positions 0 to n - 1 in an order that depends on (seed, epoch) alone.

    The groups differ in length by one at most: batch normalisation cannot learn from the one
    sample that might be left over.
    """

    def __init__(self, n: int, batch: int, seed: int) -> None:
        self._n = n
        self._groups = -(-n // batch)
        self._seed = seed
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch, counted from 0, before it begins."""
        self._epoch = epoch

    def __len__(self) -> int:
        """Return the number of groups."""
        return self._groups

    def __iter__(self) -> Iterator[np.ndarray]:
        """Yield the groups of this epoch."""
        order = np.random.default_rng(seed_for(self._seed, "order", self._epoch)).permutation(
            self._n
        )
        return iter(np.array_split(order, self._groups))


class Loader:
    """Batches of one part, gathered a batch at a time; a worker would cost more than it brings."""

    def __init__(self, tensors: Tensors, part: Part, order: InOrder | Shuffled) -> None:
        self._tensors = tensors
        self._part = part
        self.order = order

    def __len__(self) -> int:
        """Return the number of batches."""
        return len(self.order)

    def __iter__(self) -> Iterator[Batch]:
        """Yield the batches."""
        for chosen in self.order:
            images = self._tensors.gather(self._part.rows[chosen])
            yield Batch(torch.from_numpy(images), torch.from_numpy(self._part.labels[chosen]))


class Batches:
    """What a learner learns from: a training part and a validation part."""

    def __init__(
        self, tensors: Tensors, train: Part, validation: Part, batch: int, seed: int
    ) -> None:
        """Take the parts; ``batch`` is the number of rows a training step sees."""
        self.tensors = tensors
        self.train = train
        self.validation = validation
        self._batch = batch
        self._seed = seed

    def training(self) -> Loader:
        """Return the training part, shuffled anew each epoch."""
        return Loader(
            self.tensors, self.train, Shuffled(len(self.train.rows), self._batch, self._seed)
        )

    def validating(self) -> Loader:
        """Return the validation part, in order."""
        return in_order(self.tensors, self.validation)


def in_order(tensors: Tensors, part: Part) -> Loader:
    """Return the batches of a part in which nothing is learned."""
    return Loader(tensors, part, InOrder(len(part.rows), EVALUATED_AT_ONCE))


def ids_of(tensors: Tensors, part: Part) -> pd.Series:
    """Return the ids of a part's rows, in their order."""
    return tensors.index["id"].iloc[part.rows].reset_index(drop=True)
