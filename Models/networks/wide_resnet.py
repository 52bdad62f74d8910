"""Wide residual networks for images of about 32 pixels: WRN-28-2, for learning with few labels.

Zagoruyko and Komodakis, "Wide Residual Networks", 2016, https://arxiv.org/abs/1605.07146, table 1;
leaky rectifiers as in Oliver and others, "Realistic Evaluation of Deep Semi-Supervised Learning
Algorithms", 2018, https://arxiv.org/abs/1804.09170, appendix C.
"""

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from Models.networks.network import InputShape, Network, Optimiser

STEM = 16
"""Channels of the first convolution; the three groups have 1, 2 and 4 times ``widen`` as many."""
GROUPS = 3


class WideResNet(Network):
    """Three groups of pre-activated blocks, then the mean over all places."""

    optimiser: ClassVar[Optimiser] = Optimiser(learning_rate=2e-3, weight_decay=0.05)

    def __init__(
        self,
        shape: InputShape,
        depth: int = 28,
        widen: int = 2,
        slope: float = 0.1,
        dropout: float = 0.0,
    ) -> None:
        """Build it.

        Args:
            shape: of the images; only the channels matter.
            depth: convolutions, shortcuts apart: 6 n + 4.
            widen: how many times the channels of a plain residual network.
            slope: of the rectifiers below 0.
            dropout: share of a block's values that a training step leaves out, between its
                convolutions.
        """
        super().__init__()
        blocks, rest = divmod(depth - 4, 2 * GROUPS)
        if rest or blocks < 1:
            raise ValueError(f"a depth of 6 n + 4 was expected (10, 16, 22, 28, ...), got {depth}")
        self.slope = slope
        self.stem = nn.Conv2d(shape.channels, STEM, 3, padding=1, bias=False)
        inputs, groups = STEM, []
        for group in range(GROUPS):
            outputs = STEM * widen * 2**group
            for block in range(blocks):
                stride = 2 if group and not block else 1
                groups.append(_Block(inputs, outputs, stride, slope, dropout))
                inputs = outputs
        self.blocks = nn.Sequential(*groups)
        self.norm = nn.BatchNorm2d(inputs)
        self.width = inputs
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, slope, "fan_out", "leaky_relu")

    def forward(self, images: Tensor) -> Tensor:
        """Return the features of ``images`` (N, C, H, W), (N, width)."""
        found = self.blocks(self.stem(images))  # (N, width, H / 4, W / 4)
        return torch.mean(F.leaky_relu(self.norm(found), self.slope), dim=(2, 3))


class _Block(nn.Module):
    """Norm, rectifier, convolution, twice, and what came in added.

    Where the shape changes, the shortcut is a 1 x 1 convolution of what the first rectifier gives.
    """

    def __init__(
        self, inputs: int, outputs: int, stride: int, slope: float, dropout: float
    ) -> None:
        super().__init__()
        self.slope = slope
        self.norms = nn.ModuleList([nn.BatchNorm2d(inputs), nn.BatchNorm2d(outputs)])
        self.first = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.second = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.dropout = nn.Dropout(dropout)
        changes = inputs != outputs or stride > 1
        self.shortcut = nn.Conv2d(inputs, outputs, 1, stride, bias=False) if changes else None

    def forward(self, images: Tensor) -> Tensor:
        """Return ``images`` (N, inputs, H, W) as (N, outputs, H / stride, W / stride)."""
        active = F.leaky_relu(self.norms[0](images), self.slope)
        inner = F.leaky_relu(self.norms[1](self.first(active)), self.slope)
        kept = images if self.shortcut is None else self.shortcut(active)
        return kept + self.second(self.dropout(inner))
