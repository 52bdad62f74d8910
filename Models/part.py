"""Who trains, validates and tests: rows of the tensors, as the fold says."""

import msgspec
import numpy as np
import pandas as pd

from Datasets.errors import StoreError
from Datasets.randomness import place_of
from Datasets.splits import Folds
from Datasets.splits import Part as PartName
from Datasets.tensors import Tensors

NOBODY = np.zeros(0, np.int64)
"""No rows."""


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


def unlabelled_of(tensors: Tensors, folds: Folds, fold: int) -> np.ndarray:
    """Return the rows of the training part of ``fold`` whose label nobody may read, (n,) int64.

    They have none, or it is not to be seen in training; all copies. No label is looked at.
    """
    index = tensors.index
    inside = folds.part(index["parent"], "train", fold)
    seen = index["has_labels"].to_numpy(bool) & folds.keeps_label(index["parent"], fold)
    return np.flatnonzero(inside & ~seen)


def ids_of(tensors: Tensors, rows: np.ndarray) -> pd.DataFrame:
    """Return the ids of ``rows`` and of their parents, in their order: ``id``, ``parent``."""
    return tensors.index[["id", "parent"]].iloc[rows].reset_index(drop=True)


def keys_of(tensors: Tensors, rows: np.ndarray) -> np.ndarray:
    """Return a number made of id and copy for each of ``rows``, (n,) int64.

    Unlike the row it stays when other samples come and go.
    """
    named = tensors.index[["id", "copy"]].iloc[rows]
    pairs = zip(named["id"], named["copy"], strict=True)
    places = [place_of(f"{sample}\0{copy}") for sample, copy in pairs]
    return np.array(places, np.uint64).view(np.int64)
