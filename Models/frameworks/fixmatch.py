"""FixMatch: what the network is sure of in a weak view is what it must say of a strong one.

Sohn and others, "FixMatch: Simplifying Semi-Supervised Learning with Consistency and Confidence",
2020, https://arxiv.org/abs/2001.07685.
"""

from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F

from Models.batch import Joined, Wants
from Models.frameworks.framework import Encoder, Framework, Loss, Moment, Problem
from Models.networks.network import Optimiser
from Models.schedule import ScheduleName
from Models.views.arguments import Strong, Weak
from Models.views.strong import StrongView
from Models.views.weak import WeakView

WHERE = "params.yaml: train.frameworks.fixmatch"


class FixMatch(Framework[Joined]):
    """Cross-entropy of few labels, and of the network's own where it is sure of them."""

    wants: ClassVar[Wants] = "joined"
    optimiser: ClassVar[Optimiser | None] = Optimiser(0.03, 5e-4, "sgd", 0.9)
    schedule: ClassVar[ScheduleName] = "cosine"
    warmup: ClassVar[float] = 0.0
    ema: ClassVar[float] = 0.999

    def __init__(
        self,
        problem: Problem,
        threshold: float = 0.95,
        weight: float = 1.0,
        ratio: int = 7,
        weak: Weak = Weak(),  # noqa: B008 - frozen
        strong: Strong = Strong(),  # noqa: B008 - frozen
    ) -> None:
        """Build the head.

        Args:
            problem: what it is made for.
            threshold: how sure the network must be, tau of the paper.
            weight: of the unlabelled part of the loss, lambda_u of the paper.
            ratio: unlabelled rows for each labelled one, mu of the paper.
            weak: the view that labels are learned and guessed from.
            strong: the view that must be told the same.
        """
        super().__init__(problem)
        self.threshold = threshold
        self.weight = weight
        self.ratio = ratio
        self._weak = WeakView(weak)
        self._strong = StrongView(strong, problem.input, f"{WHERE}.strong")

    def training_loss(self, encoder: Encoder, batch: Joined, moment: Moment) -> Loss:
        """Return the loss: equation 3, and 4 times the weight. One pass for all three views."""
        known, unknown = batch.labelled, batch.unlabelled
        weakly, strongly = moment.seed_of("weak"), moment.seed_of("strong")
        views = (
            self._weak(known.images, known.keys, weakly).to(torch.float32),
            self._weak(unknown.images, unknown.keys, weakly).to(torch.float32),
            self._strong(unknown.images, unknown.keys, strongly),
        )
        logits: Tensor = self(encoder(torch.cat(views)))
        of_known, of_weak, of_strong = logits.split([len(view) for view in views])
        confidence, guessed = of_weak.detach().softmax(dim=1).max(dim=1)
        sure = (confidence >= self.threshold).to(logits.dtype)
        labelled = F.cross_entropy(of_known, known.labels)
        each = F.cross_entropy(of_strong, guessed, reduction="none")  # (M,)
        unlabelled = (each * sure).mean()  # over all, sure or not
        parts = {"labelled": labelled, "unlabelled": unlabelled, "confident": sure.mean()}
        return Loss(labelled + self.weight * unlabelled, parts)
