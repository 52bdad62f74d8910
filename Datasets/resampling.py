"""Resizing that gives the same bytes wherever it runs: the triangle kernel in exact arithmetic.

Ready-made kernels compute their weights in float32, each a little differently. Sums that lie
halfway between two levels, and between 48 and 64 pixels every 64th does, then round one way here
and another way in an exported graph. With half-pixel centres every weight is a ratio of integers,
so the sums can be exact, and what is left is one division.
"""

from typing import cast

import torch
from torch import Tensor


def resized(pixels: Tensor, height: int, width: int, antialias: bool) -> Tensor:
    """Return (H, W, C) pixels scaled to (height, width, C), float64, not rounded.

    Bilinear, half-pixel centres, what lies beyond the border does not count. ``antialias`` widens
    the kernel to what a pixel of the result covers (as PIL and ``torch.nn.functional.interpolate``
    do). Of whole numbers the result is the exact quotient, rounded once to float64: the order of
    sums, threads and library do not enter while sums stay below 2**53 (up to 190 megapixels of 8
    bits shrunk to 64 x 64). Needs 16 bytes a value of the image while it runs.
    """
    down, rows = _kernel(pixels.shape[0], height, antialias)
    across, columns = _kernel(pixels.shape[1], width, antialias)
    turned = _sums(pixels, down, rows).transpose(0, 1).contiguous()  # (W, height, C)
    sums = _sums(turned, across, columns).transpose(0, 1)  # (height, width, C)
    totals = rows.sum(dim=1)[:, None] * columns.sum(dim=1)  # (height, width)
    return sums / totals.unsqueeze(2).to(torch.float64)


def _sums(pixels: Tensor, places: Tensor, weights: Tensor) -> Tensor:
    """Return (source, M, C) pixels summed up, each by its weight, to (target, M, C) float64."""
    target, reached = places.shape
    _, across, channels = pixels.shape
    near = pixels.index_select(0, places.reshape(-1)).reshape(target, reached, across * channels)
    sums = torch.matmul(weights.unsqueeze(1).to(torch.float64), near.to(torch.float64))
    return sums.reshape(target, across, channels)


def _kernel(source: int, target: int, antialias: bool) -> tuple[Tensor, Tensor]:
    """Return which K places of ``source`` make up each of ``target``, and their weights.

    Both are (target, K) int64. In units of 1 / (2 * target) pixels of the source, place j lies at
    (2 j + 1) * target, the centre of i at (2 i + 1) * source, and the triangle falls to zero over
    2 * reach: all whole numbers.
    """
    reach: int = cast(int, torch.sym_max(source, target)) if antialias else target
    centre = (2 * torch.arange(target) + 1) * source
    first = (centre - 2 * reach - target) // (2 * target) + 1
    places = first[:, None] + torch.arange((2 * reach + target - 1) // target)
    weights = 2 * reach - ((2 * places + 1) * target - centre[:, None]).abs()
    inside = (places >= 0) & (places < source)
    return places.clamp(0, source - 1), torch.where(inside, weights.clamp(min=0), 0)
