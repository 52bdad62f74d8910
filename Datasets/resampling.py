"""Resizing that gives the same bytes wherever it runs.

Ready-made kernels compute their weights in float32, each a little differently. Sums that lie
halfway between two levels, and between 48 and 64 pixels every 64th does, then round one way here
and another way in an exported graph. With half-pixel centres every weight is a ratio of integers,
so the sums can be exact, and what is left is one division.

The kernels:

- ``bilinear``: the triangle. ``antialias`` widens it to what a pixel of the result covers, as PIL
  and ``torch.nn.functional.interpolate`` do.
- ``box``: the mean of what a pixel of the result covers, pixels at its edge by their share
  (OpenCV's ``INTER_AREA`` where it shrinks).
- ``nearest``: the pixel under the centre; on a border between two, the right or lower one.

There is no ``bicubic``: its weights are cubes, and from 500 to 224 pixels the sums of 8 bits would
need 73 bits, where a float64 holds 53. Ties would fall as the order of sums has it.

Sums of whole numbers are exact while they stay below 2**53 (``bilinear``: up to 190 megapixels of 8
bits shrunk to 64 x 64; ``box``: always), so that no order of sums, thread or library enters. Floats
are summed in one stated order, tap by tap from the lowest place, rows before columns. A value that
is NaN makes NaN of every value of its channel in which it has a weight above 0, and of no other;
so does infinity, which stays infinity unless it meets its opposite.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar, cast

import msgspec
import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from Datasets.recipe import Choose, Kernel

Array = TypeVar("Array", np.ndarray, Tensor)
EXACT_IN_FLOAT32 = 2**24
"""Whole numbers below this are exact in float32, which takes half the time."""


def resized(
    pixels: Tensor, height: int, width: int, antialias: bool, kernel: Kernel = "bilinear"
) -> Tensor:
    """Return (H, W, C) pixels scaled to (height, width, C), float64, not rounded.

    This form becomes a graph. Needs 16 bytes a value of the image while it runs.
    """
    tall, wide = pixels.shape[0], pixels.shape[1]
    if kernel == "nearest":
        rows, columns = (_under(s, t, torch.arange) for s, t in ((tall, height), (wide, width)))
        return pixels.index_select(0, rows).index_select(1, columns).to(torch.float64)
    high = cast(Choose, torch.sym_max)
    down, rows = _taps(kernel, tall, height, antialias, torch.arange, high)
    across, columns = _taps(kernel, wide, width, antialias, torch.arange, high)
    turned = _sums(pixels, down, rows).transpose(0, 1).contiguous()  # (W, height, C)
    sums = _sums(turned, across, columns).transpose(0, 1)  # (height, width, C)
    totals = rows.sum(dim=1)[:, None] * columns.sum(dim=1)  # (height, width)
    means = sums / totals.unsqueeze(2).to(torch.float64)
    if not pixels.is_floating_point():
        return means
    means = torch.where(means == 0, torch.zeros_like(means), means)  # one zero, and one NaN
    return torch.where(means.isnan(), torch.full_like(means, torch.nan), means)


def resized_array(
    pixels: np.ndarray, height: int, width: int, antialias: bool, kernel: Kernel = "bilinear"
) -> np.ndarray:
    """Return (H, W, C) pixels scaled to (height, width, C), in their dtype.

    Equal bit for bit to what ``resized`` gives after rounding half to even, several times faster.
    Needs 4 bytes a value of the image while it runs; 8, where 4 would not be exact.
    """
    tall, wide = pixels.shape[:2]
    if kernel == "nearest":
        return nearest(pixels, height, width)
    down = _Axis(kernel, tall, height, antialias)
    across = _Axis(kernel, wide, width, antialias)
    return (_whole if pixels.dtype.kind == "u" else _floats)(pixels, down, across)


def nearest(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return (H, W) or (H, W, C) pixels scaled by the kernel ``nearest``, in their dtype."""
    rows = _under(pixels.shape[0], height, np.arange)
    columns = _under(pixels.shape[1], width, np.arange)
    near: np.ndarray = pixels.take(rows, axis=0).take(columns, axis=1)
    return near


class _Axis(msgspec.Struct, frozen=True):
    """How one axis is scaled."""

    kernel: Kernel
    source: int
    target: int
    antialias: bool


class _Weights(msgspec.Struct, frozen=True):
    """Weights as a matrix (target * C, source * C), and what each row of it sums to (target,)."""

    matrix: sparse.csr_array
    totals: np.ndarray


def _whole(pixels: np.ndarray, down: _Axis, across: _Axis) -> np.ndarray:
    """Scale whole numbers by two products with sparse matrices, the second on turned pixels."""
    channels = pixels.shape[2]
    rows = _weights(down, 1, _float_for(pixels.dtype, down))
    columns = _weights(across, channels, np.dtype(np.float64))
    means = columns.matrix @ _turned_sums(pixels, rows).astype(np.float64)  # (width * C, height)
    shaped = means.reshape(across.target, channels, down.target)
    shaped /= (columns.totals[:, None] * rows.totals)[:, None]
    np.rint(means, out=means)
    return _turned_back(means.astype(pixels.dtype), channels)


