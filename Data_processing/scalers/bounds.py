"""Stretch each channel from bounds that are given, as a sensor's or a product's, to an interval.

What lies outside the bounds lies outside the interval too; nothing is cut off.
"""

from collections.abc import Callable, Iterator

import msgspec
import numpy as np

from Data_processing.scalers.interval import UNIT, Interval, refuse_empty, to_interval
from Datasets.errors import ParamsError
from Datasets.scaler import Map

Ends = float | tuple[float, ...]


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of the scaler ``bounds`` in params.yaml: a number for all channels, or a list."""

    low: Ends
    """What becomes the low end."""
    high: Ends
    """What becomes the high end."""
    to: Interval = UNIT
    """The low and the high end."""

    def __post_init__(self) -> None:
        """Refuse bounds that are none."""
        refuse_empty("to", self.to)
        lows, highs = _listed(self.low), _listed(self.high)
        if not lows or not highs:
            raise ValueError("`low` and `high` must be given for at least one channel")
        if 1 not in (len(lows), len(highs)) and len(lows) != len(highs):
            raise ValueError("`low` and `high` must be given for the same number of channels")
        for low, high in np.broadcast(lows, highs):
            refuse_empty("low and high", (low, high))


def fit(bounds: Parameters, batches: Callable[[], Iterator[np.ndarray]]) -> Map:
    """Return the map; nothing is learned from the pixels but how many channels they have.

    Args:
        bounds: of each channel, and what they become.
        batches: starts a pass over the training part, (N, H, W, C) batches.

    Raises:
        ParamsError: bounds are given for another number of channels.
    """
    channels = next((batch.shape[3] for batch in batches()), 0)
    ends = [np.array(_listed(end)) for end in (bounds.low, bounds.high)]
    for name, end in zip(("low", "high"), ends, strict=True):
        if channels and len(end) not in (1, channels):
            raise ParamsError(
                f"scale.ops: bounds.{name}: {len(end)} numbers are given, and the tensors have "
                f"{channels} channels; give one for each, or one for all"
            )
    low, high = (np.broadcast_to(end, max(channels, len(end))) for end in ends)
    return to_interval(low, high, bounds.to)


def _listed(ends: Ends) -> tuple[float, ...]:
    return ends if isinstance(ends, tuple) else (ends,)
