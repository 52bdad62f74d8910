"""ZCA over whole images: all H x W x C values become uncorrelated, of variance one.

And stay as near as they can to what they were (Krizhevsky 2009, "Learning multiple layers of
features from tiny images", appendix A). There must be more images than values, or what tells the
images apart is whitened, and all other directions are put to sleep.
"""

from collections.abc import Callable, Iterator

import msgspec
import numpy as np

from Data_processing.scalers.moments import covariance, of_rows
from Data_processing.scalers.whitening import Eps, whitening
from Data_processing.scalers.width import refuse_wide
from Datasets.scaler import ImageMatrix, Map


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of the scaler ``zca_full`` in params.yaml."""

    eps: Eps = 1e-6
    force: bool = False
    """Whether images of more values than are whitened together are, all the same."""


def fit(zca: Parameters, batches: Callable[[], Iterator[np.ndarray]]) -> Map:
    """Return the fitted map.

    Args:
        zca: eps and force.
        batches: starts a pass over the training part, (N, H, W, C) batches.

    Raises:
        ParamsError: the images have too many values, and ``force`` is false.
    """
    shape = next((batch.shape[1:] for batch in batches()), ())
    if not zca.force:
        what = f"images of {' x '.join(map(str, shape))}"
        refuse_wide("zca_full", int(np.prod(shape)), what, "take zca_patch, or write `force: true`")
    moments = of_rows(batches(), lambda batch: iter([batch.reshape(len(batch), -1)]))
    mean = moments.mean.reshape(shape).astype(np.float32)
    spread = covariance(moments)
    del moments  # as large as the covariance
    return ImageMatrix(mean, whitening(spread, zca.eps, "zca_full").astype(np.float32))
