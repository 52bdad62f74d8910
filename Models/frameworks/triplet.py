"""Triplets: an image is nearer to what belongs to it than to what does not, by a margin.

Schroff and others, "FaceNet: A Unified Embedding for Face Recognition and Clustering", 2015,
https://arxiv.org/abs/1503.03832.
"""

from typing import ClassVar

import torch
from torch.nn import functional as F

from Models.batch import Triplets, Wants
from Models.frameworks.framework import Encoder, Framework, Loss, Moment, Problem
from Models.views.arguments import Strong
from Models.views.strong import StrongView

WHERE = "params.yaml: train.frameworks.triplet"


class Triplet(Framework[Triplets]):
    """A margin between distances of normalised features.

    The head is a probe that the network never feels. It learns where triplets have labels.
    """

    wants: ClassVar[Wants] = "triplets"
    neighbours: ClassVar[int] = 5

    def __init__(self, problem: Problem, margin: float = 0.2, strong: Strong | None = None) -> None:
        """Build the head: a linear probe.

        Args:
            problem: what it is made for.
            margin: between squared distances of features of length 1, alpha of the paper.
            strong: the view of all images, None for as they are stored.
        """
        super().__init__(problem)
        self.margin = margin
        self._strong = (
            None if strong is None else StrongView(strong, problem.input, f"{WHERE}.strong")
        )

    def training_loss(self, encoder: Encoder, batch: Triplets, moment: Moment) -> Loss:
        """Return equation 1, the mean over triplets, and the probe's cross-entropy.

        ``active`` is the share of triplets that are not yet as far apart as they should be.
        """
        three = (batch.data, batch.positive, batch.negative)
        images = torch.cat([one.images for one in three])
        if self._strong is not None:
            keys = torch.cat([one.keys for one in three])
            images = self._strong(images, keys, moment.seed_of("strong"))
        features = encoder(images)  # (3 N, width)
        data, positive, negative = F.normalize(features, dim=1).chunk(3)
        near, far = (data - positive).square().sum(dim=1), (data - negative).square().sum(dim=1)
        beyond = F.relu(near - far + self.margin)  # (N,)
        parts = {"margin": beyond.mean(), "active": (beyond > 0).to(beyond.dtype).mean()}
        total = beyond.mean()
        if batch.labels is not None:
            known = features.detach()[: len(batch.labels)]
            parts["probe"] = F.cross_entropy(self(known), batch.labels)
            total = total + parts["probe"]
        return Loss(total, parts)
