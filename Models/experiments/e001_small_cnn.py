"""A small convolutional network for small images: five convolutions in three stages.

Maxima, not averages, throughout and at the end: an average drowns a small object on a textured
ground, and the network may stay at chance for minutes.
"""

from typing import ClassVar

import torch
from torch import Tensor, nn

from Models.networks.network import InputShape, Network, Optimiser


class SmallCNN(Network):
    """Convolutions, then the maximum over all places: any height and width from 8 pixels."""

    optimiser: ClassVar[Optimiser] = Optimiser(learning_rate=4e-3, weight_decay=0.05)

    def __init__(self, shape: InputShape, base: int = 24, dropout: float = 0.2) -> None:
        """Build it.

        Args:
            shape: of the images; only the channels matter.
            base: channels of the first stage; each later one has twice as many.
            dropout: share of features that a training step leaves out.
        """
        super().__init__()
        self.width = 4 * base
        self.body = nn.Sequential(
            _convolution(shape.channels, base, kernel=5, stride=2),  # (N, base, H / 2, W / 2)
            _convolution(base, base),
            nn.MaxPool2d(2),
            _convolution(base, 2 * base),  # (N, 2 base, H / 4, W / 4)
            nn.MaxPool2d(2),
            _convolution(2 * base, 4 * base),  # (N, width, H / 8, W / 8)
            _convolution(4 * base, 4 * base),
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, images: Tensor) -> Tensor:
        """Return the features of ``images`` (N, C, H, W), (N, width)."""
        return self.dropout(torch.amax(self.body(images), dim=(2, 3)))


def _convolution(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )
