"""Batches of stacked tensors: the fold says who is in them, (seed, epoch) in which order."""

from collections.abc import Iterator

import msgspec
import numpy as np
import pandas as pd
import torch
from torch import Tensor

from Datasets.errors import StoreError
from Datasets.randomness import place_of
from Datasets.splits import Folds
from Datasets.splits import Part as PartName
from Datasets.tensors import Tensors
from Models.loading import Mapped, Source, moved
from Models.orders import InOrder, Order, Ordering, shuffled

EVALUATED_AT_ONCE = 256
"""Rows a batch where nothing is learned. A constant: it changes the order of sums."""


class Part(msgspec.Struct, frozen=True):
    """Who trains, validates or tests.

    ``rows`` (n,) of the tensors' index, with ``labels`` (n,) int64. ``left_out`` counts the
    samples of the part that have no label, several, or one that is not to be seen.
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
    inside = folds.part(index["parent"], part, fold)
    if part != "train":
        inside &= index["copy"].to_numpy() == 0
    single = (index["has_labels"] & (index["labels"].str.len() == 1)).to_numpy(bool)
    if part == "train":
        single = single & folds.keeps_label(index["parent"], fold)
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
        remedy = (
            "use split.scheme stratified, add images of them, or take them out by labels.ignore"
        )
        if part.left_out:
            remedy = (
                f"{part.left_out:,} samples have no label, or several, and the network learns one "
                "an image: if they have objects, make each a sample by `samples: box` of the data "
                f"set, with split.scheme group; else {remedy}"
            )
        raise StoreError(
            f"the training part of fold {fold} has no sample of {len(lacking)} classes: "
            f"{', '.join(lacking[:10])}; {remedy}"
        )


class Batch(msgspec.Struct, frozen=True):
    """What a step sees.

    ``images`` (N, H, W, C) as stored; ``labels``, ``rows`` and ``keys`` (N,) int64: the rows are
    those of the tensors' index, the keys what a sample's draws are made of. Where the pixels lie,
    and how long, is said in ``Models.loading``.
    """

    images: Tensor
    labels: Tensor
    rows: Tensor
    keys: Tensor

    def to(self, device: torch.device) -> "Batch":
        """Return the batch on ``device``, still as stored: a quarter of what float32 would move."""
        return Batch(*(getattr(self, name).to(device) for name in self.__struct_fields__))


class Loader:
    """Batches of one part, gathered a batch at a time; a worker would cost more than it brings.

    Its whole state is the epoch, and how many batches of it were consumed.
    """

    def __init__(self, tensors: Tensors, part: Part, order: Order, source: Source) -> None:
        self.order = order
        self._part = part
        self._source = source
        self._keys = keys_of(tensors, part)
        self._first = 0

    def start_at(self, batch: int) -> None:
        """Let the next pass begin at ``batch``, counted from 0; those after it begin at 0."""
        self._first = batch

    def __len__(self) -> int:
        """Return the number of batches of a whole epoch."""
        return len(self.order)

    def __iter__(self) -> Iterator[Batch]:
        """Yield the batches."""
        first, self._first = self._first, 0
        device = self._source.device
        for chosen, runs in zip(self.order.groups(first), self.order.ahead(first), strict=True):
            for run in runs:
                self._source.will_need(self._part.rows[run])
            rows = self._part.rows[chosen]
            yield Batch(
                self._source.images(rows),
                moved(self._part.labels[chosen], device),
                moved(rows, device),
                moved(self._keys[chosen], device),
            )


class Batches:
    """What a learner learns from: a training part and a validation part."""

    def __init__(
        self,
        tensors: Tensors,
        train: Part,
        validation: Part,
        batch: int,
        seed: int,
        ordering: Ordering | None = None,
        source: Source | None = None,
    ) -> None:
        """Take the parts.

        Args:
            tensors: where the rows of the parts are.
            train: the training part.
            validation: the validation part.
            batch: the number of rows a training step sees, at most.
            seed: of the order.
            ordering: how the training part is mixed, or None for all its rows.
            source: where the images come from, or None for the tensors' files.
        """
        self.tensors = tensors
        self.train = train
        self.validation = validation
        self._batch = batch
        self._seed = seed
        self._ordering = ordering or Ordering()
        self._source = source or Mapped(tensors)

    def training(self) -> Loader:
        """Return the training part, shuffled anew each epoch."""
        order = shuffled(self._ordering, len(self.train.rows), self._batch, self._seed)
        return Loader(self.tensors, self.train, order, self._source)

    def validating(self) -> Loader:
        """Return the validation part, in order."""
        return in_order(self.tensors, self.validation, self._source)


def in_order(tensors: Tensors, part: Part, source: Source | None = None) -> Loader:
    """Return the batches of a part in which nothing is learned."""
    order = InOrder(len(part.rows), EVALUATED_AT_ONCE)
    return Loader(tensors, part, order, source or Mapped(tensors))


def ids_of(tensors: Tensors, part: Part) -> pd.DataFrame:
    """Return the ids of a part's rows and of their parents, in their order: ``id``, ``parent``."""
    return tensors.index[["id", "parent"]].iloc[part.rows].reset_index(drop=True)


def keys_of(tensors: Tensors, part: Part) -> np.ndarray:
    """Return a number made of id and copy for each row of a part, (n,) int64.

    Unlike the row it stays when other samples come and go.
    """
    named = tensors.index[["id", "copy"]].iloc[part.rows]
    pairs = zip(named["id"], named["copy"], strict=True)
    places = [place_of(f"{sample}\0{copy}") for sample, copy in pairs]
    return np.array(places, np.uint64).view(np.int64)
