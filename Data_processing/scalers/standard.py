"""Standardise: each image by its own moments, or all by those of each channel or pixel."""

from collections.abc import Callable, Iterator
from typing import Literal

import msgspec
import numpy as np

from Data_processing.scalers.flat import warn
from Data_processing.scalers.moments import covariance, of_channels, of_pixels, variance
from Datasets.scaler import TINY, Affine, Map, StandardImage


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of the scaler ``standard`` in params.yaml."""

    per: Literal["image", "channel", "pixel"]
    """Whose mean and standard deviation."""


def fit(standard: Parameters, batches: Callable[[], Iterator[np.ndarray]]) -> Map:
    """Return the fitted map.

    Args:
        standard: whose moments.
        batches: starts a pass over the training part, (N, H, W, C) batches.
    """
    if standard.per == "image":
        return StandardImage()
    if standard.per == "channel":
        moments = of_channels(batches())
        spread = np.diag(covariance(moments))
    else:
        moments = of_pixels(batches())
        spread = variance(moments)
    warn("standard", spread, "becomes 0")
    gain = 1.0 / np.sqrt(spread + TINY)
    return Affine(moments.mean.astype(np.float32), gain.astype(np.float32))
