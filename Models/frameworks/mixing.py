"""Images mixed with others, as stored but as floats, and their targets with them.

Each sample has a share and a place of its own. They are drawn from torch's generator, which a step
has seeded.
"""

import torch
from torch import Tensor


def shares(count: int, alpha: float, like: Tensor) -> Tensor:
    """Return how much of itself each sample keeps, (count,) float32: of Beta(alpha, alpha)."""
    both = torch.full((2,), alpha, dtype=torch.float32, device=like.device)
    return torch.distributions.Beta(*both).sample((count,))


def mixed(one: Tensor, other: Tensor, kept: Tensor) -> Tensor:
    """Return kept x one + (1 - kept) x other, ``kept`` (N,) a sample, of (N, ...).

    MixUp (Zhang and others, 2017, https://arxiv.org/abs/1710.09412, section 2).
    """
    weight = kept.view(-1, *[1] * (one.ndim - 1))
    return other + weight * (one - other)


def cut(images: Tensor, others: Tensor, kept: Tensor) -> tuple[Tensor, Tensor]:
    """Return ``images`` (N, H, W, C), a rectangle of ``others`` in each, and what is kept, (N,).

    The rectangle has the shape of the image and 1 - kept of its area, its middle lies anywhere, and
    what lies outside is lost; the share that is returned is that of the pixels that stayed (CutMix,
    Yun and others, 2019, https://arxiv.org/abs/1905.04899, section 3.1 and appendix A).
    """
    count, height, width, _ = images.shape
    middles = torch.rand((2, count), device=images.device)
    half = ((1 - kept).sqrt() / 2)[:, None]  # (N, 1)
    in_y = (_places(height, images) - middles[0, :, None]).abs() < half  # (N, H)
    in_x = (_places(width, images) - middles[1, :, None]).abs() < half  # (N, W)
    inside = in_y[:, :, None] & in_x[:, None, :]  # (N, H, W)
    stayed = 1 - inside.to(torch.float32).mean(dim=(1, 2))
    return torch.where(inside[..., None], others, images), stayed


def _places(side: int, like: Tensor) -> Tensor:
    return (torch.arange(side, device=like.device) + 0.5) / side
