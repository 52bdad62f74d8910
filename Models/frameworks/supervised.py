"""Supervised classification: each image has one label, and the cross-entropy of it is the loss."""

from collections.abc import Mapping
from typing import Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from Datasets.errors import ParamsError
from Datasets.params import nearest
from Models.batch import Batch
from Models.frameworks.framework import Encoder, Framework, Loss, Moment, Problem
from Models.frameworks.mixing import cut, mixed, shares
from Models.views.arguments import Strong, Weak
from Models.views.strong import StrongView
from Models.views.weak import WeakView

WHERE = "params.yaml: train.frameworks.supervised"


class Supervised(Framework[Batch]):
    """Cross-entropy with softened, weighted or mixed targets."""

    class_weights: Tensor | None

    def __init__(
        self,
        problem: Problem,
        label_smoothing: float = 0.0,
        class_weights: Literal["none", "balanced"] | dict[str, float] = "none",
        mixup: float = 0.0,
        cutmix: float = 0.0,
        weak: Weak | None = None,
        strong: Strong | None = None,
    ) -> None:
        """Build the head.

        Args:
            problem: what it is made for.
            label_smoothing: share of each target that is spread over all classes
                (Szegedy et al., 2015, https://arxiv.org/abs/1512.00567, section 7).
            class_weights: what the loss of a class is multiplied by: 1 (``none``), n / (k n_c) of n
                rows, k classes and n_c rows of the class (``balanced``), or as is said, else 1.
            mixup: alpha of the shares in which images are mixed, 0 for none.
            cutmix: alpha of the shares in which they are put together, 0 for none. With both, a
                coin is thrown for each image.
            weak: the weak view of each image, None for none.
            strong: the strong view, likewise. With both, a step sees each image twice, with none
                as it is stored.

        Raises:
            ParamsError: a weight of a class that is none, or views that cannot be.
        """
        super().__init__(problem)
        self.label_smoothing = label_smoothing
        self.mixup = mixup
        self.cutmix = cutmix
        self._classes = problem.classes
        self._is_balanced = class_weights == "balanced"
        self.register_buffer("class_weights", _weights(class_weights, problem))
        self._weak = None if weak is None else WeakView(weak)
        self._strong = (
            None if strong is None else StrongView(strong, problem.input, f"{WHERE}.strong")
        )

    def begin(self, labels: np.ndarray) -> None:
        """Balance the classes, if that is asked for."""
        if self._is_balanced and self.class_weights is not None:
            counts = np.bincount(labels, minlength=self._classes).clip(min=1)
            weights = len(labels) / (self._classes * counts)
            self.class_weights.copy_(torch.from_numpy(weights))

    def training_loss(self, encoder: Encoder, batch: Batch, moment: Moment) -> Loss:
        """Return the cross-entropy, the mean over the batch."""
        images, labels = self._seen(batch, moment)
        if not self._is_soft():
            logits = self(encoder(images))
            loss = F.cross_entropy(logits, labels, label_smoothing=self.label_smoothing)
            return Loss(loss, {})
        targets = F.one_hot(labels, self._classes).to(torch.float32)
        images, targets = self._mixed(images, targets)
        loss = F.cross_entropy(
            self(encoder(images)),
            targets,
            weight=self.class_weights,
            label_smoothing=self.label_smoothing,
        )
        return Loss(loss, {})

    def _is_soft(self) -> bool:
        return self.class_weights is not None or self.mixup > 0 or self.cutmix > 0

    def _seen(self, batch: Batch, moment: Moment) -> tuple[Tensor, Tensor]:
        """Return the images as they are seen, and their labels."""
        seen: list[Tensor] = []
        if self._weak is not None:
            seen.append(self._weak(batch.images, batch.keys, moment.seed_of("weak")))
        if self._strong is not None:
            seen.append(self._strong(batch.images, batch.keys, moment.seed_of("strong")))
        if len(seen) < 2:
            return (seen or [batch.images])[0], batch.labels
        return torch.cat([one.to(torch.float32) for one in seen]), batch.labels.repeat(2)

    def _mixed(self, images: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Return images (N, H, W, C) and targets (N, classes), each mixed with another's."""
        if not (self.mixup or self.cutmix):
            return images, targets
        images, count = images.to(torch.float32), len(images)
        other = torch.randperm(count, device=images.device)
        blended, pasted, kept, stayed = images, images, targets.new_ones(count), None
        if self.mixup:
            kept = shares(count, self.mixup, images)
            blended = mixed(images, images[other], kept)
        if self.cutmix:
            pasted, stayed = cut(images, images[other], shares(count, self.cutmix, images))
        if stayed is not None:
            coin = torch.rand(count, device=images.device) < (0.5 if self.mixup else 1.0)
            kept = torch.where(coin, stayed, kept)
            blended = torch.where(coin[:, None, None, None], pasted, blended)
        return blended, mixed(targets, targets[other], kept)


def _weights(said: str | Mapping[str, float], problem: Problem) -> Tensor | None:
    """Return the weight of each class, (classes,), None where all count alike."""
    if said == "none":
        return None
    weights = torch.ones(problem.classes)
    if isinstance(said, str):
        return weights
    for name, weight in said.items():
        if name not in problem.names:
            raise ParamsError(
                f"{WHERE}.class_weights: unknown class '{name}'; {nearest(name, problem.names)}"
            )
        weights[problem.names.index(name)] = weight
    return weights
