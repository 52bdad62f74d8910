"""ZCA over channels: the channels of a pixel become uncorrelated, of variance one.

And stay as near as they can to what they were.

W = E (L + e m I)^-1/2 E^T for the covariance E L E^T of the channels, m the mean eigenvalue, e =
``eps`` (Bell and Sejnowski 1997, "The independent components of natural scenes are edge filters",
eq. 6; Kessy, Lewin and Strimmer 2018, "Optimal whitening and decorrelation").
"""

from collections.abc import Callable, Iterator
from typing import Annotated

import msgspec
import numpy as np

from Data_processing.scalers.moments import covariance, of_channels
from Datasets.scaler import ChannelMatrix, Map


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of the scaler ``zca_channel`` in params.yaml."""

    eps: Annotated[float, msgspec.Meta(ge=0)] = 1e-6
    """Relative to the mean eigenvalue: how much of a weak direction's noise is left asleep."""


def fit(zca: Parameters, batches: Callable[[], Iterator[np.ndarray]]) -> Map:
    """Return the fitted map.

    Args:
        zca: eps.
        batches: starts a pass over the training part, (N, H, W, C) batches.
    """
    moments = of_channels(batches())
    values, vectors = np.linalg.eigh(covariance(moments))  # (C,), (C, C)
    floor = zca.eps * values.mean() + np.finfo(np.float64).tiny
    matrix = (vectors / np.sqrt(np.maximum(values, 0.0) + floor)) @ vectors.T
    return ChannelMatrix(moments.mean.astype(np.float32), matrix.astype(np.float32))
