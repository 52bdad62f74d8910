"""The ZCA matrix of a covariance.

W = E (L + e m I)^-1/2 E^T for the covariance E L E^T, m the mean eigenvalue, e = ``eps`` (Bell and
Sejnowski 1997, "The independent components of natural scenes are edge filters", eq. 6; Kessy,
Lewin and Strimmer 2018, "Optimal whitening and decorrelation").
"""

import logging
from typing import Annotated

import msgspec
import numpy as np

LOG = logging.getLogger(__name__)
Eps = Annotated[float, msgspec.Meta(ge=0)]
"""Relative to the mean eigenvalue: how much of a weak direction's noise is left asleep."""


def whitening(covariance: np.ndarray, eps: float, scaler: str) -> np.ndarray:
    """Return the matrix W (D, D), float64, symmetric but for rounding: W cov W is the identity.

    A direction whose variance is nothing but rounding gets the gain that ``eps`` leaves it, and 0
    where eps leaves none; it is warned of.

    Args:
        covariance: (D, D).
        eps: relative to the mean eigenvalue.
        scaler: its name in params.yaml, for the warning.
    """
    values, vectors = np.linalg.eigh(covariance)  # (D,), (D, D)
    floor = eps * values.mean() + np.finfo(np.float64).tiny
    least = len(values) * np.finfo(np.float64).eps * values.max()
    flat = int((values <= least).sum())
    if flat:
        LOG.warning(
            "%s: %d of %d directions have no variance in the training part, and become 0",
            scaler, flat, len(values),
        )  # fmt: skip
    height = np.maximum(values, 0.0) + floor
    is_asleep = (height <= least) | (values.max() <= 0)
    return np.asarray((vectors / np.where(is_asleep, np.inf, np.sqrt(height))) @ vectors.T)
