"""What holds no data enters nothing that is fitted: values that are NaN or infinite.

A pixel with one such channel holds no data in any, as where a raster has a hole.
"""

from typing import Protocol, TypeVar

import numpy as np

from Datasets.errors import StoreError


class Counted(Protocol):
    """What was gathered over samples, and how many held data, in all or at each place."""

    @property
    def count(self) -> int | np.ndarray:
        """How many held data."""


T = TypeVar("T", bound=Counted)


def with_data(rows: np.ndarray) -> np.ndarray:
    """Return the rows (n, D) whose values are all finite."""
    return rows[np.isfinite(rows).all(axis=1)] if rows.dtype.kind == "f" else rows


def some(found: T | None) -> T:
    """Return what was gathered.

    Raises:
        StoreError: there was no sample, or none held data.
    """
    if found is None:
        raise StoreError(
            "the training part of the fold has no samples to fit a scaler on; look at "
            "split and train.folds"
        )
    if not np.any(found.count):
        raise StoreError(
            "the training part of the fold has no values to fit a scaler on: each sample is "
            "NaN or infinite somewhere; look at the raw files, or fit a scaler over channels"
        )
    return found
