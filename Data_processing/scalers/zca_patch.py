"""ZCA over patches: the K x K x C values around a pixel are whitened together, at every pixel.

Whitening a patch and keeping its middle pixel is a convolution, whose kernel is the middle rows of
the patches' ZCA matrix. Nearby pixels become uncorrelated, which full ZCA does for far ones too
(Coates, Ng and Lee 2011, "An analysis of single-layer networks in unsupervised feature learning",
section 3.1.2, whitens patches).
"""

from collections.abc import Callable, Iterator
from typing import Annotated

import msgspec
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from Data_processing.scalers.moments import covariance, of_rows
from Data_processing.scalers.whitening import Eps, whitening
from Data_processing.scalers.width import refuse_wide
from Datasets.errors import ParamsError
from Datasets.scaler import Map, PatchMatrix


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of the scaler ``zca_patch`` in params.yaml."""

    side: Annotated[int, msgspec.Meta(ge=1)] = 3
    """K, pixels; odd, so that a patch has a middle."""
    eps: Eps = 1e-6

    def __post_init__(self) -> None:
        """Refuse a patch without a middle."""
        if self.side % 2 == 0:
            raise ValueError(
                f"`side` must be odd, so that a patch has a middle; {self.side} is not"
            )


def fit(zca: Parameters, batches: Callable[[], Iterator[np.ndarray]]) -> Map:
    """Return the fitted map.

    Args:
        zca: side and eps.
        batches: starts a pass over the training part, (N, H, W, C) batches.

    Raises:
        ParamsError: a patch is larger than the images, or has too many values.
    """
    for first in batches():
        _refuse(zca.side, *first.shape[1:])
        break
    moments = of_rows(batches(), lambda batch: patches(batch, zca.side))
    matrix = whitening(covariance(moments), zca.eps, "zca_patch")
    return convolution(moments.mean, matrix, zca.side)


def patches(batch: np.ndarray, side: int) -> Iterator[np.ndarray]:
    """Yield all patches that lie wholly in (N, H, W, C) images, (n, C * K * K), line by line."""
    for top in range(batch.shape[1] - side + 1):
        line = batch[:, top : top + side]  # (N, K, W, C)
        windows = sliding_window_view(line, side, axis=2)  # (N, K, W - K + 1, C, K)
        yield windows.transpose(0, 2, 3, 1, 4).reshape(-1, batch.shape[3] * side**2)


def convolution(mean: np.ndarray, matrix: np.ndarray, side: int) -> PatchMatrix:
    """Return what ``matrix`` (D, D) makes of the middle of a patch less ``mean`` (D,)."""
    each, middle = mean.reshape(-1, side, side), side // 2  # (C, K, K)
    shift = each.mean(axis=(1, 2)).astype(np.float32)
    kernel = matrix.reshape(*each.shape, *each.shape)[:, middle, middle].astype(np.float32)
    apart = (each - shift[:, None, None]).ravel()  # means differ little from place to place
    bias = -kernel.reshape(len(each), -1).astype(np.float64) @ apart
    return PatchMatrix(shift, kernel, bias.astype(np.float32))


def _refuse(side: int, height: int, width: int, channels: int) -> None:
    if side > min(height, width):
        raise ParamsError(
            f"scale.ops: zca_patch.side: a patch of {side} x {side} pixels does not fit into the "
            f"tensors, which are {height} x {width}; take a smaller one"
        )
    shape = f"patches of {side} x {side} x {channels}"
    refuse_wide("zca_patch", channels * side**2, shape, "take a smaller side")
