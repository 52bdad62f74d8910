"""What a training step sees. Where the pixels lie, and how long, is said in ``Models.loading``."""

from typing import Literal, TypeVar

import msgspec
import torch
from torch import Tensor

Wants = Literal["labelled", "joined", "either", "triplets"]
"""Which batches a framework learns from: ``Batch``, ``Joined``, ``Joined`` of which nobody need be
unlabelled, or ``Triplets``."""

S = TypeVar("S", bound=msgspec.Struct)


class Batch(msgspec.Struct, frozen=True):
    """Images with a label each.

    ``images`` (N, H, W, C) as stored; ``labels``, ``rows`` and ``keys`` (N,) int64: the rows are
    those of the tensors' index, the keys what a sample's draws are made of.
    """

    images: Tensor
    labels: Tensor
    rows: Tensor
    keys: Tensor

    def to(self, device: torch.device) -> "Batch":
        """Return the batch on ``device``, still as stored: a quarter of what float32 would move."""
        return _moved(self, device)

    def __len__(self) -> int:
        """Return the number of rows that have a label."""
        return len(self.rows)


class Unlabelled(msgspec.Struct, frozen=True):
    """Images without labels, as in ``Batch``: nobody has read any."""

    images: Tensor
    rows: Tensor
    keys: Tensor

    def to(self, device: torch.device) -> "Unlabelled":
        """Return the batch on ``device``."""
        return _moved(self, device)


class Joined(msgspec.Struct, frozen=True):
    """N images with a label and M without."""

    labelled: Batch
    unlabelled: Unlabelled

    def to(self, device: torch.device) -> "Joined":
        """Return both on ``device``."""
        return Joined(self.labelled.to(device), self.unlabelled.to(device))

    def __len__(self) -> int:
        """Return the number of rows that have a label."""
        return len(self.labelled)


class Triplets(msgspec.Struct, frozen=True):
    """Images, for each one that belongs to it, and one that does not; N of each.

    ``labels`` (N,) int64 are those of ``data``, None where nobody knows them: who made the triplets
    needs none.
    """

    data: Unlabelled
    positive: Unlabelled
    negative: Unlabelled
    labels: Tensor | None = None

    def to(self, device: torch.device) -> "Triplets":
        """Return all of it on ``device``."""
        data, positive, negative = self.data, self.positive, self.negative
        labels = None if self.labels is None else self.labels.to(device)
        return Triplets(data.to(device), positive.to(device), negative.to(device), labels)

    def __len__(self) -> int:
        """Return the number of triplets."""
        return len(self.data.rows)


def _moved(batch: S, device: torch.device) -> S:
    return type(batch)(*(getattr(batch, name).to(device) for name in batch.__struct_fields__))
