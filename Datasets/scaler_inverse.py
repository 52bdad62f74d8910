"""The way back: what was scaled, as pixels again, in float64."""

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from Datasets.errors import StoreError
from Datasets.scaler import Affine, ImageMatrix, Map, PatchMatrix, StandardImage, apply

LEAST = float(np.finfo(np.float32).eps)
"""Directions of a matrix that are weaker than the strongest by this are lost, and come back as 0
apart from the mean: what is left of them is the rounding of float32."""


def inverse(
    maps: tuple[Map, ...], scaled: np.ndarray, images: np.ndarray | None = None
) -> np.ndarray:
    """Return the pixels (N, H, W, C) that ``maps`` turned into ``scaled``, float64.

    What scaling lost does not come back: a constant's other values, a direction without variance.

    Args:
        maps: the fitted scaler.
        scaled: (N, H, W, C), what ``Datasets.scaler.apply`` or ``Models.scaling.Scaling`` gave,
            channels last.
        images: what was scaled. Only a map that standardises each image by its own moments needs
            them, as no scaler keeps these.

    Raises:
        StoreError: such a map is among ``maps``, and ``images`` is not given; or a convolution lost
            a direction.
    """
    pixels = scaled.astype(np.float64)
    for number in reversed(range(len(maps))):
        pixels = _back(maps, number, pixels, images)
    return pixels


def _back(
    maps: tuple[Map, ...], number: int, pixels: np.ndarray, images: np.ndarray | None
) -> np.ndarray:
    """Return what the map ``number`` was given."""
    one = maps[number]
    if isinstance(one, StandardImage):
        if images is None:
            raise StoreError(
                "an image that was standardised by its own moments cannot be turned back without "
                "them; give the images too, or fit the scaler per channel or per pixel"
            )
        before = apply(maps[:number], images).astype(np.float64)
        deviation = np.sqrt(before.var(axis=(1, 2, 3), keepdims=True) + one.eps)
        return np.asarray(pixels * deviation + before.mean(axis=(1, 2, 3), keepdims=True))
    if isinstance(one, Affine):
        gain = one.gain.astype(np.float64)
        return np.asarray(pixels / np.where(gain == 0, np.inf, gain) + one.shift)
    if isinstance(one, PatchMatrix):
        before = _deconvolved(pixels - one.bias, one.kernel.astype(np.float64))
        return np.asarray(before + one.shift)
    undone = np.linalg.pinv(one.matrix.astype(np.float64), rcond=LEAST)
    if isinstance(one, ImageMatrix):
        rows = pixels.reshape(len(pixels), -1) @ undone.T
        return np.asarray(rows.reshape(pixels.shape) + one.shift)
    return np.asarray(pixels @ undone.T + one.shift)


def _deconvolved(pixels: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Return what a kernel (C, C, K, K) turned into ``pixels``, the border mirrored.

    The convolution as a sparse matrix over all values of an image, solved directly.
    """
    count, height, width, channels = pixels.shape
    side = kernel.shape[2]
    places = np.arange(height * width)
    mirrored = np.pad(places.reshape(height, width), side // 2, mode="reflect")
    whole = sparse.csc_array((places.size * channels, places.size * channels))
    for y in range(side):
        for x in range(side):
            seen = mirrored[y : y + height, x : x + width].ravel()
            picks = sparse.coo_array((np.ones(places.size), (places, seen)), (places.size,) * 2)
            whole = whole + sparse.kron(picks, kernel[:, :, y, x])
    try:
        solved = splu(whole.tocsc()).solve(pixels.reshape(count, -1).T)  # (H * W * C, N)
    except RuntimeError:  # exactly singular
        raise StoreError(
            "the patches were whitened with a direction put to sleep, which cannot be turned "
            "back; fit zca_patch with an eps above 0"
        ) from None
    return np.asarray(solved.T.reshape(pixels.shape))
