"""What pulls views of one kind together and pushes all others away."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def contrastive(vectors: Tensor, kinds: Tensor, temperature: float) -> Tensor:
    """Return the mean over all vectors of equation 2 of Khosla and others.

    "Supervised Contrastive Learning", 2020, https://arxiv.org/abs/2004.11362. Where each kind
    stands twice it is NT-Xent, equation 1 of Chen and others, "A Simple Framework for Contrastive
    Learning of Visual Representations", 2020, https://arxiv.org/abs/2002.05709. Vectors that are
    the only ones of their kind push, and do not count.

    Args:
        vectors: (N, D), of any length: their direction counts.
        kinds: (N,) int64.
        temperature: what cosines are divided by.
    """
    directions = F.normalize(vectors, dim=1)
    cosines = directions @ directions.T / temperature
    itself = torch.eye(len(vectors), dtype=torch.bool, device=vectors.device)
    # Not minus infinity: times 0 it is no number.
    logs = cosines - cosines.masked_fill(itself, -1e9).logsumexp(dim=1, keepdim=True)
    alike = (kinds[:, None] == kinds[None, :]) & ~itself
    count = alike.sum(dim=1)
    each = -(logs * alike).sum(dim=1) / count.clamp(min=1)
    return each.sum() / (count > 0).sum().clamp(min=1)


def projection(width: int, dimensions: int) -> nn.Sequential:
    """Return a head of one hidden layer; what it forgets the features keep."""
    return nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, dimensions))
