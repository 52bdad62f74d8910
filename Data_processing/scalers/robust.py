"""Centre each channel at its median and divide it by the width of its middle half.

(x - median) / (third quartile - first quartile): what lies far out does not count (scikit-learn's
RobustScaler).
"""

from collections.abc import Callable, Iterator

import msgspec
import numpy as np

from Data_processing.scalers.flat import warn
from Data_processing.scalers.quartiles import quartiles
from Datasets.scaler import Affine, Map


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of the scaler ``robust`` in params.yaml: none."""


def fit(robust: Parameters, batches: Callable[[], Iterator[np.ndarray]]) -> Map:
    """Return the fitted map. A channel whose quartiles are equal is centred only.

    Args:
        robust: nothing.
        batches: starts a pass over the training part, (N, H, W, C) batches.
    """
    first, median, third = quartiles(batches)
    wide = third - first
    warn("robust", wide, "is centred only", "hold one value in half of the training part or more")
    gain = 1.0 / np.where(wide == 0, 1.0, wide)
    return Affine(median.astype(np.float32), gain.astype(np.float32))
