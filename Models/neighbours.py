"""What neighbours say: whether features tell classes apart, without any head.

Wu and others, "Unsupervised Feature Learning via Non-Parametric Instance Discrimination", 2018,
https://arxiv.org/abs/1805.01978, section 3.4, with equal votes.
"""

import lightning.pytorch as lightning
import msgspec
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from Models.batches import Batches
from Models.loaders import in_order
from Models.module import Module
from Models.part import Part
from Models.task import Task

CHECK = "neighbours"
"""The name of the figure, among the checks of an epoch."""


class Neighbours(lightning.Callback):
    """Adds to the last epoch's figures how many of the validation part are told by neighbours.

    They are the nearest of the labelled training rows of copy 0, by the cosine of the features.
    Where averaged weights are tested, these are asked.
    """

    def __init__(self, batches: Batches, count: int) -> None:
        """Take the parts, and how many neighbours are asked."""
        self._batches = batches
        self._count = count

    def on_validation_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Ask them, after the last epoch."""
        if not isinstance(pl_module, Task) or len(pl_module.history) < pl_module.course.epochs:
            return
        with pl_module.averaged():
            share = self.share(pl_module.module)
        figures = pl_module.history[-1]
        checks = figures.checks | {CHECK: share}
        pl_module.history[-1] = msgspec.structs.replace(figures, checks=checks)

    @torch.no_grad()
    def share(self, module: Module) -> float:
        """Return the share of the validation part whose neighbours say its label."""
        known = self._features(module, _originals(self._batches))
        asked = self._features(module, self._batches.validation)
        votes = told(known[0], known[1], asked[0], self._count)
        return float((votes == asked[1]).to(torch.float32).mean())

    def _features(self, module: Module, part: Part) -> tuple[Tensor, Tensor]:
        """Return features (N, width) and labels (N,) of a part."""
        found = [
            (module.encoder(batch.images), batch.labels)
            for batch in in_order(self._batches.tensors, part, self._batches.source)
        ]
        features, labels = zip(*found, strict=True)
        return torch.cat(features), torch.cat(labels)


def told(known: Tensor, labels: Tensor, asked: Tensor, count: int) -> Tensor:
    """Return the label that most neighbours have, (M,); of two alike the lower one.

    Args:
        known: features (N, D) whose labels (N,) are known.
        labels: those labels.
        asked: features (M, D).
        count: how many neighbours are asked, N at most.
    """
    cosines = F.normalize(asked, dim=1) @ F.normalize(known, dim=1).T
    nearest = cosines.topk(min(count, len(known)), dim=1).indices
    votes = F.one_hot(labels[nearest], int(labels.max()) + 1).sum(dim=1)  # (M, classes)
    return votes.argmax(dim=1)


def _originals(batches: Batches) -> Part:
    train = batches.train
    is_original = batches.tensors.index["copy"].to_numpy()[train.rows] == 0
    kept = np.flatnonzero(is_original)
    return Part(train.rows[kept], train.labels[kept], train.left_out)
