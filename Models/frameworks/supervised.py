"""Supervised classification: each image has one label, and the cross-entropy of it is the loss."""

from typing import ClassVar

from torch import Tensor, nn
from torch.nn import functional as F

from Models.networks.network import Network


class Supervised(nn.Module):
    """The head, the loss and what it predicts.

    Attributes:
        wants_unlabelled: whether it learns from images without a label.
    """

    wants_unlabelled: ClassVar[bool] = False

    def __init__(self, width: int, classes: int, label_smoothing: float = 0.0) -> None:
        """Build the head.

        Args:
            width: of the features.
            classes: how many there are.
            label_smoothing: share of each target that is spread over all classes
                (Szegedy et al., 2015, https://arxiv.org/abs/1512.00567, section 7).
        """
        super().__init__()
        self.head = nn.Linear(width, classes)
        self.label_smoothing = label_smoothing

    def forward(self, features: Tensor) -> Tensor:
        """Return logits (N, classes) of features (N, width)."""
        return self.head(features)

    def training_loss(self, network: Network, images: Tensor, labels: Tensor) -> Tensor:
        """Return a training step's loss: images (N, C, H, W) scaled, labels (N,) int64."""
        logits = self(network(images))
        return F.cross_entropy(logits, labels, label_smoothing=self.label_smoothing)

    def losses(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the cross-entropy of each sample, (N,), without smoothing."""
        return F.cross_entropy(logits, labels, reduction="none")

    def probabilities(self, logits: Tensor) -> Tensor:
        """Return what is predicted: probabilities (N, classes) of logits (N, classes)."""
        return logits.softmax(dim=1)
