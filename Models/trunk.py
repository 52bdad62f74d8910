"""What a network sees before it answers: its last maps, on a small grid.

A classifier's own features forget what tells two samples of a class apart. Maps still know where
things are, and the mean of a cell forgets a shift by a pixel.
"""

import torch
from torch import Tensor, nn

from Models.module import Module

GRID = 4
"""Cells along a side."""


class Trunk(nn.Module):
    """Tensors as stored (N, H, W, C) in, what the network sees of them out, (N, D)."""

    def __init__(self, module: Module) -> None:
        """Take scaler and network of ``module``."""
        super().__init__()
        self.scaling = module.scaling
        self.network = module.network
        self._maps: list[Tensor] = []
        for part in self.network.modules():
            part.register_forward_hook(self._keep)

    def forward(self, tensors: Tensor) -> Tensor:
        """Return the means of the last maps over ``GRID`` x ``GRID`` cells, one after the other.

        Of a network that has no maps it is what the network says.
        """
        self._maps.clear()
        said = self.network(self.scaling(tensors))
        maps = self._maps[-1] if self._maps else None  # (N, C, h, w)
        self._maps.clear()
        if maps is None:
            return said
        down, across = (_cells(side).to(maps) for side in maps.shape[2:])
        return (down @ maps @ across.T).flatten(1)

    def _keep(self, part: nn.Module, given: object, said: object) -> None:
        if isinstance(said, Tensor) and said.ndim == 4 and min(said.shape[2:]) > 1:
            self._maps.append(said)


def _cells(side: int) -> Tensor:
    """Return the share of each place in each cell, (cells, side): cells of one length."""
    cells = min(GRID, side)
    edges = torch.arange(cells + 1, dtype=torch.float64) * side / cells
    places = torch.arange(side, dtype=torch.float64)
    upper = torch.minimum(edges[1:, None], places + 1)
    lower = torch.maximum(edges[:-1, None], places)
    return (upper - lower).clip(min=0) * cells / side
