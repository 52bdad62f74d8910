"""torchvision's residual networks, for any number of channels; nothing is downloaded."""

from typing import ClassVar, Literal

from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock, ResNet

from Models.networks.network import InputShape, Network, Optimiser

Stem = Literal["small", "standard"]


class ResNet18(Network):
    """ResNet-18 without its head (He et al., 2015, https://arxiv.org/abs/1512.03385)."""

    optimiser: ClassVar[Optimiser] = Optimiser(learning_rate=1e-3, weight_decay=0.05)

    def __init__(self, shape: InputShape, stem: Stem = "standard") -> None:
        """Build it.

        Args:
            shape: of the images; only the channels matter.
            stem: ``standard`` begins with a 7x7 convolution of stride 2 and a pooling; ``small``
                with a 3x3 convolution of stride 1 and no pooling, for images of about 32 pixels:
                it sees finer things and costs about 16 times as much.
        """
        super().__init__()
        body = ResNet(BasicBlock, [2, 2, 2, 2])
        if stem == "small":
            body.conv1 = nn.Conv2d(shape.channels, 64, kernel_size=3, padding=1, bias=False)
            body.maxpool = nn.Identity()
        else:
            body.conv1 = nn.Conv2d(
                shape.channels, 64, kernel_size=7, stride=2, padding=3, bias=False
            )
        nn.init.kaiming_normal_(body.conv1.weight, mode="fan_out", nonlinearity="relu")
        self.width = int(body.fc.in_features)
        body.fc = nn.Identity()
        self.body = body

    def forward(self, images: Tensor) -> Tensor:
        """Return the features of ``images`` (N, C, H, W), (N, 512)."""
        return self.body(images)
