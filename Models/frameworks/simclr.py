"""SimCLR: two strong views of an image are alike, those of others are not; no label is needed.

Chen and others, "A Simple Framework for Contrastive Learning of Visual Representations", 2020,
https://arxiv.org/abs/2002.05709.
"""

from typing import ClassVar

import torch
from torch.nn import functional as F

from Models.batch import Joined, Wants
from Models.frameworks.contrast import contrastive, projection
from Models.frameworks.framework import Encoder, Framework, Loss, Moment, Problem
from Models.views.arguments import Strong
from Models.views.strong import StrongView

WHERE = "params.yaml: train.frameworks.simclr"


class SimCLR(Framework[Joined]):
    """Contrast of all images, labelled or not; the head is a probe that the network never feels."""

    wants: ClassVar[Wants] = "either"
    neighbours: ClassVar[int] = 5

    def __init__(
        self,
        problem: Problem,
        temperature: float = 0.5,
        dimensions: int = 128,
        ratio: int = 7,
        strong: Strong = Strong(),  # noqa: B008 - frozen
    ) -> None:
        """Build the projection, and the head: a linear probe.

        Args:
            problem: what it is made for.
            temperature: what cosines are divided by, tau of the paper.
            dimensions: of what is compared.
            ratio: unlabelled rows for each labelled one.
            strong: the view that an image is seen in, twice.
        """
        super().__init__(problem)
        self.projection = projection(problem.width, dimensions)
        self.temperature = temperature
        self.ratio = ratio
        self._strong = StrongView(strong, problem.input, f"{WHERE}.strong")

    def training_loss(self, encoder: Encoder, batch: Joined, moment: Moment) -> Loss:
        """Return NT-Xent of two views of all images, and the probe's cross-entropy."""
        known, unknown = batch.labelled, batch.unlabelled
        images = torch.cat([known.images, unknown.images])
        keys = torch.cat([known.keys, unknown.keys])
        views = [self._strong(images, keys, moment.seed_of(f"strong {turn}")) for turn in (0, 1)]
        features = encoder(torch.cat(views))  # (2 (N + M), width)
        kinds = torch.arange(len(images), device=images.device).repeat(2)
        contrast = contrastive(self.projection(features), kinds, self.temperature)
        seen = features.detach().view(2, len(images), -1)[:, : len(known.labels)].flatten(0, 1)
        probe = F.cross_entropy(self(seen), known.labels.repeat(2))
        return Loss(contrast + probe, {"contrast": contrast, "probe": probe})
