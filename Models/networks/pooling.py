"""Means over a grid of cells, as products of matrices: deterministic on every device."""

import torch
from torch import Tensor, nn


class MeanOfCells(nn.Module):
    """What ``nn.AdaptiveAvgPool2d`` gives, whose gradient on CUDA depends on the order of sums.

    Deterministic algorithms refuse that one; ONNX has no such layer either, unless the sides are
    multiples of the cells.
    """

    def __init__(self, cells: int) -> None:
        """Take how many cells there are along a side."""
        super().__init__()
        self.cells = cells

    def forward(self, maps: Tensor) -> Tensor:
        """Return the means of ``maps`` (N, C, H, W), (N, C, cells, cells)."""
        down, across = (self._shares(side).to(maps) for side in maps.shape[2:])
        return down @ maps @ across.T

    def _shares(self, side: int) -> Tensor:
        """Return the share of each place in each cell, (cells, side); cells may overlap."""
        first = torch.arange(self.cells) * side // self.cells
        end = -(-(torch.arange(self.cells) + 1) * side // self.cells)
        places = torch.arange(side)
        inside = (first[:, None] <= places) & (places < end[:, None])
        return inside / (end - first)[:, None]
