"""SupCon: strong views of one class are alike, those of others are not.

Khosla and others, "Supervised Contrastive Learning", 2020, https://arxiv.org/abs/2004.11362.
"""

from typing import ClassVar

import torch
from torch.nn import functional as F

from Models.batch import Batch
from Models.frameworks.contrast import contrastive, projection
from Models.frameworks.framework import Encoder, Framework, Loss, Moment, Problem
from Models.views.arguments import Strong
from Models.views.strong import StrongView

WHERE = "params.yaml: train.frameworks.supcon"


class SupCon(Framework[Batch]):
    """Contrast of classes; the head is a probe that the network never feels."""

    neighbours: ClassVar[int] = 5

    def __init__(
        self,
        problem: Problem,
        temperature: float = 0.1,
        dimensions: int = 128,
        strong: Strong = Strong(),  # noqa: B008 - frozen
    ) -> None:
        """Build the projection, and the head: a linear probe.

        Args:
            problem: what it is made for.
            temperature: what cosines are divided by, tau of the paper.
            dimensions: of what is compared.
            strong: the view that an image is seen in, twice.
        """
        super().__init__(problem)
        self.projection = projection(problem.width, dimensions)
        self.temperature = temperature
        self._strong = StrongView(strong, problem.input, f"{WHERE}.strong")

    def training_loss(self, encoder: Encoder, batch: Batch, moment: Moment) -> Loss:
        """Return equation 2 of two views of all images, and the probe's cross-entropy."""
        seeds = [moment.seed_of(f"strong {turn}") for turn in (0, 1)]
        views = [self._strong(batch.images, batch.keys, seed) for seed in seeds]
        features, labels = encoder(torch.cat(views)), batch.labels.repeat(2)
        contrast = contrastive(self.projection(features), labels, self.temperature)
        probe = F.cross_entropy(self(features.detach()), labels)
        return Loss(contrast + probe, {"contrast": contrast, "probe": probe})
