"""A fitted scaler as a module, on the device where the batch is used."""

import numpy as np
import torch
from torch import Tensor, nn

from Datasets.scaler import Affine, ChannelMatrix, Map, StandardImage


class Scaling(nn.Module):
    """(N, H, W, C) as stored to scaled (N, C, H, W) float32, as ``Datasets.scaler.apply`` does."""

    def __init__(self, maps: tuple[Map, ...]) -> None:
        """Take the maps over, in their order."""
        super().__init__()
        self.maps = nn.Sequential(*(_module(one) for one in maps))

    def forward(self, tensors: Tensor) -> Tensor:
        """Return the scaled batch; its memory stays in the order of ``tensors`` (channels last)."""
        scaled = self.maps(tensors.to(torch.float32))  # (N, H, W, C)
        return scaled.permute(0, 3, 1, 2)  # (N, C, H, W)


class _StandardImage(nn.Module):
    def __init__(self, eps: float) -> None:
        super().__init__()
        self.eps = eps

    def forward(self, pixels: Tensor) -> Tensor:
        centred = pixels - pixels.mean(dim=(1, 2, 3), keepdim=True)
        variance = (centred * centred).mean(dim=(1, 2, 3), keepdim=True)
        return centred / torch.sqrt(variance + self.eps)


class _Affine(nn.Module):
    shift: Tensor
    gain: Tensor

    def __init__(self, shift: np.ndarray, gain: np.ndarray) -> None:
        super().__init__()
        self.register_buffer("shift", _tensor(shift))
        self.register_buffer("gain", _tensor(gain))

    def forward(self, pixels: Tensor) -> Tensor:
        return (pixels - self.shift) * self.gain


class _ChannelMatrix(nn.Module):
    shift: Tensor
    matrix: Tensor

    def __init__(self, shift: np.ndarray, matrix: np.ndarray) -> None:
        super().__init__()
        self.register_buffer("shift", _tensor(shift))
        self.register_buffer("matrix", _tensor(matrix))

    def forward(self, pixels: Tensor) -> Tensor:
        return (pixels - self.shift) @ self.matrix.T


def _module(one: Map) -> nn.Module:
    match one:
        case StandardImage():
            return _StandardImage(one.eps)
        case Affine():
            return _Affine(one.shift, one.gain)
        case ChannelMatrix():
            return _ChannelMatrix(one.shift, one.matrix)


def _tensor(array: np.ndarray) -> Tensor:
    return torch.from_numpy(np.array(array, np.float32))
