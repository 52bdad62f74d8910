"""The map that takes each channel's or pixel's interval to one they share."""

import math

import numpy as np

from Datasets.scaler import Affine

Interval = tuple[float, float]
UNIT: Interval = (0.0, 1.0)


def refuse_empty(name: str, interval: Interval) -> None:
    """Check an interval of params.yaml.

    Raises:
        ValueError: it is not finite, or does not rise.
    """
    if not all(map(math.isfinite, interval)) or not interval[0] < interval[1]:
        raise ValueError(f"`{name}` must be two finite numbers, the lower first")


def to_interval(low: np.ndarray, high: np.ndarray, to: Interval) -> Affine:
    """Return the map that takes ``low`` to the low end of ``to``, and ``high`` to its high end.

    to[0] + (x - low) * gain = (x - (low - to[0] / gain)) * gain. Where low and high are equal, gain
    is 1: the constant becomes to[0].

    Args:
        low: (C,) or (H, W, C).
        high: of the same shape, nowhere below ``low``.
        to: the shared interval.
    """
    wide = high.astype(np.float64) - low.astype(np.float64)
    gain = np.where(wide == 0, 1.0, (to[1] - to[0]) / np.where(wide == 0, 1.0, wide))
    return Affine((low - to[0] / gain).astype(np.float32), gain.astype(np.float32))
