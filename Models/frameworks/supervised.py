"""Supervised classification: each image has one label, and the cross-entropy of it is the loss."""

from torch.nn import functional as F

from Models.batch import Batch
from Models.frameworks.framework import Encoder, Framework, Loss, Moment, Problem


class Supervised(Framework[Batch]):
    """Cross-entropy with softened targets."""

    def __init__(self, problem: Problem, label_smoothing: float = 0.0) -> None:
        """Build the head.

        Args:
            problem: what it is made for.
            label_smoothing: share of each target that is spread over all classes
                (Szegedy et al., 2015, https://arxiv.org/abs/1512.00567, section 7).
        """
        super().__init__(problem)
        self.label_smoothing = label_smoothing

    def training_loss(self, encoder: Encoder, batch: Batch, moment: Moment) -> Loss:
        """Return the cross-entropy, the mean over the batch."""
        logits = self(encoder(batch.images))
        loss = F.cross_entropy(logits, batch.labels, label_smoothing=self.label_smoothing)
        return Loss(loss, {})
