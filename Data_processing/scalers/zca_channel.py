"""ZCA over channels: the channels of a pixel become uncorrelated, of variance one.

And stay as near as they can to what they were.
"""

from collections.abc import Callable, Iterator

import msgspec
import numpy as np

from Data_processing.scalers.moments import covariance, of_channels
from Data_processing.scalers.whitening import Eps, whitening
from Datasets.scaler import ChannelMatrix, Map


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of the scaler ``zca_channel`` in params.yaml."""

    eps: Eps = 1e-6


def fit(zca: Parameters, batches: Callable[[], Iterator[np.ndarray]]) -> Map:
    """Return the fitted map.

    Args:
        zca: eps.
        batches: starts a pass over the training part, (N, H, W, C) batches.
    """
    moments = of_channels(batches())
    matrix = whitening(covariance(moments), zca.eps, "zca_channel")
    return ChannelMatrix(moments.mean.astype(np.float32), matrix.astype(np.float32))
