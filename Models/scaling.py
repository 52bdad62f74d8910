"""A fitted scaler as a module, on the device where the batch is used."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from Datasets.scaler import Affine, ChannelMatrix, ImageMatrix, Map, PatchMatrix, StandardImage


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
        """Return ``pixels`` (N, H, W, C), each image less its mean, over its deviation."""
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
        """Return ``pixels`` (N, H, W, C), shifted, then multiplied."""
        return (pixels - self.shift) * self.gain


class _Matrix(nn.Module):
    shift: Tensor
    matrix: Tensor

    def __init__(self, shift: np.ndarray, matrix: np.ndarray) -> None:
        super().__init__()
        self.register_buffer("shift", _tensor(shift))
        self.register_buffer("matrix", _tensor(matrix))


class _ChannelMatrix(_Matrix):
    def forward(self, pixels: Tensor) -> Tensor:
        """Return ``pixels`` (N, H, W, C), the channels of each mixed."""
        return (pixels - self.shift) @ self.matrix.T


class _ImageMatrix(_Matrix):
    def forward(self, pixels: Tensor) -> Tensor:
        """Return ``pixels`` (N, H, W, C), all values of an image mixed."""
        rows = (pixels - self.shift).flatten(1)  # (N, H * W * C)
        return (rows @ self.matrix.T).unflatten(1, self.shift.shape)


class _PatchMatrix(nn.Module):
    shift: Tensor
    kernel: Tensor
    bias: Tensor

    def __init__(self, shift: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> None:
        super().__init__()
        self.register_buffer("shift", _tensor(shift))
        self.register_buffer("kernel", _tensor(kernel))
        self.register_buffer("bias", _tensor(bias))
        self.beyond = [kernel.shape[2] // 2] * 4

    def forward(self, pixels: Tensor) -> Tensor:
        """Return ``pixels`` (N, H, W, C), each mixed with those around it."""
        planes = (pixels - self.shift).permute(0, 3, 1, 2)  # (N, C, H, W)
        mirrored = F.pad(planes, self.beyond, mode="reflect")
        return F.conv2d(mirrored, self.kernel, self.bias).permute(0, 2, 3, 1)


def _module(one: Map) -> nn.Module:
    match one:
        case StandardImage():
            return _StandardImage(one.eps)
        case Affine():
            return _Affine(one.shift, one.gain)
        case ChannelMatrix():
            return _ChannelMatrix(one.shift, one.matrix)
        case PatchMatrix():
            return _PatchMatrix(one.shift, one.kernel, one.bias)
        case ImageMatrix():
            return _ImageMatrix(one.shift, one.matrix)


def _tensor(array: np.ndarray) -> Tensor:
    return torch.from_numpy(np.array(array, np.float32))
