"""MixMatch: guesses of several weak views, averaged and sharpened, then all mixed with all.

Berthelot and others, "MixMatch: A Holistic Approach to Semi-Supervised Learning", 2019,
https://arxiv.org/abs/1905.02249.
"""

from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F

from Models.batch import Joined, Wants
from Models.frameworks.framework import Encoder, Framework, Loss, Moment, Problem
from Models.frameworks.mixing import mixed, shares
from Models.frameworks.still import still
from Models.networks.network import Optimiser
from Models.schedule import ScheduleName
from Models.views.arguments import Weak
from Models.views.weak import WeakView


class MixMatch(Framework[Joined]):
    """Cross-entropy of mixed labels, squared error of mixed guesses.

    One pass for all mixed images: a normalisation sees labelled and unlabelled ones together. The
    guesses are made with the statistics of their own batch, and leave none behind.
    """

    wants: ClassVar[Wants] = "joined"
    optimiser: ClassVar[Optimiser | None] = Optimiser(2e-3, 0.02)
    schedule: ClassVar[ScheduleName] = "constant"
    warmup: ClassVar[float] = 0.0
    ema: ClassVar[float] = 0.999

    def __init__(
        self,
        problem: Problem,
        guesses: int = 2,
        temperature: float = 0.5,
        alpha: float = 0.75,
        weight: float = 75.0,
        ramp: float = 1.0,
        ratio: int = 1,
        weak: Weak = Weak(),  # noqa: B008 - frozen
    ) -> None:
        """Build the head.

        Args:
            problem: what it is made for.
            guesses: views of an unlabelled image that are asked, K of the paper.
            temperature: below 1 sharpens what they say together, T of the paper.
            alpha: of the Beta distribution of the shares in which images are mixed.
            weight: of the unlabelled part of the loss in the end, lambda_u of the paper.
            ramp: share of all steps in which that weight rises from 0.
            ratio: unlabelled rows for each labelled one.
            weak: the view that everything is seen in.
        """
        super().__init__(problem)
        self.guesses = guesses
        self.temperature = temperature
        self.alpha = alpha
        self.weight = weight
        self.ramp = ramp
        self.ratio = ratio
        self._classes = problem.classes
        self._weak = WeakView(weak)

    def training_loss(self, encoder: Encoder, batch: Joined, moment: Moment) -> Loss:
        """Return the loss: equations 2 to 5 of what algorithm 1 makes of the batch."""
        known, unknown = batch.labelled, batch.unlabelled
        seeds = [moment.seed_of(f"weak {number}") for number in range(self.guesses)]
        asked = torch.cat([self._weak(unknown.images, unknown.keys, seed) for seed in seeds])
        guessed = self.guess(encoder, asked)  # (M, classes)
        seen = self._weak(known.images, known.keys, moment.seed_of("weak"))
        images = torch.cat([seen, asked]).to(torch.float32)
        said = F.one_hot(known.labels, self._classes).to(guessed.dtype)
        targets = torch.cat([said, guessed.repeat(self.guesses, 1)])
        kept = shares(len(images), self.alpha, images)
        kept = torch.maximum(kept, 1 - kept)  # nearer to itself than to the other
        other = torch.randperm(len(images), device=images.device)
        targets = mixed(targets, targets[other], kept)
        logits: Tensor = self(encoder(mixed(images, images[other], kept)))
        first = len(known.labels)
        labelled = F.cross_entropy(logits[:first], targets[:first])
        unlabelled = F.mse_loss(logits[first:].softmax(dim=1), targets[first:])
        weight = self.weight * (min(1.0, moment.progress / self.ramp) if self.ramp else 1.0)
        parts = {"labelled": labelled, "unlabelled": unlabelled}
        return Loss(labelled + weight * unlabelled, parts)

    @torch.no_grad()
    def guess(self, encoder: Encoder, asked: Tensor) -> Tensor:
        """Return what the views of each image say together, sharpened, (M, classes).

        Args:
            encoder: gives the features.
            asked: (guesses x M, H, W, C), first one view of each image, then another.
        """
        with still(encoder.network):
            said = self(encoder(asked)).softmax(dim=1)
        powers = said.view(self.guesses, -1, self._classes).mean(dim=0) ** (1 / self.temperature)
        return powers / powers.sum(dim=1, keepdim=True)
