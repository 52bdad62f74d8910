"""Supervised classification: each image has one label, and the cross-entropy of it is the loss."""

import torch
from torch.nn import functional as F

from Models.batch import Batch
from Models.frameworks.framework import Encoder, Framework, Loss, Moment, Problem
from Models.views.arguments import Strong, Weak
from Models.views.strong import StrongView
from Models.views.weak import WeakView

WHERE = "params.yaml: train.frameworks.supervised"


class Supervised(Framework[Batch]):
    """Cross-entropy with softened targets."""

    def __init__(
        self,
        problem: Problem,
        label_smoothing: float = 0.0,
        weak: Weak | None = None,
        strong: Strong | None = None,
    ) -> None:
        """Build the head.

        Args:
            problem: what it is made for.
            label_smoothing: share of each target that is spread over all classes
                (Szegedy et al., 2015, https://arxiv.org/abs/1512.00567, section 7).
            weak: the weak view of each image, None for none.
            strong: the strong view, likewise. With both, a step sees each image twice, with none
                as it is stored.
        """
        super().__init__(problem)
        self.label_smoothing = label_smoothing
        self._views = {
            "weak": None if weak is None else WeakView(weak),
            "strong": None
            if strong is None
            else StrongView(strong, problem.input, f"{WHERE}.strong"),
        }

    def training_loss(self, encoder: Encoder, batch: Batch, moment: Moment) -> Loss:
        """Return the cross-entropy, the mean over the batch."""
        seen = [
            view(batch.images, batch.keys, moment.seed_of(name)).to(torch.float32)
            for name, view in self._views.items()
            if view is not None
        ]
        labels = batch.labels.repeat(len(seen)) if seen else batch.labels
        images = torch.cat(seen) if seen else batch.images
        logits = self(encoder(images))
        loss = F.cross_entropy(logits, labels, label_smoothing=self.label_smoothing)
        return Loss(loss, {})
