"""Each image turned, sheared and moved by strengths of its own, in one interpolation."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

ROTATE = math.radians(30)
SHEAR = 0.3
TRANSLATE = 0.3
"""Of the side, at full strength; ``ROTATE`` in radians, ``SHEAR`` in pixels a pixel."""

GEOMETRY = ("rotate", "shear_x", "shear_y", "translate_x", "translate_y")


def warp(images: Tensor, strengths: dict[str, Tensor], beyond: float) -> Tensor:
    """Return images (N, C, H, W) seen through one affine map each, bilinear.

    A pixel at p (from the middle, in pixels) comes from R S p + t: R turns, S shears, t moves.

    Args:
        images: float32.
        strengths: (N,) in [-1, 1] by the names in ``GEOMETRY``; what is missing is 0.
        beyond: the value outside the image.
    """
    still = torch.zeros(len(images), device=images.device)
    turn, shear_x, shear_y, move_x, move_y = (strengths.get(name, still) for name in GEOMETRY)
    height, width = images.shape[2:]
    cos, sin = torch.cos(turn * ROTATE), torch.sin(turn * ROTATE)
    x_by, y_by = shear_x * SHEAR, shear_y * SHEAR
    from_x = (cos - sin * y_by, cos * x_by - sin, move_x * (TRANSLATE * width))
    from_y = (sin + cos * y_by, sin * x_by + cos, move_y * (TRANSLATE * height))
    grid = torch.empty((len(images), height, width, 2), device=images.device)
    _fill(grid[..., 0], from_x, width)
    _fill(grid[..., 1], from_y, height)
    # The border is 0 to grid_sample, which mirrors at half the speed.
    seen = F.grid_sample(images - beyond, grid, padding_mode="zeros", align_corners=False)
    return seen.add_(beyond)


def cut_out(images: Tensor, draws: Tensor, most: float, value: float) -> None:
    """Paint a square of each image (N, C, H, W) in place.

    Args:
        images: float32.
        draws: (N, 3) in [0, 1): the middle's y and x, and the side.
        most: the longest side of the square, as a share of the shorter side of the image.
        value: what is painted.
    """
    height, width = images.shape[2:]
    half = (draws[:, 2] * (most * min(height, width) / 2))[:, None]  # (N, 1)
    y = torch.arange(height, device=images.device) + 0.5
    x = torch.arange(width, device=images.device) + 0.5
    in_y = (y - draws[:, :1] * height).abs() < half  # (N, H)
    in_x = (x - draws[:, 1:2] * width).abs() < half  # (N, W)
    images.masked_fill_((in_y[:, :, None] & in_x[:, None, :])[:, None], value)


def _fill(plane: Tensor, row: tuple[Tensor, Tensor, Tensor], side: int) -> None:
    """Write a x + b y + c into (N, H, W), for each pixel's x and y, in half sides of the source.

    Sums of products, not affine_grid: that is a matrix product, which rounds by the batch's size.
    """
    a, b, c = (one[:, None] * (2 / side) for one in row)  # (N, 1)
    height, width = plane.shape[1:]
    x = torch.arange(width, device=plane.device) - (width - 1) / 2
    y = torch.arange(height, device=plane.device) - (height - 1) / 2
    torch.add((a * x + c)[:, None, :], (b * y)[:, :, None], out=plane)