def _floats(pixels: np.ndarray, down: _Axis, across: _Axis) -> np.ndarray:
    """Scale floats in the order that the graph sums them in.

    Of the first sums every product is exact, so that it does not matter whether it is rounded
    before it is added; of the second it does, and a product with a matrix would not promise it.
    """
    channels = pixels.shape[2]
    rows = _weights(down, 1, np.dtype(np.float64))
    with np.errstate(invalid="ignore"):  # infinity may meet its opposite
        lines = _turned_sums(pixels, rows).reshape(across.source, channels * down.target)
        places, columns = _taps_of(across)
        sums = np.zeros((across.target, channels * down.target))
        for place, weight in zip(places.T, columns.T, strict=True):
            near = lines[place]
            near *= weight[:, None]
            near[weight == 0] = 0.0  # NaN times 0 would be NaN
            sums += near
        shaped = sums.reshape(across.target, channels, down.target)
        shaped /= (columns.sum(axis=1)[:, None] * rows.totals)[:, None]
    sums[sums == 0] = 0.0
    sums[np.isnan(sums)] = np.nan
    return _turned_back(sums.astype(pixels.dtype).reshape(-1, down.target), channels)


def _turned_sums(pixels: np.ndarray, rows: _Weights) -> np.ndarray:
    """Return (H, W, C) pixels summed along the first axis, as (W * C, height)."""
    lines = pixels.reshape(len(pixels), -1)
    return np.ascontiguousarray((rows.matrix @ lines.astype(rows.matrix.dtype)).T)


def _turned_back(scaled: np.ndarray, channels: int) -> np.ndarray:
    """Return (width * C, height) as an image (height, width, C)."""
    return np.ascontiguousarray(scaled.T).reshape(scaled.shape[1], -1, channels)


def _sums(pixels: Tensor, places: Tensor, weights: Tensor) -> Tensor:
    """Return (source, M, C) pixels summed up, each by its weight, to (target, M, C) float64."""
    target, reached = places.shape
    _, across, channels = pixels.shape
    near = pixels.index_select(0, places.reshape(-1)).reshape(target, reached, across * channels)
    near = near.to(torch.float64)
    if pixels.is_floating_point():
        by = weights.unsqueeze(2)  # (target, K, 1)
        weighed = torch.where(by > 0, near * by.to(torch.float64), torch.zeros_like(near))
        sums = weighed.cumsum(1)[:, -1]  # in order, as no product of matrices promises
    else:
        sums = torch.matmul(weights.unsqueeze(1).to(torch.float64), near)
    return sums.reshape(target, across, channels)


def _taps(
    kernel: Kernel,
    source: int,
    target: int,
    antialias: bool,
    arange: Callable[[int], Array],
    high: Choose,
) -> tuple[Array, Array]:
    """Return which K places of ``source`` make up each of ``target``, and their weights.

    Both are (target, K) int64. ``arange`` and ``high`` stand for NumPy's and max, or for torch's.
    """
    if kernel == "box":
        places, weights = _box(source, target, arange)
    else:
        reach = high(source, target) if antialias else target
        places, weights = _triangle(source, target, reach, arange)
    inside = (places >= 0) & (places < source)
    return places.clip(0, source - 1), weights.clip(0, None) * inside


def _triangle(
    source: int, target: int, reach: int, arange: Callable[[int], Array]
) -> tuple[Array, Array]:
    """Return places and weights of a triangle.

    In units of 1 / (2 * target) pixels of the source, place j lies at (2 j + 1) * target, the
    centre of i at (2 i + 1) * source, and the triangle falls to zero over 2 * reach: all whole
    numbers.
    """
    centre = (2 * arange(target) + 1) * source
    first = (centre - 2 * reach - target) // (2 * target) + 1
    places = first[:, None] + arange((2 * reach + target - 1) // target)
    return places, 2 * reach - abs((2 * places + 1) * target - centre[:, None])


def _box(source: int, target: int, arange: Callable[[int], Array]) -> tuple[Array, Array]:
    """Return places and how much of each is covered.

    In units of 1 / target pixels of the source, place j is [j * target, (j + 1) * target), and i of
    the result covers [i * source, (i + 1) * source).
    """
    begin = (arange(target) * source)[:, None]
    places = begin // target + arange((source + 2 * target - 2) // target)
    upper = ((places + 1) * target).clip(None, begin + source)
    return places, upper - (places * target).clip(begin, None)


def _under(source: int, target: int, arange: Callable[[int], Array]) -> Array:
    """Return which place of ``source`` lies under the centre of each of ``target``."""
    return ((2 * arange(target) + 1) * source) // (2 * target)


@lru_cache(maxsize=32)
def _taps_of(axis: _Axis) -> tuple[np.ndarray, np.ndarray]:
    return _taps(axis.kernel, axis.source, axis.target, axis.antialias, np.arange, max)


@lru_cache(maxsize=32)
def _weights(axis: _Axis, channels: int, dtype: np.dtype) -> _Weights:
    """Return the weights of ``axis`` for lines in which the channels of a pixel lie together."""
    places, weights = _taps_of(axis)
    target, reached = places.shape
    each = places[:, None] * channels + np.arange(channels)[:, None]  # (target, C, K)
    values = np.repeat(weights.astype(dtype), channels, axis=0)
    starts = np.arange(0, values.size + 1, reached)
    shape = (target * channels, axis.source * channels)
    matrix = sparse.csr_array((values.reshape(-1), each.reshape(-1), starts), shape=shape)
    matrix.eliminate_zeros()  # NaN times 0 would be NaN
    return _Weights(matrix, weights.sum(axis=1).astype(np.float64))


def _float_for(dtype: np.dtype, axis: _Axis) -> np.dtype:
    """Return the float in which sums of pixels of ``dtype`` along ``axis`` are exact."""
    _, weights = _taps_of(axis)
    most = int(np.iinfo(dtype).max) * int(weights.sum(axis=1).max())
    return np.dtype(np.float32 if most < EXACT_IN_FLOAT32 else np.float64)
