"""Stretch each channel or pixel from its least and greatest value to an interval that all share."""

from collections.abc import Callable, Iterable, Iterator
from typing import Literal

import msgspec
import numpy as np

from Data_processing.scalers.flat import warn
from Data_processing.scalers.holes import some
from Data_processing.scalers.interval import UNIT, Interval, refuse_empty, to_interval
from Datasets.scaler import Map


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of the scaler ``minmax`` in params.yaml."""

    per: Literal["channel", "pixel"]
    """Whose least and greatest value."""
    to: Interval = UNIT
    """What they become."""

    def __post_init__(self) -> None:
        """Refuse an interval that is none."""
        refuse_empty("to", self.to)


class Extremes(msgspec.Struct, frozen=True):
    """The least and the greatest value at each place, (C,) or (H, W, C), and how often one was.

    Float64; where ``count`` is 0, infinite.
    """

    low: np.ndarray
    high: np.ndarray
    count: np.ndarray

    def merged(self, other: "Extremes") -> "Extremes":
        """Return the extremes of both."""
        return Extremes(
            np.minimum(self.low, other.low),
            np.maximum(self.high, other.high),
            self.count + other.count,
        )


def fit(minmax: Parameters, batches: Callable[[], Iterator[np.ndarray]]) -> Map:
    """Return the fitted map.

    Args:
        minmax: whose extremes, and what they become.
        batches: starts a pass over the training part, (N, H, W, C) batches.
    """
    found = extremes(batches(), minmax.per)
    low, high = (np.where(found.count == 0, 0.0, end) for end in (found.low, found.high))
    warn("minmax", high - low, f"becomes {minmax.to[0]:g}")
    return to_interval(low, high, minmax.to)


def extremes(batches: Iterable[np.ndarray], per: Literal["channel", "pixel"]) -> Extremes:
    """Return the extremes of all batches; a pixel with a value that is not finite is left out."""
    found = None
    for batch in batches:
        one = _of(batch, (0, 1, 2) if per == "channel" else (0,))
        found = one if found is None else found.merged(one)
    return some(found)


def _of(batch: np.ndarray, axes: tuple[int, ...]) -> Extremes:
    if batch.dtype.kind != "f":
        low, high = batch.min(axis=axes), batch.max(axis=axes)
        return Extremes(low.astype(np.float64), high.astype(np.float64), np.array(len(batch)))
    has_data = np.isfinite(batch).all(axis=3, keepdims=True)
    return Extremes(
        np.where(has_data, batch, np.inf).min(axis=axes),
        np.where(has_data, batch, -np.inf).max(axis=axes),
        has_data.sum(axis=axes),
    )
